/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted, will be mounted, or is swapped to, down to the devices of its file systems. */
#ifndef VFIO_EARLY_PROTECT_MOUNTS_H
#define VFIO_EARLY_PROTECT_MOUNTS_H

#include "core/text.h"
#include "protect/walk.h"

struct libmnt_fs;

/* Reads the mounts, so that files can be followed. 0, -ENOENT if there is no mount of /, as in a
 * chroot, or another -errno. */
int mounts_open(struct walk *walk);

/*
 * Searches below the file systems that the host boots from and runs on, and below its swap; then
 * below what else is mounted, or in use without that, which is used and not needed.
 */
void mounts_find(struct walk *walk);

/* Follows the file system that the file is on. */
void mounts_follow_file(struct walk *walk, const char *file);

/* Of an entry of libmount's tables; "none" and "unknown" where it has none. */
const char *filesystem_source(struct libmnt_fs *fs);
const char *filesystem_type(struct libmnt_fs *fs);

/* Whether it has an option, with the value of that, which can be empty. */
bool filesystem_option(struct libmnt_fs *fs, const char *name, struct text *value);

/* Whether it is mounted or swapped to now. */
bool filesystem_in_use(struct libmnt_fs *fs);

/*
 * Whether it has block devices of its own: an overlay's layers and the directories of FUSE are on
 * other mounts, and what is in memory or on the network has none.
 */
bool filesystem_has_disks(struct libmnt_fs *fs);

/* Whether its files come from a server, or from disks that several hosts share. */
bool filesystem_is_remote(struct libmnt_fs *fs);

/* Follows every member of the pool of ZFS that a dataset, as POOL/DATASET, is in. */
void filesystem_follow_pool(struct walk *walk, const char *dataset);

bool filesystem_is_fuse(struct libmnt_fs *fs);

/* Follows every device of it, or the way to its server. */
void filesystem_follow(struct walk *walk, struct libmnt_fs *fs);

#endif
