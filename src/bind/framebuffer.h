/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framebuffer that the firmware left for the console, on the memory of some display. */
#ifndef VFIO_EARLY_BIND_FRAMEBUFFER_H
#define VFIO_EARLY_BIND_FRAMEBUFFER_H

#include <stdbool.h>

#include "core/pci.h"

/*
 * Whether the device has to be rid of a firmware framebuffer before it is bound: a display
 * whose class is not 0300 and on whose memory such a framebuffer is. With class 0300, vfio-pci
 * evicts it by itself (aperture_remove_conflicting_pci_devices(), seen on 6.1, 6.12 and 7.2);
 * else the binding succeeds and the memory stays in use, so that a VM cannot map it.
 */
bool framebuffer_is_on(int root, const struct pci_device *device);

/* Takes the firmware framebuffer from its driver. There is one at most. 0 or -errno. */
int framebuffer_release(int root);

/*
 * Whether text, which is /proc/iomem, has a framebuffer inside the memory of the device with
 * this address. There a region's parts follow it, indented by two more blanks.
 */
bool framebuffer_find(const char *text, const char *address);

#endif
