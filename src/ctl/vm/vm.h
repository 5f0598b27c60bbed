/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of a VM, and the settings for them. */
#ifndef VFIO_EARLY_VM_VM_H
#define VFIO_EARLY_VM_VM_H

#include <stdio.h>

#include "host/findings.h"
#include "look/inventory.h"
#include "vm/guests.h"

/* A hook script that asks "vfio-earlyctl vm --check" before the start of a VM. */
#define VM_HOOK "/usr/share/vfio-early/check-vm"

enum vm_format { VM_PROXMOX, VM_LIBVIRT, VM_QEMU };

/* Functions that are one device in the VM: a whole card, or one function. */
struct vm_part {
	const struct pci_device **functions; /* in vm.devices */
	size_t count;
	bool express;                        /* PCI Express, not conventional PCI */
	bool primary;                        /* has the picture that the VM starts with */
	unsigned int index;                  /* of hostpciN */
	const struct guest_mapping *mapping; /* an existing one that fits; NULL: none */
	const struct pci_device *shown;      /* its function that is a display, NULL for none */
	char romfile[PATH_MAX]; /* ROM of that, as the format has it; "" for the card's own */
	bool rom_known, has_uefi, has_bios;
	bool kept; /* its driver of VFIO is not vfio-pci, so that Proxmox VE would replace it */
};

struct vm {
	struct inventory inventory;
	struct findings findings;
	struct guests guests;
	enum vm_format format;
	unsigned int id;           /* of a VM of Proxmox VE; 0: none was named */
	bool lacks_keep;           /* qemu-server is older than driver=keep */
	const struct guest *guest; /* that VM; NULL if none was named */
	bool force;
	const struct pci_device **devices; /* that were named, by address */
	size_t count;
	struct vm_part *parts;
	size_t part_count;
};

/* "0000:0b:00.0", or "0000:0b:00" for a card of several functions. */
const char *vm_format_part(const struct vm_part *part, char text[PCI_ADDRESS_TEXT_MAX]);

/* Whether the guest has one of its functions there. */
bool vm_part_is(const struct vm_part *part, const struct guest_device *device);

/* Where files that settings name as ROMs are. */
const char *vm_rom_directory(enum vm_format format);

/* Whether a driver of VFIO has the device now. */
bool vm_is_bound(const struct pci_device *device);

/*
 * Makes parts of the devices, and finds out of them what the settings need. 0, -ENOMEM, or -ENOSPC
 * if Proxmox VE has no more than GUESTS_HOSTPCI_MAX.
 */
int vm_make_parts(struct vm *vm);

/* Adds to the findings what stands in the way of the VM. */
void vm_check(struct vm *vm);

/* Prints the settings. */
void vm_print(FILE *stream, const struct vm *vm);

#endif
