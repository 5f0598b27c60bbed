/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cursor over bounded text: what the parsers of rules, addresses and sysfs read with. */
#ifndef VFIO_EARLY_CORE_TEXT_H
#define VFIO_EARLY_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text from p up to end; it needs no NUL and may hold one. */
struct text {
	const char *p;
	const char *end;
};

/* What some editors put in front of a text in UTF-8; it says nothing. */
#define TEXT_BYTE_ORDER_MARK "\xef\xbb\xbf"

static inline bool text_at_end(const struct text *text)
{
	return text->p == text->end;
}

static inline size_t text_length(const struct text *text)
{
	return (size_t)(text->end - text->p);
}

/* Whether the text is exactly word. */
bool text_equals(const struct text *text, const char *word);

/* Whether both are the same text. */
bool text_same(const struct text *a, const struct text *b);

/* How many hexadecimal digits come next. */
size_t text_count_hex(const struct text *text);

/* The value of one hexadecimal digit, -1 for another character. */
int text_hex_digit(char c);

/*
 * Takes exactly digits (1 to 8) hexadecimal digits, no more may follow. On failure returns
 * false and takes nothing.
 */
bool text_take_hex(struct text *text, size_t digits, uint32_t *value);

/* Takes the character c; returns false and takes nothing if another comes next. */
bool text_take_char(struct text *text, char c);

/* Takes prefix; returns false and takes nothing if the text does not start so. */
bool text_take_prefix(struct text *text, const char *prefix);

/*
 * Takes the text up to the next separator or the end, and the separator. Returns false when
 * nothing is left.
 */
bool text_take_until(struct text *text, char separator, struct text *part);

/*
 * Copies the text into a buffer of size bytes as printable ASCII: other bytes become \xHH; a
 * text that does not fit ends in "...". Always NUL-terminated.
 */
void text_copy_printable(const struct text *text, char *buffer, size_t size);

/* Whether a name ends with the suffix, and has something before it. */
bool text_ends_with(const char *name, const char *suffix);

/* Whether both name one driver or module, whose names differ in - and _ as people mix them up. */
bool text_same_name(const char *a, const char *b);

#endif
