/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses: domain, bus, device and function, as sysfs and lspci write them. */
#ifndef VFIO_EARLY_CORE_ADDRESS_H
#define VFIO_EARLY_CORE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_FUNCTION_ANY (-1)

/* "10000000:ff:1f.7" and its NUL. */
#define PCI_ADDRESS_TEXT_MAX 17

struct pci_address {
	uint32_t domain;
	uint8_t bus;
	uint8_t device;
	int8_t function; /* PCI_FUNCTION_ANY: the whole device */
};

/*
 * Reads an address as sysfs names its directories ("0000:01:00.0"): domain and function are
 * there, nothing follows. Returns false for any other text, and leaves *address alone.
 */
bool pci_address_parse(const char *text, struct pci_address *address);

/* Writes an address as sysfs does; the whole device is "0000:01:00.*". Returns text. */
const char *pci_address_format(const struct pci_address *address,
			       char text[PCI_ADDRESS_TEXT_MAX]);

/* Orders by domain, bus, device, function: negative, 0 or positive as in qsort(3). */
int pci_address_compare(const struct pci_address *a, const struct pci_address *b);

/* Whether both are functions of one device, so of one card. */
bool pci_address_same_device(const struct pci_address *a, const struct pci_address *b);

#endif
