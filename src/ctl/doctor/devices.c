/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether rules get what they want, and VMs can use it. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "doctor/doctor.h"
#include "host/joined.h"
#include "look/device.h"

static bool takes_some(const struct doctor *doctor)
{
	const struct plan *plan = &doctor->inventory.forecast.plan;

	for (size_t i = 0; i < plan->count; i++)
		if (inventory_is_for_vm(&plan->rows[i]))
			return true;
	return false;
}

/* How many devices the next boot gives to VMs that can use them. */
static size_t count_useful(const struct doctor *doctor)
{
	const struct plan *plan = &doctor->inventory.forecast.plan;
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		count += inventory_is_for_vm(&plan->rows[i]) &&
			 !inventory_is_spoiled(&plan->rows[i]);
	return count;
}

/* What the messages of a inventory are to a doctor: notes are for who asks for more. */
static void check_messages(struct doctor *doctor, struct findings *findings)
{
	const struct inventory *inventory = &doctor->inventory;

	if (inventory->forecast.rules.bad > 0)
		findings_add(findings, FINDING_ERROR, NULL,
			     "%u line%s cannot be understood, so that no image is built; run "
			     "'vfio-earlyctl check'",
			     inventory->forecast.rules.bad,
			     inventory->forecast.rules.bad == 1 ? "" : "s");
	for (size_t i = 0; i < inventory->findings.count; i++)
		if (inventory->findings.list[i].level == FINDING_WARNING)
			findings_add(findings, FINDING_UNKNOWN, NULL, "%s",
				     inventory->findings.list[i].text);
}

void doctor_check_rules(struct doctor *doctor, struct findings *findings)
{
	const struct forecast *forecast = &doctor->inventory.forecast;
	size_t useful = count_useful(doctor), lost = 0;

	check_messages(doctor, findings);
	for (size_t i = 0; i < forecast->plan.count; i++)
		lost += !forecast->plan.rows[i].satisfied;
	if (forecast->parameters.off_by || forecast->parameters.dry_run)
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "%s keeps the rules from being carried out; reboot without it",
			     forecast->parameters.off_by ?: "vfio_early=dry-run");
	if (lost > 0)
		findings_add(findings, FINDING_WARNING, NULL,
			     "the next boot will not get %zu of the devices that they want; run "
			     "'vfio-earlyctl check'",
			     lost);
	if (findings->count == 0 && forecast->rules.count == 0)
		findings_add(findings, FINDING_NOTE, NULL,
			     "there are none; 'vfio-earlyctl add' makes one");
	else if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL, "%zu device%s for VMs at the next boot",
			     useful, useful == 1 ? "" : "s");
}

#define ACS_OVERRIDE                                                                               \
	", and last 'vfio-earlyctl cmdline add pcie_acs_override=downstream,multifunction', with " \
	"which the VM's device can reach the memory of the others, past the IOMMU"

/* The ways out of a shared group, the safe ones first. */
void doctor_check_groups(struct doctor *doctor, struct findings *findings)
{
	struct audit_group group = { .first = NULL };
	char where[RULE_PLACE_MAX];

	while (audit_next_group(&doctor->inventory, &group))
		findings_add(findings, FINDING_ERROR, rule_format_place(group.first->rule, where),
			     "%s; choose the first of these that you can: %sanother slot for the "
			     "card, ACS in the firmware's setup%s",
			     group.fact,
			     group.takes_all ? "the option 'group' in the rule, " : "",
			     doctor_has_acs_override(doctor) ? ACS_OVERRIDE : "");
	if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL, "%s",
			     takes_some(doctor)
				     ? "what goes to VMs shares no IOMMU group with the host"
				     : "nothing goes to VMs");
}

/* The kernel shows "reset" where it knows a way, and since 5.15 "reset_method" with the ways. */
static bool can_be_reset(const struct doctor *doctor, const struct pci_device *device)
{
	const struct inventory *inventory = &doctor->inventory;
	char methods[64];

	if (device_read(inventory, device, "reset_method", methods, sizeof(methods)) == 0)
		return false;
	return device_has(inventory, device, "reset_method") ||
	       device_has(inventory, device, "reset");
}

/*
 * The reset of a bus is no way of any one of several functions on it. VFIO uses it all the same,
 * as soon as it has all of them. Lists those that stay with the host; false if VFIO cannot reset
 * this bus: one without a bridge above, or with one on it, or with no other function, for which
 * the kernel would have shown this way if there were no quirk.
 */
static bool resets_as_bus(const struct doctor *doctor, const struct pci_device *device,
			  char staying[AUDIT_LIST_MAX])
{
	const struct pci *pci = &doctor->inventory.forecast.pci;
	char address[PCI_ADDRESS_TEXT_MAX];
	size_t others = 0;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *other = &pci->devices[i];

		if (other == device || other->address.domain != device->address.domain ||
		    other->address.bus != device->address.bus)
			continue;
		if (pci_is_bridge(other))
			return false;
		others++;
		if (!inventory_is_for_vm(inventory_row(&doctor->inventory, other)))
			joined_add(staying, AUDIT_LIST_MAX,
				   pci_address_format(&other->address, address));
	}
	return device->parent != PCI_NO_PARENT && others > 0;
}

static void check_reset(struct doctor *doctor, struct findings *findings,
			const struct pci_device *device)
{
	char name[PCI_IDS_SENTENCE_MAX], staying[AUDIT_LIST_MAX] = "";
	bool as_bus = resets_as_bus(doctor, device, staying);

	if (can_be_reset(doctor, device) || (as_bus && !staying[0]))
		return;
	doctor_name_device(doctor, device, name);
	if (as_bus)
		findings_add(findings, FINDING_WARNING, NULL,
			     "%s can be reset only together with %s, which the host keeps, so a VM "
			     "may find it as the one before left it; give the VM all of them",
			     name, staying);
	else
		findings_add(findings, FINDING_WARNING, NULL,
			     "%s cannot be reset by the kernel, so a VM may find it as the one "
			     "before left it; where it fails at a VM's second start, reboot the "
			     "host in between",
			     name);
}

void doctor_check_reset(struct doctor *doctor, struct findings *findings)
{
	const struct plan *plan = &doctor->inventory.forecast.plan;

	for (size_t i = 0; i < plan->count; i++)
		if (inventory_is_for_vm(&plan->rows[i]))
			check_reset(doctor, findings, plan->rows[i].device);
	if (findings->count == 0)
		findings_add(findings, FINDING_OK, NULL, "%s",
			     takes_some(doctor) ? "what goes to VMs can be reset"
						: "nothing goes to VMs");
}
