/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be said of rules, plan and system before a reboot. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "core/match.h"
#include "host/joined.h"
#include "look/device.h"
#include "term/message.h"

void audit_messages(struct findings *findings, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->findings.count; i++) {
		const struct finding *message = &inventory->findings.list[i];

		findings_add(findings, message->level, message->where, "%s", message->text);
	}
}

static void add_to_list(char list[AUDIT_LIST_MAX], const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	joined_add(list, AUDIT_LIST_MAX, pci_address_format(&device->address, address));
}

static void audit_not_found(struct findings *findings, const struct inventory *inventory,
			    const struct plan_row *row)
{
	char where[RULE_PLACE_MAX];

	rule_format_place(row->rule, where);
	if (row->rule->terms & RULE_SERIAL && inventory->serials_hidden)
		return; /* it was said that nothing can be said */
	if (row->satisfied)
		findings_add(findings, FINDING_NOTE, where, "no device is '%s'", row->detail);
	else
		findings_add(findings, FINDING_WARNING, where,
			     "no device is '%s'; 'vfio-earlyctl list' shows those that there are, "
			     "and with 'optional' it may be absent",
			     row->detail);
}

static void audit_unsatisfied(struct findings *findings, struct inventory *inventory,
			      const struct plan_row *row)
{
	char where[RULE_PLACE_MAX], device[PCI_IDS_SENTENCE_MAX];

	rule_format_place(row->rule, where);
	pci_ids_sentence(&inventory->names, row->device, device, sizeof(device));
	switch (row->outcome) {
	case OUTCOME_PROTECTED:
		findings_add(findings, FINDING_WARNING, where,
			     "%s stays with the host, which uses it: %s; with 'force' it is taken "
			     "all the same",
			     device, row->detail);
		break;
	case OUTCOME_GUARD_MISMATCH:
		findings_add(findings, FINDING_WARNING, where,
			     "%s stays with the host: %s; if this card is meant, change the ID",
			     device, row->detail);
		break;
	case OUTCOME_BRIDGE:
		findings_add(findings, FINDING_WARNING, where,
			     "%s is a bridge, and bridges stay with the host", device);
		break;
	case OUTCOME_NO_IOMMU:
		findings_add(findings, FINDING_WARNING, where,
			     "%s stays with the host: it has no IOMMU group, so no VM can have it",
			     device);
		break;
	case OUTCOME_NO_DRIVER:
		findings_add(findings, FINDING_WARNING, where,
			     "%s stays with the host: this kernel has no driver %s", device,
			     row->wanted);
		break;
	default:
		break;
	}
}

/* The audio function of a graphics card, most often, where it has a group of its own. */
static void audit_card(struct findings *findings, const struct inventory *inventory,
		       const struct plan_row *row)
{
	const struct pci_device *first;
	size_t count = pci_card(&inventory->forecast.pci, row->device, &first);
	char where[RULE_PLACE_MAX], address[PCI_ADDRESS_TEXT_MAX], left[AUDIT_LIST_MAX] = "";

	for (size_t i = 0; i < count; i++) {
		const struct plan_row *other = inventory_row(inventory, &first[i]);

		if (inventory_is_taken(other) && &first[i] < row->device)
			return; /* said already */
		if (!other && first[i].group != row->device->group &&
		    !device_is_virtual(inventory, &first[i]))
			add_to_list(left, &first[i]);
	}
	if (left[0] != '\0' && !device_is_virtual(inventory, row->device))
		findings_add(findings, FINDING_NOTE, rule_format_place(row->rule, where),
			     "%s goes to a VM, %s of the same card not",
			     pci_address_format(&row->device->address, address), left);
}

static void audit_taken(struct findings *findings, struct inventory *inventory,
			const struct plan_row *row)
{
	char where[RULE_PLACE_MAX], device[PCI_IDS_SENTENCE_MAX];
	const char *reason = inventory_reason(inventory, row->device),
		   *use = inventory_use(inventory, row->device);

	rule_format_place(row->rule, where);
	pci_ids_sentence(&inventory->names, row->device, device, sizeof(device));
	if (device_is_boot_console(inventory, row->device) && row->outcome == OUTCOME_WOULD_BIND)
		findings_add(findings, FINDING_WARNING, where,
			     "%s shows the boot console; the screen goes dark when it is taken",
			     device);
	if (reason)
		findings_add(findings, FINDING_WARNING, where,
			     "%s is taken from the host, which uses it: %s", device, reason);
	if (use && row->outcome == OUTCOME_WOULD_BIND)
		findings_add(findings, FINDING_WARNING, where, "%s " INVENTORY_USED, device, use);
	audit_card(findings, inventory, row);
}

