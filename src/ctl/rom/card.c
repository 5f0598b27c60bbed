/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of an expansion ROM: of a card, by sysfs, or in a file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind/signals.h"
#include "core/file.h"
#include "core/vfio.h"
#include "host/replace.h"
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
	int rom;     /* open */
	bool asleep; /* although we woke it */
};

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

static int open_attribute(const struct reader *reader, const char *name, int flags)
{
	char path[PATH_MAX];
	int result = host_path(path, "%s/%s", reader->directory, name);

	return result < 0 ? result
			  : file_open_flags(reader->host->directory, host_below(path), flags);
}

static bool reads(const struct reader *reader, const char *name, const char *expected)
{
	char line[32];

	return host_readf(reader->host, line, sizeof(line), "%s/%s", reader->directory, name) > 0 &&
	       strcmp(line, expected) == 0;
}

static int set(const struct reader *reader, const char *name, const char *value)
{
	cleanup_fd int fd = open_attribute(reader, name, O_WRONLY);

	return fd < 0 ? fd : file_write(fd, value, strlen(value));
}

static ssize_t read_part(const struct reader *reader, void *part, size_t size, size_t offset)
{
	ssize_t got = TEMP_FAILURE_RETRY(pread(reader->rom, part, size, (off_t)offset));

	return got < 0 ? -errno : got;
}

/* drivers/pci/pci-sysfs.c, pci_write_rom(): "0\n" switches it off, with no other length. */
static int switch_rom(const struct reader *reader, bool on)
{
	return TEMP_FAILURE_RETRY(pwrite(reader->rom, on ? "1\n" : "0\n", 2, 0)) < 0 ? -errno : 0;
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
	char path[PATH_SIZE + 16], text[1024], *rest = text, *line = NULL;
	uint64_t flags;

	snprintf(path, sizeof(path), "%s/resource", reader->directory);
	if (file_read(reader->host->directory, host_below(path), text, sizeof(text)) < 0)
		return false;
	for (int i = 0; i <= ROM_RESOURCE; i++)
		line = strsep(&rest, "\n");
	return line && sscanf(line, "%*x %*x %" SCNx64, &flags) == 1 &&
	       flags & IORESOURCE_ROM_SHADOW;
}

/*
 * All that changes something is in here, with every signal waiting outside. What SIGKILL leaves
 * behind is a mark of the kernel's: the ROM itself answers during a read only.
 */
static int read_switched(struct reader *reader, struct romread *rom, int *restored)
{
	bool woken, switched = false;
	int result = 0, slept;
	sigset_t before;
	char byte;

	signals_hold(&before);
	/*
	 * A device in D3 answers with ones, and one that vfio-pci has and no VM uses is in D3 as a
	 * rule. If it cannot be woken, the reading tells.
	 */
	woken = reads(reader, "power/control", "auto") && set(reader, "power/control", "on\n") == 0;
	reader->asleep = reads(reader, "power/runtime_status", "suspended");
	/* While it is off, EINVAL is all there is to read. */
	if (read_part(reader, &byte, 1, 0) == -EINVAL) {
		result = switch_rom(reader, true);
		switched = result == 0;
	}
	if (result == 0)
		result = read_parts(reader, rom);
	*restored = switched ? switch_rom(reader, false) : 0;
	slept = woken ? set(reader, "power/control", "auto\n") : 0;
	*restored = *restored < 0 ? *restored : slept;
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
		cause = "this function has no ROM (no expansion ROM base address), and the ACPI "
			"table VFCT has none for it";
	else if (error == -EACCES || error == -EPERM)
		cause = "only root may read ROMs";
	else if (error == -EIO)
		cause = find_cause(reader, device);
	snprintf(message, ROMCARD_MESSAGE_MAX, "its ROM cannot be read: %s: %s", strerror(-error),
		 cause);
	return error;
}

int romcard_device(struct romread *rom, const struct host *host, const struct pci_device *device,
		   char message[ROMCARD_MESSAGE_MAX])
{
	struct romread read = { .data = NULL };
	struct reader reader;
	int restored, result;

	set_up(&reader, host, device);
	reader.rom = open_attribute(&reader, "rom", O_RDWR);
	if (reader.rom == -ENOENT) {
		result = romvfct_read(rom, host, device);
		return result < 0 ? explain(&reader, device, result, message) : 0;
	}
	if (reader.rom < 0)
		return explain(&reader, device, reader.rom, message);
	result = read_switched(&reader, &read, &restored);
	file_close(&reader.rom);
	/* The kernel passes on what it got: nothing but ones means that no ROM answered. */
	if (result == 0 &&
	    (read.size == 0 || (rom_is_blank(read.data, read.size) && read.data[0] == 0xff)))
		result = -EIO;
	if (result < 0)
		explain(&reader, device, result, message);
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
	read.shadow = is_shadow(&reader);
	*rom = read;
	return 0;
}

int romfile_read(const char *path, uint8_t **data, size_t *size)
{
	char *text;
	int result = file_read_all(AT_FDCWD, path, ROM_SIZE_MAX, &text, size);

	if (result == 0)
		*data = (uint8_t *)text;
	return result;
}

int romfile_write(const char *path, const uint8_t *data, size_t size, bool replace)
{
	char part[PATH_MAX];
	int fd, result = host_path(part, "%s.XXXXXX", path);

	if (result < 0)
		return result;
	fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = replace_write(fd, data, size);
	if (result == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 &&
	    renameat2(AT_FDCWD, part, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE) < 0)
		result = -errno;
	if (result < 0)
		unlink(part);
	return result;
}
