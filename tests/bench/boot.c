/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beside what people use instead, in a booted machine: guest/runner.c lets them run. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "image.h"
#include "initrd.h"
#include "parts.h"
#include "series.h"
#include "vm.h"

#define CONTENDERS_MAX 16

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define IDS_3  "options vfio-pci ids=8086:10d3\n"
#define IDS_16 "options vfio-pci ids=1af4:1005\n"

/* Three identical cards, then sixteen functions of one model. The first one has the goals. */
static const struct setup {
	const char *name;
	const char *suite;   /* left out if its system is not there */
	const char *devices; /* the file with their addresses */
	const char *options;
	int count;
} setups[] = {
	{ "3 cards", "trixie", INITRD_SOURCE "/devices-3", IDS_3, 3 },
	{ "16 devices", "trixie", INITRD_SOURCE "/devices-16", IDS_16, 16 },
	{ "3 cards, bookworm", "bookworm", INITRD_SOURCE "/devices-3", IDS_3, 3 },
	{ "3 cards, sid", "sid", INITRD_SOURCE "/devices-3", IDS_3, 3 },
};

/* Those that also run alone, as the first that a boot does. */
static const char *const firsts[] = { "floor", "floor-plain", "vfio-early-rules", "shell" };

/*
 * With -icount each instruction of the guest takes one nanosecond of its time, so what else the
 * computer does is not in the figures, and they are the same in each run. They do not know that
 * some instructions take longer than others. Without it the time is the computer's, of which the
 * emulator's translation of each newly started program takes the greater part.
 */
static const struct clock {
	const char *name;
	const char *icount;
} counted = { "counted", "shift=0,sleep=off" }, timed = { "timed", NULL };

struct contender {
	char name[64];
	struct series whole, own, loaded;
	double calls, memory;
};

/* What the guest said. */
struct outcome {
	int wanted; /* devices */
	struct contender contenders[CONTENDERS_MAX];
	size_t count;
	bool complete;
};

static struct contender *find_contender(struct outcome *outcome, const char *name)
{
	struct contender *contender;

	for (size_t i = 0; i < outcome->count; i++)
		if (strcmp(outcome->contenders[i].name, name) == 0)
			return &outcome->contenders[i];
	if (outcome->count == CONTENDERS_MAX)
		abort();
	contender = &outcome->contenders[outcome->count++];
	snprintf(contender->name, sizeof(contender->name), "%s", name);
	return contender;
}

static int take_run(struct outcome *outcome, const char *line)
{
	struct contender *contender;
	long long wall, loading;
	char kind[8], name[64];
	int round, bound;

	if (sscanf(line, "run %7s %d %63s %lld %lld %d", kind, &round, name, &wall, &loading,
		   &bound) != 6 ||
	    bound != outcome->wanted)
		return -EPROTO;
	contender = find_contender(outcome, name);
	if (round == 0)
		return 0;
	if (strcmp(kind, "warm") == 0) {
		series_add(&contender->loaded, (double)wall / 1e6);
		return 0;
	}
	series_add(&contender->whole, (double)wall / 1e6);
	series_add(&contender->own, (double)(wall - loading) / 1e6);
	return 0;
}

static int take_count(struct outcome *outcome, const char *line)
{
	struct contender *contender;
	unsigned long calls;
	char name[64];
	long peak;

	if (sscanf(line, "count %63s %lu %ld", name, &calls, &peak) != 3)
		return -EPROTO;
	contender = find_contender(outcome, name);
	contender->calls = (double)calls;
	contender->memory = (double)peak;
	return 0;
}

static int take_line(struct outcome *outcome, const char *line)
{
	int functions;

	if (strncmp(line, "run ", 4) == 0)
		return take_run(outcome, line);
	if (strncmp(line, "count ", 6) == 0)
		return take_count(outcome, line);
	if (sscanf(line, "functions %d", &functions) == 1)
		return functions == VM_FUNCTIONS ? 0 : -EPROTO;
	outcome->complete |= strcmp(line, "end") == 0;
	return outcome->complete || !*line ? 0 : -EPROTO;
}

static int read_outcome(struct outcome *outcome, const char *report)
{
	char *text = files_read(report), *rest = text, *line;
	int result = text ? 0 : -ENOENT;

	while (result == 0 && (line = strsep(&rest, "\n"))) {
		result = take_line(outcome, line);
		if (result < 0)
			fprintf(stderr, "%s: %s\n", report, line);
	}
	free(text);
	if (result == 0 && !outcome->complete)
		result = -EPIPE;
	return result;
}

static void set_times(struct row *row, enum column column, const struct series *series,
		      const struct series *floor)
{
	if (series->count == 0)
		return;
	row_set(row, column, series_median(series));
	row_set(row, column + 1, series_ratio(series, floor));
}

