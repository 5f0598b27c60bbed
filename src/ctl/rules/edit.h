/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that are changed: which devices, and in which file. */
#ifndef VFIO_EARLY_RULES_EDIT_H
#define VFIO_EARLY_RULES_EDIT_H

#include "look/find.h"
#include "look/inventory.h"
#include "rules/selector.h"

struct edit {
	struct inventory inventory;
	int lock;              /* of all rules, taken before the look; -1: none */
	char *const *operands; /* the devices; ends with a NULL */
	const char *file;      /* NULL if none was named */
	enum selector_kind by;
	bool group, force, dry_run, update;
	bool *meant; /* one a device: an operand means it */
};

/* The file of rules that is changed. */
const char *edit_path(const struct edit *edit);

/* Finds the devices of one operand, as find_by_name(), and marks them in meant. */
int edit_find(struct edit *edit, const char *name, size_t **found, size_t *count,
	      char message[FIND_MESSAGE_MAX]);

/* A device for messages: address and name. */
const char *edit_describe(struct edit *edit, const struct pci_device *device,
			  char text[PCI_IDS_TEXT_MAX]);

#endif
