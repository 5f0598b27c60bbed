/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What modprobe.d(5) and lists of modules set besides the rules, and whether images have it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "core/text.h"
#include "core/vfio.h"
#include "doctor/doctor.h"
#include "host/array.h"
#include "host/modprobe.h"
#include "image/builder.h"
#include "image/contents.h"

/* One of "options MODULE OPTION...". */
struct option_line {
	char where[MODPROBE_WHERE_MAX];
	char module[PCI_DRIVER_NAME_MAX];
	char option[RULE_TEXT_MAX];
};

struct options {
	struct option_line *list;
	size_t count;
	bool failed;
};

/* The modules that a rule has loaded in the image, so that options must be there. */
static bool is_early(const char *module)
{
	return strncmp(module, "vfio", 4) == 0;
}

static void add_option(struct options *options, const char *where, const char *module,
		       const char *option)
{
	struct option_line *line = array_add(options->list, options->count);

	if (!line) {
		options->failed = true;
		return;
	}
	snprintf(line->where, sizeof(line->where), "%s", where);
	snprintf(line->module, sizeof(line->module), "%s", module);
	snprintf(line->option, sizeof(line->option), "%s", option);
}

/* ids= is no matter of images: see the check of rivals. */
static void take_options(void *context, const char *where, char *line)
{
	struct options *options = context;
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest);
	char *module = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;

	if (!module || strcmp(word, "options") != 0 || !is_early(module))
		return;
	while ((word = strtok_r(NULL, MODPROBE_BLANK, &rest)))
		if (strncmp(word, "ids=", 4) != 0)
			add_option(options, where, module, word);
}

static bool has_option(const struct options *options, const struct option_line *wanted)
{
	for (size_t i = 0; i < options->count; i++)
		if (text_same_name(options->list[i].module, wanted->module) &&
		    strcmp(options->list[i].option, wanted->option) == 0)
			return true;
	return false;
}

/* mkinitramfs copies /etc/modprobe.d and /lib/modprobe.d, which is /usr/lib/modprobe.d. */
static bool is_copied(const char *where)
{
	return strncmp(where, "/run/", 5) != 0 && strncmp(where, "/usr/local/", 11) != 0;
}

static void compare(struct findings *findings, const struct options *wanted,
		    const struct options *there, const struct kernel *kernel,
		    const struct builder *builder)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const struct option_line *line = &wanted->list[i];

		if (has_option(there, line))
			continue;
		findings_add(findings, FINDING_WARNING, line->where,
			     "%s of %s is not in the image of kernel %s, which loads the module",
			     line->option, line->module, kernel->release);
		findings_fix(findings, "%s '%s %s'",
			     is_copied(line->where)
				     ? "Run"
				     : "Move the line to a file in /etc/modprobe.d, then run",
			     builder->one, kernel->release);
	}
}

static void check_image(struct doctor *doctor, struct findings *findings,
			const struct options *wanted, const struct kernel *kernel)
{
	struct options there = { .count = 0 };
	struct contents contents = { .count = 0 };
	char image[PATH_MAX], path[PATH_MAX], message[INITRAMFS_MESSAGE_MAX] = "";
	int result = kernels_image(kernel, image);

	if (result == 0)
		result = host_outside(&doctor->inventory.host, image, path);
	if (result == 0)
		result = contents_read(&contents, path, message);
	if (result == 0)
		result = contents_each_modprobe(&contents, take_options, &there);
	if (result < 0)
		findings_add(findings, FINDING_UNKNOWN, image,
			     "Whether it has %s can't be seen: %s", wanted->list[0].option,
			     message[0] ? message : strerror(-result));
	else
		compare(findings, wanted, &there, kernel, doctor->kernels.builder);
	findings->failed |= there.failed;
	free(there.list);
	contents_free(&contents);
}

static void check_images(struct doctor *doctor, struct findings *findings,
			 const struct options *wanted)
{
	const struct kernels *kernels = &doctor->kernels;
	size_t images = 0;

	for (size_t i = 0; i < kernels->count; i++)
		if (kernels->list[i].state != KERNEL_NO_IMAGE) {
			check_image(doctor, findings, wanted, &kernels->list[i]);
			images++;
		}
	if (findings->count == 0 && images == 0)
		findings_add(findings, FINDING_UNKNOWN, wanted->list[0].where,
			     "There is no image that could have %s", wanted->list[0].option);
	else if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL, "%s%s in all images, as in modprobe.d",
			     wanted->list[0].option,
			     wanted->count > 1 ? " and other options are" : " is");
}

