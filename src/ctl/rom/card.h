/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of a card's expansion ROM, by sysfs. */
#ifndef VFIO_EARLY_ROM_CARD_H
#define VFIO_EARLY_ROM_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pci.h"
#include "host/host.h"

#define ROMCARD_MESSAGE_MAX 320

struct romread {
	uint8_t *data; /* the caller frees it */
	size_t size;
	bool shadow; /* not the ROM, but the copy in memory that the firmware ran */
};

/* Whether the device has a ROM that can be read at all. */
bool romcard_has_rom(const struct host *host, const struct pci_device *device);

/*
 * Reads a device's ROM. For this time it is switched on, and the device kept awake; both are as
 * before when this returns, and no signal ends the process meanwhile. 0, or -errno with a message
 * of what is in the way and what to do.
 */
int romcard_device(struct romread *rom, const struct host *host, const struct pci_device *device,
		   char message[ROMCARD_MESSAGE_MAX]);

#endif
