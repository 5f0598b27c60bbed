/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl check: what the next boot will do, and what is wrong. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "bootloader/bootloader.h"
#include "command/command.h"
#include "command/kernels.h"
#include "core/match.h"
#include "look/device.h"
#include "term/document.h"
#include "term/options.h"

enum { DEVICE, ID, NAME, DRIVER, NEXT, RULE, LOST, OUTCOME, WHY };

static const struct table_column columns[] = {
	[DEVICE] = { "DEVICE", 0, 0, "address" },
	[ID] = { "ID", 0, 110, "vendor and device" },
	[NAME] = { "NAME", TABLE_CUT, 0, "maker and model, or the rule that means no device" },
	[DRIVER] = { "DRIVER", 0, 90, "driver that has it now" },
	[NEXT] = { "NEXT", 0, 0, "driver that will have it, or why it stays with the host" },
	[RULE] = { "RULE", 0, 0, "rule that decides, or whose guard does not hold" },
	[LOST] = { "LOST", TABLE_CUT, 140, "rules that match, too, but do not decide" },
	[OUTCOME] = { "OUTCOME", TABLE_EXTRA, 0, "what becomes of it, as vfio-early(8) has it" },
	[WHY] = { "WHY", TABLE_EXTRA, 0, "why" },
	{},
};

enum { USED_DEVICE, USED_NAME, USED_FOR };

static const struct table_column used_columns[] = {
	[USED_DEVICE] = { "DEVICE", 0, 0, "address" },
	[USED_NAME] = { "NAME", TABLE_CUT, 0, "maker and model" },
	[USED_FOR] = { "USE", TABLE_LINES, 0, "what the host has it for" },
	{},
};

struct check {
	struct inventory inventory;
	struct table_options options;
	struct document document;
	struct findings findings;
	struct conflicts conflicts;
	struct kernels kernels;
	bool all; /* devices, also those that no rule is about */
	char *const *files;
	size_t file_count;
};

static const char *explain(const struct inventory *inventory, const struct plan_row *row)
{
	if (!row)
		return "no rule is about it";
	if (!row->device)
		return "no device is there";
	if (row->detail[0] != '\0')
		return row->detail;
	if (row->rule->exclude)
		return "an exclusion beats every rule";
	if (inventory->forecast.plan.choices[row->device - inventory->forecast.pci.devices]
		    .by_group)
		return "the rule takes the whole group";
	return "the first rule that matches decides";
}

static void set_lost(const struct inventory *inventory, struct table *table,
		     struct libscols_line *line, const struct plan_row *row)
{
	const struct rules *rules = &inventory->forecast.rules;
	char list[DEVICE_TEXT_MAX] = "", where[RULE_PLACE_MAX];

	for (size_t i = 0; i < rules->count; i++)
		if (&rules->list[i] != row->rule &&
		    match_rule(&rules->list[i], &inventory->forecast.pci, row->device) == MATCH_YES)
			device_add(list, rule_format_place(&rules->list[i], where));
	table_set(table, line, LOST, list);
}

static void set_row(const struct inventory *inventory, struct table *table,
		    struct libscols_line *line, const struct plan_row *row)
{
	char where[RULE_PLACE_MAX];
	bool taken = inventory_is_taken(row);

	table_set(table, line, NEXT, taken ? row->wanted : outcome_name(row->outcome));
	table_set(table, line, RULE, rule_format_place(row->rule, where));
	table_set(table, line, OUTCOME, outcome_name(row->outcome));
	if (row->device)
		set_lost(inventory, table, line, row);
	else
		table_set(table, line, NAME, row->rule->text);
	if (inventory_is_for_vm(row))
		table_color(table, line, inventory_is_spoiled(row) ? TABLE_RED : TABLE_GREEN);
	else if (!row->satisfied)
		table_color(table, line, TABLE_YELLOW);
}

static void add_line(struct check *check, struct table *table, const struct pci_device *device,
		     const struct plan_row *row)
{
	struct libscols_line *line = table_add(table, NULL);
	char address[PCI_ADDRESS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];

	if (device) {
		table_set(table, line, DEVICE, pci_address_format(&device->address, address));
		table_setf(table, line, ID, "%04x:%04x", device->vendor, device->device);
		table_set(table, line, NAME,
			  pci_ids_short(&check->inventory.names, device, name, sizeof(name)));
		table_set(table, line, DRIVER, device->driver);
	}
	table_set(table, line, WHY, explain(&check->inventory, row));
	if (row)
		set_row(&check->inventory, table, line, row);
}

static void fill_devices(struct check *check, struct table *table)
{
	const struct pci *pci = &check->inventory.forecast.pci;
	const struct plan *plan = &check->inventory.forecast.plan;

	for (size_t i = 0; i < pci->count; i++) {
		const struct plan_row *row = inventory_row(&check->inventory, &pci->devices[i]);

		if (row || (check->all && !pci_is_bridge(&pci->devices[i])))
			add_line(check, table, &pci->devices[i], row);
	}
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->rows[i].device)
			add_line(check, table, NULL, &plan->rows[i]);
}

static int print_devices(struct check *check)
{
	struct table table;
	int result = table_open(&table, &check->options, "devices", columns);

	if (result == 0) {
		fill_devices(check, &table);
		result = document_print_table(&check->document, &table, "At the next boot:");
	}
	table_close(&table);
	return result;
}

