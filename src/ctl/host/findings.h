/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong or good to know, each with the place in a file that it is about. */
#ifndef VFIO_EARLY_HOST_FINDINGS_H
#define VFIO_EARLY_HOST_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

enum finding_level {
	FINDING_ERROR,
	FINDING_WARNING,
	FINDING_NOTE,
	FINDING_UNKNOWN, /* it could not be seen */
	FINDING_OK,
};

struct finding {
	size_t number; /* in the order in which they were added */
	enum finding_level level;
	char *where; /* NULL: no place in particular */
	char *text;  /* a sentence without newline */
};

struct findings {
	struct finding *list;
	size_t count;
	bool failed; /* one was lost for want of memory */
};

/* Adds one; the text is a printf. where may be NULL. */
void findings_add(struct findings *findings, enum finding_level level, const char *where,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

size_t findings_count(const struct findings *findings, enum finding_level level);

/* Puts errors first, and those of a file by line. */
void findings_sort(struct findings *findings);

void findings_free(struct findings *findings);

#endif
