/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl list: the devices by IOMMU group. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/look.h"
#include "core/place.h"
#include "look/device.h"
#include "look/inventory.h"
#include "term/document.h"
#include "term/findings.h"
#include "term/options.h"

enum {
	DEVICE,
	TYPE,
	GROUP,
	ID,
	SUBSYSTEM,
	NAME,
	CLASS,
	DRIVER,
	WANTED,
	OUTCOME,
	RULE,
	SLOT,
	SERIAL,
	PATH,
	FLAGS,
	USE,
};

static const struct table_column columns[] = {
	[DEVICE] = { "DEVICE", TABLE_TREE, 0, "IOMMU group or address" },
	[TYPE] = { "TYPE", TABLE_EXTRA, 0, "group, device or bridge" },
	[GROUP] = { "GROUP", TABLE_EXTRA | TABLE_LIST | TABLE_NUMBER, 0, "IOMMU group" },
	[ID] = { "ID", 0, 100, "vendor and device" },
	[SUBSYSTEM] = { "SUBSYSTEM", TABLE_EXTRA, 0, "vendor and device of the subsystem" },
	[NAME] = { "NAME", TABLE_CUT, 0, "maker and model" },
	[CLASS] = { "CLASS", TABLE_CUT, 160, "kind of device" },
	[DRIVER] = { "DRIVER", 0, 0, "driver that has it now" },
	[WANTED] = { "WANTED", 0, 0, "driver that a rule wants for it" },
	[OUTCOME] = { "OUTCOME", TABLE_EXTRA, 0, "what the next boot will make of that" },
	[RULE] = { "RULE", 0, 120, "rule that decides, or whose guard did not hold" },
	[SLOT] = { "SLOT", 0, 130, "physical slot" },
	[SERIAL] = { "SERIAL", TABLE_EXTRA, 0, "serial number, which only root may read" },
	[PATH] = { "PATH", TABLE_EXTRA, 0, "path that survives changes of bus numbers" },
	[FLAGS] = { "FLAGS", TABLE_LINES, 0, "what is special, see vfio-earlyctl(8)" },
	[USE] = { "USE", TABLE_EXTRA, 0, "what the host itself has it for" },
	{},
};

struct list {
	struct inventory inventory;
	struct table table;
	struct table_options options;
	struct group *groups; /* by number plus one: the first is of devices without */
	int last;             /* number of a group */
	bool all;             /* bridges, too */
};

/* What the devices of a group come to. */
struct group {
	bool taken;  /* VMs get some device of it */
	bool split;  /* but cannot use it, as others stay with the host */
	bool needed; /* by the host */
	bool used;   /* by the host, which can do without */
	bool shown;  /* some device of it is */
};

static bool is_shown(const struct list *list, const struct pci_device *device)
{
	return list->all || !pci_is_bridge(device);
}

static struct group *find_group(const struct list *list, const struct pci_device *device)
{
	return &list->groups[device->group < 0 ? 0 : device->group + 1];
}

static int judge_groups(struct list *list)
{
	const struct pci *pci = &list->inventory.forecast.pci;

	list->last = PCI_GROUP_NONE;
	for (size_t i = 0; i < pci->count; i++)
		if (pci->devices[i].group > list->last)
			list->last = pci->devices[i].group;
	list->groups = calloc((size_t)list->last + 2, sizeof(*list->groups));
	if (!list->groups)
		return -ENOMEM;
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const struct plan_row *row = inventory_row(&list->inventory, device);
		struct group *group = find_group(list, device);

		group->shown |= is_shown(list, device);
		group->taken |= inventory_is_for_vm(row);
		group->split |= inventory_is_spoiled(row);
		group->needed |= inventory_reason(&list->inventory, device) != NULL;
		group->used |= inventory_use(&list->inventory, device) != NULL;
	}
	return 0;
}

static struct libscols_line *add_group(struct list *list, int number, const struct group *group)
{
	struct libscols_line *line = table_add(&list->table, NULL);

