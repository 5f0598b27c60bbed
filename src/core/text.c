/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cursor over bounded text. */
#include <stdio.h>
#include <string.h>

#include "core/text.h"

bool text_equals(const struct text *text, const char *word)
{
	size_t length = strlen(word);

	return text_length(text) == length && memcmp(text->p, word, length) == 0;
}

bool text_same(const struct text *a, const struct text *b)
{
	return text_length(a) == text_length(b) && memcmp(a->p, b->p, text_length(a)) == 0;
}

int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t text_count_hex(const struct text *text)
{
	const char *p = text->p;

	while (p < text->end && text_hex_digit(*p) >= 0)
		p++;
	return (size_t)(p - text->p);
}

bool text_take_hex(struct text *text, size_t digits, uint32_t *value)
{
	uint32_t sum = 0;

	if (text_count_hex(text) != digits)
		return false;
	for (size_t i = 0; i < digits; i++)
		sum = sum << 4 | (uint32_t)text_hex_digit(*text->p++);
	*value = sum;
	return true;
}

bool text_take_char(struct text *text, char c)
{
	if (text_at_end(text) || *text->p != c)
		return false;
	text->p++;
	return true;
}

bool text_take_prefix(struct text *text, const char *prefix)
{
	const char *p = text->p;

	/* Most lines differ in the first bytes. */
	for (; *prefix; prefix++)
		if (p == text->end || *p++ != *prefix)
			return false;
	text->p = p;
	return true;
}

bool text_take_until(struct text *text, char separator, struct text *part)
{
	const char *stop;

	if (text_at_end(text))
		return false;
	stop = memchr(text->p, separator, text_length(text));
	part->p = text->p;
	part->end = stop ? stop : text->end;
	text->p = stop ? stop + 1 : text->end;
	return true;
}

void text_copy_printable(const struct text *text, char *buffer, size_t size)
{
	static const char more[] = "...";
	size_t used = 0, fits = 0;

	for (const char *p = text->p; p < text->end; p++) {
		bool printable = *p >= ' ' && *p <= '~';
		size_t need = printable ? 1 : 4;

		if (used + need >= size) {
			if (fits + sizeof(more) <= size)
				used = fits + (size_t)snprintf(buffer + fits, size - fits, more);
			break;
		}
		if (printable)
			buffer[used] = *p;
		else
			snprintf(buffer + used, size - used, "\\x%02x", (unsigned char)*p);
		used += need;
		if (used + sizeof(more) <= size)
			fits = used;
	}
	buffer[used] = '\0';
}

bool text_ends_with(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	return length > end && strcmp(name + length - end, suffix) == 0;
}

bool text_same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return *a == *b;
}
