/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether there is an IOMMU, it is on, and it remaps interrupts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/vfio.h"
#include "core/vfio.h"
#include "doctor/doctor.h"
#include "host/joined.h"

#define TABLES "/sys/firmware/acpi"
#define UNITS  "/sys/class/iommu"
#define GROUPS "/sys/kernel/iommu_groups"

void doctor_check_firmware(struct doctor *doctor, struct findings *findings)
{
	const struct iommu *iommu = &doctor->iommu;

	if (iommu->table) {
		findings_add(findings, FINDING_OK, NULL, "%s (ACPI table %s)", iommu->what,
			     iommu->table);
	} else if (doctor->inventory.forecast.pci.count > 0 &&
		   !inventory_lacks_iommu(&doctor->inventory)) {
		findings_add(findings, FINDING_OK, NULL, "The kernel has an IOMMU without a table");
	} else if (!host_has(&doctor->inventory.host, TABLES, "tables")) {
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "The firmware's tables can't be seen in " TABLES);
	} else {
		findings_add(findings, FINDING_ERROR, NULL,
			     "The firmware describes no IOMMU: it has neither an ACPI table DMAR "
			     "(Intel) nor IVRS (AMD)");
		findings_fix(
			findings, "%s",
			doctor_is_vm(doctor)
				? "This is a VM: add an IOMMU to it on its host, such as QEMU's "
				  "intel-iommu"
				: "Switch VT-d or IOMMU on in the firmware's setup");
	}
}

/* Of a short list of names. */
#define NAMES_MAX 128

/* What the kernel does with the host's own DMA; IOMMU groups have "type" since 5.11. */
static const char *const modes[] = { "DMA", "DMA-FQ", "identity", "blocked", "unmanaged" };

#define MODES (sizeof(modes) / sizeof(modes[0]))

struct groups {
	const struct host *host;
	size_t count;
	bool has[MODES]; /* some group is of this type */
};

static int take_group(void *context, const char *directory, const char *name)
{
	struct groups *groups = context;
	char type[24] = "";

	groups->count++;
	host_readf(groups->host, type, sizeof(type), "%s/%s/type", directory, name);
	for (size_t i = 0; i < MODES; i++)
		groups->has[i] |= strcmp(type, modes[i]) == 0;
	return 0;
}

/* The files have the word already: what is left to do until the kernel has it. */
static void explain_pending(struct doctor *doctor, struct findings *findings, const char *word)
{
	const struct bootchange *boot = &doctor->boot;
	struct bootwant want = { .word = word };
	char where[PATH_MAX], message[BOOT_MESSAGE_MAX];

	bootconfig_find(&boot->config, word, where);
	findings_add(findings, FINDING_ERROR, where,
		     "No device has an IOMMU group: the running kernel was started without %s",
		     word);
	if (bootsafe_check(boot->loader, boot->host, &boot->config, &boot->running, message) < 0) {
		findings_fix(findings, "Fix what the check 'bootloader' found first");
		return;
	}
	if (bootentries_check(boot->loader, boot->host, &boot->config, &want, 1, message) == 0)
		findings_fix(findings, "Reboot");
	else
		findings_fix(findings, "Run '%s', then reboot", boot->loader->refresh);
	doctor->told = word;
}

