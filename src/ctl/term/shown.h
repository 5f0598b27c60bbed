/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of others, such as names of files and processes, as they are shown. */
#ifndef VFIO_EARLY_TERM_SHOWN_H
#define VFIO_EARLY_TERM_SHOWN_H

#include <stdarg.h>
#include <stdio.h>
#include <jansson.h>

/*
 * A copy in which all that a terminal would act on, or that is no UTF-8, is \xHH: control
 * characters except those in kept, among them U+0080 to U+009F, and single bytes. NULL if memory
 * has run out.
 */
char *shown_copy(const char *text, const char *kept);

/* The same with newlines as a string of JSON; null if there is no text. */
json_t *shown_pack(const char *text);

/* Prints a printf's text so, whose lines end where kept is SHOWN_LINES. The bytes printed. */
#define SHOWN_LINES "\n\t"
int shown_print(FILE *stream, const char *kept, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int shown_vprint(FILE *stream, const char *kept, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

#endif
