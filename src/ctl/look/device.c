/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person should know of a device before it is given away. */
#include <stdio.h>
#include <string.h>

#include "host/joined.h"
#include "look/device.h"

int device_read(const struct inventory *inventory, const struct pci_device *device,
		const char *attribute, char *line, size_t size)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	return host_readf(&inventory->host, line, size, "/" PCI_DEVICES "/%s/%s",
			  pci_address_format(&device->address, address), attribute);
}

bool device_has(const struct inventory *inventory, const struct pci_device *device,
		const char *attribute)
{
	char path[PATH_MAX], address[PCI_ADDRESS_TEXT_MAX];

	return host_path(path, "/" PCI_DEVICES "/%s",
			 pci_address_format(&device->address, address)) == 0 &&
	       host_has(&inventory->host, path, attribute);
}

bool device_is_boot_console(const struct inventory *inventory, const struct pci_device *device)
{
	char shown[4];

	return device->class >> 16 == 0x03 &&
	       device_read(inventory, device, "boot_vga", shown, sizeof(shown)) == 1 &&
	       shown[0] == '1';
}

bool device_is_virtual(const struct inventory *inventory, const struct pci_device *device)
{
	return device_has(inventory, device, "physfn");
}

bool device_override(const struct inventory *inventory, const struct pci_device *device,
		     char driver[PCI_DRIVER_NAME_MAX])
{
	return device_read(inventory, device, "driver_override", driver, PCI_DRIVER_NAME_MAX) > 0 &&
	       strcmp(driver, "(null)") != 0;
}

void device_add(char text[DEVICE_TEXT_MAX], const char *line)
{
	joined_add_by(text, DEVICE_TEXT_MAX, "\n", line);
}

static const char *name_use(const struct protect_use *use)
{
	switch (use->kind) {
	case PROTECT_ROOT:
		return "root disk";
	case PROTECT_NETWORK:
		return "network";
	case PROTECT_OTHER:
		break;
	}
	return use->what;
}

static void add_uses(const struct inventory *inventory, const struct pci_device *device,
		     enum protect_grade grade, bool in_full, char text[DEVICE_TEXT_MAX])
{
	const struct protect *protect = &inventory->protect;
	const struct pci_device *found = pci_find(&protect->pci, &device->address);

	for (size_t i = 0; found && i < protect->count; i++) {
		const struct protect_entry *entry = &protect->list[i];

		if (&protect->pci.devices[entry->device] == found && entry->grade == grade)
			device_add(text, in_full ? entry->use.text : name_use(&entry->use));
	}
}

void device_add_uses(const struct inventory *inventory, const struct pci_device *device,
		     char text[DEVICE_TEXT_MAX])
{
	bool needed = inventory_reason(inventory, device) != NULL;

	add_uses(inventory, device, needed ? PROTECT_NEEDED : PROTECT_USED, false, text);
}

void device_add_reasons(const struct inventory *inventory, const struct pci_device *device,
			char text[DEVICE_TEXT_MAX])
{
	add_uses(inventory, device, PROTECT_NEEDED, true, text);
}