/* Nothing has a group: the first reason that explains it. */
static void explain_no_groups(struct doctor *doctor, struct findings *findings)
{
	const struct iommu *iommu = &doctor->iommu;
	const struct bootwords *running = &doctor->boot.running;
	const struct bootword *off = iommu_find_off(iommu, running);
	const struct bootword *on = iommu_find_on(iommu, &doctor->boot.config.words);
	char where[PATH_MAX];

	if (off) {
		doctor_find_word(doctor, off->text, where);
		findings_add(findings, FINDING_ERROR, where, "%s switches the IOMMU off",
			     off->text);
		doctor_fix_word(doctor, findings, off->text, true);
		if (bootwords_find(&doctor->boot.config.words, off->text) < 0)
			doctor->told = off->text;
	} else if (!iommu->table) {
		findings_add(findings, FINDING_ERROR, NULL,
			     "No device has an IOMMU group, so none can be passed through");
		findings_fix(findings, "Fix what the check 'firmware' found first");
	} else if (iommu->intel && !iommu->on_by_default && !iommu_find_on(iommu, running) && on) {
		explain_pending(doctor, findings, on->text);
	} else if (iommu->intel && !iommu->on_by_default && !iommu_find_on(iommu, running)) {
		findings_add(
			findings, FINDING_ERROR, NULL,
			"No device has an IOMMU group: this kernel leaves Intel's IOMMU off by "
			"default");
		findings_fix(findings, "Run 'vfio-earlyctl enable-iommu', then reboot");
	} else {
		findings_add(findings, FINDING_ERROR, NULL,
			     "No device has an IOMMU group, although the firmware has the ACPI "
			     "table %s",
			     iommu->table);
		findings_fix(findings, "Look for the reason in 'dmesg | grep -e DMAR -e AMD-Vi'");
	}
}

/* Debian's kernels leave Intel's own graphics, at 00:02.0, out unless intel_iommu=on is there. */
static void check_graphics(struct doctor *doctor, struct findings *findings)
{
	const struct plan *plan = &doctor->inventory.forecast.plan;
	const struct bootwords *running = &doctor->boot.running;
	const struct bootword *off = iommu_find_graphics_off(running);
	char device[PCI_IDS_SENTENCE_MAX];

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (row->outcome != OUTCOME_NO_IOMMU || !row->device ||
		    row->device->vendor != 0x8086 || row->device->class >> 16 != 0x03 ||
		    row->device->address.bus != 0 ||
		    (!off && iommu_find_on(&doctor->iommu, running)))
			continue;
		findings_add(findings, FINDING_ERROR, NULL,
			     "%s has no IOMMU group: %s leaves Intel's own graphics out",
			     doctor_name_device(doctor, row->device, device),
			     off ? off->text : "by default this kernel");
		findings_fix(findings,
			     "Run 'vfio-earlyctl cmdline %sadd " IOMMU_ON "', then reboot",
			     off ? "--replace " : "");
	}
}

static int take_unit(void *context, const char *directory, const char *name)
{
	(void)directory;
	joined_add(context, NAMES_MAX, name);
	return 0;
}

void doctor_check_iommu(struct doctor *doctor, struct findings *findings)
{
	struct groups groups = { .host = &doctor->inventory.host };
	char units[NAMES_MAX] = "", types[NAMES_MAX] = "";

	if (doctor_read_switch(doctor, "vfio", "enable_unsafe_noiommu_mode") == 1) {
		findings_add(findings, FINDING_ERROR, NULL,
			     "enable_unsafe_noiommu_mode is on: a VM with a device can write all "
			     "memory of the host");
		doctor_fix_option(doctor, findings, "vfio", "enable_unsafe_noiommu_mode");
	} else if (doctor->inventory.forecast.pci.count == 0) {
		findings_add(
			findings, FINDING_UNKNOWN, NULL,
			"There is no PCI device whose IOMMU group would show whether it is on");
	} else if (inventory_lacks_iommu(&doctor->inventory)) {
		explain_no_groups(doctor, findings);
	} else {
		check_graphics(doctor, findings);
	}
	if (findings->count > 0)
		return;
	host_each(&doctor->inventory.host, UNITS, take_unit, units);
	host_each(&doctor->inventory.host, GROUPS, take_group, &groups);
	for (size_t i = 0; i < MODES; i++)
		if (groups.has[i])
			joined_add(types, sizeof(types), modes[i]);
	findings_add(findings, FINDING_OK, NULL, "%s, %zu IOMMU groups%s%s",
		     units[0] ? units : "on", groups.count, types[0] ? " of type " : "", types);
}

struct ecaps {
	const struct host *host;
	char lacking[NAMES_MAX]; /* units of Intel's that cannot remap interrupts */
};

