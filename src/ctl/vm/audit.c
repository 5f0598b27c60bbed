/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the start of guests makes of the host, and what keeps them from starting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rule.h"
#include "core/vfio.h"
#include "look/device.h"
#include "vm/guests.h"

#define CLASS_PCI_BRIDGE 0x0604
#define CLASS_CARDBUS    0x0607

/* One guest, and one of its devices. */
struct audit {
	struct findings *findings;
	const struct inventory *inventory;
	const struct guests *guests;
	const struct guest *guest;
	const struct guest_device *had;
	char name[GUESTS_TEXT_MAX], how[GUESTS_TEXT_MAX]; /* of the guest, and how it has that */
	char where[GUESTS_TEXT_MAX + 32];                 /* its file, and the line */
};

enum guest_hold guests_hold(const struct guests *guests, const struct guest_device *device,
			    const struct pci *pci, const struct pci_device *function)
{
	const struct guest *guest = guests_find(guests, device->guest);
	unsigned int class = function->class >> 8;

	if (guests_means(device, &function->address))
		return GUEST_HOLDS;
	/* Proxmox VE leaves out what has a bus below it; host and ISA bridges have none. */
	if (!guest || guest->kind != GUEST_VM || device->kept || function->group < 0 ||
	    class == CLASS_PCI_BRIDGE || class == CLASS_CARDBUS)
		return GUEST_HOLDS_NOT;
	for (size_t i = 0; i < pci->count; i++)
		if (pci->devices[i].group == function->group &&
		    guests_means(device, &pci->devices[i].address))
			return GUEST_HOLDS_GROUP;
	return GUEST_HOLDS_NOT;
}

bool guests_is_mediated(const struct inventory *inventory, const struct pci_device *device)
{
	return device_has(inventory, device, "mdev_supported_types") ||
	       device_has(inventory, device, "nvidia");
}

/* The file of a guest, and the line of a text in it, if that is not NULL. */
static void format_where(struct audit *audit, const char *line)
{
	const struct guest *guest = audit->guest;
	size_t number = 1;

	if (guest->kind == GUEST_LIBVIRT) {
		snprintf(audit->where, sizeof(audit->where), GUESTS_LIBVIRT "/%s.xml", guest->name);
		return;
	}
	for (const char *p = guest->config; p < line; p++)
		number += *p == '\n';
	snprintf(audit->where, sizeof(audit->where), GUESTS_FILES "/%u.conf:%zu", guest->id,
		 number);
}

void guests_fix_by_removing(struct findings *findings, const struct guest_device *device)
{
	if (device->index < GUESTS_HOSTPCI_MAX)
		findings_fix(findings, "Run 'qm set %u --delete hostpci%u'", device->guest,
			     device->index);
	else
		findings_fix(findings, "Remove the device from the VM");
}

/* A function that the start of the guest takes from the host. */
static void audit_taken(struct audit *audit, const struct pci_device *device, bool by_group)
{
	const char *needed = inventory_reason(audit->inventory, device);
	const char *used = inventory_use(audit->inventory, device);
	unsigned long count = device_read_number(audit->inventory, device, "sriov_numvfs", 10);
	char address[PCI_ADDRESS_TEXT_MAX], group[48] = "";

	pci_address_format(&device->address, address);
	if (by_group)
		snprintf(group, sizeof(group), " with the rest of IOMMU group %d", device->group);
	if (needed || used) {
		findings_add(audit->findings, needed ? FINDING_ERROR : FINDING_WARNING,
			     audit->where, "%s %s %s%s (%s), which the host %s: %s", audit->name,
			     audit->had->choice     ? "can take"
			     : audit->guest->onboot ? "starts at boot and takes"
						    : "takes",
			     address, group, audit->how, needed ? "needs" : "uses", needed ?: used);
		guests_fix_by_removing(audit->findings, audit->had);
	}
	if (count > 0) {
		findings_add(audit->findings, FINDING_WARNING, audit->where,
			     "%s takes %s%s (%s), whose %lu virtual functions vanish with its host "
			     "driver",
			     audit->name, address, group, audit->how, count);
		findings_fix(audit->findings, "Pass virtual functions through instead");
	}
}

