/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables and trees, with lsblk(8)'s options: the only place that sees libsmartcols. */
#ifndef VFIO_EARLY_TERM_TABLE_H
#define VFIO_EARLY_TERM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

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

/* Columns are a table in the order of --help, which is that of the output; the last is empty. */
struct table_column {
	const char *name;
	unsigned int flags; /* enum table_flag */
	unsigned int width; /* of the terminal, which must be so wide; 0: any will do */
	const char *help;
};

struct table_options {
	bool json, raw, list, tree, no_headings, all_columns; /* tree: asked for, not list */
	const char *output;                                   /* "NAME,..." or "+NAME,..." */
};

/* Whether one table is all that is wanted: scripts ask for raw lines, or for columns. */
bool table_is_alone(const struct table_options *options);

struct table {
	const struct table_options *options;
	const char *name; /* in JSON */
	const struct table_column *columns;
	size_t count;
	int at[TABLE_COLUMNS_MAX];        /* where a column is shown, -1: nowhere */
	size_t widths[TABLE_COLUMNS_MAX]; /* of the terminal's columns that each wants */
	bool tree, colors;
	int error; /* of the first call that failed; those behind it do nothing */
	struct libscols_table *scols;
};

/* One line, which others can stand below. */
struct libscols_line;

/*
 * Begins a table. 0, or -EINVAL after a message if a column is asked for
 * that there is not, or -errno; document_print_table() returns the same and closes the table.
 */
int table_open(struct table *table, const struct table_options *options, const char *name,
	       const struct table_column *columns);
void table_close(struct table *table);

/* Adds a line. Above is what it stands below, or NULL; it does not count without a tree. */
struct libscols_line *table_add(struct table *table, struct libscols_line *above);

/* Fills a cell. An empty text, or NULL, is none. */
void table_set(struct table *table, struct libscols_line *line, size_t column, const char *text);

/* The same with a printf's text. */
void table_setf(struct table *table, struct libscols_line *line, size_t column, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* The same with yes or no, for a column of TABLE_YES_NO. */
void table_set_flag(struct table *table, struct libscols_line *line, size_t column, bool value);

enum table_color { TABLE_PLAIN, TABLE_GREEN, TABLE_YELLOW, TABLE_RED };

/* Colours a line, on terminals that show colours to people who want them. */
void table_color(struct table *table, struct libscols_line *line, enum table_color color);

/* Whether it has no line. */
bool table_is_empty(const struct table *table);

/* Prints it so that it fits the terminal. 0 or -errno. */
int table_print(struct table *table);

/* An array of its lines, each with an array of those below it. NULL: memory has run out. */
json_t *table_pack(const struct table *table);

/*
 * The terminal's columns of a text's widest line; the text is cut where it would be wider than
 * this, and must have room for the ellipsis then. What is no character in this locale is taken byte
 * by byte.
 */
size_t table_fit_text(char *text, size_t width);

/* Whether people see colours, and in how many columns; SIZE_MAX where that does not matter. */
bool table_has_colors(const struct table_options *options);
size_t table_get_width(const struct table_options *options);

#endif
