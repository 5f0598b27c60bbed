/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong or good to know: level, place, fact, fix and topic of each. */
#ifndef VFIO_EARLY_HOST_FINDINGS_H
#define VFIO_EARLY_HOST_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

enum finding_level {
	FINDING_ERROR,   /* it does not work, or is not valid */
	FINDING_WARNING, /* it works, but can do harm, or is not what was asked for */
	FINDING_NOTE,
	FINDING_UNKNOWN, /* it could not be seen */
	FINDING_OK,
	FINDING_NONE, /* the question does not arise on this host */
	FINDING_LEVELS,
};

struct finding {
	size_t number; /* in the order in which they were added */
	enum finding_level level;
	const char *topic; /* a constant, as findings.topic had it then; may be NULL */
	char *where; /* "FILE[:LINE[:COLUMN]]", a device or a VM; NULL: no place in particular */
	char *text;  /* the fact: a sentence that can be read alone, without newline */
	char *fix;   /* what to do about it; NULL: nothing */
};

struct findings {
	struct finding *list;
	size_t count;
	const char *topic; /* of those that are added next */
	bool failed;       /* one was lost for want of memory */
};

/* Adds one; the text is a printf. where may be NULL. */
void findings_add(struct findings *findings, enum finding_level level, const char *where,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Says what to do about the last one, which has no fix yet; a printf. */
void findings_fix(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a copy of one of another list. */
void findings_copy(struct findings *findings, const struct finding *finding);

size_t findings_count(const struct findings *findings, enum finding_level level);

/* Puts errors first, and those of a file by line. */
void findings_sort(struct findings *findings);

void findings_free(struct findings *findings);

#endif
