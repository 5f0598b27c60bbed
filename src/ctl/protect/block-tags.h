/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on a block device: the only place that sees libblkid. */
#ifndef VFIO_EARLY_PROTECT_BLOCK_TAGS_H
#define VFIO_EARLY_PROTECT_BLOCK_TAGS_H

#include "host/host.h"

/* Empty where there is none. */
struct block_tags {
	char type[32];      /* of the file system or member: "vfat", "zfs_member" */
	char label[256];    /* of a pool of ZFS its name */
	char part_type[40]; /* GUID, or "0xef" on a disk with an MBR */
	/* Where there is more than one, and so no type: USAGE:TYPE:VERSION of each. */
	char ambivalent[256];
};

/*
 * Finds the node of a device by how fstab(5) names it: TAG=value, or a path, which is copied.
 * 0, -ENOENT if there is none, or another -errno.
 */
int block_tags_find_node(const struct host *host, const char *spec, char node[PATH_MAX]);

/*
 * Reads what is on the device with this directory in /sys/devices and this node: from itself, or,
 * of a recorded host and where that is not allowed, as udev noted it. 0 or -errno.
 */
int block_tags_read(const struct host *host, const char *directory, const char *node,
		    struct block_tags *tags);

#endif
