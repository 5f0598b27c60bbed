/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that are changed: what add and remove have in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/safety.h"
#include "core/file.h"
#include "host/lock.h"
#include "host/run.h"
#include "image/builder.h"
#include "look/find.h"
#include "rules/edit.h"
#include "term/options.h"

static int take_kind(struct change *change, const char *name)
{
	for (enum selector_kind kind = 0; kind < SELECTOR_KINDS; kind++)
		if (strcmp(selector_names[kind], name) == 0) {
			change->by = kind;
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
static int check_files(struct change *change)
{
	struct rules rules = { .list = NULL };
	int result = rules_read(&rules, change->view.host.directory);
	bool bad = rules.bad > 0;

	rules_free(&rules);
	if (result < 0)
		return ctl_fail("reading rules: %s", strerror(-result));
	if (!bad)
		return CTL_OK;
	view_print_messages(&change->view, VIEW_ERROR);
	ctl_fail("nothing was changed: with these errors no image would be built");
	return CTL_BAD_RULES;
}

static int lock(struct change *change, const struct ctl *ctl)
{
	struct host host;
	int result = host_open(&host, ctl->root);

	if (result < 0)
		ctl_fail("%s: %s", ctl->root, strerror(-result));
	else
		change->lock = lock_take(&host);
	host_close(&host);
	return change->lock < 0 ? CTL_INTERNAL : CTL_OK;
}

/*
 * Hooks in /etc/initramfs/post-update.d of systemd-boot and proxmox-boot-tool refresh the
 * bootloader after each image.
 */
static int check_root(const struct change *change)
{
	char message[BOOT_MESSAGE_MAX];

	if (!change->update || bootsafe_check_root(&change->view.host, message) == 0)
		return CTL_OK;
	ctl_fail("%s", message);
	ctl_fail("nothing was changed");
	return CTL_INCOMPLETE;
}

int change_look(struct change *change, const struct ctl *ctl)
{
	unsigned int serials = change->by == SELECTOR_SERIAL ? VIEW_SERIALS : 0;
	int status = change->dry_run ? CTL_OK : lock(change, ctl);

	if (status != CTL_OK)
		return status;
	if (view_open(&change->view, ctl, VIEW_PROTECT | VIEW_PLAN | serials) < 0)
		return CTL_INTERNAL;
	change->meant = calloc(change->view.forecast.pci.count + 1, sizeof(*change->meant));
	if (!change->meant)
		return ctl_fail("%s", strerror(ENOMEM));
	view_print_messages(&change->view, VIEW_WARNING);
	status = check_files(change);
	return status == CTL_OK ? check_root(change) : status;
}

void change_init(struct change *change)
{
	*change = (struct change){
		.lock = -1,
		.view.host.directory = -1,
		.view.forecast.pci.directory = -1,
		.view.protect.pci.directory = -1,
	};
}

const char *change_path(const struct change *change)
{
	return change->file ? change->file : RULES_FILE;
}

int change_open(struct change *change, const struct ctl *ctl, int argc, char **argv,
		const char *usage, bool adds)
{
	const char *by = NULL;
	/* Those that not every command has come first. */
	const struct options_entry entries[] = {
		{ '\0', "by", .text = &by },
		{ 'g', "group", .set = &change->group },
		{ 'f', "force", .set = &change->force },
		{ 'n', "dry-run", .set = &change->dry_run },
		{ 'u', "update", .set = &change->update },
		{ '\0', "file", .text = &change->file },
		{},
	};
	const struct options options = {
		.usage = usage,
		.entries = entries + (adds ? 0 : 2),
		.operands_max = OPTIONS_ANY_OPERANDS,
		.wants_device = true,
	};
	int status;

	change_init(change);
	status = options_parse(&options, ctl, &argc, &argv);
	if (status != OPTIONS_RUN)
		return status;
	if ((by && take_kind(change, by) != CTL_OK) ||
	    (change->file && check_file(change->file) != CTL_OK))
		return ctl_fail("try 'vfio-earlyctl %s --help'", ctl->command);
	change->operands = argv;
	status = change_look(change, ctl);
	return status == CTL_OK ? OPTIONS_RUN : status;
}

void change_close(struct change *change)
{
	free(change->meant);
	view_close(&change->view);
	file_close(&change->lock);
}

int change_find(struct change *change, const char *name, size_t **found, size_t *count)
{
	struct view *view = &change->view;
	char message[NAMES_MESSAGE_MAX] = "";
	int result = names_find(&view->forecast, &view->host, name, found, count, message);

	if (result < 0)
		ctl_fail("%s", message[0] ? message : strerror(-result));
	for (size_t i = 0; result == 0 && i < *count; i++)
		change->meant[(*found)[i]] = true;
	return result;
}

const char *change_describe(struct change *change, const struct pci_device *device,
			    char text[PCINAMES_MAX])
{
	return pcinames_sentence(&change->view.names, device, text, PCINAMES_MAX);
}

static int fail_image(const struct kernels *kernels, const struct kernel *kernel)
{
	if (kernel->state == KERNEL_NO_IMAGE)
		return ctl_fail("kernel %s: %s; run '%s %s'", kernel->release,
				kernels_problem(kernel->state),
				kernels_remedy(kernels, kernel->state), kernel->release);
	return ctl_fail("kernel %s: after '%s' its image still lacks the current rules; "
			"'vfio-earlyctl image %s' tells more",
			kernel->release, kernels->rebuild->command, kernel->release);
}

int change_check_images(struct kernels *kernels, const struct host *host, bool has_rules)
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

static int check_images(const struct change *change)
{
	struct kernels kernels = { .count = 0 };
	int status = change_check_images(&kernels, &change->view.host,
					 change->view.forecast.rules.count > 0);

	kernels_free(&kernels);
	return status;
}

int change_rebuild(struct change *change)
{
	const struct rebuild *rebuild = rebuild_find(&change->view.host);
	int result;

	file_close(&change->lock);
	change->lock = -1;
	if (change->dry_run)
		return CTL_OK;
	if (!change->update) {
		printf("This takes effect after '%s' and a reboot.\n", rebuild->command);
		return CTL_OK;
	}
	result = run_program(&change->view.host, rebuild->argv);
	if (result == 0 && check_images(change) == CTL_OK)
		return CTL_OK;
	if (result == -EXDEV)
		ctl_fail("%s: not run, as this is not the host; run it there", rebuild->command);
	else if (result < 0)
		ctl_fail("%s: %s", rebuild->argv[0], strerror(-result));
	else if (result > 0)
		ctl_fail("%s: exit status %d", rebuild->argv[0], result);
	ctl_fail("the rules have changed, but not every image has them: the next boot can use "
		 "the old ones");
	return CTL_INCOMPLETE;
}
