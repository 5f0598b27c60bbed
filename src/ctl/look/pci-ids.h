/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people call PCI devices: the only place that sees libpci. */
#ifndef VFIO_EARLY_LOOK_PCI_IDS_H
#define VFIO_EARLY_LOOK_PCI_IDS_H

#include <stddef.h>

#include "core/pci.h"
#include "host/host.h"

/* Longer names are cut. */
#define PCI_IDS_TEXT_MAX 160

struct pci_ids {
	struct pci_access *access;
};

/*
 * Of a recorded host its own pci.ids is read, or else that of this machine. 0 or -errno;
 * pci_ids_close() in any case.
 */
int pci_ids_open(struct pci_ids *names, const struct host *host);
void pci_ids_close(struct pci_ids *names);

/*
 * These write a name into the buffer of size bytes and return it. What pci.ids does not know is
 * numbers, as lspci(8) has it: "Device 1b81".
 */

/* "NVIDIA Corporation GP104 [GeForce GTX 1070]", as lspci prints it. */
const char *pci_ids_device(struct pci_ids *names, const struct pci_device *device, char *buffer,
			   size_t size);

/* The same with the maker's name short, for tables: "NVIDIA GP104 [GeForce GTX 1070]". */
const char *pci_ids_short(struct pci_ids *names, const struct pci_device *device, char *buffer,
			  size_t size);

/*
 * What tells it from other devices of its kind: the product's name, which pci.ids has in brackets,
 * "GeForce GTX 1070", or else maker and model without words that many devices have, "Samsung
 * SM981/PM981/PM983".
 */
const char *pci_ids_model(struct pci_ids *names, const struct pci_device *device, char *buffer,
			  size_t size);

/* "0000:0b:00.0 (NVIDIA GP104 [GeForce GTX 1070])" */
#define PCI_IDS_SENTENCE_MAX (PCI_ADDRESS_TEXT_MAX + PCI_IDS_TEXT_MAX + 3)
const char *pci_ids_sentence(struct pci_ids *names, const struct pci_device *device, char *buffer,
			     size_t size);

/* "VGA compatible controller" */
const char *pci_ids_class(struct pci_ids *names, const struct pci_device *device, char *buffer,
			  size_t size);

#endif
