/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's devices and modules between two runs. */
#ifndef BENCH_GUEST_SYSFS_H
#define BENCH_GUEST_SYSFS_H

#include <stdbool.h>

/* Writes one attribute or file; 0 or -errno. */
int sysfs_write(const char *path, const char *text);

/* How many PCI functions there are. */
int sysfs_count_functions(void);

/* Whether vfio-pci has this device. */
bool sysfs_has_device(const char *address);

/* It has no override, and no driver: some of the host's are built in. */
void sysfs_release_device(const char *address);

/* Takes vfio-pci and all that it needs out of the kernel. 0 or -errno. */
int sysfs_unload_modules(void);

#endif
