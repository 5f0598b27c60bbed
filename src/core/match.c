/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a rule means a device. */
#include <string.h>

#include "core/match.h"

static bool match_function(int8_t wanted, int8_t function)
{
	return wanted == PCI_FUNCTION_ANY || wanted == function;
}

static bool match_step(const struct pci_step *step, const struct pci_address *address)
{
	return step->device == address->device && match_function(step->function, address->function);
}

/* Goes up from the device, bridge by bridge: bus numbers below the first do not count. */
static bool match_place(const struct pci_place *place, const struct pci *pci,
			const struct pci_device *device)
{
	const struct pci_address *start = &place->start;

	for (unsigned int i = place->step_count; i > 0; i--) {
		if (!match_step(&place->steps[i - 1], &device->address))
			return false;
		if (device->parent == PCI_NO_PARENT)
			return false;
		device = &pci->devices[device->parent];
	}
	return pci_address_same_device(start, &device->address) &&
	       match_function(start->function, device->address.function);
}

static bool match_slot(const char *name, const struct pci_device *device)
{
	for (const struct pci_slot *slot = device->slots; slot; slot = slot->same)
		if (strcmp(slot->name, name) == 0)
			return true;
	return false;
}

static bool match_serial(uint64_t serial, const struct pci *pci, const struct pci_device *device)
{
	const struct pci_device *card;
	size_t count = pci_card(pci, device, &card);

	for (size_t i = 0; i < count; i++)
		if (card[i].has_serial && card[i].serial == serial)
			return true;
	return false;
}

static bool match_number(int32_t wanted, uint16_t number)
{
	return wanted == PCI_ID_ANY || wanted == number;
}

static bool match_id(const struct pci_id *id, const struct pci_device *device)
{
	return match_number(id->vendor, device->vendor) &&
	       match_number(id->device, device->device) &&
	       match_number(id->subvendor, device->subvendor) &&
	       match_number(id->subdevice, device->subdevice);
}

static bool match_card_id(const struct pci_id *id, const struct pci *pci,
			  const struct pci_device *device)
{
	const struct pci_device *card;
	size_t count = pci_card(pci, device, &card);

	for (size_t i = 0; i < count; i++)
		if (match_id(id, &card[i]))
			return true;
	return false;
}

enum match match_rule(const struct rule *rule, const struct pci *pci,
		      const struct pci_device *device)
{
	bool guarded = rule->terms & RULE_LOCATES;

	if (rule->terms & RULE_ID && !guarded && !match_id(&rule->id, device))
		return MATCH_NO;
	if (rule->terms & RULE_CLASS && (device->class & rule->class_mask) != rule->class_value)
		return MATCH_NO;
	if (rule->terms & RULE_PLACE && !match_place(&rule->place, pci, device))
		return MATCH_NO;
	if (rule->terms & RULE_SLOT && !match_slot(rule->slot, device))
		return MATCH_NO;
	if (rule->terms & RULE_SERIAL && !match_serial(rule->serial, pci, device))
		return MATCH_NO;
	if (!(rule->terms & RULE_ID) || !guarded)
		return MATCH_YES;
	if (match_id(&rule->id, device))
		return MATCH_YES;
	if (rule_names_card(rule) && match_card_id(&rule->id, pci, device))
		return MATCH_YES;
	return MATCH_GUARD;
}

bool match_needs_parents(const struct rule *rule, const struct pci_device *device)
{
	const struct pci_place *place = &rule->place;

	return rule->terms & RULE_PLACE && place->step_count > 0 &&
	       match_step(&place->steps[place->step_count - 1], &device->address);
}

bool match_rule_id(const struct rule *rule, const struct pci_device *device)
{
	return rule->terms & RULE_ID && match_id(&rule->id, device);
}

bool match_rule_place(const struct rule *rule, const struct pci *pci,
		      const struct pci_device *device)
{
	return rule->terms & RULE_PLACE && match_place(&rule->place, pci, device);
}

static int8_t place_function(const struct pci_place *place)
{
	return place->step_count ? place->steps[place->step_count - 1].function
				 : place->start.function;
}

bool match_rule_serial(const struct rule *rule, const struct pci *pci,
		       const struct pci_device *device)
{
	return rule->terms & RULE_SERIAL && match_serial(rule->serial, pci, device) &&
	       match_function(place_function(&rule->place), device->address.function);
}

bool match_rule_card(const struct rule *rule, const struct pci *pci,
		     const struct pci_device *device)
{
	return match_rule_id(rule, device) &&
	       (!(rule->terms & RULE_SERIAL) || !device->has_serial ||
		match_serial(rule->serial, pci, device));
}
