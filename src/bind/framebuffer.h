/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framebuffer that the firmware left for the console, on the memory of some display. */
#ifndef VFIO_EARLY_BIND_FRAMEBUFFER_H
#define VFIO_EARLY_BIND_FRAMEBUFFER_H

#include <stdbool.h>

#include "core/pci.h"

/* What keeps the kernel from making a device of the framebuffer, on most kernels. */
#define FRAMEBUFFER_WORD "initcall_blacklist=sysfb_init"

/* Whether the device is a display and a firmware framebuffer is in its memory. */
bool framebuffer_is_on(int root, const struct pci_device *device);

/*
 * Takes the firmware framebuffer from its driver. There is one at most. 0 or -errno; 0 also where
 * it stays: with SYSFB_SIMPLEFB (seen on 6.1 and 6.12) the platform device itself owns the memory,
 * whether or not it has a driver.
 */
int framebuffer_release(int root);

/*
 * The name of the last region of a framebuffer, which ends with its line, that text, which is
 * /proc/iomem, has inside the memory of the device with this address; NULL: there is none. There a
 * region's parts follow it, indented by two more blanks.
 */
const char *framebuffer_find(const char *text, const char *address);

#endif
