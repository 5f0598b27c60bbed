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
#include "image/verify.h"
#include "look/device.h"
#include "term/document.h"
#include "term/options.h"
#include "vm/guests.h"

enum { DEVICE, ID, NAME, DRIVER, NEXT, RULE, LOST, OUTCOME, WHY };

static const struct table_column columns[] = {
	[DEVICE] = { "DEVICE", 0, 0, "address" },
	[ID] = { "ID", 0, 110, "vendor and device" },
	[NAME] = { "NAME", TABLE_CUT, 0, "vendor and model, or the rule that matches no device" },
	[DRIVER] = { "DRIVER", 0, 90, "its driver now" },
	[NEXT] = { "NEXT", 0, 0,
		   "its driver after the next boot, or why it stays with its host driver" },
	[RULE] = { "RULE", 0, 0, "rule that decides, or whose guard does not match" },
	[LOST] = { "LOST", TABLE_CUT, 140, "rules that also match, but do not decide" },
	[OUTCOME] = { "OUTCOME", TABLE_EXTRA, 0, "outcome, see vfio-early(8)" },
	[WHY] = { "WHY", TABLE_EXTRA, 0, "why" },
	{},
};

enum { USED_DEVICE, USED_NAME, USED_FOR };

static const struct table_column used_columns[] = {
	[USED_DEVICE] = { "DEVICE", 0, 0, "address" },
	[USED_NAME] = { "NAME", TABLE_CUT, 0, "vendor and model" },
	[USED_FOR] = { "USE", TABLE_LINES, 0, "what the host uses it for" },
	{},
};

enum { VM_ID, VM_NAME, VM_ONBOOT, VM_DEVICES, VM_RESULT };

static const struct table_column guest_columns[] = {
	[VM_ID] = { "VM", 0, 0, "number of the VM or container" },
	[VM_NAME] = { "NAME", TABLE_CUT, 0, "its name" },
	[VM_ONBOOT] = { "ONBOOT", TABLE_YES_NO, 0, "whether it starts when the host boots" },
	[VM_DEVICES] = { "DEVICES", TABLE_LINES, 0, "what it has, and how" },
	[VM_RESULT] = { "RESULT", 0, 0, "the worst of its problems" },
	{},
};

struct check {
	struct inventory inventory;
	struct guests guests;
	struct inventory next; /* with rules and list of the image that boots next, if previewed */
	bool previewed;
	bool stale; /* that image is not current */
	bool imageless;
	struct table_options options;
	struct document document;
	struct findings findings;
	struct conflicts conflicts;
	struct kernels kernels;
	const char *root;
	bool all; /* devices, also those that no rule names */
	char *const *files;
	size_t file_count;
};

static const char *explain(const struct inventory *inventory, const struct plan_row *row)
{
	if (!row)
		return "no rule names it";
	if (!row->device)
		return "no device matches";
	if (row->detail[0] != '\0')
		return row->detail;
	if (row->rule->exclude)
		return "an exclusion beats every rule";
	if (inventory->forecast.plan.choices[row->device - inventory->forecast.pci.devices]
		    .by_group)
		return "the rule takes the whole group";
	return "the first rule that matches decides";
}

static void set_row(const struct inventory *inventory, struct table *table,
		    struct libscols_line *line, const struct plan_row *row)
{
	const struct rules *rules = &inventory->forecast.rules;
	char where[RULE_PLACE_MAX], lost[DEVICE_TEXT_MAX] = "";

	table_set(table, line, NEXT,
		  inventory_is_taken(row) ? row->wanted : outcome_name(row->outcome));
	table_set(table, line, RULE, rule_format_place(row->rule, where));
	table_set(table, line, OUTCOME, outcome_name(row->outcome));
	if (!row->device)
		table_set(table, line, NAME, row->rule->text);
	for (size_t i = 0; row->device && i < rules->count; i++)
		if (&rules->list[i] != row->rule &&
		    match_rule(&rules->list[i], &inventory->forecast.pci, row->device) == MATCH_YES)
			device_add(lost, rule_format_place(&rules->list[i], where));
	table_set(table, line, LOST, lost);
	if (inventory_is_for_vm(row))
		table_color(table, line, inventory_is_spoiled(row) ? TABLE_RED : TABLE_GREEN);
	else if (!row->satisfied)
		table_color(table, line, TABLE_YELLOW);
}

