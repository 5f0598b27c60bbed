/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of a card's expansion ROM. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind/signals.h"
#include "core/file.h"
#include "core/vfio.h"
#include "rom/card.h"
#include "rom/rom.h"

/* More than the directory of any device, and the name of an attribute. */
#define PATH_SIZE 96

/* Kernels hand out at most a page with each read of a binary attribute. */
#define PART_SIZE ((size_t)4096)

/* include/linux/ioport.h: the resource is a copy in memory. */
#define IORESOURCE_ROM_SHADOW (1u << 1)

/* The ROM is behind the six base address registers. */
#define ROM_RESOURCE 6

struct reader {
	const struct host *host;
	char directory[PATH_SIZE];
	int rom;       /* open */
	bool switched; /* on, by us */
	bool woken;    /* by us */
	bool asleep;   /* all the same */
};

static const char *attribute(const struct reader *reader, const char *name, char path[PATH_MAX])
{
	return host_path(path, "%s/%s", reader->directory, name) == 0 ? host_below(path) : "";
}

static void set_up(struct reader *reader, const struct host *host, const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	*reader = (struct reader){ .host = host, .rom = -1 };
	snprintf(reader->directory, sizeof(reader->directory), "/" PCI_DEVICES "/%s",
		 pci_address_format(&device->address, address));
}

bool romcard_has_rom(const struct host *host, const struct pci_device *device)
{
	struct reader reader;

	set_up(&reader, host, device);
	return host_has(host, reader.directory, "rom");
}

static bool reads(const struct reader *reader, const char *name, const char *expected)
{
	char line[32];

	return host_readf(reader->host, line, sizeof(line), "%s/%s", reader->directory, name) > 0 &&
	       strcmp(line, expected) == 0;
}

static int set(const struct reader *reader, const char *name, const char *value)
{
	char path[PATH_MAX];
	cleanup_fd int fd =
		file_open_flags(reader->host->directory, attribute(reader, name, path), O_WRONLY);

	return fd < 0 ? fd : file_write(fd, value, strlen(value));
}

