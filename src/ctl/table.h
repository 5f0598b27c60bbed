/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, trees and JSON, with lsblk(8)'s options: the only place that sees libsmartcols. */
#ifndef VFIO_EARLY_CTL_TABLE_H
#define VFIO_EARLY_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 24

enum table_flag {
	TABLE_TREE = 1 << 0,   /* shows what is below what */
	TABLE_CUT = 1 << 1,    /* gives way where the terminal is narrow */
	TABLE_LINES = 1 << 2,  /* of several lines, which but in trees are one, with commas */
	TABLE_NUMBER = 1 << 3, /* in JSON a number */
	TABLE_YES_NO = 1 << 4, /* in JSON true or false */
	TABLE_EXTRA = 1 << 5,  /* printed if asked for, and in JSON */
	TABLE_LIST = 1 << 6,   /* printed in lists, too, though extra */
};

/* Columns are a table in the order of --help, which is that of the output. */
struct table_column {
	const char *name;
	unsigned int flags; /* enum table_flag */
	unsigned int width; /* of the terminal, which must be so wide; 0: any will do */
	const char *help;
};

struct table_options {
	bool json, raw, list, no_headings, all_columns;
	const char *output; /* "NAME,..." or "+NAME,..." */
};

/* Whether one table is all that is wanted: scripts ask for raw lines, or for columns. */
bool table_is_alone(const struct table_options *options);

struct table {
	const struct table_options *options;
	const struct table_column *columns;
	size_t count;
	int at[TABLE_COLUMNS_MAX]; /* where a column is shown, -1: nowhere */
	bool tree, colors, failed;
	struct libscols_table *scols;
};

/* One line, which others can stand below. */
struct libscols_line;

/*
 * Begins a table, whose name is for JSON. 0, or -EINVAL after a message if a column is asked for
 * that there is not, or -errno. table_close() in any case.
 */
int table_open(struct table *table, const struct table_options *options, const char *name,
	       const struct table_column *columns, size_t count);

/* Adds a line. Above is what it stands below, or NULL; it does not count without a tree. */
struct libscols_line *table_add(struct table *table, struct libscols_line *above);

/* Fills a cell. An empty text, or NULL, is none. */
void table_set(struct table *table, struct libscols_line *line, size_t column, const char *text);

enum table_color { TABLE_PLAIN, TABLE_GREEN, TABLE_YELLOW, TABLE_RED };

/* Colours a line, on terminals that show colours to people who want them. */
void table_color(struct table *table, struct libscols_line *line, enum table_color color);

void table_close(struct table *table);

/* Several tables that are one document: in JSON one object. */
struct table_document {
	const struct table_options *options;
	bool begun;
};

/* Prints a table, below a title that people see. 0 or -errno. */
int table_print(struct table_document *document, const struct table *table, const char *title);

/* Prints a line for people between tables, as a printf. */
void table_print_text(struct table_document *document, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Prints a message for people: "WHERE: KIND: TEXT", in lines that fit the terminal. where may be
 * NULL.
 */
void table_print_message(struct table_document *document, const char *kind, enum table_color color,
			 const char *where, const char *text);

/* Prints an entry of a list for people: name, kind and text in columns, the text wrapped. */
void table_print_entry(struct table_document *document, const char *name, const char *kind,
		       enum table_color color, const char *text);

void table_end(struct table_document *document);

#endif
