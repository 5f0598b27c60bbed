/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that a dead disk or a silent file system can hold up for ever. */
#ifndef VFIO_EARLY_HOST_DEADLINE_H
#define VFIO_EARLY_HOST_DEADLINE_H

#include <stddef.h>

/*
 * Calls run in a child process, which has no file open but /dev/null: nobody who reads our output
 * waits for it. *answer, of size bytes, which are copied to the child, is what it leaves there. What
 * run returns, -ETIMEDOUT if that takes too long and *answer is as it was, or -errno. All calls of a
 * process share the time that is lost by waiting, so that many dead disks are not as many waits.
 */
int deadline_run(int (*run)(const void *context, void *answer), const void *context, void *answer,
		 size_t size) __attribute__((warn_unused_result));

#endif
