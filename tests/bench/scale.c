/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growth with functions and rules, on made-up hosts. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "image.h"
#include "parts.h"
#include "process.h"
#include "series.h"

#include "hosttree.h"

#define SIZES 3

static const unsigned int function_counts[SIZES] = { 16, 256, 4096 };

/* Rule by rule what is behind the first bridge, be it there or not. */
static void print_function(FILE *file, unsigned int i)
{
	fprintf(file, "0000:01:%02x.%x\n", i / 8, i % 8);
}

static void print_slot(FILE *file, unsigned int i)
{
	fprintf(file, "slot=%u\n", i + 1);
}

static void print_serial(FILE *file, unsigned int i)
{
	fprintf(file, "serial=00-15-17-ff-ff-00-00-%02x\n", i);
}

static void print_path(FILE *file, unsigned int i)
{
	fprintf(file, "0000:00:01.0/%02x.%x\n", i / 8, i % 8);
}

/* The models of these hosts, which have no ID in common. */
static void print_all(FILE *file, unsigned int i)
{
	(void)i;
	fputs("144d:a808\n8086:1521\n10de:1b81\n1b21:2142\n", file);
}

/* All but the first kind need more of a host than the uevent of each function. */
static const struct kind {
	const char *name;
	unsigned int rules;
	void (*print)(FILE *file, unsigned int i);
	bool applied; /* not only planned; no device gets another driver here */
} kinds[] = {
	{ "1 rule", 1, print_function, false },
	{ "16 rules", 16, print_function, false },
	{ "256 rules", 256, print_function, false },
	{ "16 with slot=", 16, print_slot, false },
	{ "16 with serial=", 16, print_serial, false },
	{ "16 with a path", 16, print_path, false },
	{ "4 for all, applied", 1, print_all, true },
};

struct place {
	char program[PATH_MAX];
	char tree[PATH_MAX]; /* in memory where possible: a tree has 50,000 files */
	char rules[PATH_MAX];
	char unprotected[PATH_MAX];
	char run[PATH_MAX];
	char driver[PATH_MAX];
	char profile[PATH_MAX];
	char log[PATH_MAX];
};

static int find_place(struct place *place)
{
	const char *space = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char build[PATH_MAX];
	int result = image_find_build(build);

	files_path(place->program, "%s/vfio-early", build);
	files_path(place->profile, "%s/tests/bench/callgrind.out", build);
	files_path(place->log, "%s/tests/bench/callgrind.log", build);
	result = result ?: files_make_parents(place->log);
	files_path(place->tree, "%s/vfio-early-bench.XXXXXX", space);
	if (result == 0 && !mkdtemp(place->tree))
		result = -errno;
	files_path(place->rules, "%s/etc/vfio-early.conf", place->tree);
	files_path(place->unprotected, "%s/etc/vfio-early.unprotected", place->tree);
	files_path(place->run, "%s/run/", place->tree);
	files_path(place->driver, "%s/sys/bus/pci/drivers/vfio-pci/", place->tree);
	return result;
}

static int make_host(const struct place *place, unsigned int functions)
{
	char *text = hosttree_describe_synthetic(functions), message[256];
	int result;

	if (!text)
		return -ENOMEM;
	result = files_remove_tree(place->tree);
	if (result == 0 && mkdir(place->tree, 0755))
		result = -errno;
	result = result ?: hosttree_write(text, place->tree, message, sizeof(message));
	free(text);
	result = result ?: files_write(place->unprotected, "");
	result = result ?: files_make_parents(place->run);
	return result ?: files_make_parents(place->driver);
}

static int write_rules(const struct place *place, const struct kind *kind)
{
	FILE *file = fopen(place->rules, "we");

	if (!file)
		return -errno;
	for (unsigned int i = 0; i < kind->rules; i++)
		kind->print(file, i);
	return fclose(file) ? -errno : 0;
}

