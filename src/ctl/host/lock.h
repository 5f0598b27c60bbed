/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock that keeps two of us from changing rules or the kernel command line at the same time. */
#ifndef VFIO_EARLY_HOST_LOCK_H
#define VFIO_EARLY_HOST_LOCK_H

#include <sys/types.h>

#include "host/host.h"

/* Only root can open it, so that nobody else can hold it. */
#define LOCK_DIRECTORY "/run/vfio-early"
#define LOCK_FILE      LOCK_DIRECTORY "/lock"

/*
 * Locks rules and the bootloader's files of the host until the descriptor that it returns is
 * closed; to be called before anything is read that decides what is written. It is an fcntl(2)
 * lock: it ends with the process, and children do not have it. While another process has it, waits
 * wait_s seconds at most. The descriptor, or -errno: -EBUSY if it was not to be had; holder is then
 * the process that has it, 0 if that cannot be told.
 */
int lock_take(const struct host *host, unsigned int wait_s, pid_t *holder)
	__attribute__((warn_unused_result));

#endif
