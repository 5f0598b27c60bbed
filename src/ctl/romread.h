/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of an expansion ROM: from the card by sysfs, or from a file, and to a file. */
#ifndef VFIO_EARLY_CTL_ROMREAD_H
#define VFIO_EARLY_CTL_ROMREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "pci.h"

#define ROMREAD_MESSAGE_MAX 320

struct romread {
	uint8_t *data; /* the caller frees it */
	size_t size;
	bool shadow; /* not the ROM, but the copy in memory that the firmware ran */
};

/* Whether the device has a ROM that can be read at all. */
bool romread_has_rom(const struct host *host, const struct pci_device *device);

/*
 * Reads a device's ROM. For this time it is switched on, and the device kept awake; both are as
 * before when this returns, and no signal ends the process meanwhile. 0, or -errno with a message
 * of what is in the way and what to do.
 */
int romread_device(struct romread *rom, const struct host *host, const struct pci_device *device,
		   char message[ROMREAD_MESSAGE_MAX]);

/* Reads a file: a path of this process's own. 0 or -errno. */
int romread_file(struct romread *rom, const char *path);

/*
 * Writes a file, a path of this process's own: as a whole or not at all. 0, -EEXIST if there is
 * one and it shall not be replaced, or another -errno.
 */
int romread_write_file(const char *path, const uint8_t *data, size_t size, bool replace);

#endif
