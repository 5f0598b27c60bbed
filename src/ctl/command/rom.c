/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl rom: the images of an expansion ROM. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command/command.h"
#include "command/look.h"
#include "look/find.h"
#include "look/inventory.h"
#include "rom/rom.h"
#include "term/document.h"
#include "term/findings.h"
#include "term/options.h"
#include "term/shown.h"

/* Where Proxmox VE looks for what romfile= names. */
#define PROXMOX_DIRECTORY "/usr/share/kvm/"

enum { OFFSET, LENGTH, TYPE, ID, CLASS, MACHINE, KIND, COMPRESSED, CHECKSUM, LAST, MATCH };

static const struct table_column columns[] = {
	[OFFSET] = { "OFFSET", TABLE_NUMBER, 0, "where the image begins, in bytes" },
	[LENGTH] = { "LENGTH", TABLE_NUMBER, 0, "how long it says it is, in bytes" },
	[TYPE] = { "TYPE", 0, 0, "legacy (for a BIOS), EFI, Open Firmware, PA-RISC or a number" },
	[ID] = { "ID", 0, 0, "vendor and device" },
	[CLASS] = { "CLASS", TABLE_EXTRA, 0, "class code" },
	[MACHINE] = { "MACHINE", 0, 0, "of EFI: x64, ia32, arm64 ..." },
	[KIND] = { "KIND", TABLE_EXTRA, 0, "of EFI: boot driver, runtime driver, application" },
	[COMPRESSED] = { "COMPRESSED", TABLE_YES_NO, 0, "of EFI: whether it is" },
	[CHECKSUM] = { "CHECKSUM", 0, 0, "of legacy: good or bad" },
	[LAST] = { "LAST", TABLE_YES_NO, 0, "whether it says that none follows" },
	[MATCH] = { "MATCH", TABLE_YES_NO, 0, "of a card: whether it is for this card" },
	{},
};

struct rom_listing {
	struct table_options options;
	struct document document;
	struct findings findings;
	struct inventory inventory;      /* open if the operand is a device */
	const struct pci_device *device; /* NULL: a file */
	const char *dump;                /* file to write; NULL: none */
	bool force;
	char source[PATH_MAX]; /* address or file */
	struct romread read;
	struct rom rom;
};

static void set_named(struct table *table, struct libscols_line *line, size_t column,
		      const char *name, unsigned int number)
{
	if (name)
		table_set(table, line, column, name);
	else
		table_setf(table, line, column, "0x%02x", number);
}

static void add_image(const struct rom_listing *listing, struct table *table,
		      const struct rom_image *image)
{
	static const char *const sums[] = { NULL, "good", "bad" };
	struct libscols_line *line = table_add(table, NULL);
	const struct pci_device *device = listing->device;

	table_setf(table, line, OFFSET, "%zu", image->offset);
	table_setf(table, line, LENGTH, "%zu", image->length);
	set_named(table, line, TYPE, rom_type_name(image->type), image->type);
	table_setf(table, line, ID, "%04x:%04x", image->vendor, image->device);
	table_setf(table, line, CLASS, "%06x", (unsigned int)image->class);
	if (image->type == ROM_EFI) {
		set_named(table, line, MACHINE, rom_machine_name(image->machine), image->machine);
		set_named(table, line, KIND, rom_subsystem_name(image->subsystem),
			  image->subsystem);
		table_set_flag(table, line, COMPRESSED, image->compressed);
	}
	table_set(table, line, CHECKSUM, sums[image->checksum]);
	table_set_flag(table, line, LAST, image->last);
	if (device)
		table_set_flag(
			table, line, MATCH,
			rom_image_is_for(&listing->rom, image, device->vendor, device->device));
}

