/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables and trees. */
#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <jansson.h>
#include <libsmartcols.h>

#include "term/message.h"
#include "term/shown.h"
#include "term/table.h"

/* A terminal that says less says nothing. */
#define WIDTH_MIN 20

/* A column is not cut to less than this. */
#define CUT_MIN 10

/* What a tree puts before its lines. */
#define TREE_WIDTH 2

#define COLUMN_NAME_MAX 32

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

static const char *get_text(const struct table *table, struct libscols_line *line, size_t column)
{
	return scols_cell_get_data(scols_line_get_cell(line, (size_t)table->at[column]));
}

static void show_column(struct table *table, size_t index)
{
	const struct table_column *column = &table->columns[index];
	struct libscols_column *shown;
	int flags = 0;

	if (table->at[index] >= 0)
		return;
	if (column->flags & TABLE_TREE && table->tree)
		flags |= SCOLS_FL_TREE;
	if (column->flags & TABLE_LINES && table->tree)
		flags |= SCOLS_FL_WRAP;
	table->at[index] = (int)scols_table_get_ncols(table->scols);
	table->widths[index] = table->options->no_headings ? 0 : strlen(column->name);
	shown = scols_table_new_column(table->scols, column->name, 0, flags);
	if (!shown) {
		table->error = -ENOMEM;
	} else if (flags & SCOLS_FL_WRAP) {
		scols_column_set_wrapfunc(shown, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
					  NULL);
		scols_column_set_safechars(shown, "\n");
	}
}

static void show_defaults(struct table *table)
{
	const struct table_options *options = table->options;
	/* What goes elsewhere can be as wide as it likes. */
	size_t room = is_terminal(options) ? scols_table_get_termwidth(table->scols) : SIZE_MAX;

	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];
		bool shown = options->json || options->all_columns || column->width <= room;

		if (column->flags & TABLE_EXTRA && !options->json && !options->all_columns)
			shown = column->flags & TABLE_LIST && !table->tree;
		if (shown)
			show_column(table, i);
	}
}

static void show_listed(struct table *table, const char *list)
{
	size_t length, i;

	if (*list == '+') {
		show_defaults(table);
		list++;
	}
	do {
		length = strcspn(list, ",");
		for (i = 0; i < table->count; i++)
			if (strncasecmp(table->columns[i].name, list, length) == 0 &&
			    table->columns[i].name[length] == '\0')
				break;
		if (i == table->count) {
			ctl_fail("no column '%.*s'; --help names them", (int)length, list);
			table->error = -EINVAL;
			return;
		}
		show_column(table, i);
		list += length;
	} while (*list++ != '\0');
}

int table_open(struct table *table, const struct table_options *options, const char *name,
	       const struct table_column *columns)
{
	*table = (struct table){
		.options = options,
		.name = name,
		.columns = columns,
		.tree = !options->list && !options->raw,
		.scols = scols_new_table(),
	};
	for (; columns[table->count].name; table->count++)
		table->at[table->count] = -1;
	if (!table->scols)
		return table->error = -ENOMEM;
	scols_table_enable_raw(table->scols, options->raw);
	scols_table_enable_noheadings(table->scols, options->no_headings);
	table->colors = table_has_colors(options);
	scols_table_enable_colors(table->scols, table->colors);
	if (options->output)
		show_listed(table, options->output);
	else
		show_defaults(table);
	return table->error;
}

void table_close(struct table *table)
{
	if (table->scols)
		scols_unref_table(table->scols);
	table->scols = NULL;
}

struct libscols_line *table_add(struct table *table, struct libscols_line *above)
{
	struct libscols_line *line = NULL;

	if (table->error == 0) {
		line = scols_table_new_line(table->scols, table->tree ? above : NULL);
		table->error = line ? 0 : -ENOMEM;
	}
	return line;
}

/* What a text that is cut ends in, one column wide. */
static const char *get_ellipsis(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\u2026" : ".";
}

size_t table_fit_text(char *text, size_t width)
{
	size_t widest = 0, used = 0, length;
	char *begin = text, *end = text;

	for (; *text; text += length) {
		mbstate_t state = { 0 };
		wchar_t character;
		int columns = -1;

		length = mbrtowc(&character, text, MB_CUR_MAX, &state);
		if (length == 0 || length > MB_CUR_MAX)
			length = 1;
		else
			columns = wcwidth(character);
		if (used < width)
			end = text;
		used += columns < 0 ? 1 : (size_t)columns;
		if (used > width) {
			while (end > begin && end[-1] == ' ')
				end--;
			strcpy(end, get_ellipsis());
			break;
		}
		if (*text == '\n')
			used = 0;
		if (used > widest)
			widest = used;
	}
	return widest;
}

