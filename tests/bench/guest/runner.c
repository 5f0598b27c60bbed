/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In the place of the init-top script of a booted image: lets all contenders bind the same devices
 * in turn, many times, and powers off. Devices and modules are as after a boot before each run.
 *With bench.first=CONTENDER on the kernel command line that one runs alone, once: the kernel has
 *never checked a signature then.
 *
 * One fact a line on the second serial port:
 *   functions COUNT
 *   run SERIES ROUND CONTENDER WALL_NS LOADING_NS BOUND
 *	SERIES is "cold", or "warm" when the modules were loaded before
 *   count CONTENDER CALLS PEAK_KIB
 *   error TEXT
 *   end
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "../process.h"
#include "loading.h"
#include "sysfs.h"

#define ROUNDS    8 /* the first one warms caches up and does not count */
#define NAMES_MAX 64

#define STEP     "/bench/step"
#define SH_KLIBC "/bench/sh-klibc"
#define OPTIONS  "/etc/modprobe.d/bench.conf"

#define RULES     "/etc/vfio-early.conf"
#define PROTECTED "/etc/vfio-early.protected"

struct contender {
	const char *name;
	const char *argv[4];
	const char *warm_argv[4]; /* where that is another command */
	bool cold_only;
	bool has_options; /* `options vfio-pci ids=` is in the image */
	bool has_rules; /* as people have them, and a list of devices in use; else bare addresses */
};

/* The image starts the program without a shell. The step stands for an image in which it can't. */
static const struct contender contenders[] = {
	{ "floor", { "/bench/floor" }, { "/bench/floor", "probe" }, .cold_only = false },
	{ "floor-plain", { "/bench/floor-plain" }, { NULL }, .cold_only = true },
	{ "vfio-early", { "/usr/sbin/vfio-early" }, { NULL }, .cold_only = false },
	{ "vfio-early-rules", { "/usr/sbin/vfio-early" }, { NULL }, .has_rules = true },
	{ "vfio-early-in-shell", { "/bin/sh", STEP }, { NULL }, .cold_only = false },
	{ "shell", { "/bin/sh", "/bench/shell" }, { NULL }, .cold_only = false },
	{ "shell-no-busybox", { SH_KLIBC, "/bench/shell" }, { NULL }, .cold_only = false },
	{ "driverctl", { "/bin/sh", "/bench/driverctl" }, { NULL }, .cold_only = false },
	{ "ids", { "/bin/sh", "/bench/ids" }, { NULL }, .cold_only = true, .has_options = true },
};

#define COUNT (sizeof(contenders) / sizeof(contenders[0]))

struct bench {
	FILE *report;
	char *devices; /* the text that names point into */
	const char *names[NAMES_MAX];
	int count;
	char *options;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct bench *bench,
						       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(bench->report, format, arguments);
	va_end(arguments);
	fflush(bench->report);
}

static char *read_line(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (file && getline(&line, &size, file) > 0)
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
	return line;
}

static void read_devices(struct bench *bench)
{
	char *rest;

	bench->devices = read_line("/bench/devices");
	rest = bench->devices;
	while (rest && bench->count < NAMES_MAX)
		bench->names[bench->count++] = strsep(&rest, " ");
	bench->options = read_line("/bench/options");
}

static int count_bound(const struct bench *bench)
{
	int bound = 0;

	for (int i = 0; i < bench->count; i++)
		bound += sysfs_has_device(bench->names[i]);
	return bound;
}

/* As after a boot: nothing is left of the run before, and nothing of it still goes on. */
static void prepare(const struct bench *bench, const struct contender *contender, bool warm)
{
	for (int i = 0; i < bench->count; i++)
		sysfs_release_device(bench->names[i]);
	if (!warm && sysfs_unload_modules() < 0)
		tell(bench, "error modules are in use before %s\n", contender->name);
	unlink("/run/vfio-early/status");
	rmdir("/run/vfio-early");
	if (contender->has_options)
		sysfs_write(OPTIONS, bench->options);
	else
		unlink(OPTIONS);
	unlink(RULES);
	unlink(PROTECTED);
	if (symlink(contender->has_rules ? "/bench/rules" : "/bench/addresses", RULES) ||
	    (contender->has_rules && symlink("/bench/protected", PROTECTED)))
		tell(bench, "error rules of %s: %s\n", contender->name, strerror(errno));
	sync();
	usleep(30000);
	loading_reset();
}

static const char *const *command(const struct contender *contender, bool warm)
{
	return warm && contender->warm_argv[0] ? contender->warm_argv : contender->argv;
}

static void time_contender(const struct bench *bench, const struct contender *contender, bool warm,
			   int round)
{
	struct process_time time;
	int result;

	prepare(bench, contender, warm);
	result = process_time(command(contender, warm), &time);
	if (result < 0)
		tell(bench, "error %s: %s\n", contender->name, strerror(-result));
	else
		tell(bench, "run %s %d %s %lld %lld %d\n", warm ? "warm" : "cold", round,
		     contender->name, (long long)time.wall_ns, (long long)loading_time(),
		     count_bound(bench));
}

/* All contenders in turn, so that what changes with time hits all; each round starts elsewhere. */
static void time_series(const struct bench *bench, bool warm)
{
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			const struct contender *contender =
				&contenders[(i + (size_t)round) % COUNT];

			if (!warm || !contender->cold_only)
				time_contender(bench, contender, warm, round);
		}
	}
}

static void count_all(const struct bench *bench)
{
	struct process_count count;

	for (size_t i = 0; i < COUNT; i++) {
		prepare(bench, &contenders[i], false);
		if (process_count(contenders[i].argv, &count) == 0)
			tell(bench, "count %s %lu %ld\n", contenders[i].name, count.calls,
			     count.peak_kib);
	}
}

static void load_modules(void)
{
	struct process_time unused;

	process_time(contenders[0].argv, &unused);
}

/* Whether one contender was to run alone. */
static bool time_first(const struct bench *bench)
{
	char *words = read_line("/proc/cmdline"), *word = strstr(words, "bench.first=");
	const char *name = word ? strtok(word + strlen("bench.first="), " ") : NULL;

	for (size_t i = 0; name && i < COUNT; i++)
		if (strcmp(contenders[i].name, name) == 0)
			time_contender(bench, &contenders[i], false, 1);
	free(words);
	return name;
}

static FILE *open_report(void)
{
	int fd = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	struct termios mode;

	if (fd < 0)
		return NULL;
	if (tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode);
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fdopen(fd, "w");
}

int main(void)
{
	struct bench bench = { .report = open_report() };
	int result;

	if (bench.report) {
		read_devices(&bench);
		tell(&bench, "functions %d\n", sysfs_count_functions());
		result = loading_set_up();
		if (result < 0)
			tell(&bench, "error tracing: %s\n", strerror(-result));
		if (!time_first(&bench)) {
			time_series(&bench, false);
			load_modules();
			time_series(&bench, true);
			count_all(&bench);
		}
		tell(&bench, "end\n");
		tcdrain(fileno(bench.report));
	}
	reboot(RB_POWER_OFF);
	return 1;
}