static void print_images(struct rom_listing *listing)
{
	struct table_column shown[sizeof(columns) / sizeof(columns[0])];
	struct table table;

	memcpy(shown, columns, sizeof(columns));
	if (!listing->device)
		shown[MATCH].name = NULL;
	table_open(&table, &listing->options, "images", shown);
	for (size_t i = 0; i < listing->rom.count; i++)
		add_image(listing, &table, &listing->rom.images[i]);
	document_print_table(&listing->document, &table, NULL);
}

static const char *describe_boot(const struct rom *rom)
{
	if (rom_has_uefi(rom))
		return rom_has_bios(rom) ? "UEFI and BIOS can start it" : "UEFI alone can start it";
	return rom_has_bios(rom) ? "a BIOS alone can start it, as it has no EFI image for x64"
				 : "neither UEFI for x64 nor a BIOS can start it";
}

static int write_dump(const struct rom_listing *listing)
{
	const struct rom *rom = &listing->rom;
	const char *name = strrchr(listing->dump, '/');
	int result;

	if (rom->count == 0)
		return ctl_fail("%s: not written, as there is no image", listing->dump);
	result = romfile_write(listing->dump, rom->data + rom->start, rom->length, listing->force);
	if (result == -EEXIST)
		return ctl_fail("%s: is there already; --force replaces it", listing->dump);
	if (result < 0)
		return ctl_fail("%s: %s", listing->dump, strerror(-result));
	if (listing->options.json || table_is_alone(&listing->options))
		return CTL_OK;
	shown_print(stdout, "\n", "%s: written, %zu bytes\n", listing->dump, rom->length);
	if (strncmp(listing->dump, PROXMOX_DIRECTORY, sizeof(PROXMOX_DIRECTORY) - 1) == 0)
		shown_print(stdout, "\n", "Proxmox VE takes it with romfile=%s\n", name + 1);
	return CTL_OK;
}

static int show(struct rom_listing *listing)
{
	struct document *document = &listing->document;
	struct rom *rom = &listing->rom;
	int result = 0, status;

	rom_parse(rom, listing->read.data, listing->read.size);
	romcheck_find(&listing->findings, listing->source, rom, listing->device,
		      listing->read.shadow);
	if (listing->device && rom_has_uefi(rom) && !rom_has_bios(rom) &&
	    !host_has(&listing->inventory.host, "/sys/firmware", "efi")) {
		findings_add(
			&listing->findings, FINDING_NOTE, listing->source,
			"the ROM is for UEFI alone, and a BIOS (CSM) has started this host, which "
			"can't run it");
		findings_fix(&listing->findings,
			     "Switch CSM off in the firmware's setup if the card stays dark on the "
			     "host");
	}
	/* Where there are no sentences. */
	if (listing->options.json)
		document_add(document, "rom",
			     json_pack("[{s:o, s:I, s:I, s:I, s:b, s:b, s:b}]", "source",
				       shown_pack(listing->source), "size", (json_int_t)rom->size,
				       "start", (json_int_t)rom->start, "length",
				       (json_int_t)rom->length, "uefi", rom_has_uefi(rom), "bios",
				       rom_has_bios(rom), "shadow", listing->read.shadow));
	print_images(listing);
	if (!table_is_alone(&listing->options)) {
		if (rom->count > 0)
			document_print_text(
				document, "%s: %zu bytes%s; %s", listing->source, rom->length,
				listing->read.of_firmware ? " in the ACPI table VFCT" : "",
				describe_boot(rom));
		result = findings_print(&listing->findings, document);
	}
	status = document_end(document, result, findings_status(&listing->findings));
	if (status != CTL_INTERNAL && listing->dump && write_dump(listing) != CTL_OK)
		status = CTL_INTERNAL;
	return status;
}

