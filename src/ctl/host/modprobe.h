/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of modprobe.d(5). */
#ifndef VFIO_EARLY_HOST_MODPROBE_H
#define VFIO_EARLY_HOST_MODPROBE_H

#include "core/bounds.h"
#include "host/host.h"

#define MODPROBE_BLANK " \t\r"

/* "FILE:LINE" */
#define MODPROBE_WHERE_MAX (RULE_WHERE_MAX + 16)

/* Told of each line, with those that it continues on; comments and empty lines as well. */
typedef void modprobe_take(void *context, const char *where, char *line);

/*
 * Reads all files that modprobe(8) reads, in its order. A file in an earlier directory hides those
 * of its name in later ones; what cannot be read is passed over. 0 or -ENOMEM.
 */
int modprobe_read(const struct host *host, modprobe_take *take, void *context);

/* The same for one text, which is changed; path is what where begins with. */
void modprobe_parse(const char *path, char *text, modprobe_take *take, void *context);

#endif
