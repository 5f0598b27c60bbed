/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, trees and JSON. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <libsmartcols.h>

#include "term/message.h"
#include "term/shown.h"
#include "term/table.h"
#include "term/width.h"

/* A terminal that says less says nothing. */
#define WIDTH_MIN 20

/* A column is not cut to less than this. */
#define CUT_MIN 10

/* What a tree puts before its lines. */
#define TREE_WIDTH 2

bool table_is_alone(const struct table_options *options)
{
	return !options->json && (options->raw || options->no_headings || options->output);
}

static bool is_terminal(const struct table_options *options)
{
	return !options->json && !options->raw && isatty(STDOUT_FILENO);
}

bool table_has_colors(const struct table_options *options)
{
	/* https://no-color.org */
	const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return is_terminal(options) && !(off && off[0] != '\0') && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

/* What goes elsewhere can be as wide as it likes. */
static bool has_room(const struct table *table, const struct table_column *column)
{
	return !is_terminal(table->options) ||
	       scols_table_get_termwidth(table->scols) >= column->width;
}

static int show_column(struct table *table, size_t index)
{
	const struct table_column *column = &table->columns[index];
	struct libscols_column *shown;
	int flags = 0;

	if (table->at[index] >= 0)
		return 0;
	if (column->flags & TABLE_TREE && table->tree)
		flags |= SCOLS_FL_TREE;
	if (column->flags & TABLE_LINES && table->tree && !table->options->json)
		flags |= SCOLS_FL_WRAP;
	table->at[index] = (int)scols_table_get_ncols(table->scols);
	shown = scols_table_new_column(table->scols, column->name, 0, flags);
	if (!shown)
		return -ENOMEM;
	if (flags & SCOLS_FL_WRAP) {
		scols_column_set_wrapfunc(shown, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
					  NULL);
		scols_column_set_safechars(shown, "\n");
	}
	if (column->flags & TABLE_NUMBER)
		scols_column_set_json_type(shown, SCOLS_JSON_NUMBER);
	if (column->flags & TABLE_YES_NO)
		scols_column_set_json_type(shown, SCOLS_JSON_BOOLEAN);
	return 0;
}

static bool is_default(const struct table *table, const struct table_column *column)
{
	if (table->options->json || table->options->all_columns)
		return true;
	if (column->flags & TABLE_EXTRA)
		return column->flags & TABLE_LIST && !table->tree;
	return has_room(table, column);
}

static int show_defaults(struct table *table)
{
	int result = 0;

	for (size_t i = 0; i < table->count && result == 0; i++)
		if (is_default(table, &table->columns[i]))
			result = show_column(table, i);
	return result;
}

static int show_named(struct table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->count; i++)
		if (strncasecmp(table->columns[i].name, name, length) == 0 &&
		    table->columns[i].name[length] == '\0')
			return show_column(table, i);
	ctl_fail("no column '%.*s'; --help names them", (int)length, name);
	return -EINVAL;
}

static int show_listed(struct table *table, const char *list)
{
	int result = 0;

	if (*list == '+') {
		result = show_defaults(table);
		list++;
	}
	while (result == 0) {
		size_t length = strcspn(list, ",");

		result = show_named(table, list, length);
		if (list[length] == '\0')
			break;
		list += length + 1;
	}
	return result;
}

int table_open(struct table *table, const struct table_options *options, const char *name,
	       const struct table_column *columns)
{
	*table = (struct table){
		.options = options,
		.columns = columns,
		.tree = !options->list && !options->raw,
		.scols = scols_new_table(),
	};
	if (!table->scols)
		return -ENOMEM;
	for (; columns[table->count].name; table->count++)
		table->at[table->count] = -1;
	scols_table_set_name(table->scols, name);
	scols_table_enable_json(table->scols, options->json);
	scols_table_enable_raw(table->scols, options->raw);
	scols_table_enable_noheadings(table->scols, options->no_headings);
	table->colors = table_has_colors(options);
	scols_table_enable_colors(table->scols, table->colors);
	return options->output ? show_listed(table, options->output) : show_defaults(table);
}

struct libscols_line *table_add(struct table *table, struct libscols_line *above)
{
	struct libscols_line *line = scols_table_new_line(table->scols, table->tree ? above : NULL);

	if (!line)
		table->failed = true;
	return line;
}

static void join_lines(char *text)
{
	for (; (text = strchr(text, '\n')); text++)
		*text = ',';
}

void table_set(struct table *table, struct libscols_line *line, size_t column, const char *text)
{
	int at = table->at[column];
	char *copy;

	if (at < 0 || !line || !text || text[0] == '\0')
		return;
	/* libsmartcols shows other texts as we do, but JSON must be UTF-8 as well. */
	copy = table->options->json ? shown_copy(text, "\n") : strdup(text);
	if (copy &&
	    !(table->columns[column].flags & TABLE_LINES && table->tree && !table->options->json))
		join_lines(copy);
	if (!copy || scols_line_refer_data(line, (size_t)at, copy) < 0)
		table->failed = true;
}

