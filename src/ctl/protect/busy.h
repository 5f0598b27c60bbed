/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses a device at this moment, so that taking it away would hang or do harm. */
#ifndef VFIO_EARLY_PROTECT_BUSY_H
#define VFIO_EARLY_PROTECT_BUSY_H

#include <stdbool.h>

#include "core/pci.h"
#include "host/host.h"

#define BUSY_TEXT_MAX 96

/*
 * Looks for processes that have the device's group or VFIO device open (a driver of VFIO waits
 * for them when it is unbound, and asks a VM to let go of the device), or its display; and for
 * disks below the device that are mounted, swapped to, or part of something that is. Says who in
 * text. The device's IOMMU group must have been read.
 */
bool busy_find(const struct host *host, const struct pci_device *device, char text[BUSY_TEXT_MAX]);

#endif