/* The extended capability register of a unit, whose bit 3 is for remapping (VT-d, 11.4.3). */
static int take_ecap(void *context, const char *directory, const char *name)
{
	struct ecaps *ecaps = context;
	char ecap[24];

	if (host_readf(ecaps->host, ecap, sizeof(ecap), "%s/%s/intel-iommu/ecap", directory, name) >
		    0 &&
	    !(strtoull(ecap, NULL, 16) & 1 << 3))
		joined_add(ecaps->lacking, sizeof(ecaps->lacking), name);
	return 0;
}

static bool allows_unsafe(const struct doctor *doctor)
{
	int now = doctor_read_switch(doctor, VFIO_IOMMU_MODULE, "allow_unsafe_interrupts");

	return now == 1 || (now < 0 && doctor_read_option(doctor, VFIO_IOMMU_MODULE,
							  "allow_unsafe_interrupts") == 1);
}

static const char *find_intremap_off(const struct doctor *doctor)
{
	static const char *const words[] = { "intremap=off", "nointremap" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (doctor_has_word(doctor, words[i]))
			return words[i];
	return NULL;
}

/* vfio_iommu_type1 refuses such a device with EPERM. */
#define NO_START "so a VM with a PCI device doesn't start"
#define RISK     "a VM with a device can send the host any interrupt"

static void explain_no_remapping(struct doctor *doctor, struct findings *findings)
{
	struct ecaps ecaps = { .host = &doctor->inventory.host };
	const char *word = find_intremap_off(doctor);
	char where[PATH_MAX];

	host_each(&doctor->inventory.host, UNITS, take_ecap, &ecaps);
	if (word) {
		doctor_find_word(doctor, word, where);
		findings_add(findings, FINDING_ERROR, where,
			     "%s switches interrupt remapping off, " NO_START, word);
		doctor_fix_word(doctor, findings, word, true);
	} else if (ecaps.lacking[0]) {
		findings_add(findings, FINDING_ERROR, NULL, "%s can't remap interrupts, " NO_START,
			     ecaps.lacking);
		findings_fix(findings,
			     "Only if you trust all VMs like the host (" RISK "): write 'options "
			     "vfio_iommu_type1 allow_unsafe_interrupts=1' to "
			     "/etc/modprobe.d/vfio.conf, run '%s', then reboot",
			     builder_find(&doctor->inventory.host)->command);
	} else {
		findings_add(findings, FINDING_ERROR, NULL,
			     "Interrupts are not remapped, " NO_START);
		findings_fix(findings,
			     "Switch x2APIC or interrupt remapping on in the firmware's setup; "
			     "'dmesg | grep -i remapping' shows the reason");
	}
}

void doctor_check_interrupts(struct doctor *doctor, struct findings *findings)
{
	int remapped = vfio_remaps_interrupts(doctor->inventory.host.directory);
	bool unsafe = allows_unsafe(doctor);

	if (remapped < 0) {
		findings_add(findings, FINDING_UNKNOWN, NULL, "/sys/kernel/irq can't be read: %s",
			     strerror(-remapped));
	} else if (remapped && unsafe) {
		findings_add(findings, FINDING_NOTE, NULL,
			     "Interrupts are remapped: allow_unsafe_interrupts=1 has no effect");
		doctor_fix_option(doctor, findings, VFIO_IOMMU_MODULE, "allow_unsafe_interrupts");
	} else if (remapped) {
		findings_add(findings, FINDING_OK, NULL, "Interrupts are remapped");
	} else if (inventory_lacks_iommu(&doctor->inventory)) {
		findings_add(findings, FINDING_NONE, NULL,
			     "Without an IOMMU, interrupts are not remapped");
	} else if (unsafe) {
		findings_add(
			findings, FINDING_WARNING, NULL,
			"Interrupts are not remapped, and allow_unsafe_interrupts=1 is set: " RISK);
		findings_fix(findings, "Run only VMs that you trust like the host");
	} else {
		explain_no_remapping(doctor, findings);
	}
}
