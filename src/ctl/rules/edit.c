/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that are changed: what add and remove have in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/safety.h"
#include "core/file.h"
#include "host/message.h"
#include "host/run.h"
#include "image/builder.h"
#include "look/find.h"
#include "rules/edit.h"

/* What is wrong on the command line of the kernel's is of this boot only. */
static int check_files(struct edit *edit)
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
	ctl_fail("nothing was changed: with these errors no image would be built");
	return CTL_BAD_RULES;
}

/*
 * Hooks in /etc/initramfs/post-update.d of systemd-boot and proxmox-boot-tool refresh the
 * bootloader after each image.
 */
static int check_root(const struct edit *edit)
{
	char message[BOOT_MESSAGE_MAX];

	if (!edit->update || bootsafe_check_root(&edit->inventory.host, message) == 0)
		return CTL_OK;
	ctl_fail("%s", message);
	ctl_fail("nothing was changed");
	return CTL_INCOMPLETE;
}

int edit_look(struct edit *edit, const char *root)
{
	unsigned int serials = edit->by == SELECTOR_SERIAL ? INVENTORY_SERIALS : 0;
	int status;

	if (inventory_open(&edit->inventory, root, INVENTORY_PROTECT | INVENTORY_PLAN | serials) <
	    0)
		return ctl_fail("%s", edit->inventory.problem);
	edit->meant = calloc(edit->inventory.forecast.pci.count + 1, sizeof(*edit->meant));
	if (!edit->meant)
		return ctl_fail("%s", strerror(ENOMEM));
	findings_tell(&edit->inventory.findings, FINDING_WARNING);
	status = check_files(edit);
	return status == CTL_OK ? check_root(edit) : status;
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

const char *edit_path(const struct edit *edit)
{
	return edit->file ? edit->file : RULES_FILE;
}

void edit_close(struct edit *edit)
{
	free(edit->meant);
	inventory_close(&edit->inventory);
	file_close(&edit->lock);
}

int edit_find(struct edit *edit, const char *name, size_t **found, size_t *count)
{
	struct inventory *inventory = &edit->inventory;
	char message[FIND_MESSAGE_MAX] = "";
	int result =
		find_by_name(&inventory->forecast, &inventory->host, name, found, count, message);

	if (result < 0)
		ctl_fail("%s", message[0] ? message : strerror(-result));
	for (size_t i = 0; result == 0 && i < *count; i++)
		edit->meant[(*found)[i]] = true;
	return result;
}

const char *edit_describe(struct edit *edit, const struct pci_device *device,
			  char text[PCI_IDS_TEXT_MAX])
{
	return pci_ids_sentence(&edit->inventory.names, device, text, PCI_IDS_TEXT_MAX);
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
	result = kernels_find(kernels, host);
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
	result = run_program(&edit->inventory.host, builder->argv, stdout);
	if (result == 0 && check_images(edit) == CTL_OK)
		return CTL_OK;
	if (result == -EXDEV)
		ctl_fail("%s: not run, as this is not the host; run it there", builder->command);
	else if (result < 0)
		ctl_fail("%s: %s", builder->argv[0], strerror(-result));
	else if (result > 0)
		ctl_fail("%s: exit status %d", builder->argv[0], result);
	ctl_fail("the rules have changed, but not every image has them: the next boot can use "
		 "the old ones");
	return CTL_INCOMPLETE;
}
