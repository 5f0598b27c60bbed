/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that may block in the kernel, done by child processes under one deadline. */
#ifndef VFIO_EARLY_BIND_JOBS_H
#define VFIO_EARLY_BIND_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* There can be thousands: what all of them have in common is apart. */
struct job {
	void *argument;
	int result; /* of run or instead; -ETIMEDOUT, -ECHILD if killed, or why there is no child */
	pid_t pid;  /* of its child; 0: it is another's, -1: there is none */
	bool queued; /* not at the same time as another that is queued */
};

struct jobs_kind {
	int (*run)(void *argument); /* 0 or -errno; what it changes in memory is lost */
	/* Run in this process where no child can be made: must not block. NULL: the job fails. */
	int (*instead)(void *argument);
	bool always; /* begun after the deadline, too, by a child that nobody waits for */
};

/* Milliseconds on a clock that nobody sets. */
long jobs_now(void);

/*
 * Runs all jobs at the same time, in up to 64 processes, and waits until all have ended or
 * jobs_now() has reached deadline. A job that has not ended then goes on by itself, since no signal
 * reaches a process that is stuck in the kernel: it should look at the time when it comes back.
 * After the deadline nothing is begun: a job that was not has -ETIMEDOUT.
 */
void jobs_run(struct job *jobs, size_t count, const struct jobs_kind *kind, long deadline);

#endif
