/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beside what people use instead, in a booted machine: guest/runner.c lets them run. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "cpio.h"
#include "file.h"
#include "image.h"
#include "parts.h"
#include "series.h"

#define SUITE	       "trixie"
#define SOURCE	       "tests/bench/guest"
#define STEP	       "/usr/share/initramfs-tools/scripts/init-top/00-vfio-early"
#define SH_KLIBC       "/usr/lib/klibc/bin/sh"
#define FUNCTIONS      40
#define BOOT_SECONDS   900
#define CONTENDERS_MAX 16

/* Three identical cards, sixteen functions of one model, and what else makes it forty. */
static const struct setup {
	const char *name;
	const char *devices; /* the file with their addresses */
	const char *options; /* what takes them by their model */
	int count;
} setups[] = {
	{ "3 cards", SOURCE "/devices-3", "options vfio-pci ids=8086:10d3\n", 3 },
	{ "16 devices", SOURCE "/devices-16", "options vfio-pci ids=1af4:1005\n", 16 },
};

/*
 * With -icount each instruction of the guest takes one nanosecond: what else the computer does is
 * not in the time, so that a difference is the same in each run. What it does not know is what an
 * instruction costs: a cache that misses, a page fault.
 */
static const struct clock {
	const char *name;
	const char *suffix;
	const char *option;
} clocks[] = {
	{ "timed", "", NULL },
	{ "counted", ", counted", "shift=0,sleep=off" },
};

struct contender {
	char name[64];
	struct series whole, own, loaded;
	double calls, memory;
};

struct boot {
	char build[PATH_MAX];
	char initrd[PATH_MAX];
	char report[PATH_MAX], console[PATH_MAX], log[PATH_MAX];
	char *addresses; /* one a line */
	struct contender contenders[CONTENDERS_MAX];
	size_t count;
	bool complete;
};

/* The image, and over it the runner, the contenders and what they are told. */

static char *replace(const char *text, const char *word, const char *by)
{
	const char *at = strstr(text, word);
	char *result;

	if (!at)
		return strdup(text);
	if (asprintf(&result, "%.*s%s%s", (int)(at - text), text, by, at + strlen(word)) < 0)
		return NULL;
	return result;
}

static char *join_lines(const char *lines)
{
	char *text = strdup(lines);

	for (char *c = text; c && *c; c++)
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
	return text;
}

static int add_script(FILE *archive, const char *name, const char *devices)
{
	char source[PATH_MAX], target[PATH_MAX], *text, *script = NULL;
	int result = file_join(source, SOURCE "/%s", name);

	result = result ?: file_join(target, "bench/%s", name);
	if (result < 0)
		return result;
	text = file_read(source);
	script = text ? replace(text, "@DEVICES@", devices) : NULL;
	result = script ? cpio_add_text(archive, target, 0755, script) : -ENOENT;
	free(text);
	free(script);
	return result;
}

static int add_scripts(FILE *archive, const char *devices)
{
	static const char *const names[] = { "shell", "driverctl", "driverctl-set", "ids",
					     "floor-in-shell" };
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		result = add_script(archive, names[i], devices);
	return result;
}

/* The runner takes the place of our script, which becomes one contender of many. */
static int add_programs(FILE *archive, const struct boot *boot, const struct setup *setup)
{
	char path[PATH_MAX];
	int result;

	result = file_join(path, "%s/tests/bench/runner", boot->build);
	result = result ?: cpio_add_file(archive, "scripts/init-top/00-vfio-early", 0755, path);
	result = result ?: file_join(path, "%s/tests/bench/floor-%d", boot->build, setup->count);
	result = result ?: cpio_add_file(archive, "bench/floor", 0755, path);
	result = result ?: file_join(path, "%s/stage" STEP, boot->build);
	result = result ?: cpio_add_file(archive, "bench/step", 0755, path);
	result = result ?: file_join(path, "%s/roots/" SUITE SH_KLIBC, boot->build);
	return result ?: cpio_add_file(archive, "bench/sh-klibc", 0755, path);
}

static int add_all(FILE *archive, const struct boot *boot, const struct setup *setup)
{
	char *devices = join_lines(boot->addresses);
	int result = devices ? 0 : -ENOMEM;

	result = result ?: cpio_add_directory(archive, "bench");
	result = result ?: cpio_add_text(archive, "etc/vfio-early.conf", 0644, boot->addresses);
	result = result ?: cpio_add_text(archive, "bench/devices", 0644, devices);
	result = result ?: cpio_add_text(archive, "bench/options", 0644, setup->options);
	result = result ?: add_programs(archive, boot, setup);
	result = result ?: add_scripts(archive, devices);
	free(devices);
	return result ?: cpio_end(archive);
}

