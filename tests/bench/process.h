/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one run of a program costs, with all processes that it starts. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>

struct process_time {
	int64_t wall_ns; /* from before fork(2) to after wait(2) */
	int64_t cpu_ns;  /* of the process and those that it waited for */
	int status;      /* exit status, -1 if a signal ended it */
};

struct process_count {
	unsigned long calls; /* system calls from the execve(2) on, which counts */
	long peak_kib;       /* VmHWM of the largest process */
	int status;
};

/* Both return 0 or -errno. What the program prints is thrown away. */
int process_time(const char *const *argv, struct process_time *time);

/*
 * By ptrace(2), so its time means nothing. ru_maxrss would not do for the memory: a program
 * inherits in it what its parent had before execve(2).
 */
int process_count(const char *const *argv, struct process_count *count);

#endif
