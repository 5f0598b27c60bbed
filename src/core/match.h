/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a rule means a device. Pure. */
#ifndef VFIO_EARLY_CORE_MATCH_H
#define VFIO_EARLY_CORE_MATCH_H

#include "core/pci.h"
#include "core/rule.h"

enum match {
	MATCH_NO,
	MATCH_GUARD, /* the place is right, but another card sits there */
	MATCH_YES,
};

/*
 * Compares all terms of the rule with the device. An ID on a rule that names a place (address,
 * path, slot, serial) is a guard; where the rule names a whole card, any function of the card
 * may have that ID. What the rule's terms need must have been read into *pci.
 */
enum match match_rule(const struct rule *rule, const struct pci *pci,
		      const struct pci_device *device);

/*
 * Whether the rule has a path that could end at the device, so that pci_read_parents() is needed
 * before match_rule().
 */
bool match_needs_parents(const struct rule *rule, const struct pci_device *device);

/* Compares the rule's ID alone. A rule without an ID matches no device here. */
bool match_rule_id(const struct rule *rule, const struct pci_device *device);

/*
 * These compare one more term of an entry of the list of devices in use by the host. The place: the
 * function is where the entry's was. The serial number, which all functions of a card have: the
 * function with the same number of the card that has it. The card: the same ID, and the same serial
 * number where both have one.
 */
bool match_rule_place(const struct rule *rule, const struct pci *pci,
		      const struct pci_device *device);
bool match_rule_serial(const struct rule *rule, const struct pci *pci,
		       const struct pci_device *device);
bool match_rule_card(const struct rule *rule, const struct pci *pci,
		     const struct pci_device *device);

#endif
