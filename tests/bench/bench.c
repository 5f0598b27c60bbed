/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measures what a boot pays for vfio-early, beside what people use instead. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "image.h"
#include "parts.h"

/* The last one changes the process itself: it goes into a mount namespace. */
static const struct part {
	const char *name;
	int (*measure)(struct table *table);
} parts[] = {
	{ "boot", boot_measure },
	{ "timed", timed_measure },
	{ "size", size_measure },
	{ "scale", scale_measure },
	{ "tool", tool_measure },
	{ "slow", slow_measure },
};

static bool is_wanted(const struct part *part, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strcmp(*names, part->name) == 0)
			return true;
	return false;
}

static int write_table(const struct table *table)
{
	char build[PATH_MAX], path[PATH_MAX];
	int result = image_find_build(build);

	files_path(path, "%s/bench.tsv", build);
	return result ?: table_write(table, path);
}

/* A part that fails leaves the others their figures. */
int main(int argc, char **argv)
{
	struct table table = { .count = 0 };
	int status = 0, result;

	(void)argc;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!is_wanted(&parts[i], argv + 1))
			continue;
		result = parts[i].measure(&table);
		if (result == 0)
			continue;
		fprintf(stderr, "bench: %s: %s\n", parts[i].name, strerror(-result));
		status = 1;
	}
	table_print(&table);
	result = write_table(&table);
	if (result < 0)
		fprintf(stderr, "bench: bench.tsv: %s\n", strerror(-result));
	table_free(&table);
	return result < 0 ? 1 : status;
}
