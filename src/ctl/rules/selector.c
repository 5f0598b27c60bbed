/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the rule that means one function, or one card, and nothing else. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/match.h"
#include "host/joined.h"
#include "rules/selector.h"

const char *const selector_names[SELECTOR_KINDS] = {
	[SELECTOR_PATH] = "path", [SELECTOR_SLOT] = "slot",       [SELECTOR_SERIAL] = "serial",
	[SELECTOR_ID] = "id",     [SELECTOR_ADDRESS] = "address",
};

/* Whether the rule means the device and otherwise none but those that are meant. */
static int check(struct selector *selector)
{
	const struct pci *pci = selector->pci;
	struct rule_error error;
	struct rule rule;

	selector->others[0] = '\0';
	/* The kernel's slot names are free text, and some are no term. */
	if (rule_parse(selector->text, strlen(selector->text), &rule, &error) <= 0 ||
	    match_rule(&rule, pci, selector->device) != MATCH_YES)
		return -ENODATA;
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		char address[PCI_ADDRESS_TEXT_MAX];

		if (!selector->meant[i] && match_rule(&rule, pci, device) == MATCH_YES)
			joined_add(selector->others, sizeof(selector->others),
				   pci_address_format(&device->address, address));
	}
	return selector->others[0] ? -EEXIST : 0;
}

/* With the last function as *, and without the domain that nearly all have. */
static int use_place(struct selector *selector, const char *place, const char *id)
{
	const char *start = strncmp(place, "0000:", 5) == 0 ? place + 5 : place;
	int length = (int)strlen(start) - (selector->card ? 1 : 0);

	snprintf(selector->text, sizeof(selector->text), "%.*s%s id=%s", length, start,
		 selector->card ? "*" : "", id);
	return check(selector);
}

/* No two cards have one number, so it needs no guard. Any function of a card can have it. */
static int format_serial(struct selector *selector)
{
	const struct pci_device *first, *found = NULL;
	size_t count = pci_card(selector->pci, selector->device, &first);
	char serial[PCI_SERIAL_TEXT_MAX];

	for (size_t i = 0; i < count && !found; i++)
		if (first[i].has_serial)
			found = &first[i];
	if (selector->device->has_serial)
		found = selector->device;
	if (!found)
		return -ENODATA;
	sprintf(selector->text, "serial=%s", pci_format_serial(found->serial, serial));
	return check(selector);
}

int selector_format(struct selector *selector, enum selector_kind kind)
{
	const struct pci_device *device = selector->device;
	char place[PLACE_TEXT_MAX], id[2][16];
	int result = -ENODATA;

	snprintf(id[0], sizeof(id[0]), "%04x:%04x", device->vendor, device->device);
	snprintf(id[1], sizeof(id[1]), ":%04x:%04x", device->subvendor, device->subdevice);
	switch (kind) {
	case SELECTOR_PATH:
		return use_place(selector, place_format(selector->pci, device, place), id[0]);
	case SELECTOR_ADDRESS:
		return use_place(selector, pci_address_format(&device->address, place), id[0]);
	case SELECTOR_SERIAL:
		return format_serial(selector);
	case SELECTOR_SLOT:
		/* A device can be in several slots, and one slot can have several cards. */
		for (const struct pci_slot *slot = device->slots; slot && result < 0;
		     slot = slot->same) {
			snprintf(selector->text, sizeof(selector->text), "slot=%s id=%s",
				 slot->name, id[0]);
			result = check(selector);
		}
		return result;
	case SELECTOR_ID:
		/* Of two cards of a model, the makers of the boards may differ. */
		strcpy(selector->text, id[0]);
		result = check(selector);
		if (result != -EEXIST)
			return result;
		strcat(selector->text, id[1]);
		return check(selector);
	case SELECTOR_KINDS:
		break;
	}
	return -EINVAL;
}