static void add_line(struct inventory *inventory, struct table *table,
		     const struct pci_device *device, const struct plan_row *row)
{
	struct libscols_line *line = table_add(table, NULL);
	char address[PCI_ADDRESS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];

	if (device) {
		table_set(table, line, DEVICE, pci_address_format(&device->address, address));
		table_setf(table, line, ID, "%04x:%04x", device->vendor, device->device);
		table_set(table, line, NAME,
			  pci_ids_short(&inventory->names, device, name, sizeof(name)));
		table_set(table, line, DRIVER, device->driver);
	}
	table_set(table, line, WHY, explain(inventory, row));
	if (row)
		set_row(inventory, table, line, row);
}

static int print_plan(struct check *check, struct inventory *inventory, const char *name,
		      const char *title)
{
	const struct pci *pci = &inventory->forecast.pci;
	const struct plan *plan = &inventory->forecast.plan;
	struct table table;

	table_open(&table, &check->options, name, columns);
	for (size_t i = 0; i < pci->count; i++) {
		const struct plan_row *row = inventory_row(inventory, &pci->devices[i]);

		if (row || (check->all && !pci_is_bridge(&pci->devices[i])))
			add_line(inventory, &table, &pci->devices[i], row);
	}
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->rows[i].device)
			add_line(inventory, &table, NULL, &plan->rows[i]);
	return document_print_table(&check->document, &table, title);
}

static int print_devices(struct check *check)
{
	int result;

	if (!check->previewed)
		return print_plan(check, &check->inventory, "devices",
				  check->stale ? "After the images are rebuilt:"
					       : "At the next boot:");
	result = print_plan(check, &check->next, "devices",
			    "At the next boot, by the image as it is:");
	if (result == 0 && !table_is_alone(&check->options))
		result = print_plan(check, &check->inventory, "rebuilt",
				    "After the images are rebuilt:");
	return result;
}

static int print_used(struct check *check)
{
	const struct table_options options = { .json = check->options.json };
	const struct pci *pci = &check->inventory.forecast.pci;
	struct table table;

	table_open(&table, &options, "used", used_columns);
	for (size_t i = 0; i < pci->count; i++) {
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
	return document_print_table(&check->document, &table,
				    "In use by the host, and bound only by a rule with 'force':");
}

static void add_guest(struct check *check, struct table *table, const struct guest *guest)
{
	struct libscols_line *line = NULL;
	struct findings findings = { .topic = NULL };
	char devices[DEVICE_TEXT_MAX] = "", one[DEVICE_TEXT_MAX], how[GUESTS_TEXT_MAX];
	char address[PCI_ADDRESS_TEXT_MAX];

	guests_audit_one(&findings, &check->inventory, &check->guests, guest);
	findings_sort(&findings);
	for (size_t i = 0; i < check->guests.device_count; i++) {
		const struct guest_device *device = &check->guests.devices[i];

		if (device->guest != guest->id)
			continue;
		snprintf(one, sizeof(one), "%s (%s)", pci_address_format(&device->address, address),
			 guests_format_how(device, how));
		device_add(devices, one);
	}
	if (devices[0] || findings.count > 0) {
		line = table_add(table, NULL);
		if (guest->kind != GUEST_LIBVIRT)
			table_setf(table, line, VM_ID, "%u", guest->id);
		table_set(table, line, VM_NAME, guest->name);
		table_set_flag(table, line, VM_ONBOOT, guest->onboot);
		table_set(table, line, VM_DEVICES, devices);
		table_set(table, line, VM_RESULT,
			  findings.count > 0 ? findings_level_name(findings.list[0].level) : "ok");
		if (findings.count > 0)
			table_color(table, line, findings_level_color(findings.list[0].level));
	}
	findings_free(&findings);
}

static int print_guests(struct check *check)
{
	const struct table_options options = { .json = check->options.json };
	struct table table;

	table_open(&table, &options, "guests", guest_columns);
	for (size_t i = 0; i < check->guests.count; i++)
		add_guest(check, &table, &check->guests.list[i]);
	return document_print_table(&check->document, &table, "VMs with PCI devices:");
}

static void take_rules(void *context, const char *path, const char *data, size_t length)
{
	struct inventory *next = context;

	if (rules_parse(&next->forecast.rules, path, data, length) < 0)
		next->findings.failed = true;
}

/* The same devices, with the rules and the list of an image. 0 or -errno. */
static int plan_image(struct check *check, const struct contents *contents)
{
	struct inventory *next = &check->next;
	char *none[] = { NULL }, *list = verify_copy_list(contents), why[PROTECTIONS_WHY_MAX];
	int result = inventory_open_files(next, check->root, INVENTORY_SERIALS, none, 0);

	if (result == 0)
		contents_each_rules(contents, take_rules, next);
	if (result == 0 && next->findings.failed)
		result = -ENOMEM;
	if (result == 0 && list && contents_find(contents, CONTENTS_PROGRAM) &&
	    protections_parse(&next->forecast.protections, "/" CONTENTS_PROTECTED, list,
			      strlen(list), why) == 0)
		result = inventory_make_plan(next);
	free(list);
	check->previewed = result == 0;
	if (result < 0)
		inventory_close(next);
	return result;
}

/* What the host didn't need when the image was built, so that the next boot takes it. */
static void audit_next(struct check *check, const char *fix, const char *release)
{
	const struct plan *plan = &check->next.forecast.plan;
	char device[PCI_IDS_SENTENCE_MAX];

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];
		const char *reason =
			row->device ? inventory_reason(&check->inventory, row->device) : NULL;

		if (!reason || !inventory_is_taken(row) || row->rule->options & RULE_FORCE)
			continue;
		pci_ids_sentence(&check->next.names, row->device, device, sizeof(device));
		findings_add(&check->findings, FINDING_ERROR, NULL,
			     "The next boot takes %s from the host, which needs it now: %s", device,
			     reason);
		findings_fix(&check->findings, "Run '%s %s' before you reboot", fix, release);
	}
}

