/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl add: rules for devices that are named. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "command.h"
#include "draft.h"
#include "traits.h"

static const char usage[] =
	"Usage: vfio-earlyctl add [OPTION]... DEVICE...\n"
	"Appends rules that mean these devices and no others, so that the next boots take them.\n"
	"DEVICE is what a rule accepts, what lspci prints, or a kernel name such as eth0, nvme0n1\n"
	"or card0. '01:00' is a whole card, '01:00.0' one function.\n"
	"\n"
	"      --by KIND    what to know the device by: path (the default), slot, serial, id, "
	"address\n"
	"  -g, --group      take the rest of the device's IOMMU group as well\n"
	"  -f, --force      take it even if the host stands on it\n"
	"  -n, --dry-run    print what would be added, and change nothing\n"
	"  -u, --update     run 'update-initramfs -u' afterwards\n"
	"      --file FILE  append to FILE; /etc/vfio-early.conf if not given\n"
	"  -h, --help       print this\n";

static const char *get_path(const struct change *change)
{
	return change->file ? change->file : RULES_FILE;
}

static void warn_row(struct change *change, const struct plan_row *row)
{
	char name[PCINAMES_MAX], where[AUDIT_WHERE_MAX];
	const char *what = row->wanted;
	bool hint = view_is_spoiled(row) && !change->group;

	if (row->outcome == OUTCOME_EXCLUDED)
		what = audit_format_rule(row->rule, where);
	else if (row->detail[0] != '\0')
		what = row->detail;
	change_describe(change, row->device, name);
	if (!view_is_taken(row))
		ctl_fail("%s: the next boot will not bind it: %s: %s", name,
			 outcome_name(row->outcome), what);
	else if (row->level == LEVEL_WARNING)
		ctl_fail("%s: %s%s", name, row->detail,
			 hint ? "; --group takes the rest of the group, too" : "");
}

/* Whether the row is about a device of this run: named, or of the group of one that is. */
static bool is_ours(const struct change *change, const struct plan_row *row, size_t rules_before)
{
	const struct forecast *forecast = &change->view.forecast;

	return row->device && (change->meant[row->device - forecast->pci.devices] ||
			       row->rule >= forecast->rules.list + rules_before);
}

/* What the new rules would do, by the plan that the boot makes. */
static int foretell(struct draft *draft)
{
	struct view *view = &draft->change->view;
	struct rules *rules = &view->forecast.rules;
	const struct plan *plan = &view->forecast.plan;
	size_t before = rules->count;
	int result =
		rules_parse(rules, get_path(draft->change), draft->lines, strlen(draft->lines));

	if (result == 0)
		result = view_make_plan(view);
	if (result < 0)
		return result;
	for (size_t i = 0; i < plan->count; i++)
		if (is_ours(draft->change, &plan->rows[i], before))
			warn_row(draft->change, &plan->rows[i]);
	if (view_lacks_iommu(view))
		ctl_fail("%s", VIEW_NO_IOMMU);
	return 0;
}

static int write_lines(const struct draft *draft)
{
	struct rulesfile file;
	const struct host *host = &draft->change->view.host;
	int result = rulesfile_read(&file, host, get_path(draft->change));

	if (result == 0)
		result = rulesfile_append(&file, draft->lines);
	if (result == 0)
		result = rulesfile_write(&file, host);
	rulesfile_free(&file);
	return result;
}

/* Whether a function that an operand means is of the same card. */
static bool has_sibling(const struct change *change, const struct pci_device *device)
{
	const struct pci *pci = &change->view.forecast.pci;
	const struct pci_device *first;
	size_t count = pci_card(pci, device, &first);

	for (size_t i = 0; i < count; i++)
		if (change->meant[&first[i] - pci->devices])
			return true;
	return false;
}

static bool is_left_out(const struct change *change, const struct pci_device *device)
{
	return !change->meant[device - change->view.forecast.pci.devices] &&
	       has_sibling(change, device) && !pci_is_bridge(device) &&
	       !view_is_taken(view_row(&change->view, device)) &&
	       !traits_is_virtual(&change->view, device);
}

/* People forget the sound function of a display card. */
static void print_left_out(struct change *change)
{
	const struct pci *pci = &change->view.forecast.pci;
	bool begun = false;

	for (size_t i = 0; i < pci->count; i++) {
		char address[PCI_ADDRESS_TEXT_MAX], name[PCINAMES_MAX];

		if (!is_left_out(change, &pci->devices[i]))
			continue;
		if (!begun)
			puts("Other functions of the card stay with the host; to add them, too:");
		begun = true;
		printf("  vfio-earlyctl add %s  # %s\n",
		       pci_address_format(&pci->devices[i].address, address),
		       pcinames_short(&change->view.names, &pci->devices[i], name, sizeof(name)));
	}
}

static int finish(struct draft *draft)
{
	struct change *change = draft->change;
	int result = foretell(draft);

	if (result < 0)
		return ctl_fail("planning: %s", strerror(-result));
	if (draft->lines[0] && !change->dry_run)
		result = write_lines(draft);
	if (result < 0)
		return ctl_fail("%s: cannot be written: %s", get_path(change), strerror(-result));
	if (draft->lines[0])
		printf("%s: %s:\n%s", get_path(change),
		       change->dry_run ? "would be added" : "added", draft->lines);
	print_left_out(change);
	return draft->lines[0] || change->update ? change_rebuild(change) : CTL_OK;
}

/* All or nothing: a card of which half was added is of no use. */
static int add(struct change *change)
{
	struct draft draft = { .change = change };
	int status = CTL_INTERNAL;
	int result = 0;

	for (char *const *name = change->operands; *name && result == 0; name++)
		result = draft_take(&draft, *name);
	if (result == 0) {
		result = draft_make(&draft);
		if (result < 0)
			ctl_fail("%s", strerror(-result));
		else
			status = draft.refused ? CTL_INCOMPLETE : finish(&draft);
	}
	if (draft.refused)
		ctl_fail("nothing was changed");
	draft_free(&draft);
	return status;
}

int command_add(const struct ctl *ctl, int argc, char **argv)
{
	struct change change;
	int status = change_open(&change, ctl, argc, argv, usage, true);

	if (status == CTL_OK && !change.help)
		status = add(&change);
	change_close(&change);
	return ctl_finish(status);
}
