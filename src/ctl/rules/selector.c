/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the rule that means one function, or one card, and nothing else. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/match.h"
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

	/* The kernel's slot names are free text, and some are no term. */
	if (rule_parse(selector->text, strlen(selector->text), &rule, &error) <= 0 ||
	    match_rule(&rule, pci, selector->device) != MATCH_YES)
		return -ENODATA;
	for (size_t i = 0; i < pci->count; i++)
		if (!selector->meant[i] && match_rule(&rule, pci, &pci->devices[i]) == MATCH_YES)
			return -EEXIST;
	return 0;
}

/* With the last function as *, and without the domain that nearly all have. */
static int use_place(struct selector *selector, const char *place)
{
	const char *start = strncmp(place, "0000:", 5) == 0 ? place + 5 : place;
	int length = (int)strlen(start) - (selector->card ? 1 : 0);

	snprintf(selector->text, sizeof(selector->text), "%.*s%s id=%04x:%04x", length, start,
		 selector->card ? "*" : "", selector->device->vendor, selector->device->device);
	return check(selector);
}

static int format_path(struct selector *selector)
{
	char place[PLACE_TEXT_MAX];

	return use_place(selector, place_format(selector->pci, selector->device, place));
}

static int format_address(struct selector *selector)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	return use_place(selector, pci_address_format(&selector->device->address, address));
}

/* A device can be in several slots, and one slot can have several cards. */
static int format_slot(struct selector *selector)
{
	const struct pci_device *device = selector->device;
	int result = -ENODATA;

	for (const struct pci_slot *slot = device->slots; slot && result < 0; slot = slot->same) {
		snprintf(selector->text, sizeof(selector->text), "slot=%s id=%04x:%04x", slot->name,
			 device->vendor, device->device);
		result = check(selector);
	}
	return result;
}

/* Any function of a card can have the number, and all are found by it. */
static const struct pci_device *find_serial(const struct selector *selector)
{
	const struct pci_device *card;
	size_t count = pci_card(selector->pci, selector->device, &card);

	if (selector->device->has_serial)
		return selector->device;
	for (size_t i = 0; i < count; i++)
		if (card[i].has_serial)
			return &card[i];
	return NULL;
}

/* No two cards have one number, so it needs no guard. */
static int format_serial(struct selector *selector)
{
	const struct pci_device *device = find_serial(selector);
	size_t used = sizeof("serial") - 1;

	if (!device)
		return -ENODATA;
	strcpy(selector->text, "serial");
	for (int byte = 7; byte >= 0; byte--)
		used += (size_t)snprintf(selector->text + used, sizeof(selector->text) - used,
					 "%c%02x", byte == 7 ? '=' : '-',
					 (unsigned int)(device->serial >> 8 * byte & 0xff));
	return check(selector);
}

/* Of two cards of a model, the makers of the boards may differ. */
static int format_id(struct selector *selector)
{
	const struct pci_device *device = selector->device;
	int result;

	snprintf(selector->text, sizeof(selector->text), "%04x:%04x", device->vendor,
		 device->device);
	result = check(selector);
	if (result != -EEXIST)
		return result;
	snprintf(selector->text, sizeof(selector->text), "%04x:%04x:%04x:%04x", device->vendor,
		 device->device, device->subvendor, device->subdevice);
	return check(selector);
}

int selector_format(struct selector *selector, enum selector_kind kind)
{
	static int (*const formats[SELECTOR_KINDS])(struct selector * selector) = {
		[SELECTOR_PATH] = format_path,       [SELECTOR_SLOT] = format_slot,
		[SELECTOR_SERIAL] = format_serial,   [SELECTOR_ID] = format_id,
		[SELECTOR_ADDRESS] = format_address,
	};

	return formats[kind](selector);
}
