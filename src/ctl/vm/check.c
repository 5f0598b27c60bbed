/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the way of a VM that shall get devices. */
#include <stdio.h>
#include <string.h>

#include "look/device.h"
#include "vm/vm.h"

static bool is_chosen(const struct vm *vm, const struct pci_device *device)
{
	for (size_t i = 0; i < vm->count; i++)
		if (vm->devices[i] == device)
			return true;
	return false;
}

static const struct pci_device *find_in_group(const struct vm *vm, int group)
{
	for (size_t i = 0; i < vm->count; i++)
		if (vm->devices[i]->group == group)
			return vm->devices[i];
	return NULL;
}

static void check_iommu(struct vm *vm)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	if (inventory_lacks_iommu(&vm->inventory)) {
		findings_add(&vm->findings, FINDING_WARNING, NULL, INVENTORY_NO_IOMMU);
		return;
	}
	for (size_t i = 0; i < vm->count; i++)
		if (vm->devices[i]->group < 0)
			findings_add(&vm->findings, FINDING_WARNING,
				     pci_address_format(&vm->devices[i]->address, address),
				     "it has no IOMMU group, so no VM can have it");
}

/* A device that is not for this VM, but in a group with one that is. */
static void check_companion(struct vm *vm, const struct pci_device *device,
			    const struct pci_device *chosen)
{
	const char *reason = inventory_reason(&vm->inventory, device);
	char where[PCI_ADDRESS_TEXT_MAX], other[PCI_ADDRESS_TEXT_MAX];

	pci_address_format(&device->address, where);
	pci_address_format(&chosen->address, other);
	if (vm_is_bound(device) || inventory_is_for_vm(inventory_row(&vm->inventory, device)))
		findings_add(&vm->findings, FINDING_NOTE, where,
			     "is in group %d with %s: no other VM can have it meanwhile; name it, "
			     "too, if this VM shall",
			     device->group, other);
	else if (reason)
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "is in group %d with %s, and the host stands on it (%s): no VM can "
			     "use this group; try another slot",
			     device->group, other, reason);
	else if (device->driver)
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "is in group %d with %s, and %s has it: no VM can use the group until "
			     "it is taken as well; run 'vfio-earlyctl add %s', or try another slot",
			     device->group, other, device->driver, where);
}

static void check_groups(struct vm *vm)
{
	const struct pci *pci = &vm->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i], *chosen;

		if (device->group < 0 || pci_is_bridge(device) || is_chosen(vm, device))
			continue;
		chosen = find_in_group(vm, device->group);
		if (chosen)
			check_companion(vm, device, chosen);
	}
}

enum binding {
	BOUND,
	BOUND_NOW,     /* but not by the next boot, for want of a rule */
	BOUND_AGAINST, /* the same by its rule */
	BOUND_LATER,
	UNBOUND, /* now and later, by its rule */
	UNRULED, /* the same for want of a rule */
};

static enum binding find_binding(const struct vm *vm, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(&vm->inventory, device);

	if (inventory_is_for_vm(row))
		return vm_is_bound(device) ? BOUND : BOUND_LATER;
	if (row)
		return vm_is_bound(device) ? BOUND_AGAINST : UNBOUND;
	return vm_is_bound(device) ? BOUND_NOW : UNRULED;
}

/* Of a function, or of a whole card; owner is who has it now. */
static void tell_binding(struct vm *vm, enum binding binding, const struct plan_row *row,
			 const char *owner, const char *where)
{
	struct findings *findings = &vm->findings;

	if (binding == BOUND_NOW)
		findings_add(findings, FINDING_NOTE, where,
			     "%s has it now, but no rule takes it at the next boot; run "
			     "'vfio-earlyctl add %s'",
			     owner, where);
	else if (binding == BOUND_LATER)
		findings_add(findings, FINDING_WARNING, where,
			     "%s has it until the next boot; reboot, or run 'vfio-earlyctl bind "
			     "%s'",
			     owner, where);
	else if (binding == UNRULED)
		findings_add(findings, FINDING_WARNING, where,
			     "%s has it, and no rule takes it; run 'vfio-earlyctl add %s'", owner,
			     where);
	else if (binding == UNBOUND || binding == BOUND_AGAINST)
		findings_add(
			findings, binding == UNBOUND ? FINDING_WARNING : FINDING_NOTE, where,
			"%s has it, %s the next boot does not take it for a VM: %s%s (%s:%u); see "
			"'vfio-earlyctl check'",
			owner, binding == UNBOUND ? "and" : "but",
			inventory_is_taken(row) ? "driver=" : "",
			inventory_is_taken(row) ? row->wanted : outcome_name(row->outcome),
			row->rule->file, row->rule->line);
}

static bool is_uniform(const struct vm *vm, const struct vm_part *part)
{
	enum binding first = find_binding(vm, part->functions[0]);

	for (size_t i = 1; i < part->count; i++)
		if (find_binding(vm, part->functions[i]) != first)
			return false;
	/* What a rule came to can differ. */
	return first != UNBOUND && first != BOUND_AGAINST;
}

static void check_binding(struct vm *vm, const struct vm_part *part)
{
	char where[PCI_ADDRESS_TEXT_MAX];

	if (part->count > 1 && is_uniform(vm, part)) {
		enum binding binding = find_binding(vm, part->functions[0]);

		tell_binding(vm, binding, inventory_row(&vm->inventory, part->functions[0]),
			     binding == BOUND_NOW ? "VFIO" : "the host",
			     vm_format_part(part, where));
		return;
	}
	for (size_t i = 0; i < part->count; i++) {
		const struct pci_device *device = part->functions[i];

		tell_binding(vm, find_binding(vm, device), inventory_row(&vm->inventory, device),
			     device->driver ? device->driver : "no driver",
			     pci_address_format(&device->address, where));
	}
}

