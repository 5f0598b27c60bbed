/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl vm: the settings that pass devices through to a VM. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/look.h"
#include "look/find.h"
#include "term/findings.h"
#include "term/options.h"
#include "vm/vm.h"

/* As qm(1) has it. */
#define ID_MIN 100
#define ID_MAX 999999999

static const char *const formats[] = {
	[VM_PROXMOX] = "proxmox",
	[VM_LIBVIRT] = "libvirt",
	[VM_QEMU] = "qemu",
};

static int take_format(struct vm *vm, const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i], name) == 0) {
			vm->format = (enum vm_format)i;
			return CTL_OK;
		}
	return ctl_fail("--for: found '%s', expected proxmox, libvirt or qemu", name);
}

/* Proxmox VE has neither of the others' directories; a host with libvirt uses it. */
static void detect_format(struct vm *vm)
{
	if (host_has(&vm->inventory.host, "/etc", "pve"))
		vm->format = VM_PROXMOX;
	else if (host_has(&vm->inventory.host, "/etc", "libvirt"))
		vm->format = VM_LIBVIRT;
	else
		vm->format = VM_QEMU;
}

static int take_id(struct vm *vm, const char *option, const char *text)
{
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || id < ID_MIN || id > ID_MAX)
		return ctl_fail("--%s: found '%s', expected the number of a VM, %d to %d", option,
				text, ID_MIN, ID_MAX);
	vm->id = (unsigned int)id;
	return CTL_OK;
}

static int read_guests(struct vm *vm)
{
	char path[PATH_MAX];
	int result = guests_read(&vm->guests, &vm->inventory.host, path);

	if (result < 0)
		return ctl_fail("%s: %s", path, strerror(-result));
	if (vm->id == 0)
		return CTL_OK;
	if (vm->guests.hidden)
		return ctl_fail(GUESTS_PVE ": %s", strerror(EACCES));
	if (vm->guests.unmounted)
		return ctl_fail(GUESTS_PVE " is not mounted, so VM %u can't be seen; run "
					   "'systemctl start pve-cluster'",
				vm->id);
	if (vm->format != VM_PROXMOX)
		return ctl_fail("VM %u: only Proxmox VE numbers its VMs, and these settings are "
				"for %s",
				vm->id, formats[vm->format]);
	vm->guest = guests_find(&vm->guests, vm->id);
	if (!vm->guest || vm->guest->kind != GUEST_VM)
		return ctl_fail("VM %u: no " GUESTS_FILES
				"/%u.conf; 'qm list' shows the VMs of this node",
				vm->id, vm->id);
	return CTL_OK;
}

/* Each once, and by address, as all devices are sorted: operands can overlap. */
static int find_devices(struct vm *vm, int argc, char **argv)
{
	const struct pci *pci = &vm->inventory.forecast.pci;
	bool *meant = calloc(pci->count + 1, sizeof(*meant));
	char message[FIND_MESSAGE_MAX];
	int status = CTL_OK;

	vm->devices =
		calloc(pci->count + 1, sizeof(*vm->devices)); /* NOLINT(*-sizeof-expression) */
	if (!meant || !vm->devices)
		status = ctl_fail("%s", strerror(ENOMEM));
	for (int i = 0; i < argc && status == CTL_OK; i++) {
		int result = find_passable(&vm->inventory.forecast, &vm->inventory.host, argv[i],
					   meant, message);

		if (result < 0)
			status = ctl_fail("%s", message);
		if (result == -EPERM) /* a bridge */
			status = CTL_INCOMPLETE;
	}
	for (size_t i = 0; i < pci->count && status == CTL_OK; i++)
		if (meant && meant[i])
			vm->devices[vm->count++] = &pci->devices[i];
	free(meant);
	return status;
}

static int refuse_protected(const struct vm *vm)
{
	char address[PCI_ADDRESS_TEXT_MAX];
	int status = CTL_OK;

	for (size_t i = 0; i < vm->count && !vm->force; i++) {
		const char *reason = inventory_reason(&vm->inventory, vm->devices[i]);

		if (!reason)
			continue;
		ctl_fail("%s is in use by the host: %s; --force prints the settings anyway",
			 pci_address_format(&vm->devices[i]->address, address), reason);
		status = CTL_INCOMPLETE;
	}
	return status;
}

