/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expansion ROMs that are made up. */
#ifndef TESTS_CTL_MAKEROM_H
#define TESTS_CTL_MAKEROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAKEROM_BLOCK 512
#define MAKEROM_TABLE 0x1c /* of each image, where the PCI data structure is */

/* An image of 0 blocks is none, and ends a list. */
struct makerom_image {
	unsigned int blocks;
	uint8_t type;
	uint16_t vendor, device;
	uint16_t machine; /* of EFI */
	bool compressed;  /* of EFI */
	bool last;
	uint16_t more[3]; /* IDs of further devices, up to a 0 */
};

/* Writes the images one behind the other, with good checksums, and returns how long they are. */
size_t makerom_write(uint8_t *data, size_t size, const struct makerom_image *images);

#endif
