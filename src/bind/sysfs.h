/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that is written to sysfs, and the driver link, which shows the result
 * (Documentation/ABI/testing/sysfs-bus-pci). Any of the writers can block for as long as a
 * driver's probe or remove takes. devices is the open directory /sys/bus/pci/devices.
 */
#ifndef VFIO_EARLY_BIND_SYSFS_H
#define VFIO_EARLY_BIND_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/address.h"

/* Writes an attribute of a device, or reads it up to size - 1 bytes. 0 or -errno. */
int sysfs_write_attribute(int devices, const struct pci_address *address, const char *name,
			  const char *value);
int sysfs_read_attribute(int devices, const struct pci_address *address, const char *name,
			 char *text, size_t size);

/* Lets only the driver of this name bind to the device; any may where driver is "". 0/-errno. */
int sysfs_set_override(int devices, const struct pci_address *address, const char *driver);

/* Takes the device from its driver. 0, also where it has none, or -errno. */
int sysfs_unbind(int devices, const struct pci_address *address);

/* Takes a platform device from its driver; root is the directory above sys. 0 or -errno. */
int sysfs_unbind_platform(int root, const char *name);

/*
 * Moves this process to the root of the control groups, version 2. Those that it forks from here
 * on are there, too. root is the directory above sys. 0 or -errno.
 */
int sysfs_leave_cgroup(int root);

/*
 * Has the kernel look for a driver. 0 says no more than that it looked: success or failure of
 * the probe is in the driver link. -errno.
 */
int sysfs_probe(int devices, const struct pci_address *address);

/* Reads the name of the driver that holds the device, "" for none. 0 or -errno. */
int sysfs_read_driver(int devices, const struct pci_address *address, char *name, size_t size);

/*
 * Finds how a PCI driver that the kernel knows now spells its name: name itself, or with all _
 * or all - (the module vfio_pci has the driver vfio-pci). Changes name in place; false if
 * there is no such driver.
 */
bool sysfs_find_driver(int devices, char *name);

#endif
