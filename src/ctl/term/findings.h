/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints findings. */
#ifndef VFIO_EARLY_TERM_FINDINGS_H
#define VFIO_EARLY_TERM_FINDINGS_H

#include "host/findings.h"
#include "term/document.h"

/* "error", "warning", ... and its colour. */
const char *findings_level_name(enum finding_level level);
enum table_color findings_level_color(enum finding_level level);

/* Writes "1 error, 2 warnings", "" if there is nothing to count. Returns text. */
#define FINDINGS_COUNTS_MAX 96
const char *findings_format_counts(const struct findings *findings, char text[FINDINGS_COUNTS_MAX]);

/* Sorts and prints them; in JSON as a table "problems". 0 or -errno. */
int findings_print(struct findings *findings, struct document *document);

/* Prints one for people below a heading, or below the one before if that is NULL. 0 or -ENOMEM. */
int findings_print_below(const struct finding *finding, const char *heading,
			 struct document *document);

#endif
