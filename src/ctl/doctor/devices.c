/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether rules get the devices that they name, and VMs can use them. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "doctor/doctor.h"
#include "host/joined.h"
#include "look/device.h"
#include "vm/guests.h"

static bool takes_some(const struct doctor *doctor)
{
	size_t i = 0;

	return doctor_next(doctor, &i) != NULL;
}

/* Why the next boot would leave a device with its host driver. */
static void explain_left(struct doctor *doctor, struct findings *findings,
			 const struct pci_device *device, const char *name)
{
	const struct plan_row *row = inventory_row(&doctor->inventory, device);
	char where[RULE_PLACE_MAX];

	rule_format_place(row->rule, where);
	if (row->outcome == OUTCOME_PROTECTED) {
		findings_add(findings, FINDING_ERROR, NULL, "%s is in use by the host: %s", name,
			     row->detail);
		findings_fix(findings,
			     "Use another device: without this one the host does not boot, or is "
			     "out of reach");
	} else if (row->outcome == OUTCOME_EXCLUDED) {
		findings_add(findings, FINDING_ERROR, where,
			     "%s is excluded by '%s', which beats every rule", name,
			     row->rule->text);
		findings_fix(findings, "Remove that line");
	} else if (row->outcome == OUTCOME_NO_IOMMU) {
		if (!inventory_lacks_iommu(&doctor->inventory))
			findings_add(findings, FINDING_ERROR, NULL, "%s has no IOMMU group", name);
	} else {
		findings_add(findings, FINDING_ERROR, where, "%s is not bound at the next boot: %s",
			     name, row->detail[0] ? row->detail : outcome_name(row->outcome));
	}
}

static void describe(struct doctor *doctor, struct findings *findings,
		     const struct pci_device *device, const char *name)
{
	const struct inventory *inventory = &doctor->inventory;
	static const char *const settings[] = { "reset_method", "d3cold_allowed" };
	const char *use = inventory_use(inventory, device);
	char vfs[16] = "", address[PCI_ADDRESS_TEXT_MAX], value[64];

	if (use) {
		findings_add(findings, FINDING_WARNING, NULL, "%s is in use by the host: %s", name,
			     use);
		findings_fix(findings, "The host boots without it, but lacks that");
	}
	if (device_read(inventory, device, "sriov_totalvfs", vfs, sizeof(vfs)) > 0 &&
	    strcmp(vfs, "0") != 0) {
		findings_add(findings, FINDING_NOTE, NULL,
			     "%s can have %s virtual functions, which can be passed through one by "
			     "one while the device stays with its host driver",
			     name, vfs);
		findings_fix(findings, "See vfio-early(8), section HOT-PLUGGED DEVICES");
	}
	findings_add(findings, FINDING_OK, NULL, "%s: driver %s, IOMMU group %d",
		     pci_address_format(&device->address, address), device->driver ?: "none",
		     device->group);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (device_read(inventory, device, settings[i], value, sizeof(value)) > 0)
			findings_add(findings, FINDING_OK, NULL, "%s: %s is '%s'", address,
				     settings[i], value);
}

/* Of devices that were named: who uses them now, and what stands in the way of a rule. */
void doctor_check_device(struct doctor *doctor, struct findings *findings)
{
	const struct pci *pci = &doctor->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		char name[PCI_IDS_SENTENCE_MAX];

		if (!doctor->meant[i])
			continue;
		doctor_name_device(doctor, device, name);
		if (inventory_is_taken(inventory_row(&doctor->inventory, device)))
			describe(doctor, findings, device, name);
		else
			explain_left(doctor, findings, device, name);
	}
	if (findings->count == 0)
		findings_add(findings, FINDING_NONE, NULL, "See what the check 'iommu' found");
}

void doctor_check_rules(struct doctor *doctor, struct findings *findings)
{
	const struct inventory *inventory = &doctor->inventory;
	const struct forecast *forecast = &inventory->forecast;
	const struct plan *plan = &forecast->plan;
	size_t useful = 0, lost = 0;

	if (forecast->rules.bad > 0) {
		findings_add(findings, FINDING_ERROR, NULL,
			     "%u line%s of the rules %s not valid, so no image is built",
			     forecast->rules.bad, forecast->rules.bad == 1 ? "" : "s",
			     forecast->rules.bad == 1 ? "is" : "are");
		findings_fix(findings, "Run 'vfio-earlyctl check', which shows where");
	}
	for (size_t i = 0; i < inventory->findings.count; i++)
		if (inventory->findings.list[i].level == FINDING_WARNING)
			findings_add(findings, FINDING_UNKNOWN, NULL, "%s",
				     inventory->findings.list[i].text);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		lost += !row->satisfied;
		useful += inventory_is_for_vm(row) && !inventory_is_spoiled(row);
	}
	if (forecast->parameters.off_by || forecast->parameters.dry_run) {
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "%s is set: rules are not applied",
			     forecast->parameters.off_by ?: "vfio_early=dry-run");
		findings_fix(findings, "Reboot without it");
	}
	if (lost > 0) {
		findings_add(
			findings, FINDING_WARNING, NULL,
			"%zu of the devices that rules name will not be bound at the next boot",
			lost);
		findings_fix(findings, "Run 'vfio-earlyctl check', which shows why");
	}
	if (findings->count > 0)
		return;
	if (forecast->rules.count == 0) {
		findings_add(findings, FINDING_NOTE, NULL, "There are no rules");
		findings_fix(findings, "Run 'vfio-earlyctl list', then 'vfio-earlyctl add DEVICE'");
		return;
	}
	findings_add(findings, FINDING_OK, NULL,
		     "%zu device%s will be reserved for VMs at the next boot", useful,
		     useful == 1 ? "" : "s");
}