static int write_initrd(const struct boot *boot, const struct setup *setup,
			const struct image *image)
{
	FILE *archive = fopen(boot->initrd, "we");
	int result;

	if (!archive)
		return -errno;
	result = cpio_copy(archive, image->initrd);
	result = result ?: add_all(archive, boot, setup);
	if (fclose(archive) && result == 0)
		result = -errno;
	return result;
}

/* The machine. */

#define ARGS_MAX 128

struct arguments {
	const char *list[ARGS_MAX];
	int count;
	char texts[FUNCTIONS][64];
	int text_count;
	char serial[PATH_MAX + 16];
	char report[PATH_MAX + 16];
};

static void add(struct arguments *args, const char *option, const char *value)
{
	if (args->count + 2 >= ARGS_MAX)
		abort();
	args->list[args->count++] = option;
	args->list[args->count++] = value;
}

/* Functions of one kind on the root bus, eight a device. */
static void add_functions(struct arguments *args, const char *model, int slot, int count)
{
	for (int i = 0; i < count; i++) {
		char *text = args->texts[args->text_count++];

		snprintf(text, sizeof(args->texts[0]), "%s,addr=%x.%x,multifunction=on", model,
			 (unsigned int)(slot + i / 8), (unsigned int)(i % 8));
		add(args, "-device", text);
	}
}

/* With what q35 has by itself, forty. */
static void add_devices(struct arguments *args)
{
	static const char *const cards[] = {
		"pcie-root-port,id=port1,chassis=1,slot=1",
		"pcie-root-port,id=port2,chassis=2,slot=2",
		"pcie-root-port,id=port3,chassis=3,slot=3",
		"e1000e,bus=port1",
		"e1000e,bus=port2",
		"e1000e,bus=port3",
	};

	add(args, "-device", "intel-iommu,intremap=on");
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++)
		add(args, "-device", cards[i]);
	add_functions(args, "virtio-rng-pci", 0x10, 16);
	add_functions(args, "pci-testdev", 0x18, 14);
}

/* quiet, as Debian boots: a console that shows all messages would take most of the time. */
static void fill_arguments(struct arguments *args, const struct boot *boot,
			   const struct image *image, const struct clock *clock)
{
	*args = (struct arguments){ .list = { "qemu-system-x86_64", "-nodefaults" }, .count = 2 };
	add(args, "-no-user-config", "-no-reboot");
	add(args, "-display", "none");
	add(args, "-machine", "q35");
	add(args, "-accel", "tcg");
	add(args, "-cpu", "max");
	add(args, "-smp", "1");
	add(args, "-m", "1024");
	if (clock->option)
		add(args, "-icount", clock->option);
	add(args, "-kernel", image->kernel);
	add(args, "-initrd", boot->initrd);
	add(args, "-append", "console=ttyS0 quiet panic=1");
	snprintf(args->serial, sizeof(args->serial), "file:%s", boot->console);
	snprintf(args->report, sizeof(args->report), "file:%s", boot->report);
	add(args, "-serial", args->serial);
	add(args, "-serial", args->report);
	add_devices(args);
}

static int run_machine(const struct boot *boot, const struct image *image,
		       const struct clock *clock)
{
	struct arguments args;
	pid_t pid;

	fill_arguments(&args, boot, image, clock);
	if (unlink(boot->report) && errno != ENOENT)
		return -errno;
	pid = command_fork(boot->log);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execvp(args.list[0], (char *const *)args.list);
		_exit(COMMAND_NOT_STARTED);
	}
	return command_wait(pid, BOOT_SECONDS) == 0 ? 0 : -EIO;
}

/* What the guest said. */

static struct contender *find_contender(struct boot *boot, const char *name)
{
	for (size_t i = 0; i < boot->count; i++)
		if (strcmp(boot->contenders[i].name, name) == 0)
			return &boot->contenders[i];
	if (boot->count == CONTENDERS_MAX)
		abort();
	snprintf(boot->contenders[boot->count].name, sizeof(boot->contenders[0].name), "%s", name);
	return &boot->contenders[boot->count++];
}

