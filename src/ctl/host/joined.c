/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list in a sentence. */
#include <stdio.h>
#include <string.h>

#include "host/joined.h"

static const char rest[] = "...";

#define REST_LENGTH (sizeof(rest) - 1)

/* Behind each word there is room for a separator and the rest, or it would not have been added. */
void joined_add_by(char *list, size_t size, const char *separator, const char *word)
{
	size_t used = strlen(list);
	const char *before = used > 0 ? separator : "";

	if (used >= REST_LENGTH && strcmp(list + used - REST_LENGTH, rest) == 0)
		return;
	if (used + strlen(before) + strlen(word) + strlen(separator) + REST_LENGTH >= size)
		word = rest;
	snprintf(list + used, size - used, "%s%s", before, word);
}
