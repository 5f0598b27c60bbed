/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command prints. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "term/document.h"
#include "term/message.h"
#include "term/shown.h"
#include "term/width.h"

/* Of the second and later lines of a message. */
#define MESSAGE_INDENT 2

int document_print_table(struct document *document, const struct table *table, const char *title)
{
	if (table->failed)
		return -ENOMEM;
	if (document->options->json) {
		putchar(document->begun ? ',' : '{');
		document->begun = true;
		return table_print_member(table);
	}
	if (table_is_empty(table))
		return 0;
	if (title && !table_is_alone(document->options))
		document_print_text(document, "%s%s", document->begun ? "\n" : "", title);
	document->begun = true;
	fflush(stdout);
	return table_print(table);
}

void document_print_text(struct document *document, const char *format, ...)
{
	va_list arguments;

	if (document->options->json || document->options->raw)
		return;
	va_start(arguments, format);
	shown_vprint(stdout, SHOWN_LINES, format, arguments);
	va_end(arguments);
	putchar('\n');
	document->begun = true;
}

void document_print_gap(struct document *document)
{
	if (document->begun)
		document_print_text(document, "%s", "");
}

/* A word, or a command in quotes, which is to be copied as a whole. */
static size_t measure_word(const char *text)
{
	const char *end = text[0] == '\'' ? strchr(text + 1, '\'') : NULL;

	return end ? (size_t)(end - text) + strcspn(end, " ") : strcspn(text, " ");
}

/* Prints word by word; what follows the first line begins at column indent. */
static void print_wrapped(const char *text, size_t column, size_t indent, size_t width)
{
	while (*text) {
		size_t length = measure_word(text);

		if (column + 1 + length > width) {
			printf("\n%*s", (int)indent - 1, "");
			column = indent - 1;
		}
		shown_print(stdout, "", " %.*s", (int)length, text);
		column += 1 + length;
		text += length + strspn(text + length, " ");
	}
	putchar('\n');
}

/* Prints a word that says what kind of thing follows. */
static void print_kind(const struct document *document, const char *kind, int width,
		       const char *behind, enum table_color color)
{
	static const char *const sequences[] = {
		[TABLE_GREEN] = "\033[32m",
		[TABLE_YELLOW] = "\033[33m",
		[TABLE_RED] = "\033[31m",
	};
	bool colored = color != TABLE_PLAIN && table_has_colors(document->options);

	printf("%s%-*s%s%s", colored ? sequences[color] : "", width, kind, behind,
	       colored ? "\033[0m" : "");
}

void document_print_message(struct document *document, const char *kind, enum table_color color,
			    const char *where, const char *text)
{
	size_t column = strlen(kind) + 1;

	if (document->options->json)
		return;
	if (where)
		column += (size_t)shown_print(stdout, "", "%s: ", where);
	print_kind(document, kind, 0, ":", color);
	print_wrapped(text, column, MESSAGE_INDENT, table_get_width(document->options));
	document->begun = true;
}

void document_print_wrapped(struct document *document, const char *lead, const char *text)
{
	size_t column = strlen(lead);

	if (document->options->json)
		return;
	fputs(lead, stdout);
	print_wrapped(text, column, column + 1, table_get_width(document->options));
	document->begun = true;
}

void document_print_line(struct document *document, const char *kind, enum table_color color,
			 const char *where, char *text)
{
	size_t width = table_get_width(document->options);
	size_t column = strlen(kind) + strlen(where) + 4;
	bool cut = width > column && width_measure(text) > width - column;

	if (document->options->json)
		return;
	if (cut)
		width_cut(text, width - column - 1);
	print_kind(document, kind, 0, ":", color);
	shown_print(stdout, "\n", " %s: %s%s\n", where, text, cut ? "…" : "");
	document->begun = true;
}

int document_end(struct document *document, int error, int status)
{
	if (document->options->json && (document->begun || error == 0))
		puts(document->begun ? "\n}" : "{}");
	if (error < 0 && error != -EINVAL)
		ctl_fail("%s", strerror(-error));
	return error < 0 ? CTL_INTERNAL : status;
}