static void check_drivers(struct vm *vm)
{
	for (size_t i = 0; i < vm->part_count; i++)
		check_binding(vm, &vm->parts[i]);
}

/* What the line of now sets besides would be lost with it. */
static void tell_replaced(struct vm *vm, const struct guest_device *had, const struct vm_part *part,
			  const char *where)
{
	const char *by = had->mapping[0] ? ", by the mapping " : "";
	char romfile[sizeof(part->romfile) + sizeof("romfile=")];

	snprintf(romfile, sizeof(romfile), "romfile=%s", part->romfile);
	if (!had->others[0] || strcmp(had->others, romfile) == 0)
		findings_add(&vm->findings, FINDING_NOTE, where,
			     "the VM has it already, as hostpci%u%s%s: the new line replaces that",
			     had->index, by, had->mapping);
	else
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "the VM has it already, as hostpci%u%s%s: the new line replaces that, "
			     "which also sets %s; add to the new line what shall stay",
			     had->index, by, had->mapping, had->others);
}

static void add_owner(struct vm *vm, const struct guest_device *had, const struct vm_part *part)
{
	const struct guest *guest = guests_find(&vm->guests, had->guest);
	const char *by = had->mapping[0] ? ", by the mapping " : "";
	char where[PCI_ADDRESS_TEXT_MAX];

	vm_format_part(part, where);
	if (had->guest != vm->id)
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "VM %u%s%s%s has it as well, as hostpci%u%s%s: only one of them can "
			     "run",
			     guest->id, guest->name[0] ? " (" : "", guest->name,
			     guest->name[0] ? ")" : "", had->index, by, had->mapping);
	else if (had->index == part->index)
		tell_replaced(vm, had, part, where);
	else
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "the VM has it already, as hostpci%u%s%s, too: remove that; run 'qm "
			     "set %u --delete hostpci%u'",
			     had->index, by, had->mapping, vm->id, had->index);
}

static void check_owners(struct vm *vm)
{
	for (size_t i = 0; i < vm->part_count; i++) {
		const struct vm_part *part = &vm->parts[i];
		const struct guest_device *last = NULL;

		for (size_t d = 0; d < vm->guests.device_count; d++) {
			const struct guest_device *had = &vm->guests.devices[d];
			bool again = last && last->guest == had->guest && last->index == had->index;
			bool means = false;

			for (size_t n = 0; n < part->count && !again; n++)
				means |= guests_means(had, &part->functions[n]->address);
			if (!means)
				continue;
			add_owner(vm, had, part);
			last = had;
		}
	}
}

static void check_machine(struct vm *vm)
{
	bool express = false;
	char where[24];

	for (size_t i = 0; i < vm->part_count; i++)
		express |= vm->parts[i].express;
	if (vm->format != VM_PROXMOX || !express)
		return;
	snprintf(where, sizeof(where), "VM %u", vm->id);
	if (!vm->guest)
		findings_add(&vm->findings, FINDING_NOTE, NULL,
			     "pcie=1 needs a VM of machine type q35, which is not the default; "
			     "--vmid looks at the VM");
	else if (!vm->guest->q35)
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "its machine type is i440fx, and pcie=1 needs q35; run 'qm set %u "
			     "--machine q35'",
			     vm->id);
}

/* Which firmware the VM must have for a picture on this card. */
static void check_firmware(struct vm *vm, const struct vm_part *part)
{
	char where[PCI_ADDRESS_TEXT_MAX];

	pci_address_format(&part->shown->address, where);
	if (!vm->guest)
		return;
	if (!part->rom_known && !vm->guest->ovmf)
		findings_add(
			&vm->findings, FINDING_NOTE, where,
			"VM %u starts with SeaBIOS, and newer cards have no image for that; if "
			"nothing is shown, try OVMF: 'qm set %u --bios ovmf --efidisk0 "
			"STORAGE:1'",
			vm->id, vm->id);
	else if (part->rom_known && vm->guest->ovmf && !part->has_uefi)
		findings_add(
			&vm->findings, FINDING_WARNING, where,
			"its ROM has no EFI image for x64, so the VM's OVMF shows nothing on it; "
			"use SeaBIOS ('qm set %u --bios seabios'), or another ROM file",
			vm->id);
	else if (part->rom_known && !vm->guest->ovmf && !part->has_bios)
		findings_add(
			&vm->findings, FINDING_WARNING, where,
			"its ROM has images for UEFI alone, so the VM's SeaBIOS shows nothing on "
			"it; run 'qm set %u --bios ovmf --efidisk0 STORAGE:1'",
			vm->id);
}

static void advise_file(struct vm *vm, const struct pci_device *device)
{
	char where[PCI_ADDRESS_TEXT_MAX];

	pci_address_format(&device->address, where);
	findings_add(
		&vm->findings, FINDING_NOTE, where,
		"the firmware starts it, which may change its ROM: if the VM shows nothing on it, "
		"let the firmware start another card once, then run 'vfio-earlyctl rom %s --dump "
		"%s/%04x-%04x.rom', and this again",
		where, vm_rom_directory(vm->format), device->vendor, device->device);
}

static void check_displays(struct vm *vm)
{
	for (size_t i = 0; i < vm->part_count; i++) {
		const struct vm_part *part = &vm->parts[i];

		if (!part->shown)
			continue;
		check_firmware(vm, part);
		if (!part->romfile[0] && device_is_boot_console(&vm->inventory, part->shown))
			advise_file(vm, part->shown);
	}
}

static void (*const checks[])(struct vm *vm) = {
	check_iommu, check_groups, check_drivers, check_owners, check_machine, check_displays,
};

void vm_check(struct vm *vm)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](vm);
}
