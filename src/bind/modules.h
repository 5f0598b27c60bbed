/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules. The only face of libkmod. */
#ifndef VFIO_EARLY_BIND_MODULES_H
#define VFIO_EARLY_BIND_MODULES_H

#include <stdbool.h>

#include "core/bounds.h"
#include "core/pci.h"

struct modules {
	const char *root; /* path that /lib/modules and /etc/modprobe.d are below, "" for / */
	struct kmod_ctx *kmod; /* made at first use; NULL before */
	bool without_iommu; /* softdeps do not bring VFIO_IOMMU_MODULE, which only VMs need */
	/* Told of each command of modprobe.d(5) that was not run, in a sentence. May be NULL. */
	void (*warn)(void *context, const char *message);
	void *context;
};

/*
 * Loads the module that brings a driver, as modprobe(8) would: dependencies and softdeps in their
 * order, with the options of modprobe.d(5). Its commands ("install") are never run: the module is
 * loaded instead, or nothing where name is an alias. An alias leads to no module that is
 * blacklisted. Returns 0, also if it is built in or was loaded before; -ENOENT if there is no such
 * module in this image; -EPERM if an alias leads only to such as must not be loaded; or another
 * -errno.
 */
int modules_load(struct modules *modules, const char *name);

/*
 * Whether a module of this name is in this image or built in: 1 or 0, or -ENOENT where there are
 * no modules for this kernel at all.
 */
int modules_know(struct modules *modules, const char *name);

/*
 * Finds the best driver for a device among the modules with an alias "vfio_pci:...": the
 * kernel's drivers for VFIO that know a device better than vfio-pci does. The match with the
 * fewest wildcards wins, vfio-pci if there is none (include/linux/mod_devicetable.h,
 * PCI_ID_F_VFIO_DRIVER_OVERRIDE, Linux 5.16).
 */
void modules_find_variant(struct modules *modules, const struct pci_device *device,
			  char driver[PCI_DRIVER_NAME_MAX]);

void modules_free(struct modules *modules);

#endif