void table_setf(struct table *table, struct libscols_line *line, size_t column, const char *format,
		...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	table->failed |= !text;
	table_set(table, line, column, text);
	free(text);
}

void table_set_flag(struct table *table, struct libscols_line *line, size_t column, bool value)
{
	table_set(table, line, column, value ? "yes" : "no");
}

void table_color(struct table *table, struct libscols_line *line, enum table_color color)
{
	static const char *const colors[] = {
		[TABLE_PLAIN] = "reset",
		[TABLE_GREEN] = "green",
		[TABLE_YELLOW] = "yellow",
		[TABLE_RED] = "red",
	};

	if (table->colors && line)
		scols_line_set_color(line, colors[color]);
}

void table_close(struct table *table)
{
	if (table->scols)
		scols_unref_table(table->scols);
	table->scols = NULL;
}

size_t table_get_width(const struct table_options *options)
{
	struct winsize size;

	if (!is_terminal(options) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col < WIDTH_MIN)
		return SIZE_MAX;
	return size.ws_col;
}

/* The columns of the terminal that each column of the table wants. */
static void measure_columns(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
	size_t lines = scols_table_get_nlines(table->scols);

	for (size_t i = 0; i < table->count; i++) {
		widths[i] = 0;
		if (table->at[i] < 0)
			continue;
		if (!table->options->no_headings)
			widths[i] = strlen(table->columns[i].name);
		for (size_t n = 0; n < lines; n++) {
			struct libscols_line *line = scols_table_get_line(table->scols, n);
			const char *text = scols_cell_get_data(
				scols_line_get_cell(line, (size_t)table->at[i]));
			size_t width = text ? width_measure(text) : 0;

			if (table->columns[i].flags & TABLE_TREE && scols_line_get_parent(line))
				width += TREE_WIDTH;
			if (width > widths[i])
				widths[i] = width;
		}
	}
}

/* Takes from the widest of those that may be cut, until all fit. */
static void fit_columns(const struct table *table, size_t widths[TABLE_COLUMNS_MAX], size_t room)
{
	size_t all = scols_table_get_ncols(table->scols) - 1;

	for (size_t i = 0; i < table->count; i++)
		all += widths[i];
	while (all > room) {
		size_t *widest = NULL;

		for (size_t i = 0; i < table->count; i++)
			if (table->columns[i].flags & TABLE_CUT && widths[i] > CUT_MIN &&
			    (!widest || widths[i] > *widest))
				widest = &widths[i];
		if (!widest)
			return;
		(*widest)--;
		all--;
	}
}

static int cut_column(const struct table *table, size_t at, size_t width)
{
	size_t lines = scols_table_get_nlines(table->scols);
	int result = 0;

	for (size_t n = 0; n < lines && result == 0; n++) {
		struct libscols_line *line = scols_table_get_line(table->scols, n);
		const char *text = scols_cell_get_data(scols_line_get_cell(line, at));
		char *copy = text ? strdup(text) : NULL;

		if (!copy)
			continue;
		width_cut(copy, width);
		result = scols_line_refer_data(line, at, copy);
	}
	return result;
}

/*
 * Makes the table fit the terminal. libsmartcols would do so as well, but each version of it in
 * another way.
 */
static int fit(const struct table *table)
{
	size_t widths[TABLE_COLUMNS_MAX], room = table_get_width(table->options);
	int result = 0;

	if (room == SIZE_MAX)
		return 0;
	measure_columns(table, widths);
	fit_columns(table, widths, room);
	for (size_t i = 0; i < table->count && result == 0; i++)
		if (table->at[i] >= 0 && table->columns[i].flags & TABLE_CUT)
			result = cut_column(table, (size_t)table->at[i], widths[i]);
	return result;
}

bool table_is_empty(const struct table *table)
{
	return scols_table_is_empty(table->scols);
}

int table_print(const struct table *table)
{
	int result = fit(table);

	return result < 0 ? result : scols_print_table(table->scols);
}

/* What libsmartcols prints is an object with one member. */
int table_print_member(const struct table *table)
{
	char *text = NULL, *start, *end;
	int result;

	if (table_is_empty(table))
		return printf("\n   \"%s\": []", scols_table_get_name(table->scols)), 0;
	result = scols_print_table_to_string(table->scols, &text);
	if (result < 0)
		return result;
	start = strchr(text, '{');
	end = strrchr(text, '}');
	if (start && end) {
		while (end > start + 1 && (end[-1] == '\n' || end[-1] == ' '))
			end--;
		printf("%.*s", (int)(end - start - 1), start + 1);
	}
	free(text);
	return 0;
}