	if (number < 0) {
		table_set(&list->table, line, DEVICE, "no group");
	} else {
		table_setf(&list->table, line, DEVICE, "group %d", number);
		table_setf(&list->table, line, GROUP, "%d", number);
	}
	table_set(&list->table, line, TYPE, "group");
	if (number < 0)
		table_set(&list->table, line, FLAGS, "not for VMs");
	else if (group->split)
		table_set(&list->table, line, FLAGS, "split");
	else if (group->taken)
		table_set(&list->table, line, FLAGS, "for VMs");
	else if (group->needed)
		table_set(&list->table, line, FLAGS, "needed by host");
	else if (group->used)
		table_set(&list->table, line, FLAGS, "used by host");
	if (group->taken)
		table_color(&list->table, line, group->split ? TABLE_RED : TABLE_GREEN);
	return line;
}

static void set_names(struct list *list, struct libscols_line *line,
		      const struct pci_device *device)
{
	struct pci_ids *names = &list->inventory.names;
	char text[PCI_IDS_TEXT_MAX];

	table_set(&list->table, line, NAME, pci_ids_short(names, device, text, sizeof(text)));
	table_set(&list->table, line, CLASS, pci_ids_class(names, device, text, sizeof(text)));
}

static void set_numbers(struct list *list, struct libscols_line *line,
			const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	table_set(&list->table, line, DEVICE, pci_address_format(&device->address, address));
	table_setf(&list->table, line, ID, "%04x:%04x", device->vendor, device->device);
	table_setf(&list->table, line, SUBSYSTEM, "%04x:%04x", device->subvendor,
		   device->subdevice);
	if (device->group >= 0)
		table_setf(&list->table, line, GROUP, "%d", device->group);
}

/* As lspci(8) prints it and rules have it. */
static void set_serial(struct list *list, struct libscols_line *line,
		       const struct pci_device *device)
{
	char text[24];
	size_t used = 0;

	if (!device->has_serial)
		return;
	for (int shift = 56; shift >= 0; shift -= 8)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%02x%s",
					 (unsigned int)(device->serial >> shift & 0xff),
					 shift ? "-" : "");
	table_set(&list->table, line, SERIAL, text);
}

static void set_places(struct list *list, struct libscols_line *line,
		       const struct pci_device *device)
{
	char text[PLACE_TEXT_MAX], slots[DEVICE_TEXT_MAX] = "";

	table_set(&list->table, line, PATH,
		  place_format(&list->inventory.forecast.pci, device, text));
	for (const struct pci_slot *slot = device->slots; slot; slot = slot->same)
		device_add(slots, slot->name);
	table_set(&list->table, line, SLOT, slots);
}

static void set_plan(struct list *list, struct libscols_line *line, const struct plan_row *row)
{
	table_setf(&list->table, line, RULE, "%s:%u", row->rule->file, row->rule->line);
	table_set(&list->table, line, OUTCOME, outcome_name(row->outcome));
	if (!row->rule->exclude)
		table_set(&list->table, line, WANTED,
			  row->wanted[0] ? row->wanted : rule_driver(row->rule));
	if (inventory_is_for_vm(row))
		table_color(&list->table, line,
			    inventory_is_spoiled(row) ? TABLE_RED : TABLE_GREEN);
	else if (!row->satisfied)
		table_color(&list->table, line, TABLE_YELLOW);
}

static void set_flags(struct list *list, struct libscols_line *line,
		      const struct pci_device *device, const struct group *group)
{
	const struct plan_row *row = inventory_row(&list->inventory, device);
	const char *reason = inventory_reason(&list->inventory, device),
		   *use = inventory_use(&list->inventory, device);
	char flags[DEVICE_TEXT_MAX] = "", override[PCI_DRIVER_NAME_MAX], text[80];

	if (row && !inventory_is_taken(row))
		device_add(flags, outcome_name(row->outcome));
	if (group->split && !inventory_is_for_vm(row) && !pci_is_bridge(device) && device->driver)
		device_add(flags, "stays");
	if (device_is_boot_console(&list->inventory, device))
		device_add(flags, "boot console");
	device_add_uses(&list->inventory, device, flags);
	if (device_is_virtual(&list->inventory, device))
		device_add(flags, "virtual");
	if (device_override(&list->inventory, device, override) &&
	    (!device->driver || strcmp(device->driver, override) != 0)) {
		snprintf(text, sizeof(text), "only for %s", override);
		device_add(flags, text);
	}
	table_set(&list->table, line, FLAGS, flags);
	/* What is needed comes first. */
	table_setf(&list->table, line, USE, "%s%s%s", reason ? reason : "",
		   reason && use ? ", " : "", use ? use : "");
}

