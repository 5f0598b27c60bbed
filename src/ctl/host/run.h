/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs programs of the host. */
#ifndef VFIO_EARLY_HOST_RUN_H
#define VFIO_EARLY_HOST_RUN_H

#include <stdio.h>
#include <sys/types.h>

#include "host/host.h"

/*
 * Writes the command line, whose words end with a NULL, to out, unless that is NULL, and runs it;
 * the program's output goes where ours goes. Returns its exit status, 128 and the signal that ended
 * it, or -errno: -EXDEV where the host is not this machine, so that nothing was written or run,
 * -ENOENT if there is no such program.
 */
int run_program(const struct host *host, const char *const argv[], FILE *out)
	__attribute__((warn_unused_result));

/*
 * The same of a program of this machine, whatever the host is, and without a line; it reads input,
 * or, where that is -1, what we read.
 */
int run_own(const char *const argv[], int input) __attribute__((warn_unused_result));

/* Waits for the end of a child; returns the same of it. */
int run_await(pid_t child);

#endif
