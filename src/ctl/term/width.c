/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How wide a text is on a terminal. */
#include <string.h>
#include <wchar.h>

#include "term/width.h"

/*
 * Takes the next character: its columns, and its bytes in *length. What is none in this locale is
 * taken byte by byte.
 */
static size_t next_columns(const char *text, size_t *length)
{
	mbstate_t state = { 0 };
	wchar_t character;
	int columns;

	*length = mbrtowc(&character, text, strlen(text), &state);
	if (*length == 0 || *length > strlen(text)) {
		*length = 1;
		return 1;
	}
	columns = wcwidth(character);
	return columns < 0 ? 1 : (size_t)columns;
}

size_t width_measure(const char *text)
{
	size_t widest = 0, width = 0, length;

	for (; *text; text += length) {
		size_t columns = next_columns(text, &length);

		width = *text == '\n' ? 0 : width + columns;
		if (width > widest)
			widest = width;
	}
	return widest;
}

void width_cut(char *text, size_t width)
{
	size_t used = 0, length;

	for (; *text; text += length) {
		used += next_columns(text, &length);
		if (used > width) {
			*text = '\0';
			return;
		}
	}
}
