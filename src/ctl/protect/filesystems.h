/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What file systems stand on: entries of libmount's tables down to their devices. */
#ifndef VFIO_EARLY_PROTECT_FILESYSTEMS_H
#define VFIO_EARLY_PROTECT_FILESYSTEMS_H

#include "protect/walk.h"

struct libmnt_fs;

/* As the table has them; "none" and "unknown" where it has none. */
const char *filesystem_source(struct libmnt_fs *fs);
const char *filesystem_type(struct libmnt_fs *fs);

/* Whether it is mounted or swapped to now. */
bool filesystem_in_use(struct libmnt_fs *fs);

/*
 * Whether it has block devices of its own: an overlay's layers and the directories of FUSE are on
 * other mounts, and what is in memory or on the network has none.
 */
bool filesystem_has_disks(struct libmnt_fs *fs);

/* Whether its files come from a server, or from disks that several hosts share. */
bool filesystem_is_remote(struct libmnt_fs *fs);

bool filesystem_is_fuse(struct libmnt_fs *fs);

/* Follows every device of it, or the way to its server. */
void filesystem_follow(struct walk *walk, struct libmnt_fs *fs);

#endif