static int print_used(struct check *check)
{
	const struct table_options options = { .json = check->options.json };
	const struct pci *pci = &check->inventory.forecast.pci;
	struct table table;
	int result = table_open(&table, &options, "used", used_columns);

	for (size_t i = 0; i < pci->count && result == 0; i++) {
		char address[PCI_ADDRESS_TEXT_MAX], name[PCI_IDS_TEXT_MAX],
			uses[DEVICE_TEXT_MAX] = "";
		struct libscols_line *line;

		if (!inventory_reason(&check->inventory, &pci->devices[i]))
			continue;
		line = table_add(&table, NULL);
		table_set(&table, line, USED_DEVICE,
			  pci_address_format(&pci->devices[i].address, address));
		table_set(&table, line, USED_NAME,
			  pci_ids_short(&check->inventory.names, &pci->devices[i], name,
					sizeof(name)));
		device_add_reasons(&check->inventory, &pci->devices[i], uses);
		table_set(&table, line, USED_FOR, uses);
	}
	if (result == 0)
		result = document_print_table(
			&check->document, &table,
			"The host stands on these, so only 'force' takes them:");
	table_close(&table);
	return result;
}

/* A file that is asked about is in no image, and other settings were made for other rules. */
static int look_around(struct check *check)
{
	char message[BOOT_MESSAGE_MAX];
	int result = conflicts_read(&check->conflicts, &check->inventory.host);

	if (result == 0)
		audit_conflicts(&check->findings, &check->inventory, &check->conflicts);
	if (result == 0 && !check->files &&
	    bootsafe_check_root(&check->inventory.host, message) == -EINVAL)
		findings_add(&check->findings, FINDING_ERROR, NULL, "%s", message);
	if (result == 0 && !check->files) {
		result = kernels_find(&check->kernels, &check->inventory.host);
		if (result < 0)
			findings_add(&check->findings, FINDING_WARNING, NULL,
				     "whether images are current cannot be seen: %s",
				     strerror(-result));
		else
			audit_kernels(&check->findings, &check->kernels,
				      check->inventory.forecast.rules.count > 0);
		result = 0;
	}
	return result;
}

static size_t count_for_vms(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (inventory_is_for_vm(&plan->rows[i]) && !inventory_is_spoiled(&plan->rows[i]))
			count++;
	return count;
}

static void print_summary(struct check *check)
{
	size_t taken = count_for_vms(&check->inventory.forecast.plan);
	bool bad = check->inventory.forecast.rules.bad > 0;
	char counts[FINDINGS_COUNTS_MAX];

	document_print_gap(&check->document);
	if (check->inventory.forecast.rules.count == 0 && !bad)
		document_print_text(&check->document, "%s",
				    check->files
					    ? "There are no rules."
					    : "There are no rules; 'vfio-earlyctl add' makes one.");
	else if (check->inventory.forecast.pci.directory >= 0)
		document_print_text(&check->document, "%zu device%s for VMs at the next boot; %s.",
				    taken, taken == 1 ? "" : "s",
				    findings_format_counts(&check->findings, counts));
	if (bad)
		document_print_text(&check->document, "%s",
				    check->files
					    ? "With these errors, no image would be built."
					    : "As long as there are errors, no image is built.");
}

static int print_all(struct check *check)
{
	int result = print_devices(check);

	if (result < 0 || table_is_alone(&check->options))
		return result;
	result = print_used(check);
	if (result == 0 && !check->files)
		result = kernels_print(&check->kernels, &check->document);
	if (result == 0 && check->findings.count > 0)
		document_print_gap(&check->document);
	if (result == 0)
		result = findings_print(&check->findings, &check->document);
	if (result == 0)
		print_summary(check);
	return result;
}

static int find_all(struct check *check)
{
	audit_messages(&check->findings, &check->inventory);
	audit_plan(&check->findings, &check->inventory);
	audit_virtual(&check->findings, &check->inventory);
	audit_groups(&check->findings, &check->inventory);
	return look_around(check);
}

static int run_check(struct check *check, const struct ctl *ctl)
{
	int result, status = CTL_INTERNAL;

	if (inventory_open_files(&check->inventory, ctl->root, INVENTORY_PLAN, check->files,
				 check->file_count) == 0) {
		check->document.options = &check->options;
		result = find_all(check);
		if (result == 0)
			result = print_all(check);
		status = document_end(&check->document, result,
				      audit_status(&check->findings, &check->inventory));
	} else {
		ctl_fail("%s", check->inventory.problem);
	}
	kernels_free(&check->kernels);
	conflicts_free(&check->conflicts);
	findings_free(&check->findings);
	inventory_close(&check->inventory);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl check [OPTION]... [FILE]...\n"
	"Prints what the next boot will do with each device that a rule is about, and what\n"
	"is wrong. With FILE, takes the rules from there instead of /etc/vfio-early.conf.\n"
	"\n"
	"  -a, --all           print devices that no rule is about, too\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 nothing is wrong, 1 usage or internal error, 2 there are warnings,\n"
	"3 some line could not be understood.";

int command_check(const struct ctl *ctl, int argc, char **argv)
{
	struct check check = { .options.list = true };
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = (const struct options_entry[]){ { 'a', "all", .set = &check.all }, {} },
		.table = &check.options,
		.columns = columns,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	check.files = argc > 0 ? argv : NULL;
	check.file_count = (size_t)argc;
	return run_check(&check, ctl);
}
