/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl list: the devices by IOMMU group. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/look.h"
#include "core/place.h"
#include "host/joined.h"
#include "look/device.h"
#include "look/find.h"
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
	KIND,
	MODEL,
	NAME,
	CLASS,
	DRIVER,
	WANTED,
	OUTCOME,
	STATE,
	RULE,
	SLOT,
	SERIAL,
	PATH,
	NUMA,
	CONSUMERS,
	FLAGS,
	USE,
};

static const struct table_column columns[] = {
	[DEVICE] = { "DEVICE", TABLE_TREE, 0, "address; in trees IOMMU groups as well" },
	[TYPE] = { "TYPE", TABLE_EXTRA, 0, "group, device or bridge" },
	[GROUP] = { "GROUP", TABLE_EXTRA | TABLE_LIST | TABLE_NUMBER, 0, "IOMMU group" },
	[ID] = { "ID", 0, 100, "vendor and device" },
	[SUBSYSTEM] = { "SUBSYSTEM", TABLE_EXTRA, 0, "vendor and device of the subsystem" },
	[KIND] = { "KIND", 0, 0, "kind of device: GPU, NVMe, NIC, ..." },
	[MODEL] = { "MODEL", TABLE_CUT, 0, "what tells the model from others" },
	[NAME] = { "NAME", TABLE_CUT, 200, "maker and model" },
	[CLASS] = { "CLASS", TABLE_EXTRA, 0, "class, as lspci names it" },
	[DRIVER] = { "DRIVER", 0, 0, "current driver" },
	[WANTED] = { "WANTED", 0, 120, "driver that a rule asks for" },
	[OUTCOME] = { "OUTCOME", TABLE_EXTRA, 0, "result of that at the next boot" },
	[STATE] = { "STATE", 0, 0, "free, needed, next boot, ...: see vfio-earlyctl(8)" },
	[RULE] = { "RULE", 0, 120, "rule that decides, or whose guard does not match" },
	[SLOT] = { "SLOT", 0, 140, "physical slot" },
	[SERIAL] = { "SERIAL", TABLE_EXTRA, 0, "serial number, shown to root only" },
	[PATH] = { "PATH", TABLE_EXTRA, 0, "path that survives changes of bus numbers" },
	[NUMA] = { "NUMA", TABLE_EXTRA | TABLE_NUMBER, 0, "NUMA node" },
	[CONSUMERS] = { "CONSUMERS", TABLE_EXTRA, 0, "functions that depend on this one" },
	[FLAGS] = { "FLAGS", TABLE_EXTRA | TABLE_LINES, 0,
		    "what is special, see vfio-earlyctl(8)" },
	[USE] = { "USE", TABLE_CUT, 0, "what the host uses it for" },
	{},
};

struct list {
	struct inventory inventory;
	struct table table;
	struct table_options options;
	const char *kind; /* of those that are printed; NULL: all */
	char *const *operands;
	bool *meant; /* one a device, by an operand; NULL: there is none */
	bool all;    /* bridges, too */
	bool plain;  /* for scripts: what people see shorter is in full */
};

/* What the devices of a group come to. */
struct group {
	bool taken;  /* some of them are reserved for VMs */
	bool split;  /* but can't be used there, as others stay with their host drivers */
	bool needed; /* by the host */
	bool used;   /* by the host, which can do without */
};

static bool is_shown(const struct list *list, const struct pci_device *device)
{
	if (list->kind && strcmp(list->kind, device_kind(&list->inventory, device)) != 0)
		return false;
	if (list->meant)
		return list->meant[device - list->inventory.forecast.pci.devices];
	return list->all || list->kind || !pci_is_bridge(device);
}

/* devices begins with those of the group, and ends with a NULL. */
static struct group judge_group(const struct list *list, const struct pci_device *const *devices)
{
	const int number = devices[0]->group;
	struct group group = { .taken = false };

	for (; *devices && (*devices)->group == number; devices++) {
		const struct plan_row *row = inventory_row(&list->inventory, *devices);

		group.taken |= inventory_is_for_vm(row);
		group.split |= inventory_is_spoiled(row);
		group.needed |= inventory_reason(&list->inventory, *devices) != NULL;
		group.used |= inventory_use(&list->inventory, *devices) != NULL;
	}
	return group;
}

static struct libscols_line *add_group(struct list *list, int number, const struct group *group)
{
	struct libscols_line *line = table_add(&list->table, NULL);
	const char *state = NULL;

