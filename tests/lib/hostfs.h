/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A FUSE file system that shows a tree of hosttree_write(), with what the kernel would keep
 * alive in it: each device's driver link, uevent and driver_override, the drivers' unbind,
 * drivers_probe, and dev/kmsg. A write to any other file below sys has no effect but an event
 * of STORE_OTHER. All else is as in the tree, and run is written through to it. Directories of
 * drivers keep their links to devices as they were first, and list what they do. Who opens
 * lib/modules/VERSION/NAME.ko loads that module: from then on there is sys/module/NAME.
 *
 * Every lookup makes a new inode of a file, so that a write that blocks holds up only those
 * that the driver core would hold up: FUSE locks an inode while it is written to.
 */
#ifndef TESTS_HOSTFS_H
#define TESTS_HOSTFS_H

#include <stddef.h>

#include "drivercore.h"

struct hostfs_message {
	unsigned int open; /* number of the open file; the kernel throttles each */
	size_t size;       /* of the write, also where text has less */
	char text[1024];
};

struct hostfs;

/* What is here in the tree becomes the driver vfio-pci when the module vfio_pci is loaded. */
#define HOSTFS_UNLOADED "sys/unloaded"

/* Serves from threads of this process. NULL and errno on failure. */
struct hostfs *hostfs_mount(const char *tree, const char *mountpoint, struct drivercore *core);

/* No wedge may be left: drivercore_release(). */
void hostfs_unmount(struct hostfs *fs);

/*
 * Lets all that changes something at or below path, and an open for writing, fail with error,
 * which is positive; with ENOENT there is nothing at path. NULL ends this.
 */
void hostfs_deny(struct hostfs *fs, const char *path, int error);

/* Calls loading(context, name) in the open of a module's file. NULL ends this. */
void hostfs_set_loading(struct hostfs *fs, void (*loading)(void *context, const char *name),
			void *context);

/* The names of the modules in the order in which they were loaded, each with a blank behind it. */
const char *hostfs_loaded(struct hostfs *fs);

/* Forgets messages and loaded modules. */
void hostfs_reset(struct hostfs *fs);

/* Copies at most max messages and returns how many came. */
size_t hostfs_messages(struct hostfs *fs, struct hostfs_message *messages, size_t max);

#endif
