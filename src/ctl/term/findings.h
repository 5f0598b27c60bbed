/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong or good to know, each with the place in a file that it is about. */
#ifndef VFIO_EARLY_TERM_FINDINGS_H
#define VFIO_EARLY_TERM_FINDINGS_H

#include "look/inventory.h"
#include "term/document.h"

struct finding {
	size_t number; /* in the order in which they were added */
	enum finding_level level;
	char *where; /* NULL: no place in particular */
	char *text;
};

struct findings {
	struct finding *list;
	size_t count;
	bool failed; /* for want of memory */
};

/* "error", "warning", ... and its colour. */
const char *findings_level_name(enum finding_level level);
enum table_color findings_level_color(enum finding_level level);

/* Adds one; the text is a printf. where may be NULL. */
void findings_add(struct findings *findings, enum finding_level level, const char *where,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

size_t findings_count(const struct findings *findings, enum finding_level level);

/* Writes "0 errors, 1 warning". Returns text. */
#define FINDINGS_COUNTS_MAX 64
const char *findings_format_counts(const struct findings *findings, char text[FINDINGS_COUNTS_MAX]);

/* Puts errors first, and those of a file by line. */
void findings_sort(struct findings *findings);

/* Sorts and prints them; in JSON as a table "problems". 0 or -errno. */
int findings_print(struct findings *findings, struct document *document);

void findings_free(struct findings *findings);

#endif