static int make_parts(struct vm *vm)
{
	int result = vm_make_parts(vm);

	if (result == -ENOSPC)
		return ctl_fail("a VM can have %d PCI devices, hostpci0 to hostpci%d",
				GUESTS_HOSTPCI_MAX, GUESTS_HOSTPCI_MAX - 1);
	return result < 0 ? ctl_fail("%s", strerror(-result)) : CTL_OK;
}

/* Only what stops the VM, or would take from the host what it needs, is a reason. */
static int check_guest(struct vm *vm)
{
	guests_audit_one(&vm->findings, &vm->inventory, &vm->guests, vm->guest);
	findings_sort(&vm->findings);
	return findings_count(&vm->findings, FINDING_ERROR) > 0 ? CTL_INCOMPLETE : CTL_OK;
}

static int print_settings(struct vm *vm, int argc, char **argv)
{
	int status = find_devices(vm, argc, argv);

	if (status == CTL_OK)
		status = refuse_protected(vm);
	if (status == CTL_OK)
		status = make_parts(vm);
	if (status != CTL_OK)
		return status;
	vm_check(vm);
	vm_print(stdout, vm);
	return findings_status(&vm->findings);
}

static int run_vm(struct vm *vm, const struct ctl *ctl, const char *format, int argc, char **argv)
{
	int status = CTL_INTERNAL;

	if (look_at_host(&vm->inventory, ctl, INVENTORY_PLAN) == 0) {
		findings_tell(&vm->inventory.findings, FINDING_WARNING);
		if (!format)
			detect_format(vm);
		status = read_guests(vm);
	}
	if (status == CTL_OK)
		status = argc > 0 ? print_settings(vm, argc, argv) : check_guest(vm);
	/* Behind the settings, and apart from them: programs read the settings alone. */
	findings_report(&vm->findings);
	free(vm->parts);
	free(vm->devices);
	guests_free(&vm->guests);
	findings_free(&vm->findings);
	inventory_close(&vm->inventory);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl vm [OPTION]... DEVICE...\n"
	"       vfio-earlyctl vm --check VMID\n"
	"Prints the settings that pass the devices through to a VM, and what stands in the way.\n"
	"Nothing is changed.\n"
	"\n"
	"  -F, --for FORMAT    proxmox: hostpci lines, the qm command, a resource mapping;\n"
	"                      libvirt: XML for 'virsh edit'; qemu: arguments for machine q35.\n"
	"                      Default: what this host has\n"
	"  -i, --vmid N        check the file of this VM of Proxmox VE\n"
	"  -c, --check VMID    print what keeps this VM of Proxmox VE from starting, and what its\n"
	"                      start would take from the host\n"
	"  -f, --force         also devices in use by the host\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 nothing stands in the way, 1 usage or internal error, 2 something stands in the\n"
	"way, or was refused; with --check, the VM must not start.";

int command_vm(const struct ctl *ctl, int argc, char **argv)
{
	struct vm vm = { .id = 0 };
	const char *format = NULL, *id = NULL, *checked = NULL;
	const struct options_entry entries[] = {
		{ 'F', "for", .text = &format },
		{ 'i', "vmid", .text = &id },
		{ 'c', "check", .text = &checked },
		{ 'f', "force", .set = &vm.force },
		{},
	};
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = entries,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	if ((format && take_format(&vm, format) != CTL_OK) ||
	    (id && take_id(&vm, "vmid", id) != CTL_OK) ||
	    (checked && take_id(&vm, "check", checked) != CTL_OK))
		return CTL_INTERNAL;
	if (checked && argc > 0)
		return ctl_fail("vm: --check: unexpected operand '%s'", argv[0]);
	if (!checked && argc == 0)
		return ctl_fail("vm: no device given; 'vfio-earlyctl list' shows them");
	return run_vm(&vm, ctl, format, argc, argv);
}