/* The driver that a rule binds is not the one that the guest needs. */
static void audit_driver(struct audit *audit, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(audit->inventory, device);
	char address[PCI_ADDRESS_TEXT_MAX];

	if (!inventory_is_for_vm(row) || audit->guest->kind != GUEST_VM)
		return;
	pci_address_format(&device->address, address);
	if (audit->had->mediated) {
		findings_add(audit->findings, FINDING_ERROR, audit->where,
			     "%s does not start: its mediated device (%s) needs the host driver of "
			     "%s, and a rule binds that to %s",
			     audit->name, audit->how, address, row->wanted);
		findings_fix(audit->findings, "Run 'vfio-earlyctl remove %s'", address);
	} else if (!audit->had->kept && strcmp(row->wanted, RULE_DEFAULT_DRIVER) != 0) {
		findings_add(
			audit->findings, FINDING_ERROR, audit->where,
			"%s does not start: Proxmox VE takes %s (%s) from %s, which a rule binds",
			audit->name, address, audit->how, row->wanted);
		findings_fix(audit->findings,
			     "Add 'driver=keep' to hostpci%u, with qemu-server 9.0.25 or later",
			     audit->had->index);
	}
}

static void audit_device(struct audit *audit)
{
	const struct pci *pci = &audit->inventory->forecast.pci;
	char address[PCI_ADDRESS_TEXT_MAX];
	bool there = false;

	for (size_t i = 0; i < pci->count; i++) {
		enum guest_hold hold =
			guests_hold(audit->guests, audit->had, pci, &pci->devices[i]);

		there |= hold == GUEST_HOLDS;
		if (hold != GUEST_HOLDS_NOT && !audit->had->kept)
			audit_taken(audit, &pci->devices[i], hold == GUEST_HOLDS_GROUP);
		if (hold == GUEST_HOLDS)
			audit_driver(audit, &pci->devices[i]);
	}
	/* That a mapping's device is not there, the mapping tells. */
	if (there || (audit->had->by[0] && audit->had->index < GUESTS_HOSTPCI_MAX))
		return;
	findings_add(audit->findings, FINDING_ERROR, audit->where,
		     "%s does not start: %s (%s) is not there", audit->name,
		     pci_address_format(&audit->had->address, address), audit->how);
	guests_fix_by_removing(audit->findings, audit->had);
}

const char *guests_format_map(const struct guests *guests, const struct pci_device *device,
			      const char *path, char text[GUESTS_OTHERS_MAX])
{
	char group[32] = "";

	if (device->group >= 0)
		snprintf(group, sizeof(group), "iommugroup=%d,", device->group);
	snprintf(text, GUESTS_OTHERS_MAX, "id=%04x:%04x,%snode=%s,path=%s,subsystem-id=%04x:%04x",
		 device->vendor, device->device, group, guests->node[0] ? guests->node : "NODE",
		 path, device->subvendor, device->subdevice);
	return text;
}

/* The function whose properties a path of a mapping must have: the first of a whole card. */
static const struct pci_device *find_mapped(const struct inventory *inventory, struct text path)
{
	char address[PCI_ADDRESS_TEXT_MAX + 2] = "";
	struct pci_address parsed;

	snprintf(address, sizeof(address), "%.*s%s", (int)text_length(&path), path.p,
		 memchr(path.p, '.', text_length(&path)) ? "" : ".0");
	return pci_address_parse(address, &parsed) ? pci_find(&inventory->forecast.pci, &parsed)
						   : NULL;
}

/*
 * Writes the first property that keeps Proxmox VE from starting a VM with this mapping, and what
 * the device has; false if it fits. See assert_valid() in PVE/Mapping/PCI.pm: the group is compared
 * of the first path alone.
 */
