/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual functions (SR-IOV): a boot has none, and takes what makes them if a rule matches that. */
#include "audit/audit.h"
#include "core/match.h"
#include "look/device.h"

/* Whether a rule by ID or class that matches the device matches functions that it makes as well. */
static bool means_virtual(const struct inventory *inventory, const struct rule *rule,
			  const struct pci_device *device)
{
	struct pci_device virtual = *device;

	if (rule->terms & RULE_LOCATES ||
	    device_read_number(inventory, device, "sriov_totalvfs", 10) == 0)
		return false;
	virtual.device = (uint16_t)device_read_number(inventory, device, "sriov_vf_device", 16);
	return match_rule(rule, &inventory->forecast.pci, &virtual) == MATCH_YES;
}

/* For a virtual function's sake: such a rule finds no group at boot, and later takes it alone. */
static bool is_by_group(const struct inventory *inventory, const struct plan_row *row)
{
	const struct forecast *forecast = &inventory->forecast;

	return forecast->plan.choices[row->device - forecast->pci.devices].by_group;
}

static void audit_physical(struct findings *findings, struct inventory *inventory,
			   const struct plan_row *row)
{
	char where[RULE_PLACE_MAX], address[PCI_ADDRESS_TEXT_MAX];

	if (device_read_number(inventory, row->device, "sriov_numvfs", 10) == 0 &&
	    !means_virtual(inventory, row->rule, row->device))
		return;
	pci_address_format(&row->device->address, address);
	rule_format_place(row->rule, where);
	findings_add(findings, FINDING_WARNING, where,
		     "%s is bound as a whole, and so can't have virtual functions", address);
	findings_fix(findings,
		     "If virtual functions are meant, name them by address, with 'optional', and "
		     "exclude this one with '!%s'",
		     address);
}

/* Where nothing else answers the rule, the boot finds no device for it. */
static bool means_only_virtual(const struct inventory *inventory, const struct rule *rule)
{
	const struct pci *pci = &inventory->forecast.pci;
	size_t count = 0;

	for (size_t i = 0; i < pci->count; i++) {
		if (match_rule(rule, pci, &pci->devices[i]) != MATCH_YES)
			continue;
		if (!device_is_virtual(inventory, &pci->devices[i]))
			return false;
		count++;
	}
	return count > 0;
}

void audit_virtual(struct findings *findings, struct inventory *inventory)
{
	const struct plan *plan = &inventory->forecast.plan;
	const struct rules *rules = &inventory->forecast.rules;
	char where[RULE_PLACE_MAX];

	for (size_t i = 0; i < plan->count; i++)
		if (inventory_is_taken(&plan->rows[i]) && !is_by_group(inventory, &plan->rows[i]))
			audit_physical(findings, inventory, &plan->rows[i]);
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->list[i].exclude && !(rules->list[i].options & RULE_OPTIONAL) &&
		    means_only_virtual(inventory, &rules->list[i]))
			findings_add(findings, FINDING_NOTE,
				     rule_format_place(&rules->list[i], where),
				     "The rule matches only virtual functions, which do not exist "
				     "yet at boot: without 'optional', each boot warns of it");
}
