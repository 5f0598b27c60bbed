/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a VM: lines for Proxmox VE, XML for libvirt, arguments for QEMU. */
#include <stdio.h>
#include <string.h>

#include "vm/vm.h"

/* A number of a port's chassis must be free; people begin at 1. */
#define QEMU_FIRST_CHASSIS 100

/* qm.conf(5), hostpci: what follows the card's name. */
static void print_properties(FILE *stream, const struct vm_part *part)
{
	fprintf(stream, "%s%s", part->express ? ",pcie=1" : "", part->primary ? ",x-vga=1" : "");
	if (part->romfile[0])
		fprintf(stream, ",romfile=%s", part->romfile);
}

/* Names of mappings have letters, digits, - and _. */
static void print_mapping_name(FILE *stream, const struct vm_part *part)
{
	char text[PCI_ADDRESS_TEXT_MAX];

	vm_format_part(part, text);
	for (char *p = text; (p = strpbrk(p, ":.")); p++)
		*p = '-';
	fprintf(stream, "pci-%s", text);
}

/* IDs and group are those of the first function, also of a whole card. */
static void print_mapping(FILE *stream, const struct vm *vm, const struct vm_part *part)
{
	const struct pci_device *device = part->functions[0];
	char text[PCI_ADDRESS_TEXT_MAX];

	print_mapping_name(stream, part);
	fprintf(stream,
		"\n\tmap id=%04x:%04x,iommugroup=%d,node=%s,path=%s,subsystem-id=%04x:%04x\n\n",
		device->vendor, device->device, device->group < 0 ? -1 : device->group,
		vm->guests.node[0] ? vm->guests.node : "NODE", vm_format_part(part, text),
		device->subvendor, device->subdevice);
}

static void print_lines(FILE *stream, const struct vm *vm, bool mapped)
{
	char text[PCI_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < vm->part_count; i++) {
		const struct vm_part *part = &vm->parts[i];

		fprintf(stream, "hostpci%u: %s", part->index, mapped ? "mapping=" : "");
		if (mapped)
			print_mapping_name(stream, part);
		else
			fprintf(stream, "%s", vm_format_part(part, text));
		print_properties(stream, part);
		fputc('\n', stream);
	}
}

static void print_command(FILE *stream, const struct vm *vm, const char *id)
{
	char text[PCI_ADDRESS_TEXT_MAX];

	fprintf(stream, "qm set %s", id);
	for (size_t i = 0; i < vm->part_count; i++) {
		fprintf(stream, " --hostpci%u %s", vm->parts[i].index,
			vm_format_part(&vm->parts[i], text));
		print_properties(stream, &vm->parts[i]);
	}
	fputc('\n', stream);
}

static void print_proxmox(FILE *stream, const struct vm *vm)
{
	char id[16] = "VMID";

	if (vm->id > 0)
		snprintf(id, sizeof(id), "%u", vm->id);
	fprintf(stream, "# " GUESTS_FILES "/%s.conf\n", id);
	print_lines(stream, vm, false);
	fprintf(stream, "\n# or by command\n");
	print_command(stream, vm, id);
	fprintf(stream, "\n# or by a resource mapping, in " GUESTS_MAPPINGS "\n");
	for (size_t i = 0; i < vm->part_count; i++)
		print_mapping(stream, vm, &vm->parts[i]);
	fprintf(stream, "# and in " GUESTS_FILES "/%s.conf\n", id);
	print_lines(stream, vm, true);
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
