/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in the expansion ROM of a PCI card. */
#include <string.h>

#include "rom/rom.h"

/* Images begin at multiples of this, and lengths are counted in it. */
#define BLOCK 512

/* Fields of an image's header, from its start. */
enum {
	HEADER_BLOCKS = 0x02,     /* legacy: what the checksum is over, one byte */
	HEADER_EFI = 0x04,        /* EFI: its signature */
	HEADER_SUBSYSTEM = 0x08,  /* EFI */
	HEADER_MACHINE = 0x0a,    /* EFI */
	HEADER_COMPRESSED = 0x0c, /* EFI */
	HEADER_TABLE = 0x18,      /* the PCI data structure, from the start of the image */
	HEADER_SIZE = 0x1a,
};

static const uint8_t efi_signature[] = { 0xf1, 0x0e, 0x00, 0x00 };

/* Fields of the PCI data structure. */
enum {
	TABLE_VENDOR = 0x04,
	TABLE_DEVICE = 0x06,
	TABLE_DEVICES = 0x08, /* list of more IDs, from the start of the table */
	TABLE_REVISION = 0x0c,
	TABLE_CLASS = 0x0d,
	TABLE_BLOCKS = 0x10,
	TABLE_TYPE = 0x14,
	TABLE_INDICATOR = 0x15,
	TABLE_SIZE = 0x18,
};

#define INDICATOR_LAST 0x80

/* Before revision 3 a pointer to vital product data was where the list of IDs is. */
#define REVISION_WITH_DEVICES 3

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t get24(const uint8_t *bytes)
{
	return get16(bytes) | (uint32_t)bytes[2] << 16;
}

bool rom_is_blank(const uint8_t *data, size_t size)
{
	return size < 2 || memcmp(data, data + 1, size - 1) == 0;
}

static size_t get_length(const uint8_t *table)
{
	return get16(table + TABLE_BLOCKS) * (size_t)BLOCK;
}

/* A header of an image and its table, as far as both are within the data, and the image. */
static enum rom_end find_table(const struct rom *rom, size_t offset, size_t *table)
{
	const uint8_t *header = rom->data + offset;
	size_t left = rom->size - offset, at;

	if (left < HEADER_SIZE || header[0] != 0x55 || header[1] != 0xaa)
		return ROM_UNSIGNED;
	at = get16(header + HEADER_TABLE);
	if (at + TABLE_SIZE > left)
		return ROM_STRAY;
	if (memcmp(header + at, "PCIR", 4) != 0)
		return ROM_NO_TABLE;
	if (get_length(header + at) > 0 && at + TABLE_SIZE > get_length(header + at))
		return ROM_STRAY;
	*table = offset + at;
	return ROM_COMPLETE;
}

static enum rom_checksum sum_up(const struct rom *rom, const struct rom_image *image)
{
	size_t length = rom->data[image->offset + HEADER_BLOCKS] * (size_t)BLOCK;
	uint8_t sum = 0;

	if (length == 0)
		length = image->length;
	if (length > rom->size - image->offset)
		return ROM_SUM_BAD;
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + rom->data[image->offset + i]);
	return sum == 0 ? ROM_SUM_GOOD : ROM_SUM_BAD;
}

/* Takes the image at the offset into the list. ROM_COMPLETE if another may follow it. */
static enum rom_end take_image(struct rom *rom, size_t offset)
{
	struct rom_image *image = &rom->images[rom->count];
	const uint8_t *header = rom->data + offset, *table;
	enum rom_end end;
	size_t at;

	if (rom->count == ROM_IMAGES_MAX)
		return ROM_TOO_MANY;
	end = find_table(rom, offset, &at);
	if (end != ROM_COMPLETE)
		return end;
	table = rom->data + at;
	*image = (struct rom_image){
		.offset = offset,
		.length = get_length(table),
		.table = at,
		.type = table[TABLE_TYPE],
		.vendor = get16(table + TABLE_VENDOR),
		.device = get16(table + TABLE_DEVICE),
		.class = get24(table + TABLE_CLASS),
		.last = table[TABLE_INDICATOR] & INDICATOR_LAST,
	};
	if (image->type == ROM_LEGACY)
		image->checksum = sum_up(rom, image);
	if (image->type == ROM_EFI &&
	    memcmp(header + HEADER_EFI, efi_signature, sizeof(efi_signature)) == 0) {
		image->machine = get16(header + HEADER_MACHINE);
		image->subsystem = get16(header + HEADER_SUBSYSTEM);
		image->compressed = get16(header + HEADER_COMPRESSED) != 0;
	}
	rom->count++;
	if (image->length == 0)
		return ROM_NO_LENGTH;
	if (image->length > rom->size - offset) {
		rom->length = rom->size - rom->start;
		return ROM_CUT;
	}
	rom->length = offset + image->length - rom->start;
	return ROM_COMPLETE;
}

