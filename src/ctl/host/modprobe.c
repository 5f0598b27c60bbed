/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of modprobe.d(5). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "host/array.h"
#include "host/modprobe.h"

/* A file in an earlier one hides those of its name in the later ones. */
static const char *const directories[] = {
	"/etc/modprobe.d",     "/run/modprobe.d", "/usr/local/lib/modprobe.d",
	"/usr/lib/modprobe.d", "/lib/modprobe.d",
};

struct reader {
	const struct host *host;
	modprobe_take *take;
	void *context;
	char **seen; /* names of files */
	size_t seen_count;
};

/* A backslash at its end continues a line: both go, as libkmod has it. */
void modprobe_parse(const char *path, char *text, modprobe_take *take, void *context)
{
	for (unsigned int number = 1; text; number++) {
		char where[MODPROBE_WHERE_MAX], *line = text, *to = text;
		unsigned int joined = 0;

		while (*text && *text != '\n') {
			if (text[0] == '\\' && text[1] == '\n') {
				text += 2;
				joined++;
			} else {
				*to++ = *text++;
			}
		}
		text = *text ? text + 1 : NULL;
		*to = '\0';
		snprintf(where, sizeof(where), "%.*s:%u", RULE_WHERE_MAX, path, number);
		number += joined;
		take(context, where, line);
	}
}

static int take_file(void *context, const char *directory, const char *name)
{
	struct reader *reader = context;
	char path[PATH_MAX], *text, **seen;

	if (!text_ends_with(name, ".conf"))
		return 0;
	for (size_t i = 0; i < reader->seen_count; i++)
		if (strcmp(reader->seen[i], name) == 0)
			return 0;
	seen = array_add(reader->seen, reader->seen_count);
	if (!seen || !(*seen = strdup(name)))
		return -ENOMEM;
	if (host_path(path, "%s/%s", directory, name) < 0 ||
	    host_read_text(reader->host, path, &text) < 0)
		return 0;
	modprobe_parse(path, text, reader->take, reader->context);
	free(text);
	return 0;
}

int modprobe_read(const struct host *host, modprobe_take *take, void *context)
{
	struct reader reader = { .host = host, .take = take, .context = context };
	int result = 0;

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]) && result != -ENOMEM;
	     i++)
		result = host_each(host, directories[i], take_file, &reader);
	while (reader.seen_count > 0)
		free(reader.seen[--reader.seen_count]);
	free(reader.seen);
	return result == -ENOMEM ? result : 0;
}
