/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is peculiar to graphics cards that are reserved for VMs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "doctor/doctor.h"
#include "look/device.h"
#include "rom/rom.h"

/* The usual size without Resizable BAR; more can be too much for a guest's driver. */
#define BAR_PLAIN_MIB 256

#define BARS_MAX 6

static bool is_display(const struct pci_device *device)
{
	return device->class >> 16 == 0x03;
}

/* The next graphics card that is reserved for VMs, from the row *i of the plan on; NULL if there is
 * none. */
static const struct pci_device *next_display(const struct doctor *doctor, size_t *i)
{
	const struct pci_device *device;

	while ((device = doctor_next(doctor, i)))
		if (is_display(device))
			return device;
	return NULL;
}

/* Says that all is well, if nothing was found. */
static void conclude(const struct doctor *doctor, struct findings *findings, const char *fact)
{
	size_t i = 0;

	if (findings->count > 0)
		return;
	if (next_display(doctor, &i))
		findings_add(findings, FINDING_OK, NULL, "%s", fact);
	else
		findings_add(findings, FINDING_NONE, NULL, "No graphics card is reserved for VMs");
}

/* A graphics card that stays with the host; NULL if none does. */
static const struct pci_device *find_kept_display(const struct doctor *doctor)
{
	const struct pci *pci = &doctor->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (is_display(&pci->devices[i]) &&
		    !inventory_is_for_vm(inventory_row(&doctor->inventory, &pci->devices[i])))
			return &pci->devices[i];
	return NULL;
}

void doctor_check_console(struct doctor *doctor, struct findings *findings)
{
	const struct pci_device *kept = find_kept_display(doctor), *device;
	char name[PCI_IDS_SENTENCE_MAX], other[PCI_IDS_SENTENCE_MAX];

	for (size_t i = 0; (device = next_display(doctor, &i));) {
		if (!device_is_boot_console(&doctor->inventory, device))
			continue;
		findings_add(findings, FINDING_WARNING, NULL,
			     "%s shows the boot console: the screen turns dark when it is bound",
			     doctor_name_device(doctor, device, name));
		if (kept)
			findings_fix(findings,
				     "Make %s the primary display in the firmware's setup",
				     doctor_name_device(doctor, kept, other));
		else
			findings_fix(findings, "The host has no other display: make sure that you "
					       "can reach it by network");
	}
	conclude(doctor, findings,
		 "The boot console is on no graphics card that is reserved for VMs");
}

void doctor_check_framebuffer(struct doctor *doctor, struct findings *findings)
{
	const struct pci_device *device;

	for (size_t i = 0; (device = next_display(doctor, &i));) {
		int result =
			audit_framebuffer(findings, &doctor->inventory, &doctor->kernels, device);

		if (result < 0)
			findings_add(findings, FINDING_UNKNOWN, NULL,
				     "/proc/iomem can't be read: %s", strerror(-result));
	}
	conclude(doctor, findings,
		 "The firmware's framebuffer is in the memory of no card that is bound");
}

/* IORESOURCE_MEM of the kernel: BARs of ports are not needed. */
#define RESOURCE_MEMORY 0x200

/* "0xSTART 0xEND 0xFLAGS" of a BAR of memory; all are 0 if there is none. */
static void parse_bar(const char *resources, unsigned int bar, unsigned long long *start,
		      unsigned long long *end)
{
	unsigned long long flags;

	*start = *end = 0;
	for (; bar > 0 && resources; bar--) {
		resources = strchr(resources, '\n');
		resources = resources ? resources + 1 : NULL;
	}
	if (resources && (sscanf(resources, "%llx %llx %llx", start, end, &flags) != 3 ||
			  !(flags & RESOURCE_MEMORY)))
		*start = *end = 0;
}

/* The kernel keeps the size of a BAR for which it found no room, from address 0 on. */
static void check_room(struct doctor *doctor, struct findings *findings,
		       const struct pci_device *device, unsigned int bar)
{
	char name[PCI_IDS_SENTENCE_MAX];

	findings_add(findings, FINDING_ERROR, NULL, "BAR %u of %s has no address", bar,
		     doctor_name_device(doctor, device, name));
	findings_fix(findings,
		     "Switch 'Above 4G Decoding' on in the firmware's setup; if it is on, "
		     "switch Resizable BAR off");
}

