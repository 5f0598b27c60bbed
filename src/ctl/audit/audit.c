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
	for (size_t i = 0; i < inventory->findings.count; i++)
		findings_copy(findings, &inventory->findings.list[i]);
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

	if (row->rule->terms & RULE_SERIAL && inventory->serials_hidden)
		return; /* the inventory has said that serial numbers can't be seen */
	findings_add(findings, row->satisfied ? FINDING_NOTE : FINDING_WARNING,
		     rule_format_place(row->rule, where), "No device matches '%s'", row->detail);
	if (!row->satisfied)
		findings_fix(findings, "Run 'vfio-earlyctl list' to see the devices; if it may be "
				       "absent, add 'optional'");
}

/* Why the next boot leaves a device that a rule names with its host driver. */
static void audit_unsatisfied(struct findings *findings, struct inventory *inventory,
			      const struct plan_row *row)
{
	char where[RULE_PLACE_MAX], device[PCI_IDS_SENTENCE_MAX];

	rule_format_place(row->rule, where);
	pci_ids_sentence(&inventory->names, row->device, device, sizeof(device));
	switch (row->outcome) {
	case OUTCOME_PROTECTED:
		findings_add(findings, FINDING_WARNING, where, "%s is in use by the host: %s",
			     device, row->detail);
		findings_fix(findings,
			     "It stays with its host driver, unless the rule has 'force'");
		break;
	case OUTCOME_GUARD_MISMATCH:
		findings_add(findings, FINDING_WARNING, where, "%s stays with its host driver: %s",
			     device, row->detail);
		findings_fix(findings, "If the rule means this card, change the ID");
		break;
	case OUTCOME_BRIDGE:
		findings_add(findings, FINDING_WARNING, where,
			     "%s is a bridge, which is never bound", device);
		break;
	case OUTCOME_NO_IOMMU:
		findings_add(findings, FINDING_ERROR, where,
			     "%s has no IOMMU group, so it can't be passed through", device);
		break;
	case OUTCOME_NO_DRIVER:
		if (inventory->forecast.parameters.barred)
			findings_add(findings, FINDING_ERROR, where,
				     "%s stays with its host driver: %s", device, row->detail);
		else
			findings_add(findings, FINDING_ERROR, where,
				     "%s stays with its host driver: this kernel lacks the driver "
				     "%s",
				     device, row->wanted);
		break;
	case OUTCOME_EXCLUDED: /* as it was asked for; the others are for the boot alone */
	case OUTCOME_NOT_FOUND:
	case OUTCOME_BOUND:
	case OUTCOME_ALREADY_BOUND:
	case OUTCOME_WOULD_BIND:
	case OUTCOME_PROBE_FAILED:
	case OUTCOME_TIMEOUT:
	case OUTCOMES:
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
			     "%s is reserved for VMs, %s of the same card not",
			     pci_address_format(&row->device->address, address), left);
}

static void audit_taken(struct findings *findings, struct inventory *inventory,
			const struct plan_row *row)
{
	char where[RULE_PLACE_MAX], device[PCI_IDS_SENTENCE_MAX], address[PCI_ADDRESS_TEXT_MAX];
	const struct pci_device *twin = inventory_twin(inventory, row->device);
	const char *reason = inventory_reason(inventory, row->device),
		   *use = inventory_use(inventory, row->device);
	char lack[DEVICE_TEXT_MAX];

	rule_format_place(row->rule, where);
	pci_ids_sentence(&inventory->names, row->device, device, sizeof(device));
	if (device_lacks_setting(inventory, row, lack))
		findings_add(findings, FINDING_WARNING, where, "%s %s", device, lack);
	if (device_is_boot_console(inventory, row->device) && row->outcome == OUTCOME_WOULD_BIND)
		findings_add(findings, FINDING_WARNING, where,
			     "%s shows the boot console: the screen turns dark when it is bound",
			     device);
	if (reason)
		findings_add(findings, FINDING_WARNING, where,
			     "%s is in use by the host, and 'force' takes it: %s", device, reason);
	if (twin && !reason)
		findings_add(findings, FINDING_NOTE, where, "%s " INVENTORY_TWIN, device,
			     pci_address_format(&twin->address, address));
	if (use && row->outcome == OUTCOME_WOULD_BIND)
		findings_add(findings, FINDING_WARNING, where, "%s " INVENTORY_USED, device, use);
	audit_card(findings, inventory, row);
}

