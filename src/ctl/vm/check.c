/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the way of passing devices through to a VM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "look/device.h"
#include "rom/rom.h"
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
		findings_add(&vm->findings, FINDING_ERROR, NULL,
			     "No device has an IOMMU group, so none can be passed through");
		findings_fix(&vm->findings, "Run 'vfio-earlyctl doctor', which shows why");
		return;
	}
	for (size_t i = 0; i < vm->count; i++)
		if (vm->devices[i]->group < 0)
			findings_add(&vm->findings, FINDING_ERROR,
				     pci_address_format(&vm->devices[i]->address, address),
				     "It has no IOMMU group, so it can't be passed through");
}

/* A device that this VM does not get, but in a group with one that it gets. */
static void check_companion(struct vm *vm, const struct pci_device *device,
			    const struct pci_device *chosen)
{
	const char *reason = inventory_reason(&vm->inventory, device);
	const char *outcome = vm->format == VM_PROXMOX
				      ? "Proxmox VE takes it from the host when the VM starts"
				      : "the group can't be passed through";
	struct findings *findings = &vm->findings;
	char where[PCI_ADDRESS_TEXT_MAX], other[PCI_ADDRESS_TEXT_MAX];

	pci_address_format(&device->address, where);
	pci_address_format(&chosen->address, other);
	if (vm_is_bound(device) || inventory_is_for_vm(inventory_row(&vm->inventory, device))) {
		findings_add(
			findings, FINDING_NOTE, where,
			"It is in the same IOMMU group (%d) as %s: no other VM can use it at the "
			"same time",
			device->group, other);
		findings_fix(findings, "Name it too, if this VM is to have it");
	} else if (reason) {
		findings_add(
			findings, FINDING_ERROR, where,
			"It is in the same IOMMU group (%d) as %s, and in use by the host (%s): %s",
			device->group, other, reason, outcome);
		findings_fix(findings, "Try another slot");
	} else if (device->driver) {
		findings_add(findings, FINDING_ERROR, where,
			     "It is in the same IOMMU group (%d) as %s, and bound to %s: %s",
			     device->group, other, device->driver, outcome);
		findings_fix(findings, "Run 'vfio-earlyctl add %s', or try another slot", where);
	}
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
	BOUND_NOW,     /* but not at the next boot: no rule names it */
	BOUND_AGAINST, /* the same by its rule */
	BOUND_LATER,
	UNBOUND, /* now and later, by its rule */
	UNRULED, /* the same: no rule names it */
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

/* Of a function, or of a whole card; owner is its driver now. */
static void tell_binding(struct vm *vm, enum binding binding, const struct plan_row *row,
			 const char *owner, const char *where)
{
	struct findings *findings = &vm->findings;

	switch (binding) {
	case BOUND:
		break;
	case BOUND_NOW:
		findings_add(findings, FINDING_NOTE, where,
			     "It is bound to %s now, but no rule binds it at the next boot", owner);
		findings_fix(findings, "Run 'vfio-earlyctl add %s'", where);
		break;
	case BOUND_LATER:
		findings_add(findings, FINDING_WARNING, where,
			     "It is bound to %s until the next boot", owner);
		findings_fix(findings, "Reboot, or run 'vfio-earlyctl bind %s'", where);
		break;
	case UNRULED:
		findings_add(findings, FINDING_WARNING, where,
			     "It is bound to %s, and no rule names it", owner);
		findings_fix(findings, "Run 'vfio-earlyctl add %s'", where);
		break;
	case UNBOUND:
	case BOUND_AGAINST:
		findings_add(findings, binding == UNBOUND ? FINDING_WARNING : FINDING_NOTE, where,
			     "It is bound to %s, and the next boot does not reserve it: %s%s "
			     "(%s:%u)",
			     owner, inventory_is_taken(row) ? "driver=" : "",
			     inventory_is_taken(row) ? row->wanted : outcome_name(row->outcome),
			     row->rule->file, row->rule->line);
		findings_fix(findings, "Run 'vfio-earlyctl check', which shows why");
		break;
	}
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
			     binding == BOUND_NOW ? "VFIO" : "host drivers",
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

/* A physical function whose virtual functions are there: one of these is meant, most often. */
static bool check_virtual(struct vm *vm, const struct vm_part *part)
{
	unsigned long count =
		device_read_number(&vm->inventory, part->functions[0], "sriov_numvfs", 10);
	char where[PCI_ADDRESS_TEXT_MAX];

	if (count == 0)
		return false;
	findings_add(&vm->findings, FINDING_WARNING,
		     pci_address_format(&part->functions[0]->address, where),
		     "Its virtual functions (%lu) vanish when it is passed through", count);
	findings_fix(&vm->findings, "Name a virtual function instead");
	return true;
}

static void check_drivers(struct vm *vm)
{
	for (size_t i = 0; i < vm->part_count; i++)
		if (!check_virtual(vm, &vm->parts[i]))
			check_binding(vm, &vm->parts[i]);
}

/* Proxmox VE unbinds every driver but vfio-pci, unless it is told not to. */
static void check_kept(struct vm *vm)
{
	char where[PCI_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < vm->part_count && vm->format == VM_PROXMOX; i++) {
		if (!vm->parts[i].kept)
			continue;
		vm_format_part(&vm->parts[i], where);
		findings_add(&vm->findings, vm->lacks_keep ? FINDING_ERROR : FINDING_NOTE, where,
			     vm->lacks_keep
				     ? "Proxmox VE 8 takes it from a driver other than "
				       "vfio-pci, and the VM does not start"
				     : "driver=keep leaves it to its driver of VFIO, and needs "
				       "qemu-server 9.0.25 or later");
		if (vm->lacks_keep)
			findings_fix(&vm->findings,
				     "Update to Proxmox VE 9, or remove 'driver=' from the rule");
	}
}

/* Options of the present line that the new one would lose. */
static void tell_replaced(struct vm *vm, const struct guest_device *had, const struct vm_part *part,
			  const char *where)
{
	char how[GUESTS_TEXT_MAX], romfile[sizeof(part->romfile) + sizeof("romfile=")];
	bool loses;

	snprintf(romfile, sizeof(romfile), "romfile=%s", part->romfile);
	loses = had->others[0] && strcmp(had->others, romfile) != 0;
	findings_add(&vm->findings, loses ? FINDING_WARNING : FINDING_NOTE, where,
		     "The VM already has it as %s: the new line replaces that%s%s",
		     guests_format_how(had, how), loses ? ", which also sets " : "",
		     loses ? had->others : "");
	if (loses)
		findings_fix(&vm->findings, "Add to the new line what you want to keep");
}

static void add_owner(struct vm *vm, const struct guest_device *had, const struct vm_part *part)
{
	char where[PCI_ADDRESS_TEXT_MAX], name[GUESTS_TEXT_MAX], how[GUESTS_TEXT_MAX];

	vm_format_part(part, where);
	guests_format_how(had, how);
	if (had->guest != vm->id) {
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "%s also has it, as %s: only one of them can run",
			     guests_format(guests_find(&vm->guests, had->guest), name), how);
	} else if (had->index == part->index) {
		tell_replaced(vm, had, part, where);
	} else {
		findings_add(&vm->findings, FINDING_WARNING, where, "The VM already has it, as %s",
			     how);
		guests_fix_by_removing(&vm->findings, had);
	}
}

static void check_owners(struct vm *vm)
{
	for (size_t i = 0; i < vm->part_count; i++) {
		const struct vm_part *part = &vm->parts[i];
		const struct guest_device *last = NULL;

		for (size_t d = 0; d < vm->guests.device_count; d++) {
			const struct guest_device *had = &vm->guests.devices[d];
			bool again = last && last->guest == had->guest && last->index == had->index;

			if (again || !vm_part_is(part, had))
				continue;
			add_owner(vm, had, part);
			last = had;
		}
	}
}

/* What the machine has besides its type: ",viommu=intel", which a new one keeps. */
static const char *find_rest(const struct guest *guest, char rest[GUESTS_TEXT_MAX])
{
	struct text machine = guest->values[GUEST_MACHINE], part;

	rest[0] = '\0';
	while (machine.p && text_take_until(&machine, ',', &part)) {
		size_t used = strlen(rest);

		if (memchr(part.p, '=', text_length(&part)) &&
		    strncmp(part.p, "type=", strlen("type=")) != 0)
			snprintf(rest + used, GUESTS_TEXT_MAX - used, ",%.*s",
				 (int)text_length(&part), part.p);
	}
	return rest;
}

static void check_machine(struct vm *vm)
{
	bool express = false;
	char where[24], rest[GUESTS_TEXT_MAX];

	for (size_t i = 0; i < vm->part_count; i++)
		express |= vm->parts[i].express;
	if (vm->format != VM_PROXMOX || !express)
		return;
	snprintf(where, sizeof(where), "VM %u", vm->id);
	if (!vm->guest) {
		findings_add(&vm->findings, FINDING_NOTE, NULL,
			     "pcie=1 needs a VM of machine type q35, which is not the default");
		findings_fix(&vm->findings, "Add --vmid to have the VM checked");
	} else if (!vm->guest->q35) {
		findings_add(&vm->findings, FINDING_ERROR, where,
			     "Its machine type is i440fx, and pcie=1 needs q35");
		findings_fix(&vm->findings, "Run 'qm set %u --machine q35%s'", vm->id,
			     find_rest(vm->guest, rest));
	}
}

/* Which firmware the VM needs for a picture on this card. */
static void check_firmware(struct vm *vm, const struct vm_part *part)
{
	struct findings *findings = &vm->findings;
	char where[PCI_ADDRESS_TEXT_MAX];
	const char *disk = " --efidisk0 STORAGE:1,efitype=4m";

	pci_address_format(&part->shown->address, where);
	if (!vm->guest)
		return;
	if (vm->guest->values[GUEST_EFIDISK].p)
		disk = "";
	if (!part->rom_known && !vm->guest->ovmf) {
		findings_add(findings, FINDING_NOTE, where,
			     "VM %u starts with SeaBIOS, for which newer cards have no ROM image",
			     vm->id);
		findings_fix(findings,
			     "If the screen stays dark, try OVMF: 'qm set %u --bios ovmf%s'",
			     vm->id, disk);
	} else if (part->rom_known && vm->guest->ovmf && !part->has_uefi) {
		findings_add(findings, FINDING_WARNING, where,
			     "Its ROM has no EFI image for x64, so OVMF shows nothing on it");
		findings_fix(findings, "Run 'qm set %u --bios seabios', or use another ROM file",
			     vm->id);
	} else if (part->rom_known && !vm->guest->ovmf && !part->has_bios) {
		findings_add(findings, FINDING_WARNING, where,
			     "Its ROM has only images for UEFI, so SeaBIOS shows nothing on it");
		findings_fix(findings, "Run 'qm set %u --bios ovmf%s'", vm->id, disk);
	}
}

static void advise_file(struct vm *vm, const struct pci_device *device)
{
	const struct host *host = &vm->inventory.host;
	bool has_rom = romcard_has_rom(host, device);
	struct romread vfct = { .data = NULL };
	char where[PCI_ADDRESS_TEXT_MAX];

	if (!has_rom && romvfct_read(&vfct, host, device) < 0)
		return;
	free(vfct.data);
	pci_address_format(&device->address, where);
	findings_add(&vm->findings, FINDING_NOTE, where, "%s",
		     has_rom ? "The firmware initializes it, which can change its ROM"
			     : "It has no ROM, the firmware has one for it");
	findings_fix(
		&vm->findings,
		"If the screen stays dark, %srun 'vfio-earlyctl rom %s --dump %s/%04x-%04x.rom', "
		"then this command again",
		has_rom ? "boot once with another card as primary display, " : "", where,
		vm_rom_directory(vm->format), device->vendor, device->device);
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

/* Settings of the VM that mean something else when it has a device. */
static const struct {
	enum guest_key key;
	const char *name, *harmless; /* a value of which nothing is said */
	bool primary;                /* only beside a card that has the first picture */
	const char *text;
} settings[] = {
	{ GUEST_VGA, "vga", "none", true, "is a second display besides the card" },
	{ GUEST_BALLOON, "balloon", "0", false,
	  "frees no memory: all of it stays allocated for the PCI device" },
	{ GUEST_HOOKSCRIPT, "hookscript", "", false,
	  "is there already: have it call 'vfio-earlyctl vm --check' with the VM's number" },
};

static void check_settings(struct vm *vm)
{
	char where[24];
	bool primary = false;

	snprintf(where, sizeof(where), "VM %u", vm->id);
	for (size_t i = 0; i < vm->part_count; i++)
		primary |= vm->parts[i].primary;
	if (vm->guest && vm->guest->template)
		findings_add(&vm->findings, FINDING_WARNING, where,
			     "It is a template, which is never started");
	for (size_t i = 0; vm->guest && i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct text *value = &vm->guest->values[settings[i].key];

		if (value->p && (primary || !settings[i].primary) &&
		    !text_equals(value, settings[i].harmless))
			findings_add(&vm->findings, FINDING_NOTE, where, "'%s: %.*s' %s",
				     settings[i].name, (int)text_length(value), value->p,
				     settings[i].text);
	}
}

static void (*const checks[])(struct vm *vm) = {
	check_iommu,  check_groups,  check_drivers,  check_kept,
	check_owners, check_machine, check_settings, check_displays,
};

void vm_check(struct vm *vm)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](vm);
}
