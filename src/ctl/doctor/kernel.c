/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether kernels, their command line, their modules and their images are ready. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "bind/vfio.h"
#include "bootloader/esp.h"
#include "core/vfio.h"
#include "doctor/doctor.h"
#include "image/modules.h"

/* What guides have people add that no rule needs, by its name and a part of its value, if any. */
static const struct known_word {
	const char *name, *part, *what;
} known_words[] = {
	{ "nomodeset", NULL,
	  "takes accelerated graphics from the host's own card as well; rules don't need it" },
	{ "iommu", "soft",
	  "asks for bounce buffers in place of an IOMMU; passthrough doesn't need it" },
	{ "pci", "noats",
	  "switches address translation in all devices off; the kernel does it for those that are "
	  "known to need it" },
	{ "intel_pstate", NULL, "is about processor clocks; passthrough doesn't need it" },
	{ "pcie_aspm", NULL, "is about saving power; passthrough doesn't need it" },
};

static const char *describe(const char *word)
{
	for (size_t i = 0; i < sizeof(known_words) / sizeof(known_words[0]); i++) {
		const struct known_word *known = &known_words[i];

		if (bootword_has_name(word, known->name) &&
		    (!known->part || strstr(word, known->part)))
			return known->what;
	}
	return NULL;
}

/* "video=efifb:off", "video=vesa:off,efifb:off" and the like. */
static bool is_framebuffer_off(const char *word)
{
	return strcmp(word, "nofb") == 0 || (bootword_has_name(word, "video") &&
					     (strstr(word, "fb:off") || strstr(word, "vesa:off")));
}

#define TRUST "Run only VMs that you trust like the host"

static const char *explain(const char *word)
{
	if (is_framebuffer_off(word))
		return "vfio-early releases the firmware's framebuffer itself";
	return iommu_explain(word);
}

static void check_acs_words(struct doctor *doctor, struct findings *findings)
{
	const struct bootwords *words = &doctor->boot.running;
	long index = bootwords_find_name(words, "pcie_acs_override", 0);
	char where[PATH_MAX];
	const char *word;

	if (index < 0)
		return;
	word = words->list[index].text;
	doctor_find_word(doctor, word, where);
	if (audit_has_acs_override(&doctor->inventory.host)) {
		findings_add(
			findings, FINDING_WARNING, where,
			"%s splits IOMMU groups that the hardware doesn't isolate: a VM's device "
			"can access the memory of another device",
			word);
		findings_fix(findings, TRUST);
	} else if (strstr(doctor->release, "-amd64")) { /* Debian's lack the patch */
		findings_add(findings, FINDING_WARNING, where,
			     "%s has no effect: this kernel lacks the patch", word);
		doctor_fix_word(doctor, findings, word, false);
	} else {
		findings_add(findings, FINDING_UNKNOWN, where,
			     "%s takes effect only in a kernel with a patch, and %s doesn't show "
			     "whether it has that",
			     word, doctor->release);
		findings_fix(findings, TRUST);
	}
}

static const char *describe_default(const struct doctor *doctor)
{
	if (!doctor->iommu.on_by_default)
		return "";
	return doctor->iommu.leaves_graphics_out
		       ? "; Intel's IOMMU is on by default, except for Intel's own graphics"
		       : "; Intel's IOMMU is on by default";
}

void doctor_check_kernel(struct doctor *doctor, struct findings *findings)
{
	const struct bootwords *words = &doctor->boot.running;
	char where[PATH_MAX];

	if (!doctor->release[0] || doctor->boot.running_error < 0) {
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "The running kernel's release or command line can't be read");
		return;
	}
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i].text, *why = explain(word);
		const char *what = why ? NULL : describe(word);

		if (why || what)
			doctor_find_word(doctor, word, where);
		if (what)
			findings_add(findings, FINDING_NOTE, where, "%s %s", word, what);
		if (!why)
			continue;
		findings_add(findings, FINDING_NOTE, where, "%s has no effect: %s", word, why);
		doctor_fix_word(doctor, findings, word, false);
	}
	check_acs_words(doctor, findings);
	if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL, "%s%s", doctor->release,
			     describe_default(doctor));
}

static void check_kernel_modules(struct doctor *doctor, struct findings *findings,
				 const struct kernel *kernel)
{
	static const char *const modules[] = { "vfio_pci", VFIO_IOMMU_MODULE };

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		int there = image_modules_has(&doctor->inventory.host, kernel->release, modules[i]);

		if (there < 0) {
			findings_add(findings, there == -ENOENT ? FINDING_ERROR : FINDING_UNKNOWN,
				     NULL, "Kernel %s: its modules in /lib/modules: %s",
				     kernel->release, strerror(-there));
			findings_fix(findings, "Install the package of this kernel again");
			return;
		}
		if (there > 0)
			continue;
		findings_add(findings, FINDING_ERROR, NULL, "Kernel %s lacks the module %s",
			     kernel->release, modules[i]);
		findings_fix(findings, "Boot another kernel: Debian's 'cloud' kernels lack VFIO");
	}
}

static bool sees_kernels(struct doctor *doctor, struct findings *findings)
{
	if (doctor->kernels_error < 0)
		findings_add(findings, FINDING_UNKNOWN, NULL, "The installed kernels: %s",
			     strerror(-doctor->kernels_error));
	else if (doctor->kernels.count == 0)
		findings_add(findings, FINDING_UNKNOWN, NULL, "No kernel was found in /boot");
	return findings->count == 0;
}

void doctor_check_modules(struct doctor *doctor, struct findings *findings)
{
	const struct kernels *kernels = &doctor->kernels;

	if (!sees_kernels(doctor, findings))
		return;
	for (size_t i = 0; i < kernels->count; i++)
		check_kernel_modules(doctor, findings, &kernels->list[i]);
	if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL,
			     "%zu kernel%s vfio-pci and " VFIO_IOMMU_MODULE, kernels->count,
			     kernels->count == 1 ? " has" : "s have");
}

void doctor_check_images(struct doctor *doctor, struct findings *findings)
{
	bool has_rules = doctor->inventory.forecast.rules.count > 0;

	if (!sees_kernels(doctor, findings))
		return;
	audit_kernels(findings, &doctor->kernels, has_rules);
	esps_check_images(findings, &doctor->inventory.host, &doctor->kernels);
	if (findings->count == 0)
		findings_add(
			findings, has_rules ? FINDING_OK : FINDING_NONE, NULL,
			has_rules ? "The images of %zu kernel%s have the current rules"
				  : "There are no rules, so the images of %zu kernel%s need none",
			doctor->kernels.count, doctor->kernels.count == 1 ? "" : "s");
}
