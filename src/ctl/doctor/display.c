/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is peculiar to graphics cards that are given away. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/framebuffer.h"
#include "core/vfio.h"
#include "doctor/doctor.h"
#include "look/device.h"

/* Cards of this size work without Resizable BAR; more can be too much for a guest's driver. */
#define BAR_PLAIN_MIB 256

#define BARS_MAX 6

static bool is_display(const struct pci_device *device)
{
	return device->class >> 16 == 0x03;
}

/* The next graphics card that goes to a VM, from the row at *i on; NULL if there is none. */
static const struct pci_device *next_display(const struct doctor *doctor, size_t *i)
{
	const struct plan *plan = &doctor->inventory.forecast.plan;

	while (*i < plan->count) {
		const struct plan_row *row = &plan->rows[(*i)++];

		if (inventory_is_for_vm(row) && is_display(row->device))
			return row->device;
	}
	return NULL;
}

/* Says that all is well, if nothing was found; without graphics cards there is nothing to see. */
__attribute__((format(printf, 3, 4))) static void conclude(const struct doctor *doctor,
							   struct findings *findings,
							   const char *format, ...)
{
	char text[128];
	size_t i = 0;
	va_list arguments;

	if (findings->count > 0)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	findings_add(findings, FINDING_OK, NULL, "%s",
		     next_display(doctor, &i) ? text : "no graphics card goes to a VM");
}

/* A graphics card that stays with the host; NULL if all go. */
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
		doctor_name_device(doctor, device, name);
		if (kept)
			findings_add(findings, FINDING_WARNING, NULL,
				     "%s shows the boot console, and the screen goes dark when it "
				     "is taken; make %s the primary display in the firmware's "
				     "setup",
				     name, doctor_name_device(doctor, kept, other));
		else
			findings_add(findings, FINDING_WARNING, NULL,
				     "%s shows the boot console, and the host has no other "
				     "display; make sure that you can reach the host by network",
				     name);
	}
	conclude(doctor, findings, "the boot console is on no card that goes to a VM");
}

void doctor_check_framebuffer(struct doctor *doctor, struct findings *findings)
{
	char name[PCI_IDS_SENTENCE_MAX], address[PCI_ADDRESS_TEXT_MAX], *iomem = NULL;
	int result = host_read_text(&doctor->inventory.host, "/proc/iomem", &iomem);
	const struct pci_device *device;

	for (size_t i = 0; (device = next_display(doctor, &i));) {
		if (!device->driver || !vfio_is_driver(device->driver))
			continue; /* the framebuffer goes when the card is taken */
		if (result < 0)
			findings_add(findings, FINDING_UNKNOWN, NULL,
				     "/proc/iomem cannot be read: %s", strerror(-result));
		else if (framebuffer_find(iomem, pci_address_format(&device->address, address)))
			findings_add(findings, FINDING_WARNING, NULL,
				     "the firmware's framebuffer still is in the memory of %s, "
				     "which a VM cannot map then; run 'vfio-earlyctl cmdline add "
				     "initcall_blacklist=sysfb_init' and reboot",
				     doctor_name_device(doctor, device, name));
	}
	free(iomem);
	conclude(doctor, findings,
		 "no framebuffer of the firmware is in the memory of a card that vfio-pci has");
}

/* "0xSTART 0xEND 0xFLAGS": the size of a BAR in MiB; 0 if there is none. */
static unsigned long long parse_bar(const char *resources, unsigned int bar)
{
	unsigned long long start, end;

	for (; bar > 0 && resources; bar--) {
		resources = strchr(resources, '\n');
		resources = resources ? resources + 1 : NULL;
	}
	if (!resources || sscanf(resources, "%llx %llx", &start, &end) != 2 || end <= start)
		return 0;
	return (end - start + 1) >> 20;
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
		unsigned long long size = parse_bar(resources, bar);
		char attribute[32];

		snprintf(attribute, sizeof(attribute), "resource%u_resize", bar);
		if (size > BAR_PLAIN_MIB && device_has(&doctor->inventory, device, attribute))
			findings_add(findings, FINDING_NOTE, NULL,
				     "BAR %u of %s is resizable and has %llu MiB; if the guest's "
				     "driver fails (code 43), switch Resizable BAR off in the "
				     "firmware's setup",
				     bar, doctor_name_device(doctor, device, name), size);
	}
	free(resources);
}

void doctor_check_rebar(struct doctor *doctor, struct findings *findings)
{
	const struct pci_device *device;

	for (size_t i = 0; (device = next_display(doctor, &i));)
		check_bars(doctor, findings, device);
	conclude(doctor, findings, "no resizable BAR has more than %d MiB", BAR_PLAIN_MIB);
}

void doctor_check_rom(struct doctor *doctor, struct findings *findings)
{
	char name[PCI_IDS_SENTENCE_MAX], address[PCI_ADDRESS_TEXT_MAX];
	const struct pci_device *device;

	for (size_t i = 0; (device = next_display(doctor, &i));) {
		doctor_name_device(doctor, device, name);
		if (!device_has(&doctor->inventory, device, "rom"))
			findings_add(findings, FINDING_NOTE, NULL,
				     "%s has no ROM that could be read; if the VM's screen stays "
				     "dark, give it a file with romfile=",
				     name);
		else if (device_is_boot_console(&doctor->inventory, device))
			findings_add(findings, FINDING_NOTE, NULL,
				     "the ROM of %s is the copy that the firmware has run and may "
				     "have changed; if the VM's screen stays dark, look at it with "
				     "'vfio-earlyctl rom %s'",
				     name, pci_address_format(&device->address, address));
	}
	conclude(doctor, findings, "each card that goes to a VM shows one");
}

/* Where it is not loaded, modprobe.d(5) tells how it will be. */
static int read_kvm_switch(const struct doctor *doctor, const char *name, const char *on,
			   const char *off)
{
	int now = doctor_read_switch(doctor, "kvm", name);

	if (now < 0 && doctor_has_option(doctor, "kvm", on))
		return 1;
	if (now < 0 && doctor_has_option(doctor, "kvm", off))
		return 0;
	return now;
}

void doctor_check_msrs(struct doctor *doctor, struct findings *findings)
{
	int ignored = read_kvm_switch(doctor, "ignore_msrs", "ignore_msrs=1", "ignore_msrs=0");
	int reported = read_kvm_switch(doctor, "report_ignored_msrs", "report_ignored_msrs=1",
				       "report_ignored_msrs=0");
	size_t i = 0;

	if (!next_display(doctor, &i))
		findings_add(findings, FINDING_OK, NULL, "no graphics card goes to a VM");
	else if (ignored < 0)
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "kvm is not loaded, so its options cannot be seen; run 'modprobe "
			     "kvm'");
	else if (!ignored)
		findings_add(findings, FINDING_NOTE, NULL,
			     "kvm answers an unknown register with an exception, at which some "
			     "drivers of graphics cards crash their guest; if that happens, put "
			     "'options kvm ignore_msrs=1 report_ignored_msrs=0' into "
			     "/etc/modprobe.d/kvm.conf and reboot");
	else if (reported != 0)
		findings_add(findings, FINDING_NOTE, NULL,
			     "kvm ignores unknown registers and fills the log with them; put "
			     "'options kvm report_ignored_msrs=0' into /etc/modprobe.d/kvm.conf "
			     "and reboot");
	else
		findings_add(findings, FINDING_OK, NULL,
			     "kvm ignores unknown registers, and quietly");
}