/* A card has one ROM, as a rule behind its first function. */
static int choose_device(struct rom_listing *listing, const size_t *found, size_t count)
{
	const struct pci *pci = &listing->inventory.forecast.pci;
	const struct pci_device *chosen = NULL;
	size_t roms = 0;

	for (size_t i = 0; i < count; i++) {
		const struct pci_device *device = &pci->devices[found[i]];
		bool has_rom = romcard_has_rom(&listing->inventory.host, device);

		if (!chosen || (has_rom && roms == 0))
			chosen = device;
		roms += has_rom;
	}
	if (roms > 1)
		return ctl_fail("%s: %zu devices with ROMs are meant, expected one",
				listing->source, roms),
		       -EINVAL;
	listing->device = chosen;
	pci_address_format(&chosen->address, listing->source);
	return 0;
}

static int find_device(struct rom_listing *listing, const struct ctl *ctl)
{
	struct inventory *inventory = &listing->inventory;
	char message[FIND_MESSAGE_MAX] = "";
	size_t *found = NULL, count = 0;
	struct stat status;
	int result = look_at_host(inventory, ctl, 0);

	if (result < 0)
		return result;
	findings_tell(&inventory->findings, FINDING_WARNING);
	result = find_by_name(&inventory->forecast, &inventory->host, listing->source, &found,
			      &count, message);
	if (result < 0)
		ctl_fail("%s", message);
	/* Who means a file wants to know why it is none; addresses and IDs have a colon. */
	if (result == -ENOENT && !strchr(listing->source, ':'))
		ctl_fail("%s: and as a file: %s", listing->source,
			 stat(listing->source, &status) < 0 ? strerror(errno)
							    : "found no regular file");
	if (result == 0)
		result = choose_device(listing, found, count);
	free(found);
	return result;
}

static int show_device(struct rom_listing *listing, const struct ctl *ctl)
{
	char message[ROMCARD_MESSAGE_MAX];

	if (find_device(listing, ctl) < 0)
		return CTL_INTERNAL;
	if (romcard_device(&listing->read, &listing->inventory.host, listing->device, message) <
	    0) {
		ctl_fail("%s: %s", listing->source, message);
		return CTL_INCOMPLETE;
	}
	return show(listing);
}

static int show_file(struct rom_listing *listing)
{
	int result = romfile_read(listing->source, &listing->read.data, &listing->read.size);

	if (result == -EFBIG)
		return ctl_fail("%s: more than %u bytes, so this is no ROM", listing->source,
				ROM_SIZE_MAX);
	return result < 0 ? ctl_fail("%s: %s", listing->source, strerror(-result)) : show(listing);
}

static const char usage[] =
	"Usage: vfio-earlyctl rom [OPTION]... DEVICE|FILE\n"
	"Prints the images of a card's expansion ROM, and what firmware can start it.\n"
	"\n"
	"  -d, --dump FILE     write the ROM to FILE: all images, and nothing behind them\n"
	"  -f, --force         also if FILE is there\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0, 1 usage or internal error, 2 the ROM cannot be read, or something is\n"
	"wrong with it.";

int command_rom(const struct ctl *ctl, int argc, char **argv)
{
	struct rom_listing listing = { .document.options = &listing.options };
	const struct options_entry entries[] = {
		{ 'd', "dump", .text = &listing.dump },
		{ 'f', "force", .set = &listing.force },
		{},
	};
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = entries,
		.table = &listing.options,
		.columns = columns,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	int status = options_parse(&options, ctl, &argc, &argv);
	struct stat file;

	if (status != OPTIONS_RUN)
		return status;
	if (argc != 1)
		return ctl_fail("%s: found %d operands, expected one device or file", ctl->command,
				argc);
	if (snprintf(listing.source, sizeof(listing.source), "%s", argv[0]) >= PATH_MAX)
		return ctl_fail("%s: %s", argv[0], strerror(ENAMETOOLONG));
	/* A device can have slashes in it, too: 00:01.0/00.0 is a path, /dev/dri/card0 has one. */
	if (stat(argv[0], &file) == 0 && S_ISREG(file.st_mode)) {
		status = show_file(&listing);
	} else {
		status = show_device(&listing, ctl);
		inventory_close(&listing.inventory);
	}
	free(listing.read.data);
	findings_free(&listing.findings);
	return status;
}
