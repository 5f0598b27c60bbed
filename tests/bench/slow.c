/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices whose driver takes a second to let go, on the simulated driver core of tests/fault. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "parts.h"

#include "host.h"

#define SLOW_MS      1000
#define COUNT_MAX    16
#define ADDRESS_SIZE 24

static const unsigned int counts[] = { 1, COUNT_MAX };

static void format_address(char address[ADDRESS_SIZE], unsigned int number)
{
	snprintf(address, ADDRESS_SIZE, "0000:%02x:00.0", number + 1);
}

/* Disks that are in use, each on a bus and in a group of its own. */
static char *describe_host(unsigned int count)
{
	char *text = NULL, address[ADDRESS_SIZE];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (unsigned int i = 0; i < count; i++) {
		format_address(address, i);
		fprintf(out, "%s 0108: 144d:a808 driver=nvme group=%u\n", address, i + 1);
	}
	fputs("driver vfio-pci\n", out);
	return fclose(out) ? NULL : text;
}

static int set_up(struct host *host, unsigned int count)
{
	char *description = describe_host(count), address[ADDRESS_SIZE], path[PATH_MAX];
	int result = description ? 0 : -ENOMEM;

	result = result ?: host_set_up(host, "bench-slow", description, "144d:a808\n", "");
	free(description);
	/* So that driverctl has no module to load. */
	files_path(path, "%s/tree/sys/module/vfio-pci", host->work);
	if (result == 0 && mkdir(path, 0755))
		result = -errno;
	for (unsigned int i = 0; result == 0 && i < count; i++) {
		const struct reaction slow = { .delay_ms = SLOW_MS };

		format_address(address, i);
		if (!drivercore_set_reaction(host->core, address, STORE_UNBIND, &slow))
			result = -ENODEV;
	}
	return result;
}

static bool all_bound(const struct host *host, unsigned int count)
{
	struct device_state state;
	char address[ADDRESS_SIZE];

	for (unsigned int i = 0; i < count; i++) {
		format_address(address, i);
		if (!drivercore_get(host->core, address, &state) ||
		    strcmp(state.driver, "vfio-pci") != 0)
			return false;
	}
	return true;
}

static void run_program(const struct host *host, unsigned int count)
{
	(void)count;
	host_run(host, 10 * COUNT_MAX);
}

/* Its commands know /sys only. */
static int run_driverctl_apart(const struct host *host, unsigned int count)
{
	char sys[PATH_MAX], address[ADDRESS_SIZE];

	files_path(sys, "%s/mount/sys", host->work);
	if (unshare(CLONE_NEWNS) || mount(sys, "/sys", NULL, MS_BIND, NULL))
		return 1;
	for (unsigned int i = 0; i < count; i++) {
		const char *const argv[] = { "/bin/sh", "tests/bench/guest/driverctl-set", address,
					     "vfio-pci", NULL };

		format_address(address, i);
		if (command_run(NULL, argv) != 0)
			return 1;
	}
	return 0;
}

static void run_driverctl(const struct host *host, unsigned int count)
{
	pid_t pid = command_fork(NULL, NULL);

	if (pid == 0)
		_exit(run_driverctl_apart(host, count));
	if (pid > 0)
		command_wait(pid, 0);
}

static const struct {
	const char *name;
	void (*run)(const struct host *host, unsigned int count);
} contenders[] = {
	{ "vfio-early", run_program },
	{ "driverctl", run_driverctl },
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void format_case(char name[32], unsigned int count)
{
	snprintf(name, 32, "%u, %d ms each", count, SLOW_MS);
}

static int measure(struct table *table, unsigned int count)
{
	struct host host;
	char name[32];
	int result = set_up(&host, count);

	format_case(name, count);
	for (size_t i = 0; result == 0 && i < sizeof(contenders) / sizeof(contenders[0]); i++) {
		double begin = now();

		contenders[i].run(&host, count);
		row_set(table_add(table, "slow", name, contenders[i].name), COLUMN_WHOLE,
			now() - begin);
		if (!all_bound(&host, count))
			result = -EPROTO;
		host_tear_down(&host);
		result = result ?: set_up(&host, count);
	}
	if (host.fs)
		host_tear_down(&host);
	return result;
}

static double find_time(const struct table *table, unsigned int count)
{
	char name[32];

	format_case(name, count);
	return row_get(table_find(table, name, contenders[0].name), COLUMN_WHOLE);
}

int slow_measure(struct table *table)
{
	int result = host_prepare_process();

	for (size_t i = 0; result == 0 && i < sizeof(counts) / sizeof(counts[0]); i++)
		result = measure(table, counts[i]);
	table_add_goal(table, "slow", "16 devices / one",
		       find_time(table, COUNT_MAX) / find_time(table, 1), 1.1);
	return result;
}