/* Since 6.1 the attribute is there where the device can have BARs of several sizes. */
static void check_bars(struct doctor *doctor, struct findings *findings,
		       const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], path[PATH_MAX], name[PCI_IDS_SENTENCE_MAX], *resources;

	if (host_path(path, "/" PCI_DEVICES "/%s/resource",
		      pci_address_format(&device->address, address)) < 0 ||
	    host_read_text(&doctor->inventory.host, path, &resources) < 0)
		return;
	for (unsigned int bar = 0; bar < BARS_MAX; bar++) {
		unsigned long long start, end, size;
		char attribute[32];

		parse_bar(resources, bar, &start, &end);
		size = (end - start + 1) >> 20;
		if (start == 0 && end > 0)
			check_room(doctor, findings, device, bar);

		snprintf(attribute, sizeof(attribute), "resource%u_resize", bar);
		if (size <= BAR_PLAIN_MIB || !is_display(device) ||
		    !device_has(&doctor->inventory, device, attribute))
			continue;
		findings_add(findings, FINDING_NOTE, NULL,
			     "BAR %u of %s is resizable and has %llu MiB", bar,
			     doctor_name_device(doctor, device, name), size);
		findings_fix(findings,
			     "If the guest's driver fails (code 43), switch Resizable BAR "
			     "off in the firmware's setup");
	}
	free(resources);
}

void doctor_check_rebar(struct doctor *doctor, struct findings *findings)
{
	const struct pci_device *device;

	for (size_t i = 0; (device = doctor_next(doctor, &i));)
		check_bars(doctor, findings, device);
	conclude(doctor, findings,
		 "Every BAR has an address, and no resizable one more than 256 MiB");
}

void doctor_check_rom(struct doctor *doctor, struct findings *findings)
{
	char name[PCI_IDS_SENTENCE_MAX], address[PCI_ADDRESS_TEXT_MAX];
	const struct pci_device *device;
	struct romread vfct;

	for (size_t i = 0; (device = next_display(doctor, &i));) {
		doctor_name_device(doctor, device, name);
		if (!device_has(&doctor->inventory, device, "rom") &&
		    romvfct_read(&vfct, &doctor->inventory.host, device) == 0) {
			free(vfct.data);
			findings_add(findings, FINDING_NOTE, NULL,
				     "%s has no ROM, the firmware has one for it", name);
			findings_fix(findings,
				     "If the VM's screen stays dark, run 'vfio-earlyctl rom %s "
				     "--dump FILE' and give the VM that file (romfile=)",
				     pci_address_format(&device->address, address));
		} else if (!device_has(&doctor->inventory, device, "rom")) {
			findings_add(findings, FINDING_NOTE, NULL, "%s has no readable ROM", name);
			findings_fix(findings,
				     "If the VM's screen stays dark, give the VM a ROM file "
				     "(romfile=)");
		} else if (device_is_boot_console(&doctor->inventory, device)) {
			findings_add(findings, FINDING_NOTE, NULL,
				     "The ROM of %s is the copy that the firmware has run and may "
				     "have changed",
				     name);
			findings_fix(findings,
				     "If the VM's screen stays dark, run 'vfio-earlyctl rom %s'",
				     pci_address_format(&device->address, address));
		}
	}
	conclude(doctor, findings,
		 "Each graphics card that is reserved for VMs has a readable ROM");
}

/* Where it is not loaded, modprobe.d(5) tells how it will be. */
static int read_kvm_switch(const struct doctor *doctor, const char *name)
{
	int now = doctor_read_switch(doctor, "kvm", name);

	return now < 0 ? doctor_read_option(doctor, "kvm", name) : now;
}

void doctor_check_msrs(struct doctor *doctor, struct findings *findings)
{
	int ignored = read_kvm_switch(doctor, "ignore_msrs");
	int reported = read_kvm_switch(doctor, "report_ignored_msrs");
	size_t i = 0;

	if (!next_display(doctor, &i)) {
		conclude(doctor, findings, "");
	} else if (ignored < 0) {
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "The module kvm is not loaded, so its options can't be seen");
		findings_fix(findings, "Run 'modprobe kvm'");
	} else if (!ignored) {
		findings_add(
			findings, FINDING_NOTE, NULL,
			"kvm raises an exception in a guest that reads an unknown register, at "
			"which some graphics drivers crash");
		findings_fix(findings,
			     "If that happens, write 'options kvm ignore_msrs=1 "
			     "report_ignored_msrs=0' to /etc/modprobe.d/kvm.conf, then reboot");
	} else if (reported != 0) {
		findings_add(findings, FINDING_NOTE, NULL,
			     "kvm logs every read of an unknown register");
		findings_fix(findings, "Write 'options kvm report_ignored_msrs=0' to "
				       "/etc/modprobe.d/kvm.conf, then reboot");
	} else {
		findings_add(findings, FINDING_OK, NULL,
			     "kvm ignores reads of unknown registers, without logging them");
	}
}
