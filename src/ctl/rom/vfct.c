/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The video BIOS of an AMD GPU that has no ROM of its own: the firmware keeps it in an ACPI table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "rom/rom.h"

#define TABLE "/sys/firmware/acpi/tables/VFCT"

/*
 * As drivers/gpu/drm/amd/include/atombios.h of Linux 6.12 has it, UEFI_ACPI_VFCT and
 * VFCT_IMAGE_HEADER: offsets of numbers of four bytes, but for the two IDs, which have two.
 */
enum {
	TABLE_FIRST = 52, /* where the first image's header is */
	TABLE_SIZE = 76,
	IMAGE_BUS = 0,
	IMAGE_DEVICE = 4,
	IMAGE_FUNCTION = 8,
	IMAGE_VENDOR_ID = 12,
	IMAGE_DEVICE_ID = 14,
	IMAGE_LENGTH = 24,
	IMAGE_HEADER = 28,
};

static uint32_t get(const char *data, size_t bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | (uint8_t)data[bytes];
	return value;
}

static bool is_for(const char *image, const struct pci_device *device)
{
	return get(image + IMAGE_BUS, 4) == device->address.bus &&
	       get(image + IMAGE_DEVICE, 4) == device->address.device &&
	       get(image + IMAGE_FUNCTION, 4) == (uint32_t)device->address.function &&
	       get(image + IMAGE_VENDOR_ID, 2) == device->vendor &&
	       get(image + IMAGE_DEVICE_ID, 2) == device->device;
}

/* The images stand one behind the other; the table has no number of them. */
static const char *find(const char *table, size_t size, const struct pci_device *device,
			size_t *length)
{
	size_t at = size >= TABLE_SIZE ? get(table + TABLE_FIRST, 4) : size;

	while (at < size && size - at > IMAGE_HEADER) {
		const char *image = table + at;

		*length = get(image + IMAGE_LENGTH, 4);
		at += IMAGE_HEADER;
		if (*length > size - at)
			return NULL;
		if (*length > 0 && is_for(image, device))
			return image + IMAGE_HEADER;
		at += *length;
	}
	return NULL;
}

int romvfct_read(struct romread *rom, const struct host *host, const struct pci_device *device)
{
	char *table;
	const char *image;
	size_t size, length = 0;
	int result = file_read_all(host->directory, host_below(TABLE), ROM_SIZE_MAX, &table, &size);

	if (result < 0)
		return result;
	image = find(table, size, device, &length);
	*rom = (struct romread){ .data = image ? malloc(length) : NULL,
				 .size = length,
				 .of_firmware = true };
	if (image && rom->data)
		memcpy(rom->data, image, length);
	free(table);
	return !image ? -ENOENT : rom->data ? 0 : -ENOMEM;
}
