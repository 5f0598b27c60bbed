/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a VM: devices become cards, which have places in the VM and ROMs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/vfio.h"
#include "look/device.h"
#include "protect/busy.h"
#include "rom/rom.h"
#include "vm/vm.h"

#define CLASS_DISPLAY 0x03
#define CLASS_VGA     0x0300

/* Beyond it, configuration space is that of PCI Express. */
#define CONFIG_SIZE_CONVENTIONAL 256

/* Proxmox VE takes them from there alone; others by custom, and since AppArmor lets them. */
const char *vm_rom_directory(enum vm_format format)
{
	return format == VM_PROXMOX ? "/usr/share/kvm" : "/usr/share/vgabios";
}

const char *vm_format_part(const struct vm_part *part, char text[PCI_ADDRESS_TEXT_MAX])
{
	pci_address_format(&part->functions[0]->address, text);
	if (part->count > 1)
		*strrchr(text, '.') = '\0';
	return text;
}

bool vm_is_bound(const struct pci_device *device)
{
	return device->driver && vfio_is_driver(device->driver);
}

/* Without its function an address means all there are, bridges included. */
static size_t measure_card(const struct vm *vm, size_t from)
{
	const struct pci_device *first, *device = vm->devices[from];
	size_t count = pci_card(&vm->inventory.forecast.pci, device, &first);

	if (first != device || count > vm->count - from)
		return 1;
	for (size_t i = 0; i < count; i++)
		if (vm->devices[from + i] != &first[i] ||
		    device_is_virtual(&vm->inventory, &first[i]))
			return 1;
	return count;
}

/* Its size is the real one, also for who may not read it. */
static bool is_express(const struct vm *vm, const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], path[PATH_MAX];
	struct stat status;

	pci_address_format(&device->address, address);
	return host_path(path, PCI_DEVICES "/%s/config", address) == 0 &&
	       fstatat(vm->inventory.host.directory, path, &status, 0) == 0 &&
	       status.st_size > CONFIG_SIZE_CONVENTIONAL;
}

/* Whether it has, or gets from its rule, a driver of VFIO that is not vfio-pci. */
static bool is_kept(const struct vm *vm, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(&vm->inventory, device);
	const char *driver = inventory_is_for_vm(row) ? row->wanted
			     : vm_is_bound(device)    ? device->driver
						      : RULE_DEFAULT_DRIVER;

	return strcmp(driver, RULE_DEFAULT_DRIVER) != 0;
}

/* driver=keep came with qemu-server 9.0.25. A version that can't be seen is taken for a newer one.
 */
static bool lacks_keep(const struct host *host)
{
	unsigned int major = 9, minor = 0, patch = 25;
	char *text, *package;

	if (host_read_text(host, "/var/lib/dpkg/status", &text) < 0)
		return false;
	package = strstr(text, "Package: qemu-server\n");
	package = package ? strstr(package, "\nVersion: ") : NULL;
	if (package)
		sscanf(package, "\nVersion: %u.%u.%u", &major, &minor, &patch);
	free(text);
	return major < 9 || (major == 9 && minor == 0 && patch < 25);
}

static void add_part(struct vm *vm, size_t from, size_t count)
{
	struct vm_part *part = &vm->parts[vm->part_count++];
	char text[PCI_ADDRESS_TEXT_MAX];

	part->functions = &vm->devices[from];
	part->count = count;
	part->mapping =
		guests_find_mapping(&vm->guests, &vm->inventory, vm_format_part(part, text));
	part->express = is_express(vm, part->functions[0]);
	for (size_t i = 0; i < count; i++)
		part->kept |= is_kept(vm, part->functions[i]);
	for (size_t i = 0; i < count && !part->shown; i++)
		if (part->functions[i]->class >> 16 == CLASS_DISPLAY)
			part->shown = part->functions[i];
}

bool vm_part_is(const struct vm_part *part, const struct guest_device *device)
{
	for (size_t i = 0; i < part->count; i++)
		if (guests_means(device, &part->functions[i]->address))
			return true;
	return false;
}

/* A card that the VM has already stays where it is. */
static unsigned int find_index(const struct vm *vm, const struct vm_part *part, uint32_t given)
{
	unsigned int index = 0;

	for (size_t i = 0; i < vm->guests.device_count; i++) {
		const struct guest_device *device = &vm->guests.devices[i];

		if (device->guest == vm->id && device->index < GUESTS_HOSTPCI_MAX &&
		    !(given >> device->index & 1) && vm_part_is(part, device))
			return device->index;
	}
	while (given >> index & 1 ||
	       (vm->guest && index < GUESTS_HOSTPCI_MAX && vm->guest->values[GUEST_KEYS + index].p))
		index++;
	return index;
}