/* Rules that match devices of which all go by other rules. */
static void audit_idle_rule(struct findings *findings, const struct inventory *inventory,
			    const struct rule *rule)
{
	const struct pci *pci = &inventory->forecast.pci;
	const struct pci_device *matched = NULL;
	const struct plan_row *row;
	char where[RULE_PLACE_MAX], winner[RULE_PLACE_MAX], address[PCI_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < pci->count; i++) {
		row = inventory_row(inventory, &pci->devices[i]);
		if (row && row->rule == rule)
			return;
		if (!matched && match_rule(rule, pci, &pci->devices[i]) == MATCH_YES)
			matched = &pci->devices[i];
	}
	row = matched ? inventory_row(inventory, matched) : NULL;
	if (row)
		findings_add(findings, FINDING_NOTE, rule_format_place(rule, where),
			     "decides for no device: %s goes by %s",
			     pci_address_format(&matched->address, address),
			     rule_format_place(row->rule, winner));
}

static void audit_switches(struct findings *findings, const struct inventory *inventory)
{
	const struct parameters *cmdline = &inventory->forecast.parameters;

	if (cmdline->off_by)
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "%s: as long as the boot loader says so, nothing of this is done",
			     cmdline->off_by);
	else if (cmdline->dry_run)
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "vfio_early=dry-run: as long as the boot loader says so, this is "
			     "logged and not done");
}

void audit_plan(struct findings *findings, struct inventory *inventory)
{
	const struct plan *plan = &inventory->forecast.plan;

	audit_switches(findings, inventory);
	if (inventory_lacks_iommu(inventory))
		findings_add(findings, FINDING_WARNING, NULL, INVENTORY_NO_IOMMU);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (!row->device)
			audit_not_found(findings, inventory, row);
		else if (inventory_is_taken(row))
			audit_taken(findings, inventory, row);
		else
			audit_unsatisfied(findings, inventory, row);
	}
	for (size_t i = 0; plan->choices && i < inventory->forecast.rules.count; i++)
		audit_idle_rule(findings, inventory, &inventory->forecast.rules.list[i]);
}

/* What of a group goes, and what stays with a driver of the host. */
static void describe_group(const struct inventory *inventory, struct audit_group *group)
{
	const struct pci *pci = &inventory->forecast.pci;
	char going[AUDIT_LIST_MAX] = "", staying[AUDIT_LIST_MAX] = "";

	group->takes_all = true;
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];

		if (device->group != group->first->device->group)
			continue;
		if (inventory_is_for_vm(inventory_row(inventory, device))) {
			add_to_list(going, device);
		} else if (!pci_is_bridge(device) && device->driver) {
			add_to_list(staying, device);
			group->takes_all &= !inventory_row(inventory, device) &&
					    !inventory_reason(inventory, device) &&
					    !inventory_use(inventory, device);
		}
	}
	if (staying[0] != '\0') {
		snprintf(group->fact, sizeof(group->fact),
			 "no VM can use %s, since the host keeps %s of the same IOMMU group %d",
			 going, staying, group->first->device->group);
		return;
	}
	group->takes_all = false; /* a bridge with a driver of its own */
	snprintf(group->fact, sizeof(group->fact), "%s", group->first->detail);
}

static bool is_first_of_group(const struct plan *plan, const struct plan_row *row)
{
	for (const struct plan_row *other = plan->rows; other < row; other++)
		if (inventory_is_spoiled(other) && other->device->group == row->device->group)
			return false;
	return true;
}

bool audit_next_group(const struct inventory *inventory, struct audit_group *group)
{
	const struct plan *plan = &inventory->forecast.plan;
	const struct plan_row *row = group->first ? group->first + 1 : plan->rows;

	for (; row < plan->rows + plan->count; row++)
		if (inventory_is_spoiled(row) && is_first_of_group(plan, row)) {
			group->first = row;
			describe_group(inventory, group);
			return true;
		}
	return false;
}

void audit_groups(struct findings *findings, const struct inventory *inventory)
{
	struct audit_group group = { .first = NULL };
	char where[RULE_PLACE_MAX];

	while (audit_next_group(inventory, &group))
		findings_add(findings, FINDING_WARNING,
			     rule_format_place(group.first->rule, where), "%s%s", group.fact,
			     group.takes_all ? "; with 'group' the rule takes them all" : "");
}

void audit_kernels(struct findings *findings, const struct kernels *kernels, bool has_rules)
{
	for (size_t i = 0; i < kernels->count; i++) {
		const struct kernel *kernel = &kernels->list[i];
		char image[PATH_MAX];

		if (kernels_image(kernel, image) < 0)
			continue;
		if (kernels_is_stale(kernel, has_rules) || kernel->state == KERNEL_NO_IMAGE)
			findings_add(findings, FINDING_WARNING, image, "%s%s%s; run '%s %s'",
				     kernels_problem(kernel->state), kernel->why[0] ? ": " : "",
				     kernel->why, kernels_remedy(kernels, kernel->state),
				     kernel->release);
	}
}

int audit_status(const struct findings *findings, const struct inventory *inventory)
{
	if (inventory->forecast.rules.bad)
		return CTL_BAD_RULES;
	return findings_count(findings, FINDING_ERROR) + findings_count(findings, FINDING_WARNING) >
			       0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}
