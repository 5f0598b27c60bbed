/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks that there are, and how they are carried out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"

#define DEVICES (DOCTOR_ON_DEVICES | DOCTOR_FOR_DEVICE)

/* In the order of the output: what comes first explains what follows. */
static const struct doctor_entry checks[] = {
	{ "host", "Host", doctor_check_host, DOCTOR_NEEDED | DOCTOR_FOR_DEVICE },
	{ "cpu", "IOMMU", doctor_check_cpu, DOCTOR_NEEDED | DOCTOR_FOR_DEVICE },
	{ "firmware", "IOMMU", doctor_check_firmware, DOCTOR_NEEDED | DOCTOR_FOR_DEVICE },
	{ "iommu", "IOMMU", doctor_check_iommu, DOCTOR_SET_UP | DEVICES },
	{ "interrupts", "Interrupt remapping", doctor_check_interrupts, DOCTOR_NEEDED | DEVICES },
	{ "kernel", "Kernel command line", doctor_check_kernel, 0 },
	{ "bootloader", "Kernel command line", doctor_check_bootloader, DOCTOR_NEEDED },
	{ "modules", "Modules and options", doctor_check_modules, DOCTOR_FOR_DEVICE },
	{ "options", "Modules and options", doctor_check_options, 0 },
	{ "module-lists", "Modules and options", doctor_check_module_lists, 0 },
	{ "device", "Devices", doctor_check_device, DOCTOR_DEVICE_ONLY | DEVICES },
	{ "rules", "Rules", doctor_check_rules, DOCTOR_ON_DEVICES },
	{ "groups", "IOMMU groups", doctor_check_groups, DEVICES },
	{ "reset", "Reset", doctor_check_reset, DEVICES },
	{ "console", "Graphics cards", doctor_check_console, DEVICES },
	{ "framebuffer", "Graphics cards", doctor_check_framebuffer, DEVICES },
	{ "rebar", "Graphics cards", doctor_check_rebar, DEVICES },
	{ "rom", "Graphics cards", doctor_check_rom, DEVICES },
	{ "msrs", "Graphics cards", doctor_check_msrs, DEVICES },
	{ "guests", "Virtual machines", doctor_check_guests, DOCTOR_ON_DEVICES },
	{ "settings", "Other settings", doctor_check_conflicts, DOCTOR_ON_DEVICES },
	{ "images", "Images", doctor_check_images, DOCTOR_SET_UP },
};

int doctor_open(struct doctor *doctor, const char *root)
{
	const struct host *host = &doctor->inventory.host;
	int result;

	*doctor = (struct doctor){ .boot_error = 0 };
	result = inventory_open(&doctor->inventory, root, INVENTORY_PLAN);
	if (result < 0)
		return result;
	doctor->kernels_error = kernels_find(&doctor->kernels, host, &doctor->inventory.protect);
	doctor->boot_error = bootchange_open(&doctor->boot, host, doctor->boot_message);
	iommu_read(&doctor->iommu, host);
	if (host_readf(host, doctor->release, sizeof(doctor->release),
		       "/proc/sys/kernel/osrelease") < 0)
		doctor->release[0] = '\0';
	return 0;
}

void doctor_close(struct doctor *doctor)
{
	bootchange_close(&doctor->boot);
	kernels_free(&doctor->kernels);
	inventory_close(&doctor->inventory);
	free(doctor->meant);
}

int doctor_mean(struct doctor *doctor, const char *name, char message[FIND_MESSAGE_MAX])
{
	struct forecast *forecast = &doctor->inventory.forecast;

	if (!doctor->meant)
		doctor->meant = calloc(forecast->pci.count + 1, sizeof(bool));
	snprintf(message, FIND_MESSAGE_MAX, "%s", strerror(ENOMEM));
	if (!doctor->meant)
		return -ENOMEM;
	return find_passable(forecast, &doctor->inventory.host, name, doctor->meant, message);
}

int doctor_plan(struct doctor *doctor)
{
	struct forecast *forecast = &doctor->inventory.forecast;
	const struct pci *pci = &forecast->pci;
	int result = 0;

	for (size_t i = 0; i < pci->count && result == 0; i++) {
		const struct rule rule = {
			.terms = RULE_PLACE,
			.place.start = pci->devices[i].address,
			.file = "doctor",
		};

		if (doctor->meant[i] && !inventory_row(&doctor->inventory, &pci->devices[i]))
			result = rules_append(&forecast->rules, &rule);
	}
	return result == 0 ? inventory_make_plan(&doctor->inventory) : result;
}

int doctor_run_checks(struct doctor *doctor, doctor_take *take, void *context)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && result == 0; i++) {
		const struct doctor_entry *check = &checks[i];
		struct findings findings = { .topic = check->name };

		if (doctor->meant ? !(check->use & DOCTOR_FOR_DEVICE)
				  : check->use & DOCTOR_DEVICE_ONLY)
			continue;
		if (check->use & DOCTOR_ON_DEVICES && doctor->inventory.forecast.pci.directory < 0)
			findings_add(&findings, FINDING_UNKNOWN, NULL, "PCI devices can't be seen");
		else
			check->run(doctor, &findings);
		findings_sort(&findings);
		result = findings.failed ? -ENOMEM : take(context, check, &findings);
		findings_free(&findings);
	}
	return result;
}
