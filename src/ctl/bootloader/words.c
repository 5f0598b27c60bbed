/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a kernel command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/words.h"
#include "core/bounds.h"

int boottext_put(struct boottext *text, const struct bootchar *character)
{
	/* Room is doubled whenever the count is a power of two. */
	if ((text->count & (text->count - 1)) == 0) {
		size_t room = text->count ? text->count * 2 : 1;
		struct bootchar *list = reallocarray(text->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		text->list = list;
	}
	if (text->count >= CMDLINE_MAX)
		return -EFBIG;
	text->list[text->count++] = *character;
	return 0;
}

int boottext_append(struct boottext *text, const struct boottext *more)
{
	int result = 0;

	for (size_t i = 0; i < more->count && result == 0; i++)
		result = boottext_put(text, &more->list[i]);
	return result;
}

void boottext_free(struct boottext *text)
{
	free(text->list);
	*text = (struct boottext){ .list = NULL };
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t find_end(const struct boottext *text, size_t at)
{
	bool quoted = false;

	for (; at < text->count && (quoted || !is_blank(text->list[at].c)); at++)
		if (text->list[at].c == '"')
			quoted = !quoted;
	return at;
}

static int append(struct bootwords *words, const struct boottext *text, size_t start, size_t end)
{
	struct bootword *list = reallocarray(words->list, words->count + 1, sizeof(*list));
	char *copy = malloc(end - start + 1);

	if (list)
		words->list = list;
	if (!list || !copy) {
		free(copy);
		return -ENOMEM;
	}
	for (size_t i = start; i < end; i++)
		copy[i - start] = text->list[i].c;
	copy[end - start] = '\0';
	list[words->count++] = (struct bootword){ copy, start, end - start };
	return 0;
}

static bool is_end(const struct boottext *text, size_t start, size_t end)
{
	return end - start == 2 && text->list[start].c == '-' && text->list[start + 1].c == '-';
}

int bootwords_read(struct bootwords *words, const struct boottext *text)
{
	size_t at = 0, end;
	int result = 0;

	while (result == 0) {
		while (at < text->count && is_blank(text->list[at].c))
			at++;
		end = find_end(text, at);
		if (at == text->count || is_end(text, at, end))
			break;
		result = append(words, text, at, end);
		at = end;
	}
	return result;
}

int bootwords_read_string(struct bootwords *words, const char *string)
{
	struct boottext text = { .list = NULL };
	int result = 0;

	for (; *string && result == 0; string++)
		result = boottext_put(&text,
				      &(struct bootchar){ .file = BOOT_NO_FILE, .c = *string });
	if (result == 0)
		result = bootwords_read(words, &text);
	boottext_free(&text);
	return result;
}

void bootwords_free(struct bootwords *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->list[i].text);
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
