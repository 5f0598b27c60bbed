/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of a draft would do, by the plan that the boot makes. */
#include <string.h>

#include "rules/draft.h"

static void warn_row(struct draft *draft, const struct plan_row *row)
{
	char name[PCI_IDS_TEXT_MAX], where[RULE_PLACE_MAX];
	const char *what = row->wanted;
	bool hint = inventory_is_spoiled(row) && !draft->edit->group;

	if (row->outcome == OUTCOME_EXCLUDED)
		what = rule_format_place(row->rule, where);
	else if (row->detail[0] != '\0')
		what = row->detail;
	edit_describe(draft->edit, row->device, name);
	if (!inventory_is_taken(row))
		findings_add(&draft->findings, FINDING_WARNING, name,
			     "the next boot will not bind it: %s: %s", outcome_name(row->outcome),
			     what);
	else if (row->level == LEVEL_WARNING)
		findings_add(&draft->findings, FINDING_WARNING, name, "%s%s", row->detail,
			     hint ? "; --group takes the rest of the group, too" : "");
}

/* No reason to refuse it: the host boots, and can be reached, without what is only used. */
static void warn_use(struct draft *draft, const struct pci_device *device)
{
	const char *use = inventory_use(&draft->edit->inventory, device);
	char name[PCI_IDS_TEXT_MAX];

	if (use)
		findings_add(&draft->findings, FINDING_WARNING, NULL, "%s " INVENTORY_USED,
			     edit_describe(draft->edit, device, name), use);
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
		warn_row(draft, row);
		if (is_to_go(row))
			warn_use(draft, row->device);
	}
	if (inventory_lacks_iommu(inventory))
		findings_add(&draft->findings, FINDING_WARNING, NULL, INVENTORY_NO_IOMMU);
	return 0;
}

void draft_warn_uses(struct draft *draft)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (draft->edit->meant[i])
			warn_use(draft, &pci->devices[i]);
}
