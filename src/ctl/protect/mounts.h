/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted, will be mounted, or is swapped to. */
#ifndef VFIO_EARLY_PROTECT_MOUNTS_H
#define VFIO_EARLY_PROTECT_MOUNTS_H

#include "protect/walk.h"

/* Reads the mounts, so that files can be followed. 0, -ENOENT if there is no mount of /, as in a
 * chroot, or another -errno. */
int mounts_open(struct walk *walk);
void mounts_close(struct walk *walk);

/*
 * Searches below the file systems that the host boots from and runs on, and below its swap; then
 * below what else is mounted, which is used and not needed.
 */
void mounts_find(struct walk *walk);

#endif
