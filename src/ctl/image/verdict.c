/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a look at something found. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/joined.h"
#include "image/verdict.h"

/* A separator and "..." have room behind the first part, however long. */
#define REST_MAX 5

static const char *const state_names[] = {
	[VERDICT_OK] = "ok",
	[VERDICT_UNNEEDED] = "unneeded",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_WRONG] = "wrong",
};

const char *verdict_state_name(enum verdict_state state)
{
	return state_names[state];
}

__attribute__((format(printf, 3, 0))) static void append(struct verdict *verdict,
							 const char *separator, const char *format,
							 va_list arguments)
{
	char part[VERDICT_TEXT_MAX - REST_MAX];

	vsnprintf(part, sizeof(part), format, arguments);
	joined_add_by(verdict->text, sizeof(verdict->text), separator, part);
}

void verdict_add(struct verdict *verdict, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append(verdict, ", ", format, arguments);
	va_end(arguments);
}

/* What is wrong takes the place of all that was found well. */
void verdict_wrong(struct verdict *verdict, const char *format, ...)
{
	va_list arguments;

	if (verdict->state != VERDICT_WRONG)
		verdict->text[0] = '\0';
	verdict->state = VERDICT_WRONG;
	va_start(arguments, format);
	append(verdict, "\n", format, arguments);
	va_end(arguments);
}
