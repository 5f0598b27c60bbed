/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: to the kernel's ring buffer at boot, to standard error elsewhere. */
#ifndef VFIO_EARLY_BOOT_LOG_H
#define VFIO_EARLY_BOOT_LOG_H

#include <stdbool.h>

#include "core/outcome.h"

struct log {
	int root;	/* directory that dev/kmsg is below */
	bool to_kernel; /* false: standard error */
};

/*
 * Writes one message, as a printf. The kernel takes 10 messages in 5 s from one open file
 * (Documentation/ABI/testing/dev-kmsg, ratelimit in kernel/printk/printk.c), so each message
 * opens the device again. Where it can't be opened, for example with printk.devkmsg=off, standard error
 * gets the message.
 */
void log_write(const struct log *log, enum level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
