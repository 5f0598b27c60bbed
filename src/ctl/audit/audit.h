/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be said of rules, plan and system before a reboot. */
#ifndef VFIO_EARLY_AUDIT_AUDIT_H
#define VFIO_EARLY_AUDIT_AUDIT_H

#include "image/kernels.h"
#include "look/inventory.h"
#include "rules/conflicts.h"
#include "term/findings.h"

/* Lines that cannot be understood, and what could not be seen. */
void audit_messages(struct findings *findings, const struct inventory *inventory);

/* Rules that do not get what they want, and what comes of those that do. */
void audit_plan(struct findings *findings, struct inventory *inventory);

/* Rules that take what makes virtual functions, and those that are for such functions. */
void audit_virtual(struct findings *findings, struct inventory *inventory);

/* Room for the addresses of a card's or a group's functions; of more, the first are named. */
#define AUDIT_LIST_MAX 256

/* A group of which the host keeps a part, so that no VM can use the rest. */
struct audit_group {
	const struct plan_row *first;      /* that takes one of its devices */
	char fact[2 * AUDIT_LIST_MAX + 96]; /* a sentence */
	bool takes_all;                     /* with the option 'group', the rule would */
};

/* Finds the next one; first is NULL before. False if there is none. */
bool audit_next_group(const struct inventory *inventory, struct audit_group *group);

/* Tells of all of them. */
void audit_groups(struct findings *findings, const struct inventory *inventory);

/* Other settings for the same devices. */
void audit_conflicts(struct findings *findings, struct inventory *inventory,
		     const struct conflicts *conflicts);

/* Images that do not have the rules of now; where there are none, those that may have none, too. */
void audit_kernels(struct findings *findings, const struct kernels *kernels, bool has_rules);

/* The exit status that they come to. */
int audit_status(const struct findings *findings, const struct inventory *inventory);

#endif
