/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a kernel command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/words.h"
#include "core/bounds.h"
#include "host/array.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int bootwords_add(struct bootwords *words, const char *text, size_t length, size_t file,
		  size_t offset)
{
	char *copy = strndup(text, length);
	struct bootword *word = copy ? array_add(words->list, words->count) : NULL;

	if (!word) {
		free(copy);
		return -ENOMEM;
	}
	*word = (struct bootword){ copy, file, offset, length };
	return 0;
}

int bootwords_read(struct bootwords *words, const char *text, size_t length, size_t file,
		   size_t offset)
{
	size_t at = 0;
	int result = length > CMDLINE_MAX ? -EFBIG : 0;

	while (result == 0 && !words->ended) {
		bool quoted = false;
		size_t start;

		while (at < length && is_blank(text[at]))
			at++;
		if (at == length)
			break;
		for (start = at; at < length && (quoted || !is_blank(text[at])); at++)
			quoted ^= text[at] == '"';
		if (at - start == 2 && memcmp(text + start, "--", 2) == 0)
			words->ended = true;
		else
			result = bootwords_add(words, text + start, at - start, file,
					       offset + start);
	}
	return result;
}

int bootwords_read_string(struct bootwords *words, const char *string)
{
	return bootwords_read(words, string, strlen(string), 0, 0);
}

void bootwords_cut(struct bootwords *words, size_t count)
{
	while (words->count > count)
		free(words->list[--words->count].text);
}

void bootwords_free(struct bootwords *words)
{
	bootwords_cut(words, 0);
	free(words->list);
	*words = (struct bootwords){ .list = NULL };
}

/* The next character that counts; *in_name tells whether it is before any =. */
static char take(const char **p, bool *in_name)
{
	char c;

	while (**p == '"')
		(*p)++;
	c = **p;
	if (c)
		(*p)++;
	if (c == '=')
		*in_name = false;
	return *in_name && c == '-' ? '_' : c;
}

bool bootword_equals(const char *a, const char *b)
{
	bool in_a = true, in_b = true;
	char c;

	while ((c = take(&a, &in_a)) == take(&b, &in_b))
		if (!c)
			return true;
	return false;
}

bool bootword_has_name(const char *a, const char *b)
{
	bool in_a = true, in_b = true;

	while (true) {
		char left = take(&a, &in_a), right = take(&b, &in_b);

		if (!left || left == '=')
			return !right || right == '=';
		if (left != right)
			return false;
	}
}

long bootwords_find(const struct bootwords *words, const char *text)
{
	for (size_t i = 0; i < words->count; i++)
		if (bootword_equals(words->list[i].text, text))
			return (long)i;
	return -1;
}

long bootwords_find_name(const struct bootwords *words, const char *text, size_t start)
{
	for (size_t i = start; i < words->count; i++)
		if (bootword_has_name(words->list[i].text, text))
			return (long)i;
	return -1;
}
