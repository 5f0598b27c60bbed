/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl enable-iommu: puts on the kernel command line what this host's IOMMU needs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "command/command.h"
#include "command/enable-iommu.h"
#include "command/lock.h"
#include "command/look.h"
#include "command/refresh.h"
#include "core/file.h"
#include "image/kernels.h"
#include "term/options.h"

#define ON     "intel_iommu=on"
#define TABLES "/sys/firmware/acpi/tables"
#define GROUPS "/sys/kernel/iommu_groups"

/* Where Intel has its own graphics, always. */
#define INTEL_GPU "/sys/bus/pci/devices/0000:00:02.0"

/* What switches an IOMMU off; of iommu= and intel_iommu= values can be listed with commas. */
static const char *const off_words[] = { "intel_iommu=off", "amd_iommu=off", "iommu=off" };

struct facts {
	bool dmar, ivrs; /* the firmware describes an IOMMU of Intel or AMD */
	size_t groups;
	bool on_by_default; /* this kernel needs no word for Intel's */
	bool runs_with_on, gpu_left_out;
	const char *runs_with_off; /* NULL: none of these words */
};

static int count_entry(void *context, const char *directory, const char *name)
{
	size_t *count = context;

	(void)directory;
	(void)name;
	(*count)++;
	return 0;
}

/*
 * Debian's kernels have DEFAULT_ON_INTGPU_OFF, by a patch of theirs: the IOMMU is on but for
 * Intel's own graphics.
 */
static bool is_on_by_default(const struct host *host)
{
	char release[128], *text;
	bool found;

	if (host_readf(host, release, sizeof(release), "/proc/sys/kernel/osrelease") < 0 ||
	    kernels_read_config(host, release, &text) < 0)
		return false;
	found = strstr(text, "CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n") ||
		strstr(text, "CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n");
	free(text);
	return found;
}

static bool is_intel_gpu_left_out(const struct host *host)
{
	char vendor[16], class[16];

	return host_readf(host, vendor, sizeof(vendor), INTEL_GPU "/vendor") > 0 &&
	       host_readf(host, class, sizeof(class), INTEL_GPU "/class") > 0 &&
	       strcmp(vendor, "0x8086") == 0 && strncmp(class, "0x03", strlen("0x03")) == 0 &&
	       !host_has(host, INTEL_GPU, "iommu_group");
}

/* A word whose value, which may be a list with commas, has an element: "on,sm_on" has "on". */
static const struct bootword *find_value(const struct bootwords *words, const char *wanted)
{
	const char *element = strchr(wanted, '=') + 1;
	size_t length = strlen(element);

	for (size_t i = 0; i < words->count; i++) {
		const char *value = strchr(words->list[i].text, '=');

		if (!bootword_has_name(words->list[i].text, wanted))
			continue;
		for (; value; value = strchr(value, ',')) {
			value++;
			if (strcspn(value, ",") == length && memcmp(value, element, length) == 0)
				return &words->list[i];
		}
	}
	return NULL;
}

static const char *find_off(const struct bootwords *words, const struct bootword **found)
{
	for (size_t i = 0; i < sizeof(off_words) / sizeof(off_words[0]); i++) {
		*found = find_value(words, off_words[i]);
		if (*found)
			return off_words[i];
	}
	return NULL;
}

/* The files may have it in a longer word. */
static int add_on(struct bootchange *change)
{
	const struct bootword *there = find_value(&change->config.words, ON);
	int result = bootchange_add(change, there ? there->text : ON, BOOTCHANGE_REFUSE);

	return result < 0 ? CTL_INTERNAL : CTL_OK;
}

/* The IOMMU does not run: why, and what helps. */
static int enable(struct bootchange *change, const struct facts *facts)
{
	if (!facts->dmar && !facts->ivrs) {
		ctl_fail(TABLES ": found neither DMAR nor IVRS, so the kernel knows of no IOMMU; "
				"switch VT-d or AMD-Vi (also called IOMMU) on in the firmware's "
				"setup");
		return CTL_INCOMPLETE;
	}
	if (facts->dmar && !facts->on_by_default && !facts->runs_with_on)
		return add_on(change);
	if (facts->runs_with_off) {
		printf("this boot has %s, the next one has not: reboot\n", facts->runs_with_off);
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
	const struct bootword *word;
	int opened = bootchange_open(change, host, message), status;
	struct facts facts = {
		.dmar = host_has(host, TABLES, "DMAR"),
		.ivrs = host_has(host, TABLES, "IVRS"),
		.on_by_default = is_on_by_default(host),
		.gpu_left_out = is_intel_gpu_left_out(host),
		.runs_with_off = find_off(&change->running, &word),
		.runs_with_on = find_value(&change->running, ON) != NULL,
	};
	bool needs_on = facts.dmar && facts.runs_with_on && !facts.on_by_default;

	if (change->running_error < 0)
		return ctl_fail("/proc/cmdline: %s", strerror(-change->running_error));
	host_each(host, GROUPS, count_entry, &facts.groups);
	/* Where no word is needed, it does not matter that nobody knows where to put one. */
	if (opened < 0 && (facts.groups > 0 ? needs_on : facts.dmar || facts.ivrs))
		return ctl_fail("%s", message);
	/* Words that switch it off are somebody's will: they are named, and stay. */
	for (size_t i = 0; i < 2; i++) {
		if (!find_off(lists[i], &word))
			continue;
		bootconfig_where(&change->config, word, place);
		ctl_fail("%s: found '%s', which switches the IOMMU off; if you do not need it, "
			 "%s%s%s",
			 place, word->text, i == 0 ? "'vfio-earlyctl cmdline remove " : "remove it",
			 i == 0 ? word->text : " by hand", i == 0 ? "'" : "");
		return CTL_INCOMPLETE;
	}
	if (facts.groups > 0) {
		printf("the IOMMU is on: %zu group%s\n", facts.groups,
		       facts.groups == 1 ? "" : "s");
		if (facts.gpu_left_out && facts.dmar && !facts.runs_with_on)
			printf("0000:00:02.0, Intel's own graphics, has no group, as this kernel "
			       "leaves it out; for a VM to have it: vfio-earlyctl cmdline add " ON
			       "\n");
		/* Without the word that this boot has the IOMMU might not run at the next one. */
		status = needs_on ? add_on(change) : CTL_OK;
	} else {
		status = enable(change, &facts);
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
		status = refresh_apply(&change, dry_run);
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
