/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether kernels, their command line, their modules and their images are ready. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "bind/vfio.h"
#include "core/text.h"
#include "core/vfio.h"
#include "doctor/doctor.h"
#include "image/contents.h"

/* Kernels whose builders add the patch behind pcie_acs_override=. */
static const char *const acs_releases[] = { "-pve", "-liquorix", "-xanmod", "-zen" };

bool doctor_has_acs_override(const struct doctor *doctor)
{
	for (size_t i = 0; i < sizeof(acs_releases) / sizeof(acs_releases[0]); i++)
		if (strstr(doctor->release, acs_releases[i]))
			return true;
	return false;
}

/* Words that guides have people put on the command line, and that do nothing there. */
static const struct {
	const char *word, *why;
} needless[] = {
	{ "amd_iommu=on", "is no option of the kernel, which has AMD's IOMMU on without it" },
	{ "video=efifb:off", "is needless: vfio-early takes the framebuffer from a card itself" },
	{ "video=vesafb:off", "is needless: vfio-early takes the framebuffer from a card itself" },
	{ "video=simplefb:off",
	  "is needless: vfio-early takes the framebuffer from a card itself" },
	{ "video=efifb:off,vesafb:off",
	  "is needless: vfio-early takes the framebuffer from a card itself" },
};

static void check_acs_words(struct doctor *doctor, struct findings *findings)
{
	long index = bootwords_find_name(&doctor->words, "pcie_acs_override", 0);
	const char *word;

	if (index < 0)
		return;
	word = doctor->words.list[index].text;
	if (doctor_has_acs_override(doctor))
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "%s makes groups of devices that the hardware does not keep apart: "
			     "a VM's device can reach another device's memory past the IOMMU; "
			     "run none that you do not trust like the host itself",
			     word);
	else if (strstr(doctor->release, "-amd64")) /* Debian's have not the patch */
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "%s does nothing: this kernel has not the patch; run 'vfio-earlyctl "
			     "cmdline remove %s'",
			     word, word);
	else
		findings_add(findings, FINDING_UNKNOWN, "/proc/cmdline",
			     "%s counts only in a kernel with the patch for it, and whether %s has "
			     "that cannot be seen; if it has, run no VM that you do not trust like "
			     "the host itself",
			     word, doctor->release);
}

static const char *describe_default(const struct doctor *doctor)
{
	if (doctor_has_config(doctor, "CONFIG_INTEL_IOMMU_DEFAULT_ON=y") == 1)
		return ", which has Intel's IOMMU on by default";
	if (doctor_has_config(doctor, "CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y") == 1)
		return ", which has Intel's IOMMU on by default, but for Intel's own graphics";
	return "";
}

void doctor_check_kernel(struct doctor *doctor, struct findings *findings)
{
	if (!doctor->release[0] || doctor->words_error < 0) {
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "the running kernel's release or command line cannot be read");
		return;
	}
	for (size_t i = 0; i < sizeof(needless) / sizeof(needless[0]); i++)
		if (doctor_has_word(doctor, needless[i].word))
			findings_add(findings, FINDING_NOTE, "/proc/cmdline",
				     "%s %s; run 'vfio-earlyctl cmdline remove %s'",
				     needless[i].word, needless[i].why, needless[i].word);
	check_acs_words(doctor, findings);
	if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL, "%s%s", doctor->release,
			     describe_default(doctor));
}

/* Whether a list of depmod(8) has a module: lines "PATH" or "PATH: PATH ...". */
static bool lists_module(const char *list, const char *module)
{
	struct text text = { list, list + strlen(list) }, line, path;
	char name[NAME_MAX + 1];

	while (text_take_until(&text, '\n', &line))
		if (text_take_until(&line, ':', &path) &&
		    contents_module_name(path.p, text_length(&path), name) &&
		    strcmp(name, module) == 0)
			return true;
	return false;
}

static int look_in_list(const struct host *host, const char *release, const char *list,
			const char *module)
{
	char path[PATH_MAX], *text = NULL;
	int result = host_path(path, "/lib/modules/%s/%s", release, list);

	if (result == 0)
		result = host_read_text(host, path, &text);
	if (!text)
		return result;
	result = lists_module(text, module);
	free(text);
	return result;
}

/* Whether a kernel has a module, or has it built in: 1, 0, or -errno. */
static int has_module(const struct host *host, const char *release, const char *module)
{
	int result = look_in_list(host, release, "modules.dep", module);

	return result == 0 && look_in_list(host, release, "modules.builtin", module) == 1 ? 1
											  : result;
}

static void check_kernel_modules(struct doctor *doctor, struct findings *findings,
				 const struct kernel *kernel)
{
	static const char *const modules[] = { "vfio_pci", VFIO_IOMMU_MODULE };

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		int there = has_module(&doctor->inventory.host, kernel->release, modules[i]);

		if (there < 0) {
			findings_add(findings, there == -ENOENT ? FINDING_ERROR : FINDING_UNKNOWN,
				     NULL,
				     "kernel %s: its modules cannot be found in /lib/modules: %s; "
				     "install the package of this kernel again",
				     kernel->release, strerror(-there));
			return;
		}
		if (there == 0)
			findings_add(findings, FINDING_ERROR, NULL,
				     "kernel %s has no module %s; boot another kernel: Debian's "
				     "'cloud' kernels have none",
				     kernel->release, modules[i]);
	}
}

static bool sees_kernels(struct doctor *doctor, struct findings *findings)
{
	if (doctor->kernels_error < 0)
		findings_add(findings, FINDING_UNKNOWN, NULL, "the installed kernels: %s",
			     strerror(-doctor->kernels_error));
	else if (doctor->kernels.count == 0)
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "there is no kernel in /boot that could be looked at");
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
			     "vfio-pci and " VFIO_IOMMU_MODULE " are there for %zu kernel%s",
			     kernels->count, kernels->count == 1 ? "" : "s");
}

void doctor_check_images(struct doctor *doctor, struct findings *findings)
{
	bool has_rules = doctor->inventory.forecast.rules.count > 0;

	if (!sees_kernels(doctor, findings))
		return;
	audit_kernels(findings, &doctor->kernels, has_rules);
	if (findings->count == 0)
		findings_add(
			findings, FINDING_OK, NULL,
			has_rules
				? "the images of %zu kernel%s have the rules of now"
				: "there are no rules that the images of %zu kernel%s should have",
			doctor->kernels.count, doctor->kernels.count == 1 ? "" : "s");
}