	if (number >= 0) {
		table_setf(&list->table, line, DEVICE, "group %d", number);
		table_setf(&list->table, line, GROUP, "%d", number);
	} else {
		table_set(&list->table, line, DEVICE, "no group");
	}
	if (group->taken)
		state = group->split ? "split" : "reserved";
	else if (group->needed || group->used)
		state = group->needed ? "needed" : "in use";
	table_set(&list->table, line, TYPE, "group");
	table_set(&list->table, line, STATE, state);
	table_set(&list->table, line, FLAGS, state);
	if (group->taken)
		table_color(&list->table, line, group->split ? TABLE_RED : TABLE_GREEN);
	return line;
}

static void set_names(struct list *list, struct libscols_line *line,
		      const struct pci_device *device)
{
	struct pci_ids *names = &list->inventory.names;
	char text[PCI_IDS_TEXT_MAX];

	table_set(&list->table, line, KIND, device_kind(&list->inventory, device));
	table_set(&list->table, line, MODEL, pci_ids_model(names, device, text, sizeof(text)));
	table_set(&list->table, line, NAME, pci_ids_short(names, device, text, sizeof(text)));
	table_set(&list->table, line, CLASS, pci_ids_class(names, device, text, sizeof(text)));
}

static int add_consumer(void *context, const char *directory, const char *name)
{
	static const char prefix[] = "consumer:pci:";

	(void)directory;
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		device_add(context, name + strlen(prefix));
	return 0;
}

static void set_numbers(struct list *list, struct libscols_line *line,
			const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], path[PATH_MAX], text[DEVICE_TEXT_MAX] = "";

	pci_address_format(&device->address, address);
	if (host_path(path, "/" PCI_DEVICES "/%s", address) == 0)
		host_each(&list->inventory.host, path, add_consumer, text);
	table_set(&list->table, line, CONSUMERS, text);
	if (device_read(&list->inventory, device, "numa_node", text, sizeof(text)) > 0 &&
	    text[0] != '-')
		table_set(&list->table, line, NUMA, text);
	if (!list->plain)
		device_address(&list->inventory, device, address);
	table_set(&list->table, line, DEVICE, address);
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
	char text[PCI_SERIAL_TEXT_MAX];

	if (device->has_serial)
		table_set(&list->table, line, SERIAL, pci_format_serial(device->serial, text));
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

/* What makes its group one that VMs can't use, though they are to have others of it. */
static bool splits(const struct list *list, const struct pci_device *device,
		   const struct group *group)
{
	return group->split && device->driver && !pci_is_bridge(device) &&
	       !inventory_is_for_vm(inventory_row(&list->inventory, device));
}

static void set_flags(struct list *list, struct libscols_line *line,
		      const struct pci_device *device, const struct group *group)
{
	const struct plan_row *row = inventory_row(&list->inventory, device);
	char flags[DEVICE_TEXT_MAX] = "", override[PCI_DRIVER_NAME_MAX], text[80];

	if (row && !inventory_is_taken(row))
		device_add(flags, outcome_name(row->outcome));
	if (splits(list, device, group))
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
}

/* Scripts get all of it, with what is needed first, and people what fits in a few columns. */
static void set_use(struct list *list, struct libscols_line *line, const struct pci_device *device)
{
	const char *reason = inventory_reason(&list->inventory, device),
		   *use = inventory_use(&list->inventory, device);
	char uses[DEVICE_TEXT_MAX] = "", text[2 * DEVICE_TEXT_MAX] = "", *rest = uses, *word;

	if (list->plain) {
		table_setf(&list->table, line, USE, "%s%s%s", reason ? reason : "",
			   reason && use ? ", " : "", use ? use : "");
		return;
	}
	device_add_uses(&list->inventory, device, uses);
	while (uses[0] && (word = strsep(&rest, "\n")))
		joined_add(text, sizeof(text), word);
	if (device_is_boot_console(&list->inventory, device))
		joined_add(text, sizeof(text), "boot console");
	table_set(&list->table, line, USE, text);
}

static void add_device(struct list *list, struct libscols_line *above,
		       const struct pci_device *device, const struct group *group)
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
	table_set(&list->table, line, STATE,
		  splits(list, device, group) ? "splits group"
					      : device_state(&list->inventory, device));
	set_flags(list, line, device, group);
	set_use(list, line, device);
}

/* Those without a group come last. */
static int compare_groups(const void *a, const void *b)
{
	const struct pci_device *one = *(const struct pci_device *const *)a,
				*other = *(const struct pci_device *const *)b;

	if (one->group != other->group)
		return (unsigned int)one->group < (unsigned int)other->group ? -1 : 1;
	return one < other ? -1 : 1;
}