/* The first whole header; 0 if there is none, so that what is said is said of the start. */
static size_t find_start(const struct rom *rom)
{
	size_t table;

	for (size_t offset = 0; offset < rom->size; offset += BLOCK)
		if (find_table(rom, offset, &table) == ROM_COMPLETE)
			return offset;
	return 0;
}

void rom_parse(struct rom *rom, const uint8_t *data, size_t size)
{
	*rom = (struct rom){ .data = data, .size = size, .end = ROM_BLANK };
	if (rom_is_blank(data, size))
		return;
	rom->start = find_start(rom);
	do {
		if (rom->count > 0 && rom->start + rom->length == rom->size)
			rom->end = ROM_ENDLESS;
		else
			rom->end = take_image(rom, rom->start + rom->length);
	} while (rom->end == ROM_COMPLETE && !rom->images[rom->count - 1].last);
}

bool rom_image_is_for(const struct rom *rom, const struct rom_image *image, uint16_t vendor,
		      uint16_t device)
{
	const uint8_t *table = rom->data + image->table;
	size_t offset = get16(table + TABLE_DEVICES), left = rom->size - image->table;

	if (image->vendor != vendor || image->device == device)
		return image->vendor == vendor;
	if (table[TABLE_REVISION] < REVISION_WITH_DEVICES || offset == 0)
		return false;
	/* The list is as long as its entries are within the data and none is 0. */
	for (; offset + 2 <= left; offset += 2) {
		uint16_t listed = get16(table + offset);

		if (listed == 0 || listed == device)
			return listed == device;
	}
	return false;
}

bool rom_is_for(const struct rom *rom, uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < rom->count; i++)
		if (rom_image_is_for(rom, &rom->images[i], vendor, device))
			return true;
	return false;
}

/* Code types and machines that have a name. */
struct name {
	unsigned int value;
	const char *name;
};

static const struct name types[] = {
	{ ROM_LEGACY, "legacy" },
	{ ROM_OPEN_FIRMWARE, "Open Firmware" },
	{ ROM_PA_RISC, "PA-RISC" },
	{ ROM_EFI, "EFI" },
};

#define MACHINE_X64 0x8664

static const struct name machines[] = {
	{ 0x014c, "ia32" },          { 0x0200, "ia64" },        { 0x01c2, "arm" },
	{ 0x0ebc, "EFI byte code" }, { MACHINE_X64, "x64" },    { 0xaa64, "arm64" },
	{ 0x5064, "riscv64" },       { 0x6264, "loongarch64" },
};

static const struct name subsystems[] = {
	{ 0x0a, "application" },
	{ 0x0b, "boot driver" },
	{ 0x0c, "runtime driver" },
};

#define FIND(names, value) find_name(names, sizeof(names) / sizeof(*(names)), value)

static const char *find_name(const struct name *names, size_t count, unsigned int value)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].value == value)
			return names[i].name;
	return NULL;
}

const char *rom_type_name(uint8_t type)
{
	return FIND(types, type);
}

const char *rom_machine_name(uint16_t machine)
{
	return FIND(machines, machine);
}

const char *rom_subsystem_name(uint16_t subsystem)
{
	return FIND(subsystems, subsystem);
}

static bool has_image(const struct rom *rom, enum rom_type type, uint16_t machine)
{
	for (size_t i = 0; i < rom->count; i++)
		if (rom->images[i].type == type && rom->images[i].machine == machine)
			return true;
	return false;
}

bool rom_has_uefi(const struct rom *rom)
{
	return has_image(rom, ROM_EFI, MACHINE_X64);
}

bool rom_has_bios(const struct rom *rom)
{
	return has_image(rom, ROM_LEGACY, 0);
}
