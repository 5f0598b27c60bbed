/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has a person choose the devices to reserve for VMs. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/choose.h"
#include "host/joined.h"
#include "look/device.h"
#include "term/ask.h"
#include "term/document.h"

#define CONSOLE "boot console"

enum { NUMBER, GROUP, DEVICE, KIND, MODEL, DRIVER, USE };

static const struct table_column columns[] = {
	[NUMBER] = { "NUMBER", TABLE_NUMBER, 0, NULL },
	[GROUP] = { "GROUP", TABLE_NUMBER, 0, NULL },
	[DEVICE] = { "DEVICE", 0, 0, NULL },
	[KIND] = { "KIND", 0, 0, NULL },
	[MODEL] = { "MODEL", TABLE_CUT, 0, NULL },
	[DRIVER] = { "DRIVER", 0, 0, NULL },
	[USE] = { "USE", TABLE_CUT, 0, NULL },
	{},
};

/* A card, or a function where those of a card differ. */
struct offer {
	const struct pci_device *device;
	bool card;
	bool taken; /* cannot be chosen; uses say why */
	bool used;  /* can be, but the host will lack something */
	bool console;
	char address[PCI_ADDRESS_TEXT_MAX];
	char uses[DEVICE_TEXT_MAX];
};

struct choice {
	struct inventory *inventory;
	struct offer *offers;
	size_t count;
};

/* The row of a rule that decides at every boot. */
static const struct plan_row *find_row(const struct choice *choice, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(choice->inventory, device);

	if (!row || row->outcome == OUTCOME_GUARD_MISMATCH || row->rule->file[0] != '/')
		return NULL;
	return row;
}

static void describe(const struct choice *choice, const struct pci_device *device,
		     struct offer *offer)
{
	const struct plan_row *row = find_row(choice, device);
	char uses[DEVICE_TEXT_MAX] = "", *rest = uses, *use;

	device_add_uses(choice->inventory, device, uses);
	offer->taken |= row || inventory_reason(choice->inventory, device);
	offer->used |= inventory_use(choice->inventory, device) != NULL;
	if (row)
		device_add(uses, row->rule->exclude ? "excluded by a rule" : "has a rule");
	if (device_is_boot_console(choice->inventory, device)) {
		offer->console = true;
		device_add(uses, CONSOLE);
	}
	/* Functions of a card have much in common. */
	while (uses[0] && (use = strsep(&rest, "\n")))
		if (!strstr(offer->uses, use))
			joined_add(offer->uses, sizeof(offer->uses), use);
}

/* Whether a VM gets all functions of a card or none. */
static bool is_whole(const struct choice *choice, const struct pci_device *first, size_t count)
{
	struct offer offer = { .device = first }, other;

	describe(choice, first, &offer);
	for (size_t i = 0; i < count; i++) {
		other = (struct offer){ .device = &first[i] };
		describe(choice, &first[i], &other);
		if (pci_is_bridge(&first[i]) || first[i].group != first->group ||
		    other.taken != offer.taken)
			return false;
	}
	return true;
}

/* Virtual functions come only after the boot; what has no group where others do is for no VM. */
static bool is_for_vms(const struct choice *choice, const struct pci_device *device)
{
	return !pci_is_bridge(device) && !device_is_virtual(choice->inventory, device) &&
	       (device->group >= 0 || inventory_lacks_iommu(choice->inventory));
}

static void add_offer(struct choice *choice, const struct pci_device *device)
{
	const struct pci_device *first;
	struct offer *offer = &choice->offers[choice->count];
	size_t count = pci_card(&choice->inventory->forecast.pci, device, &first);

	if (!is_for_vms(choice, device))
		return;
	*offer = (struct offer){ .device = device, .card = is_whole(choice, first, count) };
	if (offer->card && device != first)
		return;
	device_address(choice->inventory, device, offer->address);
	if (offer->card)
		*strrchr(offer->address, '.') = '\0';
	for (size_t i = 0; i < (offer->card ? count : 1); i++)
		describe(choice, &device[i], offer);
	choice->count++;
}

/* Devices of one group stand together; where all is the same, they stay in their order. */
static int compare_offers(const void *a, const void *b)
{
	const struct pci_device *one = ((const struct offer *)a)->device;
	const struct pci_device *other = ((const struct offer *)b)->device;

	if (one->group != other->group)
		return one->group < other->group ? -1 : 1;
	return one < other ? -1 : one > other;
}

/* What can be chosen comes first, so that numbers are indexes. */
static int compare_taken(const void *a, const void *b)
{
	const struct offer *one = a, *other = b;

	if (one->taken != other->taken)
		return one->taken ? 1 : -1;
	return compare_offers(a, b);
}

static int make_offers(struct choice *choice)
{
	const struct pci *pci = &choice->inventory->forecast.pci;

	choice->offers = calloc(pci->count + 1, sizeof(*choice->offers));
	if (!choice->offers)
		return -ENOMEM;
	for (size_t i = 0; i < pci->count; i++)
		add_offer(choice, &pci->devices[i]);
	qsort(choice->offers, choice->count, sizeof(*choice->offers), compare_taken);
	return 0;
}