void table_set(struct table *table, struct libscols_line *line, size_t column, const char *text)
{
	unsigned int flags = table->columns[column].flags;
	int at = table->at[column];
	size_t width;
	char *copy;

	if (at < 0 || !line || !text || text[0] == '\0')
		return;
	copy = strdup(text);
	if (!copy) {
		table->error = -ENOMEM;
		return;
	}
	if (!(flags & TABLE_LINES) || !table->tree || table->options->json)
		for (char *end = copy; (end = strchr(end, '\n'));)
			*end = ',';
	width = table_fit_text(copy, SIZE_MAX);
	if (flags & TABLE_TREE && scols_line_get_parent(line))
		width += TREE_WIDTH;
	if (width > table->widths[column])
		table->widths[column] = width;
	if (scols_line_refer_data(line, (size_t)at, copy) < 0)
		table->error = -ENOMEM;
}

void table_setf(struct table *table, struct libscols_line *line, size_t column, const char *format,
		...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0) {
		table->error = -ENOMEM;
		text = NULL;
	}
	va_end(arguments);
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

size_t table_get_width(const struct table_options *options)
{
	struct winsize size;

	if (!is_terminal(options) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col < WIDTH_MIN)
		return SIZE_MAX;
	return size.ws_col;
}

bool table_is_empty(const struct table *table)
{
	return scols_table_is_empty(table->scols);
}

/*
 * Makes the table fit the terminal: takes from the widest of the columns that may be cut.
 * libsmartcols would do so as well, but each version of it in another way.
 */
static void fit(struct table *table)
{
	size_t room = table_get_width(table->options);
	size_t all = scols_table_get_ncols(table->scols) - 1;
	bool cut[TABLE_COLUMNS_MAX] = { false };

	for (size_t i = 0; i < table->count; i++)
		all += table->widths[i];
	if (all <= room)
		return;
	for (; all > room; all--) {
		size_t widest = table->count;

		for (size_t i = 0; i < table->count; i++)
			if (table->columns[i].flags & TABLE_CUT && table->widths[i] > CUT_MIN &&
			    (widest == table->count || table->widths[i] > table->widths[widest]))
				widest = i;
		if (widest == table->count)
			break;
		table->widths[widest]--;
		cut[widest] = true;
	}
	for (size_t n = 0; n < scols_table_get_nlines(table->scols); n++) {
		struct libscols_line *line = scols_table_get_line(table->scols, n);

		for (size_t i = 0; i < table->count; i++) {
			const char *text = cut[i] ? get_text(table, line, i) : NULL;
			char *copy = text ? malloc(strlen(text) + strlen("\u2026") + 1) : NULL;

			if (!text)
				continue;
			if (copy)
				table_fit_text(strcpy(copy, text), table->widths[i]);
			if (!copy || scols_line_refer_data(line, (size_t)table->at[i], copy) < 0)
				table->error = -ENOMEM;
		}
	}
}

int table_print(struct table *table)
{
	fit(table);
	return table->error ? table->error : scols_print_table(table->scols);
}

static json_t *pack_line(const struct table *table, struct libscols_line *line)
{
	json_t *object = json_object();

	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];
		const char *text = table->at[i] >= 0 ? get_text(table, line, i) : NULL;
		char name[COLUMN_NAME_MAX] = "";
		json_t *value;

		if (table->at[i] < 0)
			continue;
		for (size_t n = 0; column->name[n] && n < sizeof(name) - 1; n++)
			name[n] = (char)tolower((unsigned char)column->name[n]);
		if (column->flags & TABLE_YES_NO)
			value = json_boolean(text && text[0] == 'y');
		else if (text && column->flags & TABLE_NUMBER)
			value = json_integer(strtoll(text, NULL, 10));
		else
			value = shown_pack(text);
		if (json_object_set_new(object, name, value) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

json_t *table_pack(const struct table *table)
{
	struct libscols_iter *iterator = scols_new_iter(SCOLS_ITER_FORWARD);
	json_t *lines = iterator ? json_array() : NULL;
	struct libscols_line *line;

	while (lines && scols_table_next_line(table->scols, iterator, &line) == 0) {
		struct libscols_line *above = scols_line_get_parent(line);
		json_t *object = pack_line(table, line), *beside = lines;

		/* The one that it stands below came before. */
		if (above) {
			json_t *parent = scols_line_get_userdata(above);

			beside = json_object_get(parent, "children");
			if (!beside) {
				beside = json_array();
				json_object_set_new(parent, "children", beside);
			}
		}
		scols_line_set_userdata(line, object);
		if (json_array_append_new(beside, object) < 0) {
			json_decref(lines);
			lines = NULL;
		}
	}
	scols_free_iter(iterator);
	return lines;
}
