/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command prints: tables, and sentences for people; in JSON one object. */
#ifndef VFIO_EARLY_TERM_DOCUMENT_H
#define VFIO_EARLY_TERM_DOCUMENT_H

#include "term/table.h"

struct document {
	const struct table_options *options;
	bool begun;
	int error;    /* of the first table that failed; what is behind it is not printed */
	json_t *json; /* the object */
};

/* Prints a table, below a title that people see, and closes it. 0 or -errno. */
int document_print_table(struct document *document, struct table *table, const char *title);

/* Adds a member to the object, and takes the value over; NULL: memory has run out. */
void document_add(struct document *document, const char *name, json_t *value);

/* Prints a line for people between tables, as a printf. */
void document_print_text(struct document *document, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints a line that is empty, but not as the first. */
void document_print_gap(struct document *document);

/*
 * Prints a message for people: "WHERE: KIND: TEXT", in lines that fit the terminal. where may be
 * NULL.
 */
void document_print_message(struct document *document, const char *kind, enum table_color color,
			    const char *where, const char *text);

/* Prints a text for people behind the lead, in lines that fit the terminal and begin below the
 * text. */
void document_print_wrapped(struct document *document, const char *lead, const char *text);

/* Prints "KIND: WHERE: TEXT" for people, as one line that is cut where the terminal ends. */
void document_print_line(struct document *document, const char *kind, enum table_color color,
			 const char *where, char *text);

/*
 * Ends it. status, or CTL_INTERNAL if a table failed, or if error, which is 0 or -errno, is one:
 * then after a message, unless it is that of table_open().
 */
int document_end(struct document *document, int error, int status);

#endif