/* The floor is the first contender of the first round. */
static void add_rows(struct table *table, const char *name, const struct outcome *outcome)
{
	const struct contender *floor = &outcome->contenders[0];

	for (size_t i = 0; i < outcome->count; i++) {
		const struct contender *contender = &outcome->contenders[i];
		struct row *row = table_add(table, "boot", name, contender->name);

		set_times(row, COLUMN_WHOLE, &contender->whole, &floor->whole);
		set_times(row, COLUMN_OWN, &contender->own, &floor->own);
		set_times(row, COLUMN_LOADED, &contender->loaded, &floor->loaded);
		if (contender->calls > 0) {
			row_set(row, COLUMN_CALLS, contender->calls);
			row_set(row, COLUMN_MEMORY, contender->memory);
		}
	}
}

static void add_goals(struct table *table, const char *name)
{
	const struct row *ours = table_find(table, name, "vfio-early");
	const struct row *rules = table_find(table, name, "vfio-early-rules");
	const struct row *shell = table_find(table, name, "shell");

	table_add_goal(table, name, "whole step / floor", row_get(ours, COLUMN_WHOLE_RATIO), 0.7);
	table_add_goal(table, name, "without loading, ms", row_get(rules, COLUMN_OWN), 4.0);
	table_add_goal(table, name, "without loading / shell script",
		       row_get(rules, COLUMN_OWN) / row_get(shell, COLUMN_OWN), 0.5);
}

static void name_results(struct vm *vm, const char *dir, const struct setup *setup,
			 const char *which)
{
	files_path(vm->report, "%s/%d-%s", dir, setup->count, which);
	files_path(vm->console, "%s.console", vm->report);
	files_path(vm->log, "%s.log", vm->report);
}

static int measure(struct table *table, const struct setup *setup, const struct image *image,
		   const char *initrd, const struct clock *clock)
{
	struct vm vm = { .kernel = image->kernel, .initrd = initrd, .icount = clock->icount };
	struct outcome outcome = { .wanted = setup->count };
	char name[64];
	int result;

	name_results(&vm, image->dir, setup, clock->name);
	result = vm_run(&vm);
	result = result ?: read_outcome(&outcome, vm.report);
	if (result < 0)
		return result;
	snprintf(name, sizeof(name), "%s, %s", setup->name, clock->name);
	add_rows(table, name, &outcome);
	if (clock->icount && setup == setups)
		add_goals(table, name);
	return 0;
}

static int measure_firsts(struct table *table, const struct setup *setup, const struct image *image,
			  const char *initrd)
{
	struct vm vm = { .kernel = image->kernel, .initrd = initrd, .icount = counted.icount };
	struct outcome outcome = { .wanted = setup->count };
	char name[64];
	int result = 0;

	for (size_t i = 0; result == 0 && i < COUNT(firsts); i++) {
		vm.first = firsts[i];
		outcome.complete = false;
		name_results(&vm, image->dir, setup, firsts[i]);
		result = vm_run(&vm);
		result = result ?: read_outcome(&outcome, vm.report);
	}
	snprintf(name, sizeof(name), "%s, first", setup->name);
	if (result == 0)
		add_rows(table, name, &outcome);
	return result;
}

static int write_initrd(char *path, const struct setup *setup, const struct image *image)
{
	char *addresses = files_read(setup->devices);
	const struct initrd initrd = {
		.suite = setup->suite,
		.image = image->initrd,
		.addresses = addresses,
		.options = setup->options,
		.count = setup->count,
	};
	int result = addresses ? 0 : -ENOENT;

	files_path(path, "%s/initrd-%d", image->dir, setup->count);
	result = result ?: initrd_write(path, &initrd);
	free(addresses);
	return result;
}

static bool has_system(const char *suite)
{
	char build[PATH_MAX], path[PATH_MAX];

	return image_find_build(build) == 0 &&
	       access(files_path(path, "%s/roots/%s", build, suite), F_OK) == 0;
}

/* What the image's rules say does not matter, for each machine has its own; but modules come with
 * them. */
static int make_initrd(char *initrd, const struct setup *setup, struct image *image)
{
	const struct image_spec spec = {
		.suite = setup->suite,
		.has_all_drivers = true,
		.rules = "00:00.0\n",
	};
	char name[64];
	int result;

	snprintf(name, sizeof(name), "bench/boot-%s", setup->suite);
	result = image_build(&spec, name, image);
	if (result == 0 && !image->renewed)
		result = -EIO;
	return result ?: write_initrd(initrd, setup, image);
}

static int measure_setup(struct table *table, const struct setup *setup, const struct clock *clock)
{
	char initrd[PATH_MAX];
	struct image image;
	int result = make_initrd(initrd, setup, &image);

	result = result ?: measure(table, setup, &image, initrd, clock);
	if (result == 0 && setup == setups && clock == &counted)
		result = measure_firsts(table, setup, &image, initrd);
	return result;
}

int boot_measure(struct table *table)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < COUNT(setups); i++)
		if (has_system(setups[i].suite))
			result = measure_setup(table, &setups[i], &counted);
	return result;
}

int timed_measure(struct table *table)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < COUNT(setups); i++)
		if (strcmp(setups[i].suite, INITRD_SUITE) == 0)
			result = measure_setup(table, &setups[i], &timed);
	return result;
}