static int add_devices(struct list *list)
{
	const struct pci *pci = &list->inventory.forecast.pci;
	const struct pci_device **devices =
		calloc(pci->count + 1, sizeof(const struct pci_device *));
	struct libscols_line *above = NULL;
	struct group group;

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < pci->count; i++)
		devices[i] = &pci->devices[i];
	qsort(devices, pci->count, sizeof(*devices), /* NOLINT(*-sizeof-expression) */
	      compare_groups);
	for (size_t i = 0; i < pci->count; i++) {
		if (i == 0 || devices[i]->group != devices[i - 1]->group) {
			group = judge_group(list, &devices[i]);
			above = NULL;
		}
		if (!is_shown(list, devices[i]))
			continue;
		if (list->table.tree && !above)
			above = add_group(list, devices[i]->group, &group);
		add_device(list, above, devices[i], &group);
	}
	free(devices);
	return 0;
}

static int print_list(struct list *list)
{
	struct table_options *options = &list->options;
	struct document document = { .options = options };
	int result;

	/* People see a list, and JSON is a tree, as long as nothing else is asked for. */
	options->list |= !options->json && !options->tree;
	list->plain = options->json || options->all_columns ||
		      (table_is_alone(options) && !(options->output && options->output[0] == '+'));
	result = table_open(&list->table, options, options->list ? "devices" : "groups", columns);
	if (result == 0)
		result = add_devices(list);
	if (result == 0)
		result = document_print_table(&document, &list->table, NULL);
	return document_end(&document, result, CTL_OK);
}

/* What is wrong goes behind the list, where it is read. */
static int print_problems(const struct list *list)
{
	unsigned int bad = list->inventory.forecast.rules.bad;
	bool lacking = inventory_lacks_iommu(&list->inventory);

	if (bad)
		ctl_fail("%u %s of the rules %s not valid; run 'vfio-earlyctl check'", bad,
			 bad == 1 ? "line" : "lines", bad == 1 ? "is" : "are");
	if (lacking)
		ctl_fail(INVENTORY_NO_IOMMU);
	findings_tell(&list->inventory.findings, FINDING_WARNING);
	if (bad)
		return CTL_BAD_RULES;
	return lacking || findings_count(&list->inventory.findings, FINDING_WARNING) > 0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}

static int take_operands(struct list *list)
{
	struct forecast *forecast = &list->inventory.forecast;

	if (!list->operands[0])
		return 0;
	list->meant = calloc(forecast->pci.count + 1, sizeof(*list->meant));
	if (!list->meant)
		return -ENOMEM;
	for (char *const *name = list->operands; *name; name++) {
		char message[FIND_MESSAGE_MAX];
		size_t *found = NULL, count = 0;
		int result = find_by_name(forecast, &list->inventory.host, *name, &found, &count,
					  message);

		if (result < 0)
			return ctl_fail("%s", message), result;
		while (count > 0)
			list->meant[found[--count]] = true;
		free(found);
	}
	return 0;
}

static int run_list(struct list *list, const struct ctl *ctl)
{
	int status = CTL_INTERNAL;

	if (look_at_host(&list->inventory, ctl, INVENTORY_SERIALS | INVENTORY_PLAN) == 0 &&
	    take_operands(list) == 0)
		status = print_list(list);
	if (status == CTL_OK)
		status = print_problems(list);
	table_close(&list->table);
	inventory_close(&list->inventory);
	free(list->meant);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl list [OPTION]... [DEVICE]...\n"
	"Prints the devices by IOMMU group: devices of one group can only go to the same VM.\n"
	"\n"
	"  -a, --all           print bridges, too\n"
	"      --kind KIND     print devices of this kind: gpu, audio, nvme, nic, usb, vf, ...\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0, 1 usage or internal error, 2 something could not be seen, 3 a line of\n"
	"the rules is not valid.";

int command_list(const struct ctl *ctl, int argc, char **argv)
{
	struct list list = { .all = false };
	char kinds[DEVICE_KINDS_MAX];
	const char *kind = NULL;
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = (const struct options_entry[]){ { 'a', "all", .set = &list.all },
							   { '\0', "kind", .text = &kind },
							   {} },
		.table = &list.options,
		.columns = columns,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	list.operands = argv;
	if (kind && !(list.kind = device_parse_kind(kind, kinds)))
		return ctl_fail("--kind: found '%s', expected one of %s", kind, kinds);
	return run_list(&list, ctl);
}
