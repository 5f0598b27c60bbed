/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the rule that means one function, or one card, and nothing else. Pure. */
#ifndef VFIO_EARLY_RULES_SELECTOR_H
#define VFIO_EARLY_RULES_SELECTOR_H

#include "core/pci.h"
#include "core/place.h"

/* What a rule tells devices apart by. */
enum selector_kind {
	SELECTOR_PATH,
	SELECTOR_SLOT,
	SELECTOR_SERIAL,
	SELECTOR_ID,
	SELECTOR_ADDRESS,
	SELECTOR_KINDS,
};

/* The words for them. */
extern const char *const selector_names[SELECTOR_KINDS];

/* A place, or what else a rule begins with, an ID and options. */
#define SELECTOR_TEXT_MAX (PLACE_TEXT_MAX + 64)

/* Room for addresses; of more, the first are named. */
#define SELECTOR_OTHERS_MAX 256

struct selector {
	const struct pci *pci;
	const struct pci_device *device; /* the function, or any of the card */
	bool card;                       /* all functions of its card are meant */
	const bool *meant;               /* one a device of pci: these may match as well */
	char text[SELECTOR_TEXT_MAX];
	char others[SELECTOR_OTHERS_MAX]; /* that it means as well: their addresses */
};

/*
 * Writes the terms of a rule of this kind; what the kind needs must have been read. Where they
 * name a place, the ID of the device is a guard: vfio-early.conf(5). 0; -ENODATA if the device has
 * no such thing (no slot, no serial number); or -EEXIST if it means others as well.
 */
int selector_format(struct selector *selector, enum selector_kind kind);

#endif