void doctor_check_options(struct doctor *doctor, struct findings *findings)
{
	struct options wanted = { .count = 0 };
	int result = modprobe_read(&doctor->inventory.host, take_options, &wanted);

	findings->failed |= result < 0 || wanted.failed;
	if (wanted.count == 0)
		findings_add(findings, FINDING_OK, NULL,
			     "modprobe.d has no options for VFIO's modules");
	else if (doctor->inventory.forecast.rules.count == 0)
		findings_add(findings, FINDING_NONE, NULL,
			     "There are no rules, so no image needs VFIO's options");
	else
		check_images(doctor, findings, &wanted);
	free(wanted.list);
}

void doctor_check_conflicts(struct doctor *doctor, struct findings *findings)
{
	struct conflicts conflicts;
	int result = audit_read_conflicts(&conflicts, &doctor->inventory.host, &doctor->boot);

	if (result < 0)
		findings_add(findings, FINDING_UNKNOWN, NULL, "%s", strerror(-result));
	else
		audit_conflicts(findings, &doctor->inventory, &conflicts);
	if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL,
			     "No blacklist, softdep, ids= or driverctl is about the same devices");
	conflicts_free(&conflicts);
}

/* Files that name modules to be loaded, one a line. */
struct list {
	struct doctor *doctor;
	struct findings *findings;
	const char *fix;
};

static const char *explain_module(const struct doctor *doctor, const char *module)
{
	if (text_same_name(module, "vfio_virqfd") && doctor_is_kernel(doctor, 6, 2))
		return "the kernel has no such module since 6.2";
	if (text_same_name(module, "vfio_pci") && doctor->inventory.forecast.rules.count > 0)
		return "vfio-early loads it as soon as a rule needs it";
	return NULL;
}

static void take_module(void *context, const char *where, char *line)
{
	struct list *list = context;
	char *rest, *module = strtok_r(line, MODPROBE_BLANK, &rest);
	const char *why = module ? explain_module(list->doctor, module) : NULL;

	/* Of its ids=, "Other settings" tells. */
	if (!why || strstr(rest, "ids="))
		return;
	findings_add(list->findings, FINDING_NOTE, where, "%s has no effect: %s", module, why);
	findings_fix(list->findings, "%s", list->fix);
}

/* It counts for what dracut's modules ask for as well, unless the name is in add_drivers, too. */
static void take_omitted(void *context, const char *where, char *module)
{
	struct list *list = context;

	if (!vfio_is_driver(module) || list->doctor->inventory.forecast.rules.count == 0)
		return;
	findings_add(list->findings, FINDING_WARNING, where,
		     "omit_drivers can keep %s out of images, where rules need it", module);
	findings_fix(list->findings, "Remove the name, then run '%s'",
		     list->doctor->kernels.builder->command);
}

static int take_list(void *context, const char *directory, const char *name)
{
	struct list *list = context;
	char path[PATH_MAX], *text;

	if (host_path(path, "%s/%s", directory, name) < 0 ||
	    host_read_text(&list->doctor->inventory.host, path, &text) < 0)
		return 0;
	modprobe_parse(path, text, take_module, list);
	free(text);
	return 0;
}

void doctor_check_module_lists(struct doctor *doctor, struct findings *findings)
{
	struct list list = { doctor, findings, "Remove the line" };

	take_list(&list, "/etc", "modules");
	take_list(&list, "/etc/initramfs-tools", "modules");
	host_each(&doctor->inventory.host, "/etc/modules-load.d", take_list, &list);
	list.fix = "Remove the name, or the line if it has no other";
	dracut_each_word(&doctor->inventory.host, "add_drivers", take_module, &list);
	dracut_each_word(&doctor->inventory.host, "force_drivers", take_module, &list);
	dracut_each_word(&doctor->inventory.host, "omit_drivers", take_omitted, &list);
	if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL,
			     "No list of modules has an unnecessary one");
}
