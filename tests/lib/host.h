/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated host to run vfio-early on, and what must hold on any host afterwards. */
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include "drivercore.h"
#include "hostfs.h"

/* What a test may say at most. */
#define HOST_MESSAGES_MAX 512
#define HOST_EVENTS_MAX   2048

struct host {
	char work[PATH_MAX];    /* absolute; has tree, mount, stdout and stderr */
	char program[PATH_MAX]; /* absolute */
	const char *added;      /* the operand of a run: a device that came late; NULL: none */
	struct drivercore *core;
	struct hostfs *fs;
};

/* How a run ended. */
struct host_result {
	int status; /* exit status, or 128 and the signal */
	double seconds;
};

/* One line of the status file; "" for what is not there. */
struct host_row {
	char code[32];
	char driver[DRIVERCORE_NAME_MAX];
	char detail[256];
};

/*
 * Once, before anything else: mounts are seen by nobody else and go with the process, and
 * children that a run leaves behind become ours. 0 or -errno.
 */
int host_prepare_process(void);

/*
 * Mounts a described host (tests/lib/hosttree.h) with these rules and this kernel command line,
 * below the build directory in a directory of this name. vfio_iommu_type1 is loaded, and there are
 * no modules (modules.h). 0, or -errno with a message on standard error.
 */
int host_set_up(struct host *host, const char *name, const char *description, const char *rules,
		const char *cmdline);
void host_tear_down(struct host *host);

/* All as host_set_up() left it: reactions, denials, events, messages, loaded modules and run are
 * gone. */
void host_reset(struct host *host);

/*
 * In a child: becomes the program, with its output in files. The kernel gets no module to see.
 * Does not return.
 */
void host_exec(const struct host *host);

/* Runs the program, and kills it after the given time. */
struct host_result host_run(const struct host *host, unsigned int seconds);

/* Seconds of a clock that only goes on. */
double host_now(void);

/* Waits for what the run left behind; false if some is left after that time. */
bool host_wait_children(unsigned int seconds);

/* The text of a file below work, NULL if there is none; for the caller to free. */
char *host_read(const struct host *host, const char *file);

/* The row of this device in the status file; false if there is none. */
bool host_read_row(const struct host *host, const char *device, struct host_row *row);

/*
 * What must hold after whatever happened. Writes what is wrong to problem and returns false if
 *
 *	a device has an override and no driver
 *	a device that had a driver has none, unless its own driver refused it
 *	a device has an override that is not its driver
 *	something was written to that is none of driver_override, unbind and drivers_probe
 *	a device was unbound or probed before it had an override, or probed before the unbind
 */
bool host_is_sane(const struct host *host, char *problem, size_t size);

/* Whether the host has written nothing to a device and it is as it was. */
bool host_is_untouched(const struct host *host, const char *device);

#endif
