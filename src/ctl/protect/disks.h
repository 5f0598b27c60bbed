/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices: from a name or number down to what they are on. */
#ifndef VFIO_EARLY_PROTECT_DISKS_H
#define VFIO_EARLY_PROTECT_DISKS_H

#include <sys/types.h>

#include "protect/walk.h"

#define DISKS_ALL "/sys/class/block"
#define CRYPTTAB  "/etc/crypttab"

/* What is on a block device. Empty where there is none. */
struct block_tags {
	char type[32];      /* of the file system or member: "vfat", "zfs_member" */
	char label[256];    /* of a pool of ZFS its name */
	char table[16];     /* of partitions: "gpt" */
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
 * Reads what is on the device with this directory in /sys/devices and this node: as udev noted it, or
 * if that says nothing, from itself. 0 or -errno; with -ETIMEDOUT, *tags has what udev noted.
 */
int block_tags_read(const struct host *host, const char *directory, const char *node,
		    struct block_tags *tags);

/*
 * Finds the directory in /sys/devices of a block device, by its number, its kernel name, or as
 * fstab(5) names it. 0 or -errno.
 */
int disks_find_number(const struct host *host, dev_t number, char directory[PATH_MAX]);
int disks_find_name(const struct host *host, const char *name, char directory[PATH_MAX]);
int disks_find_spec(const struct host *host, const char *spec, char directory[PATH_MAX]);

/* Writes the node that people know the device by: /dev/mapper/pve-root, not /dev/dm-1. */
void disks_format_node(const struct host *host, const char *directory, char node[PATH_MAX]);

/* Whether the name is that of a controller of NVMe, "nvme0", and not of a disk, "nvme0n1". */
bool disks_is_nvme_controller(const char *name);

/* Reads what is on a block device, given by its directory. 0 or -errno. */
int disks_read_tags(const struct host *host, const char *directory, struct block_tags *tags);

/* Follows a block device, given by that directory. */
void disks_follow(struct walk *walk, const char *directory);

/* Follows the disks that LVM's text about a volume group names, which need not be active. */
void disks_follow_group(struct walk *walk, const char *group);

/*
 * Finds that directory of a block device that is part of the search, as fstab(5) names it, and
 * tells of failure; one that is not in use may be absent. 0 or -errno.
 */
int disks_resolve_spec(struct walk *walk, const char *spec, bool in_use, char directory[PATH_MAX])
	__attribute__((warn_unused_result));

/* Both in one. */
void disks_follow_spec(struct walk *walk, const char *spec, bool in_use);

/* Follows the block device that a link leads to. For walk_list(), with a walk for context: 0. */
int disks_follow_link(void *walk, const char *directory, const char *name);

#endif
