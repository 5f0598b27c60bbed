/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of a draft would do, by the plan that the boot makes. */
#include <string.h>

#include "host/message.h"
#include "rules/draft.h"

static void warn_row(struct edit *edit, const struct plan_row *row)
{
	char name[PCI_IDS_TEXT_MAX], where[RULE_PLACE_MAX];
	const char *what = row->wanted;
	bool hint = inventory_is_spoiled(row) && !edit->group;

	if (row->outcome == OUTCOME_EXCLUDED)
		what = rule_format_place(row->rule, where);
	else if (row->detail[0] != '\0')
		what = row->detail;
	edit_describe(edit, row->device, name);
	if (!inventory_is_taken(row))
		ctl_fail("%s: the next boot will not bind it: %s: %s", name,
			 outcome_name(row->outcome), what);
	else if (row->level == LEVEL_WARNING)
		ctl_fail("%s: %s%s", name, row->detail,
			 hint ? "; --group takes the rest of the group, too" : "");
}

/* No reason to refuse it: the host boots, and can be reached, without what is only used. */
static void warn_use(struct edit *edit, const struct pci_device *device)
{
	const char *use = inventory_use(&edit->inventory, device);
	char name[PCI_IDS_TEXT_MAX];

	if (use)
		ctl_fail("%s " INVENTORY_USED, edit_describe(edit, device, name), use);
}

/* Without an IOMMU now, a boot with it takes the device. */
static bool is_to_go(const struct plan_row *row)
{
	return row->outcome == OUTCOME_WOULD_BIND || row->outcome == OUTCOME_NO_IOMMU;
}

/* Whether the row is about a device of this run: named, or of the group of one that is. */
static bool is_ours(const struct edit *edit, const struct plan_row *row, size_t rules_before)
{
	const struct forecast *forecast = &edit->inventory.forecast;

	return row->device && (edit->meant[row->device - forecast->pci.devices] ||
			       row->rule >= forecast->rules.list + rules_before);
}

int draft_foretell(struct draft *draft)
{
	struct inventory *inventory = &draft->edit->inventory;
	struct rules *rules = &inventory->forecast.rules;
	const struct plan *plan = &inventory->forecast.plan;
	size_t before = rules->count;
	int result = rules_parse(rules, edit_path(draft->edit), draft->lines, strlen(draft->lines));

	if (result == 0)
		result = inventory_make_plan(inventory);
	if (result < 0)
		return result;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (!is_ours(draft->edit, row, before))
			continue;
		warn_row(draft->edit, row);
		if (is_to_go(row))
			warn_use(draft->edit, row->device);
	}
	if (inventory_lacks_iommu(inventory))
		ctl_fail("%s", INVENTORY_NO_IOMMU);
	return 0;
}

void draft_warn_uses(const struct draft *draft)
{
	struct edit *edit = draft->edit;
	const struct pci *pci = &edit->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (edit->meant[i])
			warn_use(edit, &pci->devices[i]);
}
