/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that change rules have in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "command/edit.h"
#include "command/lock.h"
#include "command/rebuild.h"
#include "core/file.h"
#include "image/builder.h"

static int take_kind(struct edit *edit, const char *name)
{
	for (enum selector_kind kind = 0; kind < SELECTOR_KINDS; kind++)
		if (strcmp(selector_names[kind], name) == 0) {
			edit->by = kind;
			return CTL_OK;
		}
	return ctl_fail("--by: found '%s', expected path, slot, serial, id or address", name);
}

static int check_file(const char *path)
{
	if (rules_is_file(path))
		return CTL_OK;
	return ctl_fail("--file: found '%s', expected " RULES_FILE " or " RULES_DIRECTORY
			"/NAME.conf: the boot reads no other",
			path);
}

/* What is wrong on the command line of the kernel's is of this boot only. */
static int check_rules(const struct edit *edit)
{
	struct rules rules = { .list = NULL };
	int result = rules_read(&rules, edit->inventory.host.directory);
	bool bad = rules.bad > 0;

	rules_free(&rules);
	if (result < 0)
		return ctl_fail("reading rules: %s", strerror(-result));
	if (!bad)
		return CTL_OK;
	findings_tell(&edit->inventory.findings, FINDING_ERROR);
	ctl_fail("nothing was changed; no image is built as long as the rules have errors");
	return CTL_BAD_RULES;
}

int edit_look(struct edit *edit, const char *root)
{
	unsigned int serials = edit->by == SELECTOR_SERIAL ? INVENTORY_SERIALS : 0;
	char message[BOOT_MESSAGE_MAX];
	int status;

	if (inventory_open(&edit->inventory, root, INVENTORY_PROTECT | INVENTORY_PLAN | serials) <
	    0)
		return ctl_fail("%s", edit->inventory.problem);
	edit->meant = calloc(edit->inventory.forecast.pci.count + 1, sizeof(*edit->meant));
	if (!edit->meant)
		return ctl_fail("%s", strerror(ENOMEM));
	findings_tell(&edit->inventory.findings, FINDING_WARNING);
	status = check_rules(edit);
	/*
	 * Hooks in /etc/initramfs/post-update.d of systemd-boot and proxmox-boot-tool refresh the
	 * bootloader after each image.
	 */
	if (status == CTL_OK && edit->update &&
	    bootsafe_check_root(&edit->inventory.host, message) < 0) {
		ctl_fail("%s", message);
		ctl_fail("nothing was changed");
		return CTL_INCOMPLETE;
	}
	return status;
}

void edit_init(struct edit *edit)
{
	*edit = (struct edit){
		.lock = -1,
		.inventory.host.directory = -1,
		.inventory.forecast.pci.directory = -1,
		.inventory.protect.pci.directory = -1,
	};
}

int edit_open(struct edit *edit, const struct ctl *ctl, int argc, char **argv, const char *usage,
	      bool adds)
{
	const char *by = NULL;
	/* Those that not every command has come first. */
	const struct options_entry entries[] = {
		{ '\0', "by", .text = &by },
		{ 'g', "group", .set = &edit->group },
		{ 'f', "force", .set = &edit->force },
		{ '\0', "dry-run", .set = &edit->dry_run },
		{ 'u', "update", .set = &edit->update },
		{ '\0', "file", .text = &edit->file },
		{},
	};
	const struct options options = {
		.usage = usage,
		.entries = entries + (adds ? 0 : 2),
		.operands_max = OPTIONS_ANY_OPERANDS,
		.wants_device = true,
	};
	int status;

	edit_init(edit);
	status = options_parse(&options, ctl, &argc, &argv);
	if (status != OPTIONS_RUN)
		return status;
	if ((by && take_kind(edit, by) != CTL_OK) ||
	    (edit->file && check_file(edit->file) != CTL_OK))
		return ctl_fail("try 'vfio-earlyctl %s --help'", ctl->command);
	edit->operands = argv;
	if (!edit->dry_run && (edit->lock = lock_root(ctl->root)) < 0)
		return CTL_INTERNAL;
	status = edit_look(edit, ctl->root);
	return status == CTL_OK ? OPTIONS_RUN : status;
}

void edit_close(struct edit *edit)
{
	free(edit->meant);
	free(edit->settings);
	inventory_close(&edit->inventory);
	file_close(&edit->lock);
}

int edit_draft(struct draft *draft)
{
	int result = 0;
	bool refused;

	for (char *const *name = draft->edit->operands; *name && result == 0; name++)
		result = draft_take(draft, *name);
	if (result == 0 && draft->count == 0 && draft->edit->operands[0] &&
	    draft->findings.count == 0)
		findings_add(&draft->findings, FINDING_ERROR, NULL,
			     "Found attributes alone, expected a device");
	if (result == 0)
		result = draft_make(draft);
	if (result < 0 && draft->findings.count == 0)
		ctl_fail("%s", strerror(-result));
	refused = findings_count(&draft->findings, FINDING_ERROR) > 0;
	findings_report(&draft->findings);
	if (result < 0)
		return CTL_INTERNAL;
	if (!refused)
		return CTL_OK;
	ctl_fail("nothing was changed");
	return CTL_INCOMPLETE;
}

static int fail_image(const struct kernels *kernels, const struct kernel *kernel)
{
	if (kernel->state == KERNEL_NO_IMAGE)
		return ctl_fail("kernel %s: %s; run '%s %s'", kernel->release,
				kernels_problem(kernel->state),
				kernels_remedy(kernels, kernel->state), kernel->release);
	return ctl_fail("kernel %s: after '%s' its image still lacks the current rules; "
			"'vfio-earlyctl image %s' tells more",
			kernel->release, kernels->builder->command, kernel->release);
}

int edit_check_images(struct kernels *kernels, const struct host *host, bool has_rules)
{
	int result, status = CTL_OK;

	kernels_free(kernels);
	result = kernels_find(kernels, host, NULL);
	if (result < 0)
		return ctl_fail("/boot: %s", strerror(-result));
	for (size_t i = 0; i < kernels->count; i++)
		if (kernels_is_stale(&kernels->list[i], has_rules))
			status = fail_image(kernels, &kernels->list[i]);
	return status;
}

static int check_images(const struct edit *edit)
{
	struct kernels kernels = { .count = 0 };
	int status = edit_check_images(&kernels, &edit->inventory.host,
				       edit->inventory.forecast.rules.count > 0);

	kernels_free(&kernels);
	return status;
}

int edit_rebuild(struct edit *edit)
{
	const struct builder *builder = builder_find(&edit->inventory.host);
	int result;

	file_close(&edit->lock);
	edit->lock = -1;
	if (edit->dry_run)
		return CTL_OK;
	if (!edit->update) {
		printf("This takes effect after '%s' and a reboot.\n", builder->command);
		return CTL_OK;
	}
	result = rebuild_run(&edit->inventory.host);
	if (result == 0 && check_images(edit) == CTL_OK)
		return CTL_OK;
	if (result == -EXDEV)
		ctl_fail("%s: not run, as this is not the host; run it there", builder->command);
	ctl_fail("the rules have changed, but not every image has them: the next boot can use "
		 "the old ones");
	return CTL_INCOMPLETE;
}