static void add_device(struct list *list, struct libscols_line *above,
		       const struct pci_device *device)
{
	struct libscols_line *line = table_add(&list->table, above);
	const struct plan_row *row = inventory_row(&list->inventory, device);

	set_numbers(list, line, device);
	set_names(list, line, device);
	set_serial(list, line, device);
	set_places(list, line, device);
	table_set(&list->table, line, TYPE, pci_is_bridge(device) ? "bridge" : "device");
	table_set(&list->table, line, DRIVER, device->driver);
	if (row)
		set_plan(list, line, row);
	set_flags(list, line, device, find_group(list, device));
}

static void add_tree(struct list *list, int number)
{
	const struct pci *pci = &list->inventory.forecast.pci;
	struct libscols_line *above = NULL;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];

		if (device->group != number || !is_shown(list, device))
			continue;
		if (!above)
			above = add_group(list, number, find_group(list, device));
		add_device(list, above, device);
	}
}

static void add_trees(struct list *list)
{
	for (int number = 0; number <= list->last; number++)
		if (list->groups[number + 1].shown)
			add_tree(list, number);
	add_tree(list, PCI_GROUP_NONE);
}

static void add_devices(struct list *list)
{
	const struct pci *pci = &list->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (is_shown(list, &pci->devices[i]))
			add_device(list, NULL, &pci->devices[i]);
}

static int print_list(struct list *list)
{
	struct document document = { .options = &list->options };
	int result = judge_groups(list);

	if (result == 0)
		result = table_open(&list->table, &list->options,
				    list->options.list ? "devices" : "groups", columns);
	if (result == 0) {
		if (list->table.tree)
			add_trees(list);
		else
			add_devices(list);
		result = document_print_table(&document, &list->table, NULL);
	}
	return document_end(&document, result, CTL_OK);
}

/* What is wrong goes behind the list, where it is read. */
static int print_problems(const struct list *list)
{
	unsigned int bad = list->inventory.forecast.rules.bad;
	bool lacking = inventory_lacks_iommu(&list->inventory);

	if (bad)
		ctl_fail("%u %s of the rules cannot be understood; run 'vfio-earlyctl check'", bad,
			 bad == 1 ? "line" : "lines");
	if (lacking)
		ctl_fail(INVENTORY_NO_IOMMU);
	findings_tell(&list->inventory.findings, FINDING_WARNING);
	if (bad)
		return CTL_BAD_RULES;
	return lacking || findings_count(&list->inventory.findings, FINDING_WARNING) > 0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}

static int run_list(struct list *list, const struct ctl *ctl)
{
	int status = CTL_INTERNAL;

	if (look_at_host(&list->inventory, ctl, INVENTORY_SERIALS | INVENTORY_PLAN) == 0)
		status = print_list(list);
	if (status == CTL_OK)
		status = print_problems(list);
	table_close(&list->table);
	inventory_close(&list->inventory);
	free(list->groups);
	return status;
}

static const char usage[] = "Usage: vfio-earlyctl list [OPTION]...\n"
			    "Prints the devices by IOMMU group: a VM gets a group as a whole.\n"
			    "\n"
			    "  -a, --all           print bridges, too\n"
			    "  -h, --help          print this\n";

static const char statuses[] =
	"0, 1 usage or internal error, 2 something could not be seen, 3 some line\n"
	"of the rules could not be understood.";

int command_list(const struct ctl *ctl, int argc, char **argv)
{
	struct list list = { .all = false };
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = (const struct options_entry[]){ { 'a', "all", .set = &list.all }, {} },
		.table = &list.options,
		.columns = columns,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	return status == OPTIONS_RUN ? run_list(&list, ctl) : status;
}