/* The kernel that the bootloader starts next, or the newest that has an image; NULL: none has. */
static struct kernel *find_next(struct kernels *kernels)
{
	struct kernel *newest = NULL;

	for (size_t i = kernels->count; i-- > 0;) {
		struct kernel *kernel = &kernels->list[i];

		if (kernel->next)
			return kernel;
		if (kernel->state != KERNEL_NO_IMAGE)
			newest = kernel;
	}
	return newest;
}

/* Where its image is not current, the next boot does what is in the image. */
static void preview_image(struct check *check)
{
	struct kernels *kernels = &check->kernels;
	struct kernel *kernel = find_next(kernels);
	char message[INITRAMFS_MESSAGE_MAX];
	struct contents contents;
	int result;

	check->stale =
		kernel && (kernel->miscopied ||
			   kernels_is_stale(kernel, check->inventory.forecast.rules.count > 0));
	check->imageless = kernel && kernel->state == KERNEL_NO_IMAGE;
	/* What is on the partition that boots is another image than this one. */
	if (!check->stale || check->imageless || kernel->miscopied)
		return;
	result = kernels_read_image(&check->inventory.host, kernel, &contents, message);
	if (result == 0 && (result = plan_image(check, &contents)) < 0)
		snprintf(message, sizeof(message), "%s", strerror(-result));
	if (result < 0)
		findings_add(
			&check->findings, FINDING_UNKNOWN, NULL,
			"What the next boot does with the image of kernel %s can't be seen: %s",
			kernel->release, message);
	else
		audit_next(check, kernels->builder->one, kernel->release);
	contents_free(&contents);
}

static int find_all(struct check *check)
{
	struct findings *findings = &check->findings;
	struct inventory *inventory = &check->inventory;
	char message[BOOT_MESSAGE_MAX], path[PATH_MAX];
	int result;

	audit_messages(findings, inventory);
	audit_plan(findings, inventory);
	audit_virtual(findings, inventory);
	audit_groups(findings, inventory, NULL);
	result = guests_read(&check->guests, &inventory->host, path);
	if (result < 0)
		findings_add(findings, FINDING_UNKNOWN, path, "VMs can't be seen: %s",
			     strerror(-result));
	else
		guests_audit(findings, inventory, &check->guests);
	result = audit_find_conflicts(&check->conflicts, &inventory->host);
	if (result < 0)
		return result;
	audit_conflicts(findings, inventory, &check->conflicts);
	if (check->files)
		return 0; /* which are in no image */
	if (bootsafe_check_root(&inventory->host, message) == -EINVAL)
		findings_add(findings, FINDING_ERROR, NULL, "%s", message);
	if (kernels_look(&check->kernels, &inventory->host, &inventory->protect, findings) == 0)
		audit_kernels(findings, &check->kernels, inventory->forecast.rules.count > 0);
	for (size_t i = 0; i < inventory->forecast.plan.count; i++) {
		const struct plan_row *row = &inventory->forecast.plan.rows[i];

		if (row->device && row->device->class >> 16 == 0x03 && inventory_is_for_vm(row))
			audit_framebuffer(findings, inventory, &check->kernels, row->device);
	}
	preview_image(check);
	return 0;
}

