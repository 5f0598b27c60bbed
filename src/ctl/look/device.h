/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person should know of a device before it is reserved for VMs. */
#ifndef VFIO_EARLY_LOOK_DEVICE_H
#define VFIO_EARLY_LOOK_DEVICE_H

#include "look/inventory.h"

#define DEVICE_TEXT_MAX 192

/* Reads the first line of an attribute of the device in sysfs, as host_readf(). */
int device_read(const struct inventory *inventory, const struct pci_device *device,
		const char *attribute, char *line, size_t size);

/* The number in an attribute of the device; 0 if there is none. */
unsigned long device_read_number(const struct inventory *inventory, const struct pci_device *device,
				 const char *attribute, int base);

/* Whether the device has it, as host_has(). */
bool device_has(const struct inventory *inventory, const struct pci_device *device,
		const char *attribute);

/*
 * Whether an attribute that the row's rule sets is missing now, or lacks what the rule wants of it:
 * a preview of what the kernel will refuse. device_specific can come with a module. Writes the
 * first as a sentence without the device.
 */
bool device_lacks_setting(const struct inventory *inventory, const struct plan_row *row,
			  char text[DEVICE_TEXT_MAX]);

/* The kind of device in one word: "GPU", "audio", "NVMe", "NIC", ...; "VF" for a virtual function.
 */
const char *device_kind(const struct inventory *inventory, const struct pci_device *device);

/*
 * The same word as device_kind() has it, whatever the case of text; NULL for none. Writes all
 * words: "SCSI, IDE, ...".
 */
#define DEVICE_KINDS_MAX 256
const char *device_parse_kind(const char *text, char kinds[DEVICE_KINDS_MAX]);

/*
 * What the rules and the host make of the device, in a word or two; "free" if nothing is in the way
 * of a rule. The inventory has the plan.
 */
const char *device_state(const struct inventory *inventory, const struct pci_device *device);

/* Whether the firmware shows its picture, and the kernel its console, on the device. */
bool device_is_boot_console(const struct inventory *inventory, const struct pci_device *device);

/* Whether the device is a virtual function of another. */
bool device_is_virtual(const struct inventory *inventory, const struct pci_device *device);

/*
 * Writes the driver that driver_override allows alone; false if any may. An override is what
 * keeps the host's driver away, and what a failed attempt can leave behind.
 */
bool device_override(const struct inventory *inventory, const struct pci_device *device,
		     char driver[PCI_DRIVER_NAME_MAX]);

/*
 * Writes the address, for people without its domain if that is 0000 and no device has another.
 * Returns text.
 */
char *device_address(const struct inventory *inventory, const struct pci_device *device,
		     char text[PCI_ADDRESS_TEXT_MAX]);

/* Adds a line to a text of DEVICE_TEXT_MAX bytes; of those that do not fit, "..." is left. */
void device_add(char text[DEVICE_TEXT_MAX], const char *line);

/*
 * Adds what the host needs the device for, or else uses it for, short and a line each: "root disk",
 * "swap", "network", "/boot".
 */
void device_add_uses(const struct inventory *inventory, const struct pci_device *device,
		     char text[DEVICE_TEXT_MAX]);

/* Adds what the host needs the device for in full, a line each: "/ (ext4 on /dev/sda2)". */
void device_add_reasons(const struct inventory *inventory, const struct pci_device *device,
			char text[DEVICE_TEXT_MAX]);

#endif
