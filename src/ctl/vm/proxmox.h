/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs of a Proxmox VE node: what their files in /etc/pve/qemu-server say of machine, firmware
 * and PCI devices (qm.conf(5)), and what /etc/pve/mapping/pci.cfg calls devices.
 */
#ifndef VFIO_EARLY_VM_PROXMOX_H
#define VFIO_EARLY_VM_PROXMOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "host/host.h"

#define GUESTS_PVE      "/etc/pve"
#define GUESTS_FILES    GUESTS_PVE "/qemu-server"
#define GUESTS_MAPPINGS GUESTS_PVE "/mapping/pci.cfg"

/* hostpci0 to hostpci15. */
#define GUESTS_HOSTPCI_MAX 16

#define GUESTS_NODE_MAX 64
#define GUESTS_NAME_MAX 64

/* Room for the properties of a hostpci line; of more, the first are named. */
#define GUESTS_OTHERS_MAX 160

struct guest {
	unsigned int id;
	char name[GUESTS_NAME_MAX];
	bool q35;         /* machine type; i440fx if not */
	bool ovmf;        /* firmware; SeaBIOS if not */
	uint32_t used;    /* bit N: it has a hostpciN */
	uint32_t primary; /* bit N: ... with x-vga=1 */
};

/* That a VM has, in hostpciN, or that a mapping means. The function can be any. */
struct guest_device {
	unsigned int guest, index;
	char mapping[GUESTS_NAME_MAX];  /* that names it; "" if it is named by address */
	char others[GUESTS_OTHERS_MAX]; /* properties beside it, pcie and x-vga: "rombar=0, ..." */
	struct pci_address address;
};

struct guests {
	char node[GUESTS_NODE_MAX]; /* this one's name, "" if it cannot be told */
	struct guest *list;         /* by ID */
	size_t count;
	struct guest_device *devices;
	size_t device_count;
	struct guest_device *mappings; /* of this node */
	size_t mapping_count;
	bool failed; /* for want of memory */
};

/*
 * Reads them; a host without Proxmox VE has none. 0 or -errno with the file in path.
 * guests_free() in any case.
 */
int guests_read(struct guests *guests, const struct host *host, char path[PATH_MAX]);
void guests_free(struct guests *guests);

/* NULL if there is no such VM on this node. */
const struct guest *guests_find(const struct guests *guests, unsigned int id);

/* Whether the function is one that a VM has there. */
bool guests_means(const struct guest_device *device, const struct pci_address *address);

#endif