void doctor_check_groups(struct doctor *doctor, struct findings *findings)
{
	audit_groups(findings, &doctor->inventory, doctor->meant);
	if (findings->count == 0 && takes_some(doctor))
		findings_add(
			findings, FINDING_OK, NULL,
			"Devices reserved for VMs share no IOMMU group with devices of the host");
	else if (findings->count == 0)
		findings_add(findings, FINDING_NONE, NULL, "No device is reserved for VMs");
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
 * For one of several functions on a bus, the kernel doesn't offer the reset of the bus. VFIO uses
 * it anyway, once it has all of them. Lists those that stay with the host; false if VFIO
 * can't reset this bus: one without a bridge above, or with one on it, or with no other function,
 * for which the kernel would have offered it if there were no quirk.
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

#define VENDOR_AMD 0x1002

/*
 * Of these cards, many stay silent after a reset of the bus, until the host is switched off
 * (RX 400 to RX 5000); the module vendor-reset has ways for them.
 */
static bool needs_vendor_reset(const struct doctor *doctor, const struct pci_device *device)
{
	char methods[64];

	return device->vendor == VENDOR_AMD && device->class >> 16 == 0x03 &&
	       device_read(&doctor->inventory, device, "reset_method", methods, sizeof(methods)) >
		       0 &&
	       strcmp(methods, "bus") == 0;
}

#define STALE_STATE "a VM can find it in the state in which the VM before left it"

void doctor_check_reset(struct doctor *doctor, struct findings *findings)
{
	const struct pci_device *device;

	for (size_t i = 0; (device = doctor_next(doctor, &i));) {
		char name[PCI_IDS_SENTENCE_MAX], staying[AUDIT_LIST_MAX] = "";
		bool as_bus = resets_as_bus(doctor, device, staying);

		doctor_name_device(doctor, device, name);
		if (needs_vendor_reset(doctor, device)) {
			findings_add(findings, FINDING_NOTE, NULL,
				     "%s can only be reset with its bus, which many AMD graphics "
				     "cards don't survive",
				     name);
			findings_fix(
				findings,
				"If it fails when a VM starts for the second time, install the "
				"module vendor-reset and add 'reset_method=device_specific' to "
				"its rule");
			continue;
		}
		if (can_be_reset(doctor, device) || (as_bus && !staying[0]))
			continue;
		if (as_bus) {
			findings_add(findings, FINDING_WARNING, NULL,
				     "%s can only be reset together with %s, which %s with the "
				     "host: " STALE_STATE,
				     name, staying, strchr(staying, ',') ? "stay" : "stays");
			findings_fix(findings, "Pass all of them through to the same VM");
		} else {
			findings_add(findings, FINDING_WARNING, NULL,
				     "%s can't be reset by the kernel: " STALE_STATE, name);
			findings_fix(findings,
				     "If it fails when a VM starts for the second time, reboot the "
				     "host in between");
		}
	}
	if (findings->count == 0 && takes_some(doctor))
		findings_add(findings, FINDING_OK, NULL, "Devices reserved for VMs can be reset");
	else if (findings->count == 0)
		findings_add(findings, FINDING_NONE, NULL, "No device is reserved for VMs");
}

void doctor_check_guests(struct doctor *doctor, struct findings *findings)
{
	struct guests guests;
	char path[PATH_MAX];
	int result = guests_read(&guests, &doctor->inventory.host, path);

	if (result < 0)
		findings_add(findings, FINDING_UNKNOWN, path, "VMs can't be seen: %s",
			     strerror(-result));
	else
		guests_audit(findings, &doctor->inventory, &guests);
	if (findings->count == 0 && guests.device_count > 0)
		findings_add(findings, FINDING_OK, NULL,
			     "VMs with PCI devices take nothing that the host uses");
	else if (findings->count == 0)
		findings_add(findings, FINDING_NONE, NULL, "No VM has a PCI device");
	guests_free(&guests);
}