static ssize_t read_part(const struct reader *reader, void *part, size_t size, size_t offset)
{
	ssize_t got;

	do {
		got = pread(reader->rom, part, size, (off_t)offset);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* drivers/pci/pci-sysfs.c, pci_write_rom(): "0\n" switches it off, with no other length. */
static int switch_rom(const struct reader *reader, bool on)
{
	const char *value = on ? "1\n" : "0\n";
	ssize_t written;

	do {
		written = pwrite(reader->rom, value, 2, 0);
	} while (written < 0 && errno == EINTR);
	return written < 0 ? -errno : 0;
}

/*
 * A device in D3 answers with ones, and one that vfio-pci has and no VM uses is in D3 as a rule.
 * If it cannot be woken, the reading tells.
 */
static void wake(struct reader *reader)
{
	reader->woken =
		reads(reader, "power/control", "auto") && set(reader, "power/control", "on\n") == 0;
	reader->asleep = reads(reader, "power/runtime_status", "suspended");
}

/* While it is off, EINVAL is all there is to read. */
static int switch_on(struct reader *reader)
{
	char byte;
	int result;

	if (read_part(reader, &byte, 1, 0) != -EINVAL)
		return 0;
	result = switch_rom(reader, true);
	reader->switched = result == 0;
	return result;
}

static int restore(struct reader *reader)
{
	int result = reader->switched ? switch_rom(reader, false) : 0;
	int slept = reader->woken ? set(reader, "power/control", "auto\n") : 0;

	return result < 0 ? result : slept;
}

static int read_parts(const struct reader *reader, struct romread *rom)
{
	/* The kernel gives memory for those pages alone that are written to. */
	uint8_t *data = malloc(ROM_SIZE_MAX + PART_SIZE);
	size_t used = 0;
	ssize_t got;

	if (!data)
		return -ENOMEM;
	do {
		got = read_part(reader, data + used, PART_SIZE, used);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 && used <= ROM_SIZE_MAX);
	if (got < 0 || used > ROM_SIZE_MAX) {
		free(data);
		return got < 0 ? (int)got : -EFBIG;
	}
	rom->data = data;
	rom->size = used;
	return 0;
}

/* The line of the ROM in "resource": first byte, last byte, flags. */
static bool is_shadow(const struct reader *reader)
{
	char path[PATH_MAX], text[1024], *rest = text, *line = NULL;
	uint64_t first, last, flags;

	if (file_read(reader->host->directory, attribute(reader, "resource", path), text,
		      sizeof(text)) < 0)
		return false;
	for (int i = 0; i <= ROM_RESOURCE; i++)
		line = strsep(&rest, "\n");
	return line &&
	       sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &first, &last, &flags) == 3 &&
	       flags & IORESOURCE_ROM_SHADOW;
}

/*
 * All that changes something is in here, with every signal waiting outside. What SIGKILL leaves
 * behind is a mark of the kernel's: the ROM itself answers during a read only.
 */
static int read_switched(struct reader *reader, struct romread *rom, int *restored)
{
	sigset_t before;
	int result;

	signals_hold(&before);
	wake(reader);
	result = switch_on(reader);
	if (result == 0)
		result = read_parts(reader, rom);
	*restored = restore(reader);
	signals_release(&before);
	return result;
}

/* What keeps a ROM from being read: the first that is so is told of. */
static const char *find_cause(const struct reader *reader, const struct pci_device *device)
{
	bool off = reads(reader, "enable", "0");

	if (is_shadow(reader))
		return "the firmware shows its picture on this card, so its ROM is not read but the "
		       "copy that a BIOS makes of it, and UEFI makes none; let the firmware start "
		       "with another card, or take a file of the card's maker";
	if (reader->asleep)
		return "the card is asleep and does not wake; 'dmesg' may tell why";
	if (device->driver && !vfio_is_driver(device->driver))
		return "its driver may be in the way; 'vfio-earlyctl bind' takes the card from it";
	if (device->driver && off)
		return "the card is switched off; 'vfio-earlyctl unbind' gives it to its own driver, "
		       "which switches it on";
	if (off)
		return "the card is switched off; write 1 to 'enable' beside its 'rom' in sysfs";
	return "there is no valid ROM, or a VM uses the card; 'dmesg' may tell";
}

static int explain(const struct reader *reader, const struct pci_device *device, int error,
		   char message[ROMCARD_MESSAGE_MAX])
{
	const char *cause = "'dmesg' may tell why";

	if (error == -ENOENT)
		cause = "this function has no ROM (no expansion ROM base address)";
	else if (error == -EACCES || error == -EPERM)
		cause = "only root may read ROMs";
	else if (error == -EIO)
		cause = find_cause(reader, device);
	snprintf(message, ROMCARD_MESSAGE_MAX, "its ROM cannot be read: %s: %s", strerror(-error),
		 cause);
	return error;
}

/* The kernel passes on what it got: nothing but ones means that no ROM answered. */
static bool is_silent(const struct romread *rom)
{
	for (size_t i = 0; i < rom->size; i++)
		if (rom->data[i] != 0xff)
			return false;
	return true;
}

static int read_open(struct reader *reader, const struct pci_device *device, struct romread *rom,
		     char message[ROMCARD_MESSAGE_MAX])
{
	struct romread read = { .data = NULL };
	int restored, result = read_switched(reader, &read, &restored);

	if (result == 0 && is_silent(&read))
		result = -EIO;
	if (result < 0)
		explain(reader, device, result, message);
	if (restored < 0) {
		result = restored;
		snprintf(
			message, ROMCARD_MESSAGE_MAX,
			"its ROM could not be switched off again, or the card not sent to sleep: %s",
			strerror(-restored));
	}
	if (result < 0) {
		free(read.data);
		return result;
	}
	read.shadow = is_shadow(reader);
	*rom = read;
	return 0;
}

int romcard_device(struct romread *rom, const struct host *host, const struct pci_device *device,
		   char message[ROMCARD_MESSAGE_MAX])
{
	struct reader reader;
	char path[PATH_MAX];
	int result;

	set_up(&reader, host, device);
	reader.rom = file_open_flags(host->directory, attribute(&reader, "rom", path), O_RDWR);
	if (reader.rom < 0)
		return explain(&reader, device, reader.rom, message);
	result = read_open(&reader, device, rom, message);
	file_close(&reader.rom);
	return result;
}