static int give_indexes(struct vm *vm)
{
	uint32_t given = 0;

	for (size_t i = 0; i < vm->part_count; i++) {
		struct vm_part *part = &vm->parts[i];

		part->index = find_index(vm, part, given);
		if (part->index >= GUESTS_HOSTPCI_MAX)
			return -ENOSPC;
		given |= 1u << part->index;
	}
	return 0;
}

/* One card can have the VM's first picture, unless the VM has such a card already. */
static void choose_primary(struct vm *vm)
{
	uint32_t others = vm->guest ? vm->guest->primary : 0;

	for (size_t i = 0; i < vm->part_count; i++)
		others &= ~(1u << vm->parts[i].index);
	for (size_t i = 0; i < vm->part_count && !others; i++) {
		struct vm_part *part = &vm->parts[i];

		part->primary = part->shown && part->shown->class >> 8 == CLASS_VGA;
		if (part->primary)
			return;
	}
}

static void learn_rom(struct vm_part *part, const struct rom *rom)
{
	part->rom_known = rom->count > 0;
	part->has_uefi = rom_has_uefi(rom);
	part->has_bios = rom_has_bios(rom);
}

/* What has no meaning of its own in any of the formats. */
#define PLAIN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-"

/* The first by name of those that are for the card. */
struct rom_search {
	const struct host *host;
	struct vm_part *part;
	char name[NAME_MAX + 1];
};

static int look_at_file(void *context, const char *directory, const char *name)
{
	struct rom_search *search = context;
	const struct pci_device *device = search->part->shown;
	struct rom rom;
	char path[PATH_MAX];
	uint8_t *data;
	size_t size;

	if (name[0] == '.' || name[strspn(name, PLAIN_CHARACTERS)] ||
	    (search->name[0] && strcmp(name, search->name) > 0) ||
	    host_path(path, "%s%s/%s", search->host->root, directory, name) < 0 ||
	    romfile_read(path, &data, &size) < 0)
		return 0;
	rom_parse(&rom, data, size);
	if (rom.start == 0 && rom_is_for(&rom, device->vendor, device->device)) {
		snprintf(search->name, sizeof(search->name), "%s", name);
		learn_rom(search->part, &rom);
	}
	free(data);
	return 0;
}

static void find_file(const struct vm *vm, struct vm_part *part)
{
	const char *directory = vm_rom_directory(vm->format);
	struct rom_search search = { .host = &vm->inventory.host, .part = part };

	host_each(&vm->inventory.host, directory, look_at_file, &search);
	if (search.name[0])
		snprintf(part->romfile, sizeof(part->romfile), "%s%s%s",
			 vm->format == VM_PROXMOX ? "" : directory,
			 vm->format == VM_PROXMOX ? "" : "/", search.name);
}

/* Only while nobody uses the card: for a driver that works with it that could be too much. */
static void read_card(const struct vm *vm, struct vm_part *part)
{
	char message[ROMCARD_MESSAGE_MAX], text[BUSY_TEXT_MAX];
	const struct pci_device *device = part->shown;
	const struct host *host = &vm->inventory.host;
	struct romread read;
	struct rom rom;

	if (host->live && ((device->driver && !vm_is_bound(device)) || geteuid() != 0 ||
			   busy_find(host, device, text)))
		return;
	if (romcard_device(&read, host, device, message) < 0)
		return;
	rom_parse(&rom, read.data, read.size);
	learn_rom(part, &rom);
	free(read.data);
}

static void find_roms(struct vm *vm)
{
	for (size_t i = 0; i < vm->part_count; i++) {
		struct vm_part *part = &vm->parts[i];

		if (!part->shown)
			continue;
		find_file(vm, part);
		if (!part->romfile[0])
			read_card(vm, part);
	}
}

int vm_make_parts(struct vm *vm)
{
	int result;
	size_t size;

	vm->parts = calloc(vm->count, sizeof(*vm->parts));
	if (!vm->parts)
		return -ENOMEM;
	for (size_t i = 0; i < vm->count; i += size) {
		size = measure_card(vm, i);
		add_part(vm, i, size);
	}
	vm->lacks_keep = lacks_keep(&vm->inventory.host);
	result = vm->format == VM_PROXMOX ? give_indexes(vm) : 0;
	if (result < 0)
		return result;
	choose_primary(vm);
	find_roms(vm);
	return 0;
}
