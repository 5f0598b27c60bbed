/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the parser of expansion ROMs. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "rom/rom.h"

static size_t get16(const uint8_t *bytes)
{
	return bytes[0] + 256u * bytes[1];
}

/* What is said of an image stands there. */
static void check_image(const struct rom *rom, const struct rom_image *image)
{
	const uint8_t *header = rom->data + image->offset, *table = rom->data + image->table;

	require(image->offset + 0x1a <= rom->size && image->table + 0x18 <= rom->size);
	require(header[0] == 0x55 && header[1] == 0xaa);
	require(image->table == image->offset + get16(header + 0x18));
	require(memcmp(table, "PCIR", 4) == 0);
	require(image->length == 0 || image->table + 0x18 <= image->offset + image->length);
	require(image->length == get16(table + 0x10) * 512);
	require(image->vendor == get16(table + 4) && image->device == get16(table + 6));
	require(image->class <= 0xffffff);
	require(image->type == table[0x14] && image->last == (table[0x15] >> 7));
	require((image->checksum == ROM_UNSUMMED) == (image->type != ROM_LEGACY));
	require(image->type == ROM_EFI || image->machine == 0);
	require(rom_image_is_for(rom, image, image->vendor, image->device));
}

/* Images follow each other without a gap, and none follows the last. */
static void check_chain(const struct rom *rom)
{
	size_t offset = rom->start;

	require(rom->count <= ROM_IMAGES_MAX);
	require(rom->start + rom->length <= rom->size);
	for (size_t i = 0; i < rom->count; i++) {
		const struct rom_image *image = &rom->images[i];

		check_image(rom, image);
		require(image->offset == offset);
		offset += image->length;
		require(i + 1 == rom->count || !image->last);
		require(i + 1 == rom->count || image->length > 0);
	}
	if (rom->end == ROM_CUT)
		require(offset > rom->size && rom->start + rom->length == rom->size);
	else
		require(offset == rom->start + rom->length);
}

static void check_end(const struct rom *rom)
{
	const struct rom_image *last = rom->count > 0 ? &rom->images[rom->count - 1] : NULL;
	size_t end = rom->start + rom->length;

	switch (rom->end) {
	case ROM_COMPLETE:
		require(last && last->last && last->length > 0);
		break;
	case ROM_BLANK:
		require(!last);
		break;
	case ROM_NO_LENGTH:
		require(last && last->length == 0);
		break;
	case ROM_CUT:
		require(last);
		break;
	case ROM_ENDLESS:
		require(last && !last->last && end == rom->size);
		break;
	case ROM_TOO_MANY:
		require(rom->count == ROM_IMAGES_MAX && !last->last);
		break;
	case ROM_UNSIGNED:
	case ROM_STRAY:
	case ROM_NO_TABLE:
		require(end < rom->size && (!last || !last->last));
		break;
	}
}

/* What --dump writes of it reads the same. */
static void check_dump(const struct rom *rom)
{
	uint8_t *data = (uint8_t *)check_copy_bytes(rom->data + rom->start, rom->length);
	struct rom again;

	rom_parse(&again, data, rom->length);
	require(again.start == 0 && again.length == rom->length);
	require(again.count == rom->count && again.end == rom->end);
	require(rom_has_uefi(&again) == rom_has_uefi(rom));
	require(rom_has_bios(&again) == rom_has_bios(rom));
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t *data = (uint8_t *)check_copy_bytes(input, size);
	struct rom rom;

	rom_parse(&rom, data, size);
	check_chain(&rom);
	check_end(&rom);
	rom_is_for(&rom, 0x10de, 0x1b81);
	if (rom.end == ROM_COMPLETE)
		check_dump(&rom);
	free(data);
	return 0;
}
