/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of others, such as names of files and processes, as they are shown. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/shown.h"

/*
 * The bytes of the character that comes next, 0 if it is none of UTF-8 (RFC 3629): too long a form
 * of it, a surrogate, or beyond U+10FFFF.
 */
static size_t take_character(const unsigned char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;

	if ((text[0] >= 0x80 && text[0] < 0xc0) || text[0] >= 0xf8)
		return 0;
	*character = length == 1 ? text[0] : text[0] & 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	return *character < least[length] || *character > 0x10ffff ||
			       (*character >= 0xd800 && *character < 0xe000)
		       ? 0
		       : length;
}

char *shown_copy(const char *text, const char *kept)
{
	char *copy = malloc(4 * strlen(text) + 1), *to = copy;

	while (copy && *text) {
		uint32_t character = 0;
		size_t length = take_character((const unsigned char *)text, &character);
		bool control = character < ' ' || (character >= 0x7f && character < 0xa0);

		if (length > 0 && (!control || (length == 1 && strchr(kept, *text)))) {
			to = mempcpy(to, text, length);
			text += length;
			continue;
		}
		for (length += length == 0; length > 0; length--)
			to += sprintf(to, "\\x%02x", (unsigned char)*text++);
	}
	if (copy)
		*to = '\0';
	return copy;
}

json_t *shown_pack(const char *text)
{
	char *shown;
	json_t *string;

	if (!text || text[0] == '\0')
		return json_null();
	shown = shown_copy(text, "\n");
	string = shown ? json_string(shown) : NULL;
	free(shown);
	return string;
}

int shown_vprint(FILE *stream, const char *kept, const char *format, va_list arguments)
{
	char *text, *shown = NULL;
	int result = vasprintf(&text, format, arguments);

	if (result >= 0) {
		shown = shown_copy(text, kept);
		free(text);
	}
	result = fprintf(stream, "%s", shown ? shown : strerror(ENOMEM));
	free(shown);
	return result;
}

int shown_print(FILE *stream, const char *kept, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = shown_vprint(stream, kept, format, arguments);
	va_end(arguments);
	return result;
}
