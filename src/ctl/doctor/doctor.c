/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks that there are, and how they are carried out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bootloader/bootloader.h"
#include "doctor/doctor.h"

/* In the order of the output: what comes first explains what follows. */
static const struct doctor_entry checks[] = {
	{ "host", "Host", doctor_check_host, false, DOCTOR_NEEDED },
	{ "cpu", "IOMMU", doctor_check_cpu, false, DOCTOR_NEEDED },
	{ "firmware", "IOMMU", doctor_check_firmware, false, DOCTOR_NEEDED },
	{ "iommu", "IOMMU", doctor_check_iommu, true, DOCTOR_SET_UP },
	{ "interrupts", "Interrupt remapping", doctor_check_interrupts, true, DOCTOR_NEEDED },
	{ "kernel", "Kernel command line", doctor_check_kernel, false, DOCTOR_ADVICE },
	{ "bootloader", "Kernel command line", doctor_check_bootloader, false, DOCTOR_NEEDED },
	{ "modules", "Modules and options", doctor_check_modules, false, DOCTOR_ADVICE },
	{ "options", "Modules and options", doctor_check_options, false, DOCTOR_ADVICE },
	{ "module-lists", "Modules and options", doctor_check_module_lists, false, DOCTOR_ADVICE },
	{ "rules", "Rules", doctor_check_rules, true, DOCTOR_ADVICE },
	{ "groups", "IOMMU groups", doctor_check_groups, true, DOCTOR_ADVICE },
	{ "reset", "Reset", doctor_check_reset, true, DOCTOR_ADVICE },
	{ "console", "Graphics cards", doctor_check_console, true, DOCTOR_ADVICE },
	{ "framebuffer", "Graphics cards", doctor_check_framebuffer, true, DOCTOR_ADVICE },
	{ "rebar", "Graphics cards", doctor_check_rebar, true, DOCTOR_ADVICE },
	{ "rom", "Graphics cards", doctor_check_rom, true, DOCTOR_ADVICE },
	{ "msrs", "Graphics cards", doctor_check_msrs, true, DOCTOR_ADVICE },
	{ "settings", "Other settings", doctor_check_conflicts, true, DOCTOR_ADVICE },
	{ "images", "Images", doctor_check_images, false, DOCTOR_SET_UP },
};

const char *doctor_result_name(enum finding_level level)
{
	return level == FINDING_ERROR ? "problem" : findings_level_name(level);
}

int doctor_open(struct doctor *doctor, const char *root)
{
	const struct host *host = &doctor->inventory.host;
	int result;

	*doctor = (struct doctor){ .words_error = 0 };
	result = inventory_open(&doctor->inventory, root, INVENTORY_PLAN);
	if (result < 0)
		return result;
	doctor->kernels_error = kernels_find(&doctor->kernels, host);
	doctor->words_error = bootloader_read_running(host, &doctor->words);
	if (host_readf(host, doctor->release, sizeof(doctor->release),
		       "/proc/sys/kernel/osrelease") < 0)
		doctor->release[0] = '\0';
	return 0;
}

void doctor_close(struct doctor *doctor)
{
	bootwords_free(&doctor->words);
	kernels_free(&doctor->kernels);
	inventory_close(&doctor->inventory);
}

static int run_check(struct doctor *doctor, const struct doctor_entry *check, doctor_take *take,
		     void *context)
{
	struct findings findings = { .count = 0 };
	int result = 0;

	if (check->on_devices && doctor->inventory.forecast.pci.directory < 0)
		findings_add(&findings, FINDING_UNKNOWN, NULL, "no PCI device can be seen");
	else
		check->run(doctor, &findings);
	findings_sort(&findings);
	for (size_t i = 0; i < findings.count && result == 0; i++)
		result = take(context, check, &findings.list[i]);
	if (findings.failed)
		result = -ENOMEM;
	findings_free(&findings);
	return result;
}

int doctor_run_checks(struct doctor *doctor, doctor_take *take, void *context)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && result == 0; i++)
		result = run_check(doctor, &checks[i], take, context);
	return result;
}

int doctor_print_finding(struct document *document, const struct doctor_entry *check,
			 const struct finding *finding)
{
	const char *where = finding->where ? finding->where : "";
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", where, where[0] ? ": " : "", finding->text,
		     finding->level == FINDING_OK ? "" : "; see " DOCTOR_MANUAL,
		     finding->level == FINDING_OK ? "" : check->section) < 0)
		return -ENOMEM;
	document_print_entry(document, check->name, doctor_result_name(finding->level),
			     findings_level_color(finding->level), text);
	free(text);
	return 0;
}
