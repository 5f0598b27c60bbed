/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be said of rules, plan and system before a reboot. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "core/match.h"
#include "host/joined.h"
#include "look/device.h"

/* Room for the addresses of a card's or a group's functions; of more, the first are named. */
#define LIST_MAX 256

const char *audit_format_rule(const struct rule *rule, char where[AUDIT_WHERE_MAX])
{
	snprintf(where, AUDIT_WHERE_MAX, "%.*s:%u", RULE_WHERE_MAX, rule->file, rule->line);
	return where;
}

/* "FILE:LINE:COLUMN: found ..., expected ..." */
static void add_rule_error(struct findings *findings, const char *message)
{
	const char *end = strstr(message, ": ");
	char where[AUDIT_WHERE_MAX];

	if (!end) {
		findings_add(findings, VIEW_ERROR, NULL, "%s", message);
		return;
	}
	snprintf(where, sizeof(where), "%.*s", (int)(end - message), message);
	findings_add(findings, VIEW_ERROR, where, "%s", end + 2);
}

void audit_messages(struct findings *findings, const struct view *view)
{
	for (size_t i = 0; i < view->message_count; i++) {
		const struct view_message *message = &view->messages[i];

		if (message->level == VIEW_ERROR)
			add_rule_error(findings, message->text);
		else
			findings_add(findings, message->level, NULL, "%s", message->text);
	}
}

static void add_to_list(char list[LIST_MAX], const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	wordlist_add(list, LIST_MAX, pci_address_format(&device->address, address));
}

static void audit_not_found(struct findings *findings, const struct view *view,
			    const struct plan_row *row)
{
	char where[AUDIT_WHERE_MAX];

	audit_format_rule(row->rule, where);
	if (row->rule->terms & RULE_SERIAL && view->serials_hidden)
		return; /* it was said that nothing can be said */
	if (row->satisfied)
		findings_add(findings, VIEW_NOTE, where, "no device is '%s'", row->detail);
	else
		findings_add(findings, VIEW_WARNING, where,
			     "no device is '%s'; 'vfio-earlyctl list' shows those that there are, "
			     "and with 'optional' it may be absent",
			     row->detail);
}

static void audit_unsatisfied(struct findings *findings, struct view *view,
			      const struct plan_row *row)
{
	char where[AUDIT_WHERE_MAX], device[PCINAMES_SENTENCE_MAX];

	audit_format_rule(row->rule, where);
	pcinames_sentence(&view->names, row->device, device, sizeof(device));
	switch (row->outcome) {
	case OUTCOME_PROTECTED:
		findings_add(findings, VIEW_WARNING, where,
			     "%s stays with the host, which uses it: %s; with 'force' it is taken "
			     "all the same",
			     device, row->detail);
		break;
	case OUTCOME_GUARD_MISMATCH:
		findings_add(findings, VIEW_WARNING, where,
			     "%s stays with the host: %s; if this card is meant, change the ID",
			     device, row->detail);
		break;
	case OUTCOME_BRIDGE:
		findings_add(findings, VIEW_WARNING, where,
			     "%s is a bridge, and bridges stay with the host", device);
		break;
	case OUTCOME_NO_IOMMU:
		findings_add(findings, VIEW_WARNING, where,
			     "%s stays with the host: it has no IOMMU group, so no VM can have it",
			     device);
		break;
	case OUTCOME_NO_DRIVER:
		findings_add(findings, VIEW_WARNING, where,
			     "%s stays with the host: this kernel has no driver %s", device,
			     row->wanted);
		break;
	default:
		break;
	}
}

static bool has_row(const struct view *view, const struct pci_device *device)
{
	return view_row(view, device) != NULL;
}

/* The audio function of a graphics card, most often, where it has a group of its own. */
static void audit_card(struct findings *findings, const struct view *view,
		       const struct plan_row *row)
{
	const struct pci_device *first;
	size_t count = pci_card(&view->forecast.pci, row->device, &first);
	char where[AUDIT_WHERE_MAX], address[PCI_ADDRESS_TEXT_MAX], left[LIST_MAX] = "";

	for (size_t i = 0; i < count; i++) {
		if (view_is_taken(view_row(view, &first[i])) && &first[i] < row->device)
			return; /* said already */
		if (!has_row(view, &first[i]) && first[i].group != row->device->group &&
		    !traits_is_virtual(view, &first[i]))
			add_to_list(left, &first[i]);
	}
	if (left[0] != '\0' && !traits_is_virtual(view, row->device))
		findings_add(findings, VIEW_NOTE, audit_format_rule(row->rule, where),
			     "%s goes to a VM, %s of the same card not",
			     pci_address_format(&row->device->address, address), left);
}

static void audit_taken(struct findings *findings, struct view *view, const struct plan_row *row)
{
	char where[AUDIT_WHERE_MAX], device[PCINAMES_SENTENCE_MAX];
	const char *reason = view_reason(view, row->device), *use = view_use(view, row->device);

	audit_format_rule(row->rule, where);
	pcinames_sentence(&view->names, row->device, device, sizeof(device));
	if (traits_is_boot_console(view, row->device) && row->outcome == OUTCOME_WOULD_BIND)
		findings_add(findings, VIEW_WARNING, where,
			     "%s shows the boot console; the screen goes dark when it is taken",
			     device);
	if (reason)
		findings_add(findings, VIEW_WARNING, where,
			     "%s is taken from the host, which uses it: %s", device, reason);
	if (use && row->outcome == OUTCOME_WOULD_BIND)
		findings_add(findings, VIEW_WARNING, where, "%s " VIEW_USED, device, use);
	audit_card(findings, view, row);
}