/* Rules that match devices, all of which earlier rules decide. */
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
			     "The rule has no effect: %s is decided by %s",
			     pci_address_format(&matched->address, address),
			     rule_format_place(row->rule, winner));
}

static void audit_switches(struct findings *findings, const struct inventory *inventory)
{
	const struct parameters *cmdline = &inventory->forecast.parameters;

	if (cmdline->off_by)
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "%s is set: a boot with it applies no rule", cmdline->off_by);
	else if (cmdline->dry_run)
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "vfio_early=dry-run is set: a boot with it only logs a preview");
}

void audit_iommu(struct findings *findings, const struct inventory *inventory)
{
	if (!inventory_lacks_iommu(inventory))
		return;
	findings_add(findings, FINDING_ERROR, NULL,
		     "No device has an IOMMU group, so none can be passed through");
	findings_fix(findings, "Run 'vfio-earlyctl doctor', which shows why");
}

void audit_plan(struct findings *findings, struct inventory *inventory)
{
	const struct plan *plan = &inventory->forecast.plan;

	audit_switches(findings, inventory);
	audit_iommu(findings, inventory);
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

/* Kernels whose builders add the patch behind pcie_acs_override=. */
bool audit_has_acs_override(const struct host *host)
{
	static const char *const releases[] = { "-pve", "-liquorix", "-xanmod", "-zen" };
	char release[NAME_MAX + 1];

	if (host_readf(host, release, sizeof(release), "/proc/sys/kernel/osrelease") < 0)
		return false;
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
		if (strstr(release, releases[i]))
			return true;
	return false;
}

/* A group of which some devices are reserved for VMs and others stay with host drivers. */
static void audit_group(struct findings *findings, const struct inventory *inventory,
			const struct plan_row *row)
{
	const struct pci *pci = &inventory->forecast.pci;
	char reserved[AUDIT_LIST_MAX] = "", staying[AUDIT_LIST_MAX] = "", where[RULE_PLACE_MAX];
	char address[PCI_ADDRESS_TEXT_MAX], group[PCI_ADDRESS_TEXT_MAX + 64];
	const char *driver = NULL;
	bool by_group = true, in_file = row->rule->file[0] == '/';
	size_t count = 0;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];

		if (device->group != row->device->group)
			continue;
		if (inventory_is_for_vm(inventory_row(inventory, device))) {
			add_to_list(reserved, device);
		} else if (!pci_is_bridge(device) && device->driver) {
			add_to_list(staying, device);
			driver = device->driver;
			count++;
			by_group &= !inventory_row(inventory, device) &&
				    !inventory_reason(inventory, device) &&
				    !inventory_use(inventory, device);
		}
	}
	if (in_file)
		rule_format_place(row->rule, where);
	if (count == 0) /* a bridge with a driver of its own */
		findings_add(findings, FINDING_ERROR, in_file ? where : NULL, "%s", row->detail);
	else
		findings_add(findings, FINDING_ERROR, in_file ? where : NULL,
			     "%s can't be passed through alone: %s %s in the same IOMMU group (%d) "
			     "and %s with %s%s",
			     reserved, staying, count == 1 ? "is" : "are", row->device->group,
			     count == 1 ? "stays" : "stay", count == 1 ? driver : "host drivers",
			     !host_has(&inventory->host, "/etc", "pve") ? ""
			     : count == 1 ? " until Proxmox VE takes it for the VM"
					  : " until Proxmox VE takes them for the VM");
	if (count == 0 || !by_group)
		snprintf(group, sizeof(group), "Try");
	else if (in_file)
		snprintf(group, sizeof(group), "Add 'group' to the rule; or try");
	else
		snprintf(group, sizeof(group), "Run 'vfio-earlyctl add --group %s'; or try",
			 pci_address_format(&row->device->address, address));
	findings_fix(findings, "%s another slot, or ACS in the firmware's setup%s", group,
		     audit_has_acs_override(&inventory->host)
			     ? "; as a last resort run 'vfio-earlyctl cmdline add "
			       "pcie_acs_override=downstream,multifunction', with which a VM's "
			       "device can access the memory of the others"
			     : "");
}

