/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expansion ROM of a PCI card: images one behind the other, each with code for one kind of
 * firmware. See the PCI Firmware Specification 3.3, chapter 5, and for images of EFI the UEFI
 * Specification 2.10, 14.4.2.
 */
#ifndef VFIO_EARLY_ROM_ROM_H
#define VFIO_EARLY_ROM_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pci.h"
#include "host/findings.h"
#include "host/host.h"

/* Real cards have up to five. */
#define ROM_IMAGES_MAX 16

/* The base address register has 21 bits for the size. */
#define ROM_SIZE_MAX (16u << 20)

/* Code types that have a meaning here; others are for other machines, or the maker's own. */
enum rom_type {
	ROM_LEGACY = 0, /* for a PC's BIOS */
	ROM_OPEN_FIRMWARE = 1,
	ROM_PA_RISC = 2,
	ROM_EFI = 3,
};

enum rom_checksum {
	ROM_UNSUMMED, /* this type of image has none */
	ROM_SUM_GOOD,
	ROM_SUM_BAD,
};

struct rom_image {
	size_t offset; /* from the start of the data */
	size_t length; /* as the image says: it can be more than there is */
	size_t table;  /* offset of its PCI data structure */
	uint8_t type;  /* enum rom_type */
	uint16_t vendor, device;
	uint32_t class;
	bool last; /* it says that none follows */
	enum rom_checksum checksum;
	/* Of images for EFI alone. A machine of 0 means that it has no header of EFI. */
	uint16_t machine, subsystem;
	bool compressed;
};

/* Why the list of images ends where it does. */
enum rom_end {
	ROM_COMPLETE,  /* behind the one that says that it is the last */
	ROM_BLANK,     /* all bytes are the same: nothing answered, or nothing is in it */
	ROM_UNSIGNED,  /* no 55h AAh where an image should begin */
	ROM_STRAY,     /* its pointer to the PCI data structure leads out of it */
	ROM_NO_TABLE,  /* ... or to something else */
	ROM_NO_LENGTH, /* it says that it has no length */
	ROM_CUT,       /* it is longer than the data */
	ROM_ENDLESS,   /* the data ends, but no image was the last */
	ROM_TOO_MANY,  /* more than ROM_IMAGES_MAX */
};

struct rom {
	const uint8_t *data;
	size_t size;
	size_t start;  /* of the first image: files of some tools have something before it */
	size_t length; /* of all images, as far as they are in the data */
	struct rom_image images[ROM_IMAGES_MAX];
	size_t count;
	enum rom_end end;
};

/* These are pure: they work on memory. */

/* Lists the images. The data, which can be any bytes, must outlive *rom. */
void rom_parse(struct rom *rom, const uint8_t *data, size_t size);

/* Whether all bytes are the same. */
bool rom_is_blank(const uint8_t *data, size_t size);

/* Whether an image says that it is for this device: by its ID, or its list of more of them. */
bool rom_image_is_for(const struct rom *rom, const struct rom_image *image, uint16_t vendor,
		      uint16_t device);

/* Whether any image does. */
bool rom_is_for(const struct rom *rom, uint16_t vendor, uint16_t device);

/* Whether the firmware of a PC can run code of it: UEFI for x64, or a BIOS. */
bool rom_has_uefi(const struct rom *rom);
bool rom_has_bios(const struct rom *rom);

/* Short names for output: "legacy", "EFI"; "x64", "arm64"; "boot driver". NULL if it has none. */
const char *rom_type_name(uint8_t type);
const char *rom_machine_name(uint16_t machine);
const char *rom_subsystem_name(uint16_t subsystem);

/*
 * Adds what is wrong with the ROM. device is the card that it is meant for, NULL for any; shadow
 * says that it is the copy in memory.
 */
void romcheck_find(struct findings *findings, const char *where, const struct rom *rom,
		   const struct pci_device *device, bool shadow);

#define ROMCARD_MESSAGE_MAX 320

struct romread {
	uint8_t *data; /* the caller frees it */
	size_t size;
	bool shadow;      /* not the ROM, but the copy in memory that the firmware ran */
	bool of_firmware; /* the device has none, and it is from the ACPI table VFCT */
};

/* Whether the device has a ROM that can be read at all. */
bool romcard_has_rom(const struct host *host, const struct pci_device *device);

/*
 * Reads the image for a device in the ACPI table VFCT, in which firmware keeps the video BIOS of
 * AMD's integrated GPUs. 0, -ENOENT if there is none, or another -errno.
 */
int romvfct_read(struct romread *rom, const struct host *host, const struct pci_device *device);

/*
 * Reads a device's ROM, or what the firmware has for one without. For this time it is switched on,
 * and the device kept awake; both are as before when this returns, and no signal ends the process
 * meanwhile. 0, or -errno with a message of what is in the way and what to do.
 */
int romcard_device(struct romread *rom, const struct host *host, const struct pci_device *device,
		   char message[ROMCARD_MESSAGE_MAX]);

/*
 * Reads a file of this process's own into memory that the caller frees. 0, -EFBIG for no ROM's
 * size, or -errno.
 */
int romfile_read(const char *path, uint8_t **data, size_t *size);

/*
 * Writes such a file: as a whole or not at all. 0, -EEXIST if there is one and it must not be
 * replaced, or another -errno.
 */
int romfile_write(const char *path, const uint8_t *data, size_t size, bool replace);

#endif
