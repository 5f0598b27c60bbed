/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl enable-iommu: puts on the kernel command line what this host's IOMMU needs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bootloader/iommu.h"
#include "command/command.h"
#include "command/enable-iommu.h"
#include "command/lock.h"
#include "command/look.h"
#include "command/refresh.h"
#include "core/file.h"
#include "term/options.h"

#define TABLES "/sys/firmware/acpi/tables"
#define GROUPS "/sys/kernel/iommu_groups"

/* Where Intel has its own graphics, always. */
#define INTEL_GPU "/sys/bus/pci/devices/0000:00:02.0"

static int count_entry(void *context, const char *directory, const char *name)
{
	size_t *count = context;

	(void)directory;
	(void)name;
	(*count)++;
	return 0;
}

static bool is_intel_gpu_left_out(const struct host *host)
{
	char vendor[16], class[16];

	return host_readf(host, vendor, sizeof(vendor), INTEL_GPU "/vendor") > 0 &&
	       host_readf(host, class, sizeof(class), INTEL_GPU "/class") > 0 &&
	       strcmp(vendor, "0x8086") == 0 && strncmp(class, "0x03", strlen("0x03")) == 0 &&
	       !host_has(host, INTEL_GPU, "iommu_group");
}

/* Says of the words of the files which have no effect. */
static void name_useless(struct bootchange *change)
{
	const struct bootwords *const lists[] = { &change->config.words, &change->config.opaque };
	char place[PATH_MAX];

	for (size_t i = 0; i < 2; i++)
		for (size_t n = 0; n < lists[i]->count; n++) {
			const struct bootword *word = &lists[i]->list[n];
			const char *why = iommu_explain(word->text);

			if (!why)
				continue;
			bootconfig_where(&change->config, word, place);
			findings_add(&change->said, FINDING_NOTE, place, "%s has no effect: %s",
				     word->text, why);
		}
}

/*
 * The files may have it in a longer word. What was meant to be it goes, and other values of the
 * same parameter stay: the kernel takes each of its words.
 */
static int add_on(struct bootchange *change, const struct iommu *iommu)
{
	const struct bootwords *words = &change->config.words;
	const struct bootword *there = iommu_find_on(iommu, words);
	enum bootchange_mode mode = BOOTCHANGE_REPLACE;
	int result;

	for (size_t i = 0; i < words->count; i++)
		if (bootword_has_name(words->list[i].text, IOMMU_ON) &&
		    !iommu_explain(words->list[i].text))
			mode = BOOTCHANGE_APPEND;
	result = bootchange_add(change, there ? there->text : IOMMU_ON, mode);
	for (size_t i = 0; i < words->count && result == 0 && !there; i++) {
		const char *word = words->list[i].text;

		if (iommu_explain(word) && bootwords_find(&change->config.opaque, word) < 0 &&
		    (mode == BOOTCHANGE_APPEND || !bootword_has_name(word, IOMMU_ON)))
			result = bootchange_remove(change, word);
	}
	return result < 0 ? CTL_INTERNAL : CTL_OK;
}

/* The IOMMU does not run: why, and what helps. */
static int enable(struct bootchange *change, const struct iommu *iommu)
{
	const struct bootword *off = iommu_find_off(iommu, &change->running);

	if (!iommu->table) {
		ctl_fail(TABLES ": found neither DMAR nor IVRS, so the kernel knows of no IOMMU; "
				"switch VT-d or AMD-Vi (also called IOMMU) on in the firmware's "
				"setup");
		return CTL_INCOMPLETE;
	}
	if (iommu->intel && !iommu->on_by_default && !iommu_find_on(iommu, &change->running))
		return add_on(change, iommu);
	if (off) {
		printf("this boot has %s, the next one has not: reboot\n", off->text);
		return CTL_OK;
	}
	ctl_fail("the firmware describes an IOMMU and no word switches it off, but there is no "
		 "group in " GROUPS "; 'dmesg | grep -e DMAR -e AMD-Vi' may tell why");
	return CTL_INCOMPLETE;
}

int enable_plan(struct bootchange *change, const struct host *host)
{
	const struct bootwords *const lists[] = { &change->config.words, &change->config.opaque };
	char message[BOOT_MESSAGE_MAX], place[PATH_MAX];
	int opened = bootchange_open(change, host, message), status;
	const struct bootword *word;
	struct iommu iommu;
	size_t groups = 0;
	bool runs_with_on, needs_on;

	if (change->running_error < 0)
		return ctl_fail("/proc/cmdline: %s", strerror(-change->running_error));
	iommu_read(&iommu, host);
	runs_with_on = iommu_find_on(&iommu, &change->running);
	needs_on = iommu.table && runs_with_on && !iommu.on_by_default;
	host_each(host, GROUPS, count_entry, &groups);
	/* Where no word is needed, it does not matter that nobody knows where to put one. */
	if (opened < 0 && (groups > 0 ? needs_on : iommu.table != NULL))
		return ctl_fail("%s", message);
	/* Words that switch it off are somebody's will: they are named, and stay. */
	for (size_t i = 0; i < 2; i++) {
		word = iommu_find_off(&iommu, lists[i]);
		if (!word)
			continue;
		bootconfig_where(&change->config, word, place);
		ctl_fail("%s: found '%s', which switches the IOMMU off; if you do not need it, "
			 "%s%s%s",
			 place, word->text, i == 0 ? "'vfio-earlyctl cmdline remove " : "remove it",
			 i == 0 ? word->text : " by hand", i == 0 ? "'" : "");
		return CTL_INCOMPLETE;
	}
	name_useless(change);
	if (groups > 0) {
		printf("the IOMMU is on: %zu group%s\n", groups, groups == 1 ? "" : "s");
		if (is_intel_gpu_left_out(host) && iommu.table && iommu.intel && !runs_with_on)
			printf("0000:00:02.0, Intel's own graphics, has no group, as this kernel "
			       "leaves it out; for a VM to have it: vfio-earlyctl cmdline add " IOMMU_ON
			       "\n");
		/* Without the word that this boot has the IOMMU might not run at the next one. */
		status = needs_on ? add_on(change, &iommu) : CTL_OK;
	} else {
		status = enable(change, &iommu);
	}
	findings_report(&change->said);
	return status;
}

/* The lock is kept to the end, as by cmdline. */
static int work(const struct host *host, bool dry_run)
{
	cleanup_fd int lock = dry_run ? -1 : lock_host(host);
	struct bootchange change;
	int status;

	if (lock < 0 && !dry_run)
		return CTL_INTERNAL;
	status = enable_plan(&change, host);
	if (status == CTL_OK && change.want_count > 0)
		status = refresh_apply(&change, dry_run, false);
	bootchange_close(&change);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl enable-iommu [--dry-run]\n"
	"Sees to it that the next boot has the IOMMU on, which may need nothing.\n"
	"\n"
	"      --dry-run       print what would be changed\n"
	"  -h, --help          print this\n";

int command_enable_iommu(const struct ctl *ctl, int argc, char **argv)
{
	bool dry_run = false;
	const struct options_entry entries[] = { { '\0', "dry-run", .set = &dry_run }, {} };
	const struct options options = { .usage = usage, .entries = entries };
	int status = options_parse(&options, ctl, &argc, &argv);
	struct host host;

	if (status != OPTIONS_RUN)
		return status;
	status = open_host(&host, ctl) < 0 ? CTL_INTERNAL : work(&host, dry_run);
	host_close(&host);
	return status;
}
