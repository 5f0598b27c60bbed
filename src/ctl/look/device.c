/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person should know of a device before it is reserved for VMs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/vfio.h"
#include "host/joined.h"
#include "look/device.h"

int device_read(const struct inventory *inventory, const struct pci_device *device,
		const char *attribute, char *line, size_t size)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	return host_readf(&inventory->host, line, size, "/" PCI_DEVICES "/%s/%s",
			  pci_address_format(&device->address, address), attribute);
}

unsigned long device_read_number(const struct inventory *inventory, const struct pci_device *device,
				 const char *attribute, int base)
{
	char number[24];

	return device_read(inventory, device, attribute, number, sizeof(number)) > 0
		       ? strtoul(number, NULL, base)
		       : 0;
}

bool device_has(const struct inventory *inventory, const struct pci_device *device,
		const char *attribute)
{
	char path[PATH_MAX], address[PCI_ADDRESS_TEXT_MAX];

	return host_path(path, "/" PCI_DEVICES "/%s",
			 pci_address_format(&device->address, address)) == 0 &&
	       host_has(&inventory->host, path, attribute);
}

/* By base class and subclass; those of all subclasses, ANY, come after the others of a class. */
#define ANY 0xff
static const struct {
	uint16_t class;
	const char *name;
} kinds[] = {
	/* clang-format off */
	{ 0x0100, "SCSI" }, { 0x0101, "IDE" }, { 0x0104, "RAID" }, { 0x0106, "SATA" },
	{ 0x0107, "SAS" }, { 0x0108, "NVMe" }, { 0x01ff, "storage" },
	{ 0x0207, "InfiniBand" }, { 0x0280, "Wi-Fi" }, { 0x02ff, "NIC" },
	{ 0x03ff, "GPU" },
	{ 0x0401, "audio" }, { 0x0403, "audio" }, { 0x04ff, "media" },
	{ 0x05ff, "memory" },
	{ 0x06ff, "bridge" },
	{ 0x0700, "serial" }, { 0x07ff, "comm" },
	{ 0x0805, "SD" }, { 0x0806, "IOMMU" }, { 0x08ff, "system" },
	{ 0x09ff, "input" },
	{ 0x0c03, "USB" }, { 0x0c05, "SMBus" }, { 0x0cff, "bus" },
	{ 0x0d11, "Bluetooth" }, { 0x0dff, "Wi-Fi" },
	{ 0x10ff, "crypto" },
	{ 0x11ff, "signal" },
	{ 0x12ff, "accel" },
	{ 0xffff, "other" }, { 0xffff, "VF" },
	/* clang-format on */
};

const char *device_kind(const struct inventory *inventory, const struct pci_device *device)
{
	uint16_t class = (uint16_t)(device->class >> 8);

	if (device_is_virtual(inventory, device))
		return "VF";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].class == class || kinds[i].class == (class | ANY))
			return kinds[i].name;
	return "other";
}

const char *device_parse_kind(const char *text, char list[DEVICE_KINDS_MAX])
{
	const char *kind = NULL;

	list[0] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcasecmp(kinds[i].name, text) == 0)
			kind = kinds[i].name;
		if (!strstr(list, kinds[i].name))
			joined_add(list, DEVICE_KINDS_MAX, kinds[i].name);
	}
	return kind;
}

const char *device_state(const struct inventory *inventory, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(inventory, device);
	char override[PCI_DRIVER_NAME_MAX];

	if (inventory_is_spoiled(row))
		return "group split";
	if (row && row->outcome == OUTCOME_WOULD_BIND)
		return "next boot";
	if (row && row->outcome == OUTCOME_ALREADY_BOUND)
		return "bound";
	if (row)
		return outcome_name(row->outcome);
	if (pci_is_bridge(device))
		return NULL;
	if (inventory_reason(inventory, device))
		return "needed";
	if (inventory_use(inventory, device))
		return "in use";
	if (device->driver && vfio_is_driver(device->driver))
		return "until reboot";
	if (device_override(inventory, device, override) &&
	    (!device->driver || strcmp(device->driver, override) != 0))
		return "override";
	return device->group < 0 ? "no group" : "free";
}

char *device_address(const struct inventory *inventory, const struct pci_device *device,
		     char text[PCI_ADDRESS_TEXT_MAX])
{
	const struct pci *pci = &inventory->forecast.pci;

	pci_address_format(&device->address, text);
	/* Devices are ordered by address. */
	if (pci->devices[pci->count - 1].address.domain == 0)
		memmove(text, strchr(text, ':') + 1, strlen(strchr(text, ':')));
	return text;
}

bool device_is_boot_console(const struct inventory *inventory, const struct pci_device *device)
{
	char shown[4];

	return device->class >> 16 == 0x03 &&
	       device_read(inventory, device, "boot_vga", shown, sizeof(shown)) == 1 &&
	       shown[0] == '1';
}

static bool has_word(const char *words, const char *word, size_t length)
{
	for (const char *p = words; (p = strstr(p, word)); p++)
		if ((p == words || p[-1] == ' ') && (p[length] == ' ' || !p[length]))
			return true;
	return false;
}

bool device_lacks_setting(const struct inventory *inventory, const struct plan_row *row,
			  char text[DEVICE_TEXT_MAX])
{
	const struct forecast *forecast = &inventory->forecast;
	char copy[RULE_SETTINGS_MAX], now[64], *next = copy, *line, *name, *word;

	if (forecast->plan.choices[row->device - forecast->pci.devices].by_group)
		return false;
	strcpy(copy, row->rule->settings);
	while ((line = strsep(&next, "\n")) && (name = strsep(&line, "=")) && line) {
		if (!device_has(inventory, row->device, name)) {
			snprintf(text, DEVICE_TEXT_MAX, "has no attribute %s to set", name);
			return true;
		}
		if (strcmp(name, "reset_method") != 0 ||
		    device_read(inventory, row->device, name, now, sizeof(now)) < 0)
			continue;
		while ((word = strsep(&line, ",")))
			if (strcmp(word, "default") != 0 && strcmp(word, "device_specific") != 0 &&
			    !has_word(now, word, strlen(word))) {
				snprintf(text, DEVICE_TEXT_MAX,
					 "has the reset methods '%s' now, without '%s'", now, word);
				return true;
			}
	}
	return false;
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
