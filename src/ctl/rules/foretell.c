/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of a draft would do, by the plan that the boot makes. */
#include <string.h>

#include "audit/audit.h"
#include "rules/draft.h"

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

/* No reason to refuse it: the host boots, and can be reached, without what is only used. */
static void warn_use(struct change *change, const struct pci_device *device)
{
	const char *use = view_use(&change->view, device);
	char name[PCINAMES_MAX];

	if (use)
		ctl_fail("%s " VIEW_USED, change_describe(change, device, name), use);
}

/* Without an IOMMU now, a boot with it takes the device. */
static bool is_to_go(const struct plan_row *row)
{
	return row->outcome == OUTCOME_WOULD_BIND || row->outcome == OUTCOME_NO_IOMMU;
}

/* Whether the row is about a device of this run: named, or of the group of one that is. */
static bool is_ours(const struct change *change, const struct plan_row *row, size_t rules_before)
{
	const struct forecast *forecast = &change->view.forecast;

	return row->device && (change->meant[row->device - forecast->pci.devices] ||
			       row->rule >= forecast->rules.list + rules_before);
}

int draft_foretell(struct draft *draft)
{
	struct view *view = &draft->change->view;
	struct rules *rules = &view->forecast.rules;
	const struct plan *plan = &view->forecast.plan;
	size_t before = rules->count;
	int result =
		rules_parse(rules, change_path(draft->change), draft->lines, strlen(draft->lines));

	if (result == 0)
		result = view_make_plan(view);
	if (result < 0)
		return result;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (!is_ours(draft->change, row, before))
			continue;
		warn_row(draft->change, row);
		if (is_to_go(row))
			warn_use(draft->change, row->device);
	}
	if (view_lacks_iommu(view))
		ctl_fail("%s", VIEW_NO_IOMMU);
	return 0;
}

void draft_warn_uses(const struct draft *draft)
{
	struct change *change = draft->change;
	const struct pci *pci = &change->view.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (change->meant[i])
			warn_use(change, &pci->devices[i]);
}