static int take_run(struct boot *boot, const struct setup *setup, const char *line)
{
	long long wall, loading;
	struct contender *contender;
	char kind[8], name[64];
	int round, bound;

	if (sscanf(line, "run %7s %d %63s %lld %lld %d", kind, &round, name, &wall, &loading,
		   &bound) != 6)
		return -EPROTO;
	if (bound != setup->count) {
		fprintf(stderr, "%s bound %d of %d\n", name, bound, setup->count);
		return -EPROTO;
	}
	contender = find_contender(boot, name);
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

static int take_count(struct boot *boot, const char *line)
{
	struct contender *contender;
	unsigned long calls;
	char name[64];
	long peak;

	if (sscanf(line, "count %63s %lu %ld", name, &calls, &peak) != 3)
		return -EPROTO;
	contender = find_contender(boot, name);
	contender->calls = (double)calls;
	contender->memory = (double)peak;
	return 0;
}

static int take_line(struct boot *boot, const struct setup *setup, const char *line)
{
	int functions;

	if (strncmp(line, "run ", 4) == 0)
		return take_run(boot, setup, line);
	if (strncmp(line, "count ", 6) == 0)
		return take_count(boot, line);
	if (sscanf(line, "functions %d", &functions) == 1)
		return functions == FUNCTIONS ? 0 : -EPROTO;
	boot->complete |= strcmp(line, "end") == 0;
	return boot->complete || !*line ? 0 : -EPROTO;
}

static int read_report(struct boot *boot, const struct setup *setup)
{
	char *text = file_read(boot->report), *rest = text, *line;
	int result = text ? 0 : -ENOENT;

	boot->count = 0;
	boot->complete = false;
	memset(boot->contenders, 0, sizeof(boot->contenders));
	while (result == 0 && (line = strsep(&rest, "\n"))) {
		result = take_line(boot, setup, line);
		if (result < 0)
			fprintf(stderr, "%s: %s\n", boot->report, line);
	}
	free(text);
	return result ?: boot->complete ? 0 : -EPIPE;
}

static void set_times(struct row *row, enum column column, const struct series *series,
		      const struct series *floor)
{
	if (series->count == 0)
		return;
	row_set(row, column, series_median(series));
	row_set(row, column + 1, series_ratio(series, floor));
}

static void add_rows(const struct boot *boot, struct table *table, const char *name)
{
	const struct contender *floor = &boot->contenders[0];

	for (size_t i = 0; i < boot->count; i++) {
		const struct contender *contender = &boot->contenders[i];
		struct row *row = table_add(table, "boot", name, contender->name);

		set_times(row, COLUMN_WHOLE, &contender->whole, &floor->whole);
		set_times(row, COLUMN_OWN, &contender->own, &floor->own);
		set_times(row, COLUMN_LOADED, &contender->loaded, &floor->loaded);
		row_set(row, COLUMN_CALLS, contender->calls);
		row_set(row, COLUMN_MEMORY, contender->memory);
	}
}

/* Of the figures that the machine's other work does not reach. */
static void add_goals(struct table *table, const char *name)
{
	const struct row *ours = table_find(table, name, "vfio-early");
	const struct row *shell = table_find(table, name, "shell");

	table_add_goal(table, name, "whole step / floor", row_get(ours, COLUMN_WHOLE_RATIO), 1.15);
	table_add_goal(table, name, "without loading / floor", row_get(ours, COLUMN_OWN_RATIO), 1.15);
	table_add_goal(table, name, "without loading / shell script",
		       row_get(ours, COLUMN_OWN) / row_get(shell, COLUMN_OWN), 0.1);
}

static int name_results(struct boot *boot, const struct setup *setup, const struct image *image,
			const struct clock *clock)
{
	const char *dir = image->dir;
	int result = file_join(boot->report, "%s/%d-%s", dir, setup->count, clock->name);

	result = result ?: file_join(boot->console, "%s/%d-%s.serial", dir, setup->count, clock->name);
	return result ?: file_join(boot->log, "%s/%d-%s.log", dir, setup->count, clock->name);
}

static int measure(struct table *table, struct boot *boot, const struct setup *setup,
		   const struct image *image, const struct clock *clock)
{
	char name[64];
	int result = name_results(boot, setup, image, clock);

	result = result ?: run_machine(boot, image, clock);
	result = result ?: read_report(boot, setup);
	if (result < 0)
		return result;
	snprintf(name, sizeof(name), "%s%s", setup->name, clock->suffix);
	add_rows(boot, table, name);
	if (clock->option)
		add_goals(table, name);
	return 0;
}

static int measure_setup(struct table *table, const struct setup *setup, const struct image *image)
{
	struct boot boot = { .addresses = file_read(setup->devices) };
	int result = boot.addresses ? image_find_build(boot.build) : -ENOENT;

	result = result ?: file_join(boot.initrd, "%s/initrd-%d", image->dir, setup->count);
	result = result ?: write_initrd(&boot, setup, image);
	for (size_t i = 0; result == 0 && i < sizeof(clocks) / sizeof(clocks[0]); i++)
		result = measure(table, &boot, setup, image, &clocks[i]);
	free(boot.addresses);
	return result;
}

int boot_measure(struct table *table)
{
	const struct image_spec spec = { .suite = SUITE, .rules = "00:00.0\n" };
	struct image image;
	int result = image_build(&spec, "bench/boot", &image);

	if (result == 0 && !image.renewed)
		result = -EIO;
	for (size_t i = 0; result == 0 && i < sizeof(setups) / sizeof(setups[0]); i++)
		result = measure_setup(table, &setups[i], &image);
	return result;
}