static size_t count_free(const struct choice *choice)
{
	size_t count = 0;

	while (count < choice->count && !choice->offers[count].taken)
		count++;
	return count;
}

static void add_row(const struct choice *choice, struct table *table, size_t index)
{
	const struct offer *offer = &choice->offers[index];
	struct libscols_line *line = table_add(table, NULL);
	char text[PCI_IDS_TEXT_MAX];

	if (!offer->taken)
		table_setf(table, line, NUMBER, "%zu", index + 1);
	if (offer->device->group >= 0)
		table_setf(table, line, GROUP, "%d", offer->device->group);
	table_set(table, line, DEVICE, offer->address);
	table_set(table, line, KIND, device_kind(choice->inventory, offer->device));
	table_set(table, line, MODEL,
		  pci_ids_model(&choice->inventory->names, offer->device, text, sizeof(text)));
	table_set(table, line, DRIVER, offer->device->driver);
	table_set(table, line, USE, offer->uses);
}

static int print_offers(const struct choice *choice)
{
	const struct table_options options = { .list = true };
	struct document document = { .options = &options };
	struct table table;
	int result = table_open(&table, &options, "devices", columns);

	for (size_t i = 0; i < choice->count && result == 0; i++)
		add_row(choice, &table, i);
	if (result == 0)
		result = document_print_table(
			&document, &table,
			"Devices by IOMMU group; those of one group can only go to the same VM:");
	table_close(&table);
	return result;
}

/* Numbers with blanks or commas between them. */
static bool parse_numbers(const char *line, size_t count, bool *chosen)
{
	memset(chosen, 0, count * sizeof(*chosen));
	line += strspn(line, " ,\t");
	while (*line) {
		char *end;
		unsigned long number = strtoul(line, &end, 10);

		if (!isdigit((unsigned char)*line) || !strchr(" ,\t", *end) || number < 1 ||
		    number > count) {
			printf("Found '%s', expected numbers from 1 to %zu.\n", line, count);
			return false;
		}
		chosen[number - 1] = true;
		line = end + strspn(end, " ,\t");
	}
	return true;
}

static int ask_numbers(const struct choice *choice, size_t count, bool *chosen)
{
	int result = print_offers(choice);
	bool understood = false;
	char *line;

	while (result == 0 && !understood) {
		result = ask_line("Numbers of the devices to reserve for VMs, or none: ", &line);
		if (result == 0)
			understood = parse_numbers(line, count, chosen);
		free(line);
	}
	return result;
}

static char *format_item(const struct choice *choice, const struct offer *offer)
{
	char name[PCI_IDS_TEXT_MAX], group[32] = "", *text;
	const char *console = offer->console ? ", " CONSOLE : "";
	const char *used = offer->used ? ", in use by the host" : "";

	if (offer->device->group >= 0)
		snprintf(group, sizeof(group), "group %d: ", offer->device->group);
	pci_ids_model(&choice->inventory->names, offer->device, name, sizeof(name));
	return asprintf(&text, "%s%s %s%s%s", group, device_kind(choice->inventory, offer->device),
			name, console, used) < 0
		       ? NULL
		       : text;
}

static int ask_in_list(const struct choice *choice, size_t count, bool *chosen)
{
	struct ask_item *items = calloc(count + 1, sizeof(*items));
	int result = items ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && result == 0; i++) {
		items[i].tag = choice->offers[i].address;
		items[i].text = format_item(choice, &choice->offers[i]);
		if (!items[i].text)
			result = -ENOMEM;
	}
	if (result == 0)
		result = ask_checklist("Which devices to reserve for VMs? Devices of one group can "
				       "only go to the same VM. Devices that the host needs are "
				       "not in the list.",
				       items, count, chosen);
	for (size_t i = 0; items && i < count; i++)
		free(items[i].text);
	free(items);
	return result;
}

static int ask(const struct choice *choice, size_t count, bool *chosen)
{
	int result = ask_in_list(choice, count, chosen);

	return result == -ENOENT ? ask_numbers(choice, count, chosen) : result;
}

/* Why nothing is asked. */
static int print_none(const struct choice *choice)
{
	int result = choice->count > 0 ? print_offers(choice) : 0;

	if (result == 0)
		puts(choice->count > 0 ? "None of them can be chosen."
				       : "This host has no device that could be reserved for VMs.");
	return result;
}

static int collect(const struct choice *choice, const bool *chosen, size_t count, char ***names)
{
	char **list = calloc(count + 1, sizeof(*list));
	size_t used = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (chosen[i] && !(list[used++] = strdup(choice->offers[i].address))) {
			choose_free(list);
			return -ENOMEM;
		}
	*names = list;
	return 0;
}

int choose_devices(struct inventory *inventory, char ***names)
{
	struct choice choice = { .inventory = inventory };
	int result = make_offers(&choice);
	size_t count = result == 0 ? count_free(&choice) : 0;
	bool *chosen = calloc(count + 1, sizeof(*chosen));

	if (!chosen)
		result = -ENOMEM;
	if (result == 0)
		result = count > 0 ? ask(&choice, count, chosen) : print_none(&choice);
	if (result == 0)
		result = collect(&choice, chosen, count, names);
	free(chosen);
	free(choice.offers);
	return result;
}

void choose_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
