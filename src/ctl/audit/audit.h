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

/* Groups of which the host keeps a part, and so no VM can use the rest. */
void audit_groups(struct findings *findings, const struct inventory *inventory);

/* Other settings for the same devices. */
void audit_conflicts(struct findings *findings, struct inventory *inventory,
		     const struct conflicts *conflicts);

/* Images that do not have the rules of now; where there are none, those that may have none, too. */
void audit_kernels(struct findings *findings, const struct kernels *kernels, bool has_rules);

/* The exit status that they come to. */
int audit_status(const struct findings *findings, const struct inventory *inventory);

#endif