static bool is_stale(const struct guest_mapping *mapping, const struct inventory *inventory,
		     char fact[GUESTS_OTHERS_MAX])
{
	static const char *const names[] = { "id", "subsystem-id", "mdev", "iommugroup" };
	const char *flag = mapping->mediated ? "1" : "0";
	const struct text set[] = { guests_property(mapping->entry, "", names[0]),
				    guests_property(mapping->entry, "", names[1]),
				    { flag, flag + 1 },
				    guests_property(mapping->entry, "", names[3]) };
	struct text rest = mapping->path, path;

	while (text_take_until(&rest, ';', &path)) {
		const struct pci_device *device = find_mapped(inventory, path);
		size_t count = path.p == mapping->path.p ? 4 : 3;
		char real[4][16] = { "" };

		snprintf(fact, GUESTS_OTHERS_MAX, "is for %.*s, which is not there",
			 (int)text_length(&path), path.p);
		if (!device)
			return true;
		sprintf(real[0], "%04x:%04x", device->vendor, device->device);
		sprintf(real[1], "%04x:%04x", device->subvendor, device->subdevice);
		strcpy(real[2], guests_is_mediated(inventory, device) ? "1" : "0");
		if (device->group >= 0)
			snprintf(real[3], sizeof(real[3]), "%d", device->group);
		for (size_t i = 0; i < count; i++) {
			if (set[i].p ? text_equals(&set[i], real[i]) : !real[i][0])
				continue;
			snprintf(fact, GUESTS_OTHERS_MAX, "has %s %.*s, and %.*s has %s", names[i],
				 set[i].p ? (int)text_length(&set[i]) : 4, set[i].p ?: "none",
				 (int)text_length(&path), path.p, real[i][0] ? real[i] : "none");
			return true;
		}
	}
	return false;
}

const struct guest_mapping *guests_find_mapping(const struct guests *guests,
						const struct inventory *inventory, const char *path)
{
	char fact[GUESTS_OTHERS_MAX];

	for (size_t i = 0; i < guests->mapping_count; i++)
		if (guests->mappings[i].ours && text_equals(&guests->mappings[i].path, path) &&
		    !is_stale(&guests->mappings[i], inventory, fact))
			return &guests->mappings[i];
	return NULL;
}

/* How a mapping is written again, for the first device of its path. */
static void fix_mapping(struct audit *audit, const struct guest_mapping *mapping, bool alone)
{
	const struct pci_device *device;
	struct text rest = mapping->path, path;
	char name[GUESTS_NAME_MAX], place[GUESTS_OTHERS_MAX], map[GUESTS_OTHERS_MAX];

	text_take_until(&rest, ';', &path);
	device = find_mapped(audit->inventory, path);
	snprintf(name, sizeof(name), "%.*s", (int)text_length(&mapping->name), mapping->name.p);
	snprintf(place, sizeof(place), "%.*s", (int)text_length(&mapping->path), mapping->path.p);
	if (!device)
		findings_fix(audit->findings,
			     "Run 'vfio-earlyctl list' to see where it is now, and change the path "
			     "in the mapping %s",
			     name);
	else
		findings_fix(audit->findings,
			     "If this is the card that you want, run 'pvesh set "
			     "/cluster/mapping/pci/%s --map %s%s'%s",
			     name, guests_format_map(audit->guests, device, place, map),
			     guests_is_mediated(audit->inventory, device) ? " --mdev 1"
			     : mapping->mediated                          ? " --mdev 0"
									  : "",
			     alone ? "" : ", with a --map for each other entry of the mapping");
}