static void print_answer(struct check *check)
{
	const struct forecast *forecast = &check->inventory.forecast;
	const struct plan *plan = check->previewed ? &check->next.forecast.plan : &forecast->plan;
	const char *when = check->stale && !check->previewed ? "after the images are rebuilt"
							     : "at the next boot";
	size_t wanted = 0, taken = 0;
	char counts[FINDINGS_COUNTS_MAX];

	findings_format_counts(&check->findings, counts);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		wanted += !row->rule->exclude && (row->device || !row->satisfied);
		taken += inventory_is_taken(row) && !inventory_is_spoiled(row);
	}
	if (forecast->rules.bad > 0)
		document_print_text(&check->document, "The rules are not valid, so no image %s: %s",
				    check->files ? "would be built" : "is built", counts);
	else if (forecast->rules.count == 0 && taken == 0)
		document_print_text(&check->document, "There are no rules%s%s%s",
				    check->files ? ""
						 : ". Run 'vfio-earlyctl add DEVICE' to make one",
				    counts[0] ? ": " : "", counts);
	else if (forecast->pci.directory < 0)
		document_print_text(&check->document, "Devices can't be seen: %s", counts);
	else if (forecast->parameters.off_by || forecast->parameters.dry_run)
		document_print_text(&check->document, "No device is bound at a boot with %s: %s",
				    forecast->parameters.off_by ?: "vfio_early=dry-run", counts);
	else if (check->imageless || (check->previewed && taken == 0))
		document_print_text(&check->document,
				    "No device will be bound at the next boot: %s", counts);
	else if (taken == wanted)
		document_print_text(&check->document, "%s%zu device%s will be bound %s%s%s",
				    taken > 1 ? "All " : "", taken, taken == 1 ? "" : "s", when,
				    counts[0] ? ": " : "", counts);
	else
		document_print_text(&check->document, "%zu of %zu device%s will be bound %s: %s",
				    taken, wanted, wanted == 1 ? "" : "s", when, counts);
}

static int print_all(struct check *check)
{
	int result = 0;

	if (table_is_alone(&check->options))
		return print_devices(check);
	print_answer(check);
	if (check->findings.count > 0 && !check->options.json) {
		document_print_gap(&check->document);
		result = findings_print(&check->findings, &check->document);
	}
	if (result == 0)
		result = print_devices(check);
	if (result == 0)
		result = print_used(check);
	if (result == 0)
		result = print_guests(check);
	if (result == 0 && !check->files)
		result = kernels_print(&check->kernels, &check->document);
	if (result == 0 && check->options.json)
		result = findings_print(&check->findings, &check->document);
	return result;
}

static int run_check(struct check *check, const struct ctl *ctl)
{
	int result, status;

	check->root = ctl->root;
	if (inventory_open_files(&check->inventory, ctl->root, INVENTORY_PLAN, check->files,
				 check->file_count) == 0) {
		check->document.options = &check->options;
		result = find_all(check);
		if (result == 0)
			result = print_all(check);
		status = document_end(&check->document, result,
				      audit_status(&check->findings, &check->inventory));
	} else {
		status = ctl_fail("%s", check->inventory.problem);
	}
	guests_free(&check->guests);
	if (check->previewed)
		inventory_close(&check->next);
	kernels_free(&check->kernels);
	conflicts_free(&check->conflicts);
	findings_free(&check->findings);
	inventory_close(&check->inventory);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl check [OPTION]... [FILE]...\n"
	"Prints whether the next boot will bind every device that rules name, what is wrong,\n"
	"and a forecast for each device. With FILE, uses the rules in it instead of\n"
	"/etc/vfio-early.conf.\n"
	"\n"
	"  -a, --all           also print devices that no rule names\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 nothing is wrong, 1 usage or internal error, 2 there are errors or warnings,\n"
	"3 a line of the rules is not valid.";

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
