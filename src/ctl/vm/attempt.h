/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uses a device once as the start of a VM does: through its IOMMU group and the type 1 backend
 * (Documentation/driver-api/vfio.rst), and closes it again.
 */
#ifndef VFIO_EARLY_VM_ATTEMPT_H
#define VFIO_EARLY_VM_ATTEMPT_H

#include "host/findings.h"
#include "look/inventory.h"

enum attempt_part {
	ATTEMPT_READ = 1 << 0,  /* the first word of each memory BAR */
	ATTEMPT_RESET = 1 << 1, /* the device once more: opening it does so where the kernel can */
};

/*
 * Adds what each step showed, up to one that fails: the group, the IOMMU, the device, its BARs and
 * interrupts; what is of enum attempt_part. A device without a driver of VFIO, or one that is in
 * use, is not opened. Waits 10 s at most. The IOMMU groups of all devices have been read.
 */
void attempt_use(struct findings *findings, const struct inventory *inventory,
		 const struct pci_device *device, unsigned int what);

#endif
