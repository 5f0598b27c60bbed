/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command prints. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "term/document.h"
#include "term/message.h"
#include "term/shown.h"
#include "term/shown.h"

/* Of the second and later lines of a message. */
#define MESSAGE_INDENT 2

void document_add(struct document *document, const char *name, json_t *value)
{
	if (!document->json)
		document->json = json_pack("{s:s}", "version", VERSION);
	if (json_object_set_new(document->json, name, value) < 0 && document->error == 0)
		document->error = -ENOMEM;
}

int document_print_table(struct document *document, struct table *table, const char *title)
{
	if (document->error == 0)
		document->error = table->error;
	if (document->error == 0 && document->options->json) {
		document_add(document, table->name, table_pack(table));
	} else if (document->error == 0 && !table_is_empty(table)) {
		if (title && !table_is_alone(document->options))
			document_print_text(document, "%s%s", document->begun ? "\n" : "", title);
		document->begun = true;
		fflush(stdout);
		document->error = table_print(table);
	}
	table_close(table);
	return document->error;
}

void document_print_text(struct document *document, const char *format, ...)
{
	va_list arguments;

	if (document->options->json || document->options->raw || document->error < 0)
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

	if (document->options->json || document->error < 0)
		return;
	if (where)
		column += (size_t)shown_print(stdout, "", "%s: ", where);
	print_kind(document, kind, 0, ":", color);
	message_wrap(stdout, text, column, MESSAGE_INDENT, table_get_width(document->options));
	document->begun = true;
}

void document_print_wrapped(struct document *document, const char *lead, const char *text)
{
	size_t column = strlen(lead);

	if (document->options->json)
		return;
	fputs(lead, stdout);
	message_wrap(stdout, text, column, column + 1, table_get_width(document->options));
	document->begun = true;
}

void document_print_line(struct document *document, const char *kind, enum table_color color,
			 const char *where, char *text)
{
	size_t width = table_get_width(document->options);
	size_t column = strlen(kind) + strlen(where) + 4;

	if (document->options->json)
		return;
	if (width > column)
		table_fit_text(text, width - column);
	print_kind(document, kind, 0, ":", color);
	shown_print(stdout, "\n", " %s: %s\n", where, text);
	document->begun = true;
}

int document_end(struct document *document, int error, int status)
{
	if (error == 0)
		error = document->error;
	if (document->options->json && error == 0) {
		json_dumpf(document->json, stdout, JSON_INDENT(3));
		putchar('\n');
	}
	json_decref(document->json);
	document->json = NULL;
	if (error < 0 && error != -EINVAL)
		ctl_fail("%s", strerror(-error));
	return error < 0 ? CTL_INTERNAL : status;
}