/* The VMD controller that a device is behind, whose domain is its own; NULL if there is none. */
static const struct pci_device *find_vmd(const struct pci *pci, const struct pci_device *device)
{
	const struct pci_device *above = device;

	while (above->address.domain == device->address.domain) {
		if (above->parent == PCI_NO_PARENT)
			return NULL;
		above = &pci->devices[above->parent];
	}
	return above;
}

/* Controllers with more behind them than the rule names. Returns whether that is all there is to
 * say. */
static bool audit_controller(struct findings *findings, const struct inventory *inventory,
			     const struct plan_row *row)
{
	const struct pci_device *device = row->device;
	const struct pci_device *vmd = find_vmd(&inventory->forecast.pci, device);
	char name[PCI_ADDRESS_TEXT_MAX], above[PCI_ADDRESS_TEXT_MAX], where[RULE_PLACE_MAX];
	bool in_file = row->rule->file[0] == '/';

	if (!inventory_is_taken(row))
		return false;

	pci_address_format(&device->address, name);
	if (in_file)
		rule_format_place(row->rule, where);
	if (vmd) {
		findings_add(findings, FINDING_ERROR, in_file ? where : NULL,
			     "%s is behind the VMD controller %s and can't be passed through alone",
			     name, pci_address_format(&vmd->address, above));
		findings_fix(findings,
			     "Switch VMD (Intel RST, RAID) off in the firmware's setup if the host "
			     "boots without it, or pass the whole controller through");
	} else if (device->driver && strcmp(device->driver, "thunderbolt") == 0) {
		findings_add(findings, FINDING_WARNING, in_file ? where : NULL,
			     "%s is the host's Thunderbolt or USB4 controller: no dock or disk on "
			     "its ports works for the host without it",
			     name);
		findings_fix(findings, "Exclude it with the rule '!%s' if that isn't meant", name);
	}
	return vmd;
}

void audit_groups(struct findings *findings, const struct inventory *inventory, const bool *meant)
{
	const struct forecast *forecast = &inventory->forecast;
	const struct plan *plan = &forecast->plan;

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];
		bool said = false;

		if (!row->device || (meant && !meant[row->device - forecast->pci.devices]))
			continue;
		if (audit_controller(findings, inventory, row) || !inventory_is_spoiled(row))
			continue;
		for (size_t n = 0; n < i; n++) {
			const struct pci_device *other = plan->rows[n].device;

			said |= other && inventory_is_spoiled(&plan->rows[n]) &&
				other->group == row->device->group &&
				(!meant || meant[other - forecast->pci.devices]);
		}
		if (!said)
			audit_group(findings, inventory, row);
	}
}

void audit_kernels(struct findings *findings, const struct kernels *kernels, bool has_rules)
{
	for (size_t i = 0; i < kernels->count; i++) {
		const struct kernel *kernel = &kernels->list[i];
		char image[PATH_MAX];

		if (kernels_image(kernel, image) < 0)
			continue;
		if (!kernels_is_stale(kernel, has_rules) && kernel->state != KERNEL_NO_IMAGE)
			continue;
		findings_add(findings, FINDING_WARNING, image, "%s%s%s",
			     kernels_problem(kernel->state), kernel->why[0] ? ": " : "",
			     kernel->why);
		findings_fix(findings, "Run '%s %s'", kernels_remedy(kernels, kernel->state),
			     kernel->release);
	}
}

int audit_status(const struct findings *findings, const struct inventory *inventory)
{
	if (inventory->forecast.rules.bad)
		return CTL_BAD_RULES;
	return findings_status(findings);
}
