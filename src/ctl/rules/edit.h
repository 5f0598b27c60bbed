/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that are changed: what add and remove have in common. */
#ifndef VFIO_EARLY_RULES_EDIT_H
#define VFIO_EARLY_RULES_EDIT_H

#include "image/kernels.h"
#include "look/inventory.h"
#include "rules/selector.h"

struct edit {
	struct inventory inventory;
	int lock;              /* of all rules, taken before edit_look(); -1: none */
	char *const *operands; /* the devices; ends with a NULL */
	const char *file;      /* NULL if none was named */
	enum selector_kind by;
	bool group, force, dry_run, update;
	bool *meant; /* one a device: an operand means it */
};

void edit_close(struct edit *edit);

/*
 * The same for who has options of another kind: an empty change, to be filled with operands and
 * options, and then the look, CTL_OK or the exit status.
 */
void edit_init(struct edit *edit);
int edit_look(struct edit *edit, const char *root);

/* The file of rules that is changed. */
const char *edit_path(const struct edit *edit);

/*
 * Finds the devices of one operand, as find_by_name(), and marks them in meant. 0, or -errno after
 * a message.
 */
int edit_find(struct edit *edit, const char *name, size_t **found, size_t *count);

/* A device for messages: address and name. */
const char *edit_describe(struct edit *edit, const struct pci_device *device,
			  char text[PCI_IDS_TEXT_MAX]);

/*
 * Whether the images of all kernels, which were rebuilt, have the current rules: where images are
 * not to be updated, or our hook is not there, the command for that succeeds all the same. Finds
 * the kernels again. CTL_OK, or CTL_INTERNAL after a message about each image that lacks them.
 */
int edit_check_images(struct kernels *kernels, const struct host *host, bool has_rules);

/* The last step: has all images rebuilt, or says how that is done. Unlocks the rules. */
int edit_rebuild(struct edit *edit);

#endif
