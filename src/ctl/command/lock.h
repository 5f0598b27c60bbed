/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of rules and kernel command line, for commands that change them. */
#ifndef VFIO_EARLY_COMMAND_LOCK_H
#define VFIO_EARLY_COMMAND_LOCK_H

#include "host/host.h"

/*
 * Takes the lock, see lock_take(). While another process has it, says so and waits for ten seconds.
 * The descriptor, or -errno after a message.
 */
int lock_host(const struct host *host) __attribute__((warn_unused_result));

/* The same for the host below a directory. */
int lock_root(const char *root) __attribute__((warn_unused_result));

#endif
