/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a VM: lines for Proxmox VE, XML for libvirt, arguments for QEMU. */
#include <stdio.h>
#include <string.h>

#include "vm/vm.h"

/* A number of a port's chassis must be free; people begin at 1. */
#define QEMU_FIRST_CHASSIS 100

/* Names of mappings have letters, digits, - and _. */
static const char *format_mapping(const struct vm_part *part, char name[GUESTS_NAME_MAX])
{
	char text[PCI_ADDRESS_TEXT_MAX];

	if (part->mapping) {
		snprintf(name, GUESTS_NAME_MAX, "%.*s", (int)text_length(&part->mapping->name),
			 part->mapping->name.p);
		return name;
	}
	snprintf(name, GUESTS_NAME_MAX, "pci-%s", vm_format_part(part, text));
	for (char *p = name; (p = strpbrk(p, ":.")); p++)
		*p = '-';
	return name;
}

/* The value of hostpciN, by address or by mapping (qm.conf(5)). */
static void print_value(FILE *stream, const struct vm *vm, const struct vm_part *part, bool mapped)
{
	char text[PCI_ADDRESS_TEXT_MAX], name[GUESTS_NAME_MAX];

	fprintf(stream, "%s%s%s%s%s%s%s", mapped ? "mapping=" : "",
		mapped ? format_mapping(part, name) : vm_format_part(part, text),
		part->express ? ",pcie=1" : "", part->primary ? ",x-vga=1" : "",
		part->romfile[0] ? ",romfile=" : "", part->romfile,
		part->kept && !vm->lacks_keep ? ",driver=keep" : "");
}

static void print_command(FILE *stream, const struct vm *vm, const char *id, bool mapped)
{
	fprintf(stream, "qm set %s", id);
	for (size_t i = 0; i < vm->part_count; i++) {
		fprintf(stream, " --hostpci%u ", vm->parts[i].index);
		print_value(stream, vm, &vm->parts[i], mapped);
	}
	fputc('\n', stream);
}

/* The commands that make mappings; IDs and group are those of the first function, also of a card.
 */
static void print_mappings(FILE *stream, const struct vm *vm, const char *id)
{
	char name[GUESTS_NAME_MAX], text[PCI_ADDRESS_TEXT_MAX], map[GUESTS_OTHERS_MAX];

	for (size_t i = 0; i < vm->part_count; i++) {
		const struct vm_part *part = &vm->parts[i];
		const struct pci_device *device = part->functions[0];

		if (!part->mapping)
			fprintf(stream, "pvesh create /cluster/mapping/pci --id %s --map %s%s\n",
				format_mapping(part, name),
				guests_format_map(&vm->guests, device, vm_format_part(part, text),
						  map),
				guests_is_mediated(&vm->inventory, device) ? " --mdev 1" : "");
	}
	print_command(stream, vm, id, true);
}

static void print_hook(FILE *stream, const struct vm *vm)
{
	if (!vm->guest || vm->guest->values[GUEST_HOOKSCRIPT].p)
		return;
	fprintf(stream,
		"\n# to have the host checked before each start of the VM; the storage must allow "
		"snippets\n"
		"cp " VM_HOOK " /var/lib/vz/snippets/\n"
		"qm set %u --hookscript local:snippets/%s\n",
		vm->id, strrchr(VM_HOOK, '/') + 1);
}

static void print_proxmox(FILE *stream, const struct vm *vm)
{
	char id[16] = "VMID";
	bool mapped = true;

	for (size_t i = 0; i < vm->part_count; i++)
		mapped &= vm->parts[i].mapping != NULL;
	if (vm->id > 0)
		snprintf(id, sizeof(id), "%u", vm->id);
	if (mapped) {
		fprintf(stream, "# by the resource mapping that is there\n");
		print_mappings(stream, vm, id);
	}
	fprintf(stream, "%s# " GUESTS_FILES "/%s.conf\n", mapped ? "\n" : "", id);
	for (size_t i = 0; i < vm->part_count; i++) {
		fprintf(stream, "hostpci%u: ", vm->parts[i].index);
		print_value(stream, vm, &vm->parts[i], false);
		fputc('\n', stream);
	}
	fprintf(stream, "\n# or by command\n");
	print_command(stream, vm, id, false);
	if (!mapped) {
		fprintf(stream,
			"\n# or by a resource mapping, which checks the ID at each start\n");
		print_mappings(stream, vm, id);
	}
	fprintf(stream, "\n# to see it in the running VM: 'info pci' in\nqm monitor %s\n", id);
	print_hook(stream, vm);
}

/*
 * Formatdomain, "Host device assignment". Managed means that libvirt returns the device to its host
 * driver when the VM ends, which is wrong where a rule reserves it.
 */
static void print_hostdev(FILE *stream, const struct vm *vm, const struct vm_part *part,
			  const struct pci_device *device)
{
	const struct pci_address *address = &device->address;
	bool kept =
		vm_is_bound(device) || inventory_is_for_vm(inventory_row(&vm->inventory, device));

	fprintf(stream,
		"<hostdev mode='subsystem' type='pci' managed='%s'>\n"
		"  <source>\n"
		"    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n"
		"  </source>\n",
		kept ? "no" : "yes", address->domain, address->bus, address->device,
		(unsigned int)address->function);
	if (part->romfile[0] && device == part->shown)
		fprintf(stream, "  <rom file='%s'/>\n", part->romfile);
	fputs("</hostdev>\n", stream);
}

static void print_libvirt(FILE *stream, const struct vm *vm)
{
	for (size_t i = 0; i < vm->part_count; i++)
		for (size_t n = 0; n < vm->parts[i].count; n++)
			print_hostdev(stream, vm, &vm->parts[i], vm->parts[i].functions[n]);
}

/* The functions of a card are renumbered: QEMU needs a first, and hosts can hide it. */
static void print_qemu(FILE *stream, const struct vm *vm)
{
	char text[PCI_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < vm->part_count; i++) {
		const struct vm_part *part = &vm->parts[i];

		fprintf(stream, "-device pcie-root-port,id=vfio%zu,bus=pcie.0,chassis=%zu\n", i,
			QEMU_FIRST_CHASSIS + i);
		for (size_t n = 0; n < part->count; n++) {
			const struct pci_device *device = part->functions[n];

			fprintf(stream, "-device vfio-pci,host=%s,bus=vfio%zu,addr=0.%zu",
				pci_address_format(&device->address, text), i, n);
			if (n == 0 && part->count > 1)
				fprintf(stream, ",multifunction=on");
			if (part->romfile[0] && device == part->shown)
				fprintf(stream, ",romfile=%s", part->romfile);
			fputc('\n', stream);
		}
	}
}

void vm_print(FILE *stream, const struct vm *vm)
{
	static void (*const printers[])(FILE * stream, const struct vm *vm) = {
		[VM_PROXMOX] = print_proxmox,
		[VM_LIBVIRT] = print_libvirt,
		[VM_QEMU] = print_qemu,
	};

	printers[vm->format](stream, vm);
}
