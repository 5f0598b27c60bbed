/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices as the settings of others write them, as rules. */
#ifndef VFIO_EARLY_RULES_FOREIGN_H
#define VFIO_EARLY_RULES_FOREIGN_H

#include <stdio.h>

#include "core/rule.h"

/*
 * Each fills the terms of *rule, so that it means the same devices. NULL, or what was expected;
 * then *rule is untouched.
 */

/*
 * One of ids= of vfio-pci, "vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]", as
 * vfio_pci_fill_ids() of the kernel takes it.
 */
const char *conflict_parse_id(const char *text, struct rule *rule);

/* One of Unraid's BIND=, "0000:03:00.0|8086:1533"; before 6.9 it was "03:00.0". */
const char *conflict_parse_bind(const char *text, struct rule *rule);

/* Whether a rule can have driver= with this name, as it is. */
bool conflict_is_driver(const char *name);

/* Prints such a rule with its driver= and optional, as a line. */
void conflict_print_rule(FILE *stream, const struct rule *rule);

#endif
