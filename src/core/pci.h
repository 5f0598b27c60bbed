/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI functions of a host, as sysfs shows them (Documentation/ABI/testing/sysfs-bus-pci,
 * Documentation/PCI/sysfs-pci.rst).
 */
#ifndef VFIO_EARLY_CORE_PCI_H
#define VFIO_EARLY_CORE_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "core/bounds.h"

#define PCI_DEVICES "sys/bus/pci/devices"

/* Values of struct pci_device.group beside the number of a group. */
#define PCI_GROUP_NONE	 (-1)
#define PCI_GROUP_UNREAD (-2)

#define PCI_NO_PARENT (-1)

/* Thousands of them: the order leaves no gaps. */
struct pci_device {
	struct pci_address address;
	uint32_t class; /* 24 bits: base class, subclass, programming interface */
	uint16_t vendor, device, subvendor, subdevice;
	int group;	    /* IOMMU group */
	const char *driver; /* that holds it now, NULL for none; owned by struct pci */
	const struct pci_slot *slots; /* that have this device's address, NULL for none */
	uint64_t serial;	      /* PCIe Device Serial Number */
	int parent; /* index of the bridge or VMD above, PCI_NO_PARENT on a root bus */
	bool has_serial;
};

/* A physical slot with a device in it. */
struct pci_slot {
	struct pci_slot *next;	     /* of all slots */
	const struct pci_slot *same; /* next of those with the same address */
	char name[PCI_SLOT_NAME_MAX];
};

struct pci {
	struct pci_device *devices; /* ordered by address */
	size_t count, capacity;
	size_t unreadable; /* functions that are there but could not be read: not in devices */
	struct pci_slot *slots;
	struct pci_name *names; /* owns the drivers' names */
	int directory;		/* PCI_DEVICES, open; -1 when nothing was read */
};

/*
 * Reads the functions below root/sys/bus/pci/devices: one uevent read each, which gives
 * address, class, IDs and driver; groups, parents, serial numbers and slots stay unread.
 * *pci is filled from scratch. 0, -ENOENT where there is no PCI bus in sysfs, or -errno; the
 * caller frees *pci in either case.
 */
int pci_read(struct pci *pci, int root);

/*
 * The same for one function and those that decide about it: the other functions of its card, the
 * members of its IOMMU group and their cards, and all bridges above these.
 */
int pci_read_around(struct pci *pci, int root, const struct pci_address *address);

/*
 * Reads the bridges above a function, up to the root bus, from where its link in PCI_DEVICES
 * leads. 0 or -errno.
 */
int pci_read_parents(struct pci *pci, const struct pci_device *device);

/*
 * Reads the Device Serial Number (PCIe extended capability 0003h) of each function. One whose
 * 4096 bytes of configuration space cannot be read has none.
 */
void pci_read_serials(struct pci *pci);

/* Reads that of one function; where it has none, that of the card's first function is its own. */
void pci_read_serial(const struct pci *pci, struct pci_device *device);

/* Writes it as lspci does: 00-15-17-ff-ff-aa-bb-cc. Returns text. */
#define PCI_SERIAL_TEXT_MAX 24
const char *pci_format_serial(uint64_t serial, char text[PCI_SERIAL_TEXT_MAX]);

/*
 * Reads root/sys/bus/pci/slots. No slots at all are no error; several slots can have one
 * address, and an empty one has none of a device. 0 or -errno.
 */
int pci_read_slots(struct pci *pci, int root);

/*
 * Reads the IOMMU group of one function, unless it is known, and with it that of all others
 * in this group. 0, also where it has none, or -errno.
 */
int pci_read_group(struct pci *pci, struct pci_device *device);

/* Finds a function by its exact address; NULL if there is none. */
struct pci_device *pci_find(const struct pci *pci, const struct pci_address *address);

/*
 * The functions of the card that device is one of: sets *first and returns how many there
 * are, one behind the other.
 */
size_t pci_card(const struct pci *pci, const struct pci_device *device,
		const struct pci_device **first);

/*
 * Whether this is a bridge (base class 06h), from the host bridge to the PCIe port. vfio-pci
 * refuses those with a bridge's header, and the host needs the others.
 */
bool pci_is_bridge(const struct pci_device *device);

/*
 * Writes the device's modalias as the kernel does (drivers/pci/pci-sysfs.c), which aliases of modules
 * match; bus is "pci", or "vfio_pci" for those of variants of vfio-pci. Returns text.
 */
#define PCI_MODALIAS_MAX 80
const char *pci_format_modalias(const struct pci_device *device, const char *bus,
				char text[PCI_MODALIAS_MAX]);

void pci_free(struct pci *pci);

/*
 * Finds the Device Serial Number in configuration space (size bytes of it). Returns false if
 * there is none, or only zeros or ones, or the list of capabilities is broken.
 */
bool pci_find_serial(const uint8_t *config, size_t size, uint64_t *serial);

/* Fills *device and *driver (empty for none) from an uevent text. False if it lacks the IDs. */
bool pci_parse_uevent(const char *text, struct pci_device *device,
		      char driver[PCI_DRIVER_NAME_MAX]);

#endif
