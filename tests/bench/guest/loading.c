/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the kernel was loading modules, by a probe on its finit_module(2). */
#include "loading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "sysfs.h"

#define TRACING "/sys/kernel/tracing"

/*
 * Probes on this one function, because with the tracepoints of system calls every call of every
 * process would take the slow way.
 */
static const char probes[] = "p:bench/enter __x64_sys_finit_module\n"
			     "r:bench/leave __x64_sys_finit_module\n";

int loading_set_up(void)
{
	int result;

	if (mount("tracefs", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		return -errno;
	result = sysfs_write(TRACING "/kprobe_events", probes);
	return result ?: sysfs_write(TRACING "/events/bench/enable", "1");
}

void loading_reset(void)
{
	sysfs_write(TRACING "/trace", "");
}

/* "modprobe-123 [000] ..... 12.345678: enter: (...)": the time, in nanoseconds. */
static int64_t event_time(const char *line, const char *event)
{
	const char *end = strstr(line, event), *start = end;
	long long seconds, microseconds;

	while (start && start > line && start[-1] != ' ')
		start--;
	if (!start || sscanf(start, "%lld.%lld", &seconds, &microseconds) != 2)
		return 0;
	return (seconds * 1000000 + microseconds) * 1000;
}

int64_t loading_time(void)
{
	FILE *trace = fopen(TRACING "/trace", "re");
	int64_t total = 0, entered = 0;
	char line[512];

	while (trace && fgets(line, sizeof(line), trace)) {
		int64_t enter = event_time(line, ": enter: "),
			leave = event_time(line, ": leave: ");

		if (enter)
			entered = enter;
		else if (leave)
			total += leave - entered;
	}
	if (trace)
		fclose(trace);
	return total;
}
