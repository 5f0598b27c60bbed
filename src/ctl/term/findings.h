/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints what is wrong or good to know. */
#ifndef VFIO_EARLY_TERM_FINDINGS_H
#define VFIO_EARLY_TERM_FINDINGS_H

#include "host/findings.h"
#include "term/document.h"

/* "error", "warning", ... and its colour. */
const char *findings_level_name(enum finding_level level);
enum table_color findings_level_color(enum finding_level level);

/* Writes "0 errors, 1 warning". Returns text. */
#define FINDINGS_COUNTS_MAX 64
const char *findings_format_counts(const struct findings *findings, char text[FINDINGS_COUNTS_MAX]);

/* Sorts and prints them; in JSON as a table "problems". 0 or -errno. */
int findings_print(struct findings *findings, struct document *document);

#endif
