/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs and containers of this host that have PCI devices: those of a Proxmox VE node by their
 * files in /etc/pve (qm.conf(5), pct.conf(5)) and by what /etc/pve/mapping/pci.cfg calls devices,
 * and those of libvirt. They are read as at the next start: what waits for it in [PENDING] counts.
 */
#ifndef VFIO_EARLY_VM_GUESTS_H
#define VFIO_EARLY_VM_GUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "core/text.h"
#include "host/findings.h"
#include "host/host.h"
#include "look/inventory.h"

#define GUESTS_PVE        "/etc/pve"
#define GUESTS_FILES      GUESTS_PVE "/qemu-server"
#define GUESTS_CONTAINERS GUESTS_PVE "/lxc"
#define GUESTS_MAPPINGS   GUESTS_PVE "/mapping/pci.cfg"
#define GUESTS_LIBVIRT    "/etc/libvirt/qemu"

/* hostpci0 to hostpci15. */
#define GUESTS_HOSTPCI_MAX 16

#define GUESTS_NODE_MAX 64
#define GUESTS_NAME_MAX 64
#define GUESTS_TEXT_MAX 96

/* Room for the properties of a hostpci line; of more, the first are named. */
#define GUESTS_OTHERS_MAX 160

/* VMs of libvirt have no number: these are greater than any of Proxmox VE. */
#define GUESTS_LIBVIRT_FIRST 1000000000u

enum guest_kind { GUEST_VM, GUEST_CONTAINER, GUEST_LIBVIRT };

/* Settings of a VM of Proxmox VE; hostpciN is GUEST_KEYS + N. */
enum guest_key {
	GUEST_NAME,
	GUEST_BIOS,
	GUEST_MACHINE,
	GUEST_ARGS,
	GUEST_ONBOOT,
	GUEST_TEMPLATE,
	GUEST_HOOKSCRIPT,
	GUEST_EFIDISK,
	GUEST_VGA,
	GUEST_BALLOON,
	GUEST_KEYS,
};

struct guest {
	enum guest_kind kind;
	unsigned int id;
	char name[GUESTS_NAME_MAX];
	char *config;                                        /* its file */
	struct text values[GUEST_KEYS + GUESTS_HOSTPCI_MAX]; /* in it; p is NULL where not set */
	bool q35;                                            /* machine type; i440fx if not */
	bool ovmf;                                           /* firmware; SeaBIOS if not */
	bool template;                                       /* it is never started */
	bool onboot;                                         /* it is started when the host boots */
	uint32_t primary;                                    /* bit N: hostpciN has x-vga=1 */
	struct text mappings[GUESTS_HOSTPCI_MAX]; /* that hostpciN names; p is NULL for none */
};

/* A line about a PCI device that Proxmox VE drops when it reads the file. */
struct guest_dropped {
	unsigned int guest;
	struct text line;
	const char *why;
};

/* An entry of a mapping: its name, and the properties of one device on one node. */
struct guest_mapping {
	struct text name, entry, path;
	bool ours;     /* of this node */
	bool mediated; /* of the whole mapping: mdev 1 */
};

/* What a guest has. The function can be any. */
struct guest_device {
	unsigned int guest;
	unsigned int index;       /* of hostpciN; GUESTS_HOSTPCI_MAX if it is not by such a line */
	char by[GUESTS_NAME_MAX]; /* mapping, device node, "args" or "hostdev"; "" by address */
	char others[GUESTS_OTHERS_MAX]; /* properties beside it, pcie and x-vga: "rombar=0, ..." */
	struct pci_address address;
	bool mediated; /* a part of it, which its host driver makes */
	bool kept;     /* its driver is not changed at the start */
	bool choice;   /* it is one of several of a mapping, of which one is taken */
};

struct guests {
	char node[GUESTS_NODE_MAX]; /* this one's name, "" if it cannot be told */
	struct guest *list;         /* by ID */
	size_t count;
	struct guest_device *devices; /* by guest and index; not of templates */
	size_t device_count;
	char *mappings_text;
	struct guest_mapping *mappings;
	size_t mapping_count;
	struct guest_dropped *dropped;
	size_t dropped_count;
	bool unmounted; /* Proxmox VE is installed, and its daemon does not show the files */
	bool hidden;    /* some file may not be read */
	bool failed;    /* for want of memory */
};

/*
 * Reads them; a host without VMs has none. 0 or -errno with the file in path. guests_free() in any
 * case.
 */
int guests_read(struct guests *guests, const struct host *host, char path[PATH_MAX]);
void guests_free(struct guests *guests);

/*
 * Parse what was read: pci.cfg, then each guest's file, which is freed with *guests. A device node
 * of a container has no address yet.
 */
void guests_parse_mappings(struct guests *guests, char *text);
void guests_parse(struct guests *guests, enum guest_kind kind, unsigned int id, char *text);
void libvirt_parse(struct guests *guests, struct guest *guest);

/* The value of a property of KEY=VALUE,...; one key, called first, can be left out. p is NULL for
 * none. */
struct text guests_property(struct text text, const char *first, const char *name);

/* Adds a copy. False if memory has run out. */
bool guests_add(struct guests *guests, const struct guest_device *device);

/* NULL if there is no such VM. */
const struct guest *guests_find(const struct guests *guests, unsigned int id);

/* Whether the function is one that a VM has there. */
bool guests_means(const struct guest_device *device, const struct pci_address *address);

/* Writes "VM 100 (desk)", "CT 105", "VM win10". Returns text. */
const char *guests_format(const struct guest *guest, char text[GUESTS_TEXT_MAX]);

/* Writes "hostpci0, by the mapping gtx", "args", "/dev/dri/card0". Returns text. */
const char *guests_format_how(const struct guest_device *device, char text[GUESTS_TEXT_MAX]);

/* The first mapping of this node for just this path, "0000:0b:00" or with a function, that fits. */
const struct guest_mapping *guests_find_mapping(const struct guests *guests,
						const struct inventory *inventory,
						const char *path);

/* Writes the entry of a mapping for the device, "id=10de:1b81,...". Returns text. */
const char *guests_format_map(const struct guests *guests, const struct pci_device *device,
			      const char *path, char text[GUESTS_OTHERS_MAX]);

/* Whether the host driver of the device makes mediated devices of it. */
bool guests_is_mediated(const struct inventory *inventory, const struct pci_device *device);

/* Whether the start of a guest takes the function: named, or, on Proxmox VE, as one of the group.
 */
enum guest_hold { GUEST_HOLDS_NOT, GUEST_HOLDS, GUEST_HOLDS_GROUP };
enum guest_hold guests_hold(const struct guests *guests, const struct guest_device *device,
			    const struct pci *pci, const struct pci_device *function);

/* Adds to the last finding how the device is taken from its VM. */
void guests_fix_by_removing(struct findings *findings, const struct guest_device *device);

/* Adds what keeps a guest from starting, and what its start costs the host. */
void guests_audit_one(struct findings *findings, const struct inventory *inventory,
		      const struct guests *guests, const struct guest *guest);

/* The same of all guests, and what they do to each other. */
void guests_audit(struct findings *findings, const struct inventory *inventory,
		  const struct guests *guests);

#endif
