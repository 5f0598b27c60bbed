/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl add: rules for devices that are named. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command/edit.h"
#include "look/device.h"
#include "rules/file.h"
#include "term/options.h"
#include "term/shown.h"

static const char usage[] =
	"Usage: vfio-earlyctl add [OPTION]... DEVICE... [ATTRIBUTE=VALUE]...\n"
	"Adds rules for these devices, and no others, so that the next boots bind them to vfio-pci.\n"
	"DEVICE is what a rule accepts, a line of lspci, or a kernel name such as eth0, nvme0n1 or\n"
	"card0. '01:00' is a whole card, '01:00.0' one function. reset_method=METHOD,... and\n"
	"d3cold_allowed=0 become part of the rules.\n"
	"\n"
	"      --by TERM    what to know the device by: path (the default), slot, serial, id, "
	"address\n"
	"  -g, --group      the rest of each device's IOMMU group as well; a rule that is there\n"
	"                   already gets the option 'group'\n"
	"  -f, --force      even devices in use by the host; as above, with the option 'force'\n"
	"      --dry-run    print what would be added, and change nothing\n"
	"  -u, --update     rebuild the images of all kernels afterwards\n"
	"      --file FILE  append to FILE; /etc/vfio-early.conf if not given\n"
	"  -h, --help       print this\n";

/* People forget the sound function of a display card. */
static void print_left_out(const struct draft *draft)
{
	struct edit *edit = draft->edit;
	const struct pci *pci = &edit->inventory.forecast.pci;
	bool begun = false;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i], *first;
		char address[PCI_ADDRESS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];
		bool has_sibling = false;

		/*
		 * Of a shared group all others are offered together. Who takes virtual functions
		 * must not take what makes them.
		 */
		for (size_t count = pci_card(pci, device, &first); count > 0; count--, first++)
			has_sibling |= edit->meant[first - pci->devices] &&
				       !device_is_virtual(&edit->inventory, first) &&
				       (!draft->shared || first->group != device->group);
		if (!has_sibling || edit->meant[i] || pci_is_bridge(device) ||
		    inventory_is_taken(inventory_row(&edit->inventory, device)) ||
		    device_is_virtual(&edit->inventory, device))
			continue;
		if (!begun)
			puts("Other functions of the card stay with their host drivers; to add "
			     "them:");
		begun = true;
		printf("  vfio-earlyctl add %s  # %s\n",
		       device_address(&edit->inventory, device, address),
		       pci_ids_short(&edit->inventory.names, device, name, sizeof(name)));
	}
}

static void print_changes(const struct draft *draft, const struct rulesfile *file)
{
	const struct rules *rules = &draft->edit->inventory.forecast.rules;
	const char *done = draft->edit->dry_run ? "would be changed" : "changed";

	for (size_t i = 0; i < draft->change_count; i++) {
		const struct rule *rule = &rules->list[draft->changes[i].rule];
		size_t length;
		const char *line = rulesfile_line(file, rule->line, &length);

		if (line && strcmp(rule->file, file->path) == 0)
			shown_print(stdout, SHOWN_LINES, "%s:%u: %s:\n%.*s\n", file->path,
				    rule->line, done, (int)length, line);
	}
}

static int change_file(const struct draft *draft, const char *path)
{
	const struct edit *edit = draft->edit;
	struct rulesfile file;
	int result = rulesfile_read(&file, &edit->inventory.host, path);

	if (result == 0)
		result = draft_apply(draft, &file, false);
	if (result == 0 && !edit->dry_run)
		result = rulesfile_write(&file, &edit->inventory.host);
	if (result == -ESTALE)
		ctl_fail("%s: was changed meanwhile, and stays as it is; run this again", path);
	else if (result < 0)
		ctl_fail("%s: cannot be written: %s", path, strerror(-result));
	if (result == 0)
		print_changes(draft, &file);
	if (result == 0 && draft->lines[0] && strcmp(path, edit_path(edit)) == 0)
		shown_print(stdout, SHOWN_LINES, "%s: %s:\n%s", path,
			    edit->dry_run ? "would be added" : "added", draft->lines);
	rulesfile_free(&file);
	return result;
}

static int finish(struct draft *draft)
{
	struct edit *edit = draft->edit;
	const char *path;
	int result = draft_foretell(draft);

	findings_report(&draft->findings);
	if (result < 0)
		return ctl_fail("planning: %s", strerror(-result));
	for (size_t i = 0; (path = draft_file(draft, i)); i++)
		if (change_file(draft, path) < 0)
			return CTL_INTERNAL;
	print_left_out(draft);
	if (draft->shared) {
		fputs("To add the rest of the IOMMU group:\n  vfio-earlyctl add --group", stdout);
		for (char *const *name = edit->operands; *name; name++)
			shown_print(stdout, "", strpbrk(*name, " |;*") ? " '%s'" : " %s", *name);
		putchar('\n');
	}
	return draft_file(draft, 0) || edit->update ? edit_rebuild(edit) : CTL_OK;
}

/* All or nothing: a card of which half was added is of no use. */
static int add(struct edit *edit)
{
	struct draft draft = { .edit = edit };
	int status = edit_draft(&draft);

	if (status == CTL_OK)
		status = finish(&draft);
	draft_free(&draft);
	return status;
}

int command_add(const struct ctl *ctl, int argc, char **argv)
{
	struct edit edit;
	int status = edit_open(&edit, ctl, argc, argv, usage, true);

	if (status == OPTIONS_RUN)
		status = add(&edit);
	edit_close(&edit);
	return status;
}
