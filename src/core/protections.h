/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of devices in use by the host: whether it is whole. */
#ifndef VFIO_EARLY_CORE_PROTECTIONS_H
#define VFIO_EARLY_CORE_PROTECTIONS_H

#include <stddef.h>

#include "core/rules.h"

/* The last line of a whole list: this and the number of entries, in decimal. */
#define PROTECTIONS_COUNT "# entries: "

/* What an image has in place of a list that could not be made: this and why. */
#define PROTECTIONS_NONE "# none: "

#define PROTECTIONS_WHY_MAX 128

/*
 * Adds the entries of a text to *list, which is empty; name is as for rules_parse(). 0, or -ENOMEM,
 * or -EBADMSG: it counts as none, since part of it is missing or not valid; then *why says so, or
 * what follows PROTECTIONS_NONE, and is never empty.
 */
int protections_parse(struct rules *list, const char *name, const char *text, size_t length,
		      char why[PROTECTIONS_WHY_MAX]);

#endif
