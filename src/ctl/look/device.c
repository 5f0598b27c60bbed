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

/* Calls take with each reason; they are separated by ", ". */
static void split_reasons(const char *reasons, char text[DEVICE_TEXT_MAX],
			  void (*take)(char text[DEVICE_TEXT_MAX], char *reason))
{
	while (reasons) {
		const char *end = strstr(reasons, ", ");
		size_t length = end ? (size_t)(end - reasons) : strlen(reasons);
		char reason[PROTECT_REASON_MAX + 1];

		snprintf(reason, sizeof(reason), "%.*s", (int)length, reasons);
		take(text, reason);
		reasons = end ? end + 2 : NULL;
	}
}

static void add_reason(char text[DEVICE_TEXT_MAX], char *reason)
{
	device_add(text, reason);
}

/* "/ (ext4 on /dev/nvme0n1p2)": what is before the parenthesis is kept. */
static void add_use(char text[DEVICE_TEXT_MAX], char *reason)
{
	if (strstr(reason, " ("))
		*strstr(reason, " (") = '\0';
	if (strcmp(reason, "/") == 0)
		device_add(text, "root disk");
	else if (strstr(reason, "default route"))
		device_add(text, "network");
	else
		device_add(text, reason);
}

void device_add_uses(const struct inventory *inventory, const struct pci_device *device,
		     char text[DEVICE_TEXT_MAX])
{
	const char *reason = inventory_reason(inventory, device);

	split_reasons(reason ? reason : inventory_use(inventory, device), text, add_use);
}

void device_add_reasons(const struct inventory *inventory, const struct pci_device *device,
			char text[DEVICE_TEXT_MAX])
{
	split_reasons(inventory_reason(inventory, device), text, add_reason);
}
