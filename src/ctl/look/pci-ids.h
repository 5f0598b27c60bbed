/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people call PCI devices: the only place that sees libpci. */
#ifndef VFIO_EARLY_LOOK_PCI_IDS_H
#define VFIO_EARLY_LOOK_PCI_IDS_H

#include <stddef.h>

#include "core/pci.h"
#include "host/host.h"

/* Longer names are cut. */
#define PCINAMES_MAX 160

struct pcinames {
	struct pci_access *access;
};

/* Of a recorded host, its own pci.ids counts. 0 or -errno; pcinames_close() in any case. */
int pcinames_open(struct pcinames *names, const struct host *host);
void pcinames_close(struct pcinames *names);

/*
 * These write a name into the buffer of size bytes and return it. What pci.ids does not know is
 * numbers, as lspci(8) has it: "Device 1b81".
 */

/* "NVIDIA Corporation GP104 [GeForce GTX 1070]", as lspci prints it. */
const char *pcinames_device(struct pcinames *names, const struct pci_device *device, char *buffer,
			    size_t size);

/* The same with the maker's name short, for tables: "NVIDIA GP104 [GeForce GTX 1070]". */
const char *pcinames_short(struct pcinames *names, const struct pci_device *device, char *buffer,
			   size_t size);

/* "0000:0b:00.0 (NVIDIA GP104 [GeForce GTX 1070])" */
#define PCINAMES_SENTENCE_MAX (PCI_ADDRESS_TEXT_MAX + PCINAMES_MAX + 3)
const char *pcinames_sentence(struct pcinames *names, const struct pci_device *device, char *buffer,
			      size_t size);

/* "VGA compatible controller" */
const char *pcinames_class(struct pcinames *names, const struct pci_device *device, char *buffer,
			   size_t size);

#endif
