/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expansion ROMs that are made up. */
#include <assert.h>
#include <string.h>

#include "makerom.h"

static void put16(uint8_t *bytes, unsigned int value)
{
	bytes[0] = (uint8_t)value;
	bytes[1] = (uint8_t)(value >> 8);
}

static void write_table(uint8_t *table, const struct makerom_image *image)
{
	static const uint8_t signature[] = { 'P', 'C', 'I', 'R' };

	memcpy(table, signature, sizeof(signature));
	put16(table + 0x04, image->vendor);
	put16(table + 0x06, image->device);
	put16(table + 0x0a, 0x1c);
	table[0x0c] = 3;
	table[0x0f] = 0x03; /* a display */
	put16(table + 0x10, image->blocks);
	table[0x14] = image->type;
	table[0x15] = image->last ? 0x80 : 0;
	if (image->more[0])
		put16(table + 0x08, 0x1c);
	for (size_t i = 0; i < sizeof(image->more) / sizeof(image->more[0]); i++)
		put16(table + 0x1c + 2 * i, image->more[i]);
}

static void write_image(uint8_t *data, const struct makerom_image *image)
{
	size_t length = image->blocks * (size_t)MAKEROM_BLOCK;
	uint8_t sum = 0;

	/* Something that can be told from what other images have. */
	for (size_t i = 0; i < length; i++)
		data[i] = (uint8_t)(i * 7 + image->type);
	memset(data, 0, 64);
	put16(data, 0xaa55);
	put16(data + 0x02, image->blocks);
	put16(data + 0x18, MAKEROM_TABLE);
	write_table(data + MAKEROM_TABLE, image);
	if (image->type == 3) {
		put16(data + 0x04, 0x0ef1);
		put16(data + 0x08, 0x0b);
		put16(data + 0x0a, image->machine);
		put16(data + 0x0c, image->compressed);
		return;
	}
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + data[i]);
	data[length - 1] = (uint8_t)(data[length - 1] - sum);
}

size_t makerom_write(uint8_t *data, size_t size, const struct makerom_image *images)
{
	size_t used = 0;

	for (; images->blocks > 0; images++) {
		assert(used + images->blocks * (size_t)MAKEROM_BLOCK <= size);
		write_image(data + used, images);
		used += images->blocks * (size_t)MAKEROM_BLOCK;
	}
	return used;
}
