/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the program with one system call of one of its processes failing. strace(1) counts the
 * calls of each process apart and so lets the same call fail in all of them; here a schedule is
 * one call: the processes are numbered in the order in which they were made.
 */
#ifndef TESTS_TRACE_H
#define TESTS_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "host.h"

#define TRACE_PROCESSES_MAX 256

struct trace_call {
	unsigned int process; /* 0 is the program, from its execve on */
	unsigned int number;  /* of the call in this process */
	long nr;              /* __NR_... */
	bool creates;         /* an open that makes a file if there is none */
	unsigned long key;    /* alike for a repetition: this nr, on names that differ in numbers */
};

struct trace_fault {
	struct trace_call call;
	int error;      /* positive */
	bool after_all; /* the call does what it should, and then fails */
	bool kill;      /* the process is killed at the call, instead of all that */
	int signal;     /* the program's group gets it at the call, instead of all that */
	bool onwards;   /* the same with each later call of this nr in this process */
	bool hit;       /* set by the run: there was such a call */
};

/*
 * Runs the program that a child becomes by calling become(program), until it and all of its
 * children have ended, and kills them after the given time (status 128 + 9). fault may be NULL.
 * Each call goes to each(), unless that is NULL.
 */
struct host_result trace_run(void (*become)(const void *program), const void *program,
			     unsigned int seconds, struct trace_fault *fault,
			     void (*each)(void *context, const struct trace_call *call),
			     void *context);

#endif
