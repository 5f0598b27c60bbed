/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine of the bench: three identical cards among forty PCI functions. */
#ifndef BENCH_VM_H
#define BENCH_VM_H

#include <limits.h>

#define VM_FUNCTIONS 40

struct vm {
	const char *kernel;
	const char *initrd;
	const char *icount;    /* value of QEMU's -icount; NULL: without it */
	const char *first;     /* the only contender to run, once; NULL: all */
	char report[PATH_MAX]; /* what comes through the second serial port */
	char console[PATH_MAX];
	char log[PATH_MAX]; /* of QEMU itself */
};

/* Boots it and waits until it is off. 0 or -errno. */
int vm_run(const struct vm *vm);

#endif