/* The sum that callgrind tells: instructions of the program, without the kernel's. */
static int count_instructions(const struct place *place, double *instructions)
{
	char profile[PATH_MAX + 32], log[PATH_MAX + 16], *text, *line;
	const char *const argv[] = { "valgrind",  "--tool=callgrind", profile,
				     log,         place->program,     "--root",
				     place->tree, "--dry-run",        NULL };
	pid_t pid;

	snprintf(profile, sizeof(profile), "--callgrind-out-file=%s", place->profile);
	snprintf(log, sizeof(log), "--log-file=%s", place->log);
	pid = command_fork("/dev/null", "/dev/null");
	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(COMMAND_NOT_STARTED);
	}
	if (pid < 0 || command_wait(pid, 0) == COMMAND_NOT_STARTED)
		return -ENOEXEC;
	text = files_read(place->log);
	line = text ? strstr(text, "Collected : ") : NULL;
	*instructions = line ? strtod(line + strlen("Collected : "), NULL) : 0;
	free(text);
	return *instructions > 0 ? 0 : -EPROTO;
}

static int measure_case(const struct place *place, const struct kind *kind, unsigned int functions,
			struct row *row)
{
	const char *const argv[] = { place->program, "--root", place->tree,
				     kind->applied ? NULL : "--dry-run", NULL };
	struct process_count count;
	double instructions = 0;
	int result = write_rules(place, kind);

	result = result ?: process_count(argv, &count);
	if (result == 0 && !kind->applied)
		result = count_instructions(place, &instructions);
	if (result < 0)
		return result;
	row_set(row, COLUMN_CALLS, (double)count.calls);
	row_set(row, COLUMN_CALLS_EACH, (double)count.calls / functions);
	if (!kind->applied)
		row_set(row, COLUMN_INSTRUCTIONS, instructions);
	row_set(row, COLUMN_MEMORY, (double)count.peak_kib);
	return 0;
}

static int measure_host(const struct place *place, struct table *table, unsigned int functions)
{
	char name[32];
	int result = make_host(place, functions);

	snprintf(name, sizeof(name), "%u functions", functions);
	for (size_t i = 0; result == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		result = measure_case(place, &kinds[i], functions,
				      table_add(table, "scale", name, kinds[i].name));
	return result;
}

static const struct row *find_case(const struct table *table, const struct kind *kind, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "%u functions", function_counts[size]);
	return table_find(table, name, kind->name);
}

/* What a run costs whatever the host is left out: it would make the growth look smaller. */
static void add_growth(struct table *table, const struct kind *kind)
{
	double x[SIZES - 1], y[SIZES - 1], calls, span;
	const struct row *rows[SIZES];
	struct row *row;

	for (size_t i = 0; i < SIZES; i++)
		rows[i] = find_case(table, kind, i);
	for (size_t i = 1; i < SIZES; i++) {
		x[i - 1] = function_counts[i] - function_counts[0];
		y[i - 1] =
			rows[i]->values[COLUMN_INSTRUCTIONS] - rows[0]->values[COLUMN_INSTRUCTIONS];
	}
	span = function_counts[SIZES - 1] - function_counts[1];
	calls = rows[SIZES - 1]->values[COLUMN_CALLS] - rows[1]->values[COLUMN_CALLS];
	row = table_add(table, "scale", "growth", kind->name);
	row_set(row, COLUMN_CALLS_EACH, calls / span);
	if (!kind->applied)
		row_set(row, COLUMN_EXPONENT, series_exponent(x, y, SIZES - 1));
}

static void add_goals(struct table *table)
{
	const struct row *growth = table_find(table, "growth", "16 rules");
	const struct row *taken = table_find(table, "4096 functions", "4 for all, applied");
	const struct row *largest = table_find(table, "4096 functions", "256 rules");

	table_add_goal(table, "growth", "system calls / function",
		       row_get(growth, COLUMN_CALLS_EACH), 3);
	table_add_goal(table, "growth", "exponent of functions", row_get(growth, COLUMN_EXPONENT),
		       1.05);
	table_add_goal(table, "4096 functions", "memory, KiB", row_get(largest, COLUMN_MEMORY),
		       1023);
	table_add_goal(table, "4096 functions", "memory, all taken, KiB",
		       row_get(taken, COLUMN_MEMORY), 1023);
}

int scale_measure(struct table *table)
{
	struct place place;
	int result = find_place(&place);

	if (result < 0)
		return result;
	for (size_t i = 0; result == 0 && i < SIZES; i++)
		result = measure_host(&place, table, function_counts[i]);
	for (size_t i = 0; result == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		add_growth(table, &kinds[i]);
	if (result == 0)
		add_goals(table);
	files_remove_tree(place.tree);
	return result;
}
