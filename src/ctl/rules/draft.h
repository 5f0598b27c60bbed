/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that add would write, and why it would not. */
#ifndef VFIO_EARLY_RULES_DRAFT_H
#define VFIO_EARLY_RULES_DRAFT_H

#include "host/findings.h"
#include "look/find.h"
#include "look/inventory.h"
#include "rules/file.h"
#include "rules/selector.h"

/* Rules that are changed: which devices, and in which file. */
struct edit {
	struct inventory inventory;
	int lock;              /* of all rules, taken before the look; -1: none */
	char *const *operands; /* the devices; ends with a NULL */
	const char *file;      /* NULL if none was named */
	enum selector_kind by;
	bool group, force, dry_run, update;
	bool *meant; /* one a device: an operand means it */
	char *settings;   /* attributes for all of them, " NAME=VALUE" each; NULL: none */
	struct rule wish; /* a rule with these */
};

/* The file of rules that is changed. */
const char *edit_path(const struct edit *edit);

/* Finds the devices of one operand, as find_by_name(), and marks them in meant. */
int edit_find(struct edit *edit, const char *name, size_t **found, size_t *count,
	      char message[FIND_MESSAGE_MAX]);

/* A device for messages: address and name. */
const char *edit_describe(struct edit *edit, const struct pci_device *device,
			  char text[PCI_IDS_TEXT_MAX]);

/* One rule that is to come. */
struct draft_want {
	const struct pci_device *device;
	bool card; /* all functions of the device's card */
};

/* A rule that is there, and gets options that were asked for. */
struct draft_change {
	size_t rule; /* in the inventory's rules */
	unsigned int options;
};

struct draft {
	struct edit *edit;
	struct draft_want *wants;
	size_t count;
	struct draft_change *changes;
	size_t change_count;
	char *lines; /* of the file: a comment and a rule each; empty if all is there already */
	size_t rules_before; /* draft_foretell() */
	bool shared;         /* some IOMMU group as well, which 'group' would reserve as a whole */
	/* Errors say why all is refused; what is OK has a rule already. */
	struct findings findings;
};

/* Finds what the operand means, and wants it, or takes an attribute to set. 0, or -errno with a finding; draft_free() always. */
int draft_take(struct draft *draft, const char *name);

/* Makes lines and changes, when all operands have been taken. 0 or -ENOMEM. */
int draft_make(struct draft *draft);

/*
 * Warns of devices that the next boot would not bind, that can't be passed through for others of
 * their IOMMU group, once a group, and of what the host lacks without them. The inventory has the
 * plan with the new rules afterwards. 0 or -errno.
 */
int draft_foretell(struct draft *draft);

/* Takes that out of the inventory, and frees the draft, which is then as new. 0 or -ENOMEM. */
int draft_undo(struct draft *draft);

/* Warns of what the host lacks alone, of the devices that were named: for who has no plan yet. */
void draft_warn_uses(struct draft *draft);

/* The files that change, by index, NULL behind the last one. */
const char *draft_file(const struct draft *draft, size_t index);

/*
 * Makes such a file what it becomes; apart: with an empty line before what is added. 0, -ESTALE if
 * a rule is no longer where it was, -EFBIG or -ENOMEM.
 */
int draft_apply(const struct draft *draft, struct rulesfile *file, bool apart);

void draft_free(struct draft *draft);

#endif