/* Rules that match devices of which all go by other rules. */
static void audit_idle_rule(struct findings *findings, const struct view *view,
			    const struct rule *rule)
{
	const struct pci *pci = &view->forecast.pci;
	const struct pci_device *matched = NULL;
	const struct plan_row *row;
	char where[AUDIT_WHERE_MAX], winner[AUDIT_WHERE_MAX], address[PCI_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < pci->count; i++) {
		row = view_row(view, &pci->devices[i]);
		if (row && row->rule == rule)
			return;
		if (!matched && match_rule(rule, pci, &pci->devices[i]) == MATCH_YES)
			matched = &pci->devices[i];
	}
	row = matched ? view_row(view, matched) : NULL;
	if (row)
		findings_add(findings, VIEW_NOTE, audit_format_rule(rule, where),
			     "decides for no device: %s goes by %s",
			     pci_address_format(&matched->address, address),
			     audit_format_rule(row->rule, winner));
}

static void audit_switches(struct findings *findings, const struct view *view)
{
	const struct cmdline *cmdline = &view->forecast.cmdline;

	if (cmdline->off_by)
		findings_add(findings, VIEW_WARNING, "/proc/cmdline",
			     "%s: as long as the boot loader says so, nothing of this is done",
			     cmdline->off_by);
	else if (cmdline->dry_run)
		findings_add(findings, VIEW_WARNING, "/proc/cmdline",
			     "vfio_early=dry-run: as long as the boot loader says so, this is "
			     "logged and not done");
}

void audit_plan(struct findings *findings, struct view *view)
{
	const struct plan *plan = &view->forecast.plan;

	audit_switches(findings, view);
	if (view_lacks_iommu(view))
		findings_add(findings, VIEW_WARNING, NULL, VIEW_NO_IOMMU);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (!row->device)
			audit_not_found(findings, view, row);
		else if (view_is_taken(row))
			audit_taken(findings, view, row);
		else
			audit_unsatisfied(findings, view, row);
	}
	for (size_t i = 0; plan->choices && i < view->forecast.rules.count; i++)
		audit_idle_rule(findings, view, &view->forecast.rules.list[i]);
}

/* What of a group goes, and what stays with a driver of the host. */
static void audit_group(struct findings *findings, const struct view *view,
			const struct plan_row *first)
{
	const struct pci *pci = &view->forecast.pci;
	char going[LIST_MAX] = "", staying[LIST_MAX] = "", where[AUDIT_WHERE_MAX];
	bool free = true; /* what stays can be taken as well */

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];

		if (device->group != first->device->group)
			continue;
		if (view_is_for_vm(view_row(view, device))) {
			add_to_list(going, device);
		} else if (!pci_is_bridge(device) && device->driver) {
			add_to_list(staying, device);
			free &= !view_row(view, device) && !view_reason(view, device) &&
				!view_use(view, device);
		}
	}
	if (staying[0] == '\0') /* a bridge with a driver of its own */
		findings_add(findings, VIEW_WARNING, audit_format_rule(first->rule, where), "%s",
			     first->detail);
	else
		findings_add(findings, VIEW_WARNING, audit_format_rule(first->rule, where),
			     "no VM can use %s, since the host keeps %s of the same IOMMU group "
			     "%d%s",
			     going, staying, first->device->group,
			     free ? "; with 'group' the rule takes them all" : "");
}

void audit_groups(struct findings *findings, const struct view *view)
{
	const struct plan *plan = &view->forecast.plan;

	for (size_t i = 0; i < plan->count; i++) {
		bool first = view_is_spoiled(&plan->rows[i]);

		for (size_t j = 0; first && j < i; j++)
			if (view_is_spoiled(&plan->rows[j]) &&
			    plan->rows[j].device->group == plan->rows[i].device->group)
				first = false;
		if (first)
			audit_group(findings, view, &plan->rows[i]);
	}
}

void audit_kernels(struct findings *findings, const struct kernels *kernels, bool has_rules)
{
	for (size_t i = 0; i < kernels->count; i++) {
		const struct kernel *kernel = &kernels->list[i];
		char image[PATH_MAX];

		if (kernels_image(kernel, image) < 0)
			continue;
		if (kernels_is_stale(kernel, has_rules) || kernel->state == KERNEL_NO_IMAGE)
			findings_add(findings, VIEW_WARNING, image, "%s%s%s; run '%s %s'",
				     kernels_problem(kernel->state), kernel->why[0] ? ": " : "",
				     kernel->why, kernels_remedy(kernels, kernel->state),
				     kernel->release);
	}
}

int audit_status(const struct findings *findings, const struct view *view)
{
	if (view->forecast.rules.bad)
		return CTL_BAD_RULES;
	return findings_count(findings, VIEW_ERROR) + findings_count(findings, VIEW_WARNING) > 0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}