/* One line hostpciN that names a mapping. All its entries for this node must fit. */
static void audit_mapping(struct audit *audit, struct text name)
{
	const struct guests *guests = audit->guests;
	const struct guest_mapping *stale = NULL;
	char fact[GUESTS_OTHERS_MAX] = "";
	size_t entries = 0, ours = 0;

	for (size_t i = 0; i < guests->mapping_count; i++) {
		const struct guest_mapping *mapping = &guests->mappings[i];

		if (!text_same(&name, &mapping->name))
			continue;
		entries++;
		ours += mapping->ours;
		if (mapping->ours && !stale && is_stale(mapping, audit->inventory, fact))
			stale = mapping;
	}
	if (ours > 0 && !stale)
		return;
	findings_add(audit->findings, FINDING_ERROR, audit->where,
		     "%s does not start: the mapping %.*s %s", audit->name, (int)text_length(&name),
		     name.p,
		     stale     ? fact
		     : entries ? "has no entry for this node"
			       : "does not exist");
	if (stale)
		fix_mapping(audit, stale, entries == 1);
	else
		findings_fix(audit->findings,
			     "Run 'vfio-earlyctl vm DEVICE -i %u', which prints how to make one",
			     audit->guest->id);
}

static void audit_dropped(struct audit *audit)
{
	for (size_t i = 0; i < audit->guests->dropped_count; i++) {
		const struct guest_dropped *dropped = &audit->guests->dropped[i];

		if (dropped->guest != audit->guest->id || audit->guest->template)
			continue;
		format_where(audit, dropped->line.p);
		findings_add(audit->findings, FINDING_WARNING, audit->where,
			     "%s starts without the device of the line '%.*s', which Proxmox VE "
			     "drops: %s",
			     audit->name, (int)text_length(&dropped->line), dropped->line.p,
			     dropped->why);
		findings_fix(audit->findings, "Correct the line, or remove it");
	}
}

void guests_audit_one(struct findings *findings, const struct inventory *inventory,
		      const struct guests *guests, const struct guest *guest)
{
	struct audit audit = {
		.findings = findings, .inventory = inventory, .guests = guests, .guest = guest
	};

	guests_format(guest, audit.name);
	audit_dropped(&audit);
	for (size_t i = 0; i < GUESTS_HOSTPCI_MAX; i++)
		if (guest->mappings[i].p) {
			format_where(&audit, guest->mappings[i].p);
			audit_mapping(&audit, guest->mappings[i]);
		}
	for (size_t i = 0; i < guests->device_count; i++) {
		audit.had = &guests->devices[i];
		if (audit.had->guest != guest->id || guest->kind == GUEST_CONTAINER)
			continue;
		guests_format_how(audit.had, audit.how);
		format_where(&audit, guest->values[audit.had->index < GUESTS_HOSTPCI_MAX
							   ? GUEST_KEYS + audit.had->index
							   : GUEST_ARGS]
					     .p);
		audit_device(&audit);
	}
}

/* Whether two guests can't run at the same time, as VFIO opens a group once. */
static const struct pci_device *find_shared(const struct inventory *inventory,
					    const struct guest_device *a,
					    const struct guest_device *b)
{
	const struct pci *pci = &inventory->forecast.pci;

	if (a->mediated || a->choice || b->mediated || b->choice)
		return NULL;
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *one = &pci->devices[i];

		for (size_t n = 0; guests_means(a, &one->address) && n < pci->count; n++) {
			const struct pci_device *other = &pci->devices[n];

			if (guests_means(b, &other->address) &&
			    (one == other || (one->group >= 0 && one->group == other->group)))
				return one;
		}
	}
	return NULL;
}

/* Two VMs that start at boot; said once, for the first device. */
static void audit_pair(struct findings *findings, const struct inventory *inventory,
		       const struct guests *guests, const struct guest *a, const struct guest *b)
{
	char one[GUESTS_TEXT_MAX], other[GUESTS_TEXT_MAX], address[PCI_ADDRESS_TEXT_MAX];
	const struct pci_device *device = NULL;

	if (!a->onboot || !b->onboot || a->kind == GUEST_CONTAINER || b->kind == GUEST_CONTAINER)
		return;
	for (size_t i = 0; i < guests->device_count; i++)
		for (size_t n = 0; n < guests->device_count && !device; n++)
			if (guests->devices[i].guest == a->id && guests->devices[n].guest == b->id)
				device = find_shared(inventory, &guests->devices[i],
						     &guests->devices[n]);
	if (!device)
		return;
	findings_add(findings, FINDING_WARNING, NULL,
		     "%s and %s both start at boot with %s or others of its IOMMU group: only one "
		     "of them can run",
		     guests_format(a, one), guests_format(b, other),
		     pci_address_format(&device->address, address));
	findings_fix(findings, "Remove the device or the start at boot from one of them");
}

