/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow, lists in sentences, texts on a terminal: the sanitizer sees the end of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "host/array.h"
#include "host/joined.h"
#include "term/shown.h"

static const struct {
	size_t size;
	const char *words[6], *expected;
} lists[] = {
	{ 32, { "a" }, "a" },
	{ 32, { "dmar0", "dmar1" }, "dmar0, dmar1" },
	{ 18, { "dmar0", "dmar1" }, "dmar0, dmar1" },
	{ 17, { "dmar0", "dmar1" }, "dmar0, ..." },
	{ 17, { "dmar0", "dmar1", "a" }, "dmar0, ..." },
	{ 18, { "dmar0", "dmar1", "a", "b" }, "dmar0, dmar1, ..." },
	{ 6, { "dmar0", "a" }, "..." },
};

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char *list = calloc(1, lists[i].size);

		assert_non_null(list);
		for (const char *const *word = lists[i].words; *word; word++)
			joined_add(list, lists[i].size, *word);
		assert_string_equal(list, lists[i].expected);
		free(list);
	}
}

static void test_every_size(void **state)
{
	(void)state;
	for (size_t size = 6; size < 300; size++) {
		char *list = calloc(1, size);

		assert_non_null(list);
		for (size_t length = 1; length < 20; length++)
			for (int i = 0; i < 2; i++)
				joined_add(list, size, &"12345678901234567890"[20 - length]);
		assert_true(strlen(list) < size);
		free(list);
	}
}

static const struct {
	const char *text, *kept, *expected;
} shown[] = {
	{ "", "", "" },
	{ "a\033[31m\r\n", "", "a\\x1b[31m\\x0d\\x0a" },
	{ "a\n\tb\r", SHOWN_LINES, "a\n\tb\\x0d" },
	{ "\x7f\x1f ~", "", "\\x7f\\x1f ~" },
	/* Of two, three and four bytes: U+00FC, U+2026, U+1F600; U+009B is the terminal's CSI. */
	{ "\303\274\342\200\246\360\237\230\200", "", "\303\274\342\200\246\360\237\230\200" },
	{ "\302\233\302\240", "", "\\xc2\\x9b\302\240" },
	/* No UTF-8: a byte alone, one of Latin-1, too long a form of /, a surrogate, too far. */
	{ "\233\374", "", "\\x9b\\xfc" },
	{ "\300\257\340\200\257", "", "\\xc0\\xaf\\xe0\\x80\\xaf" },
	{ "\355\240\200\364\220\200\200", "", "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80" },
	{ "\360\237\230", "", "\\xf0\\x9f\\x98" },
	{ "\377\370", "\377\370", "\\xff\\xf8" },
};

static void test_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		char *text = strdup(shown[i].text), *copy = shown_copy(text, shown[i].kept);

		assert_string_equal(copy, shown[i].expected);
		free(copy);
		free(text);
	}
}

static void test_array(void **state)
{
	struct item {
		size_t number;
		char rest[5];
	} *items = NULL;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		struct item *item = array_add(items, count);

		assert_non_null(item);
		assert_int_equal(count, i + 1);
		assert_int_equal(item->number, 0);
		*item = (struct item){ .number = i, .rest = "rest" };
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(items[i].number, i);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
