/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a look at something found. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/verdict.h"

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

/* Adds to the text; of what does not fit, "..." is left. */
__attribute__((format(printf, 3, 0))) static void append(struct verdict *verdict,
							 const char *separator, const char *format,
							 va_list arguments)
{
	size_t used = strlen(verdict->text), room = sizeof(verdict->text) - used;
	char part[VERDICT_TEXT_MAX];

	if (used >= 3 && strcmp(verdict->text + used - 3, "...") == 0)
		return;
	vsnprintf(part, sizeof(part), format, arguments);
	if (used > 0 && strlen(separator) + strlen(part) + sizeof("...") > room)
		strcpy(verdict->text + used, "...");
	else
		snprintf(verdict->text + used, room, "%s%s", used ? separator : "", part);
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
