/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices: from a name or number down to what they stand on. */
#ifndef VFIO_EARLY_CTL_DISKS_H
#define VFIO_EARLY_CTL_DISKS_H

#include <sys/types.h>

#include "search.h"

#define DISKS_ALL "/sys/class/block"

/*
 * Finds the directory in /sys/devices of a block device, by its number, its kernel name, or
 * the path of its node. 0 or -errno.
 */
int disks_find_number(const struct host *host, dev_t number, char directory[PATH_MAX]);
int disks_find_name(const struct host *host, const char *name, char directory[PATH_MAX]);
int disks_find_node(const struct host *host, const char *node, char directory[PATH_MAX]);

/* Writes the node that people know the device by: /dev/mapper/pve-root, not /dev/dm-1. */
void disks_format_node(const struct host *host, const char *directory, char node[PATH_MAX]);

/* Follows a block device, given by that directory. */
void disks_follow(struct search *search, const char *directory);

/* Follows the block device that a link leads to. */
void disks_follow_link(struct search *search, const char *directory, const char *name);

#endif