/*
 * vfio-pci does not show the IDs that it was given by ids= or new_id, which Proxmox VE writes for
 * each device that it binds: a device that is bound without an override tells of one.
 */
static void tell_new_id(struct findings *findings, const struct inventory *inventory)
{
	const struct pci *pci = &inventory->forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		for (size_t n = 0; n < pci->count; n++) {
			const struct pci_device *bound = &pci->devices[i],
						*other = &pci->devices[n];
			char address[PCI_ADDRESS_TEXT_MAX], twin[PCI_ADDRESS_TEXT_MAX];
			char driver[PCI_DRIVER_NAME_MAX];

			if (i == n || bound->vendor != other->vendor ||
			    bound->device != other->device || !bound->driver || !other->driver ||
			    strcmp(bound->driver, RULE_DEFAULT_DRIVER) != 0 ||
			    vfio_is_driver(other->driver) ||
			    !device_has(inventory, bound, "driver_override") ||
			    device_override(inventory, bound, driver))
				continue;
			findings_add(
				findings, FINDING_NOTE,
				pci_address_format(&bound->address, address),
				"It is bound to vfio-pci by its ID (ids= or new_id), which %s also "
				"has: vfio-pci takes that as well when it has no driver",
				pci_address_format(&other->address, twin));
			findings_fix(findings,
				     "Run 'echo %04x %04x > "
				     "/sys/bus/pci/drivers/vfio-pci/remove_id'",
				     bound->vendor, bound->device);
			break;
		}
}

/* A container's device node is of a device that a rule or a VM takes. */
static void tell_nodes(struct findings *findings, const struct inventory *inventory,
		       const struct guests *guests)
{
	const struct pci *pci = &inventory->forecast.pci;

	for (size_t i = 0; i < guests->device_count; i++) {
		const struct guest_device *had = &guests->devices[i];
		const struct guest *guest = guests_find(guests, had->guest), *taker = NULL;
		const struct pci_device *device = pci_find(pci, &had->address);
		const struct plan_row *row = device ? inventory_row(inventory, device) : NULL;
		char name[GUESTS_TEXT_MAX], other[GUESTS_TEXT_MAX] = "a rule";
		char address[PCI_ADDRESS_TEXT_MAX];

		if (!guest || guest->kind != GUEST_CONTAINER || !device)
			continue;
		for (size_t n = 0; n < guests->device_count && !taker; n++)
			if (guests_means(&guests->devices[n], &had->address) &&
			    !guests->devices[n].mediated)
				taker = guests_find(guests, guests->devices[n].guest);
		if (taker == guest)
			taker = NULL;
		if (!taker && !inventory_is_for_vm(row))
			continue;
		findings_add(findings, FINDING_WARNING, NULL,
			     "%s has %s of %s, which is not there while %s takes that device",
			     guests_format(guest, name), had->by,
			     pci_address_format(&device->address, address),
			     taker ? guests_format(taker, other) : other);
		findings_fix(findings, "Take it from the container, or use another device");
	}
}

void guests_audit(struct findings *findings, const struct inventory *inventory,
		  const struct guests *guests)
{
	if (guests->unmounted) {
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     GUESTS_PVE " is not mounted, so VMs can't be seen");
		findings_fix(findings, "Run 'systemctl start pve-cluster'");
	}
	if (guests->hidden)
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "Only root may read the files of VMs");
	for (size_t i = 0; i < guests->count; i++)
		guests_audit_one(findings, inventory, guests, &guests->list[i]);
	for (size_t i = 0; i < guests->count; i++)
		for (size_t n = i + 1; n < guests->count; n++)
			audit_pair(findings, inventory, guests, &guests->list[i], &guests->list[n]);
	tell_nodes(findings, inventory, guests);
	tell_new_id(findings, inventory);
}
