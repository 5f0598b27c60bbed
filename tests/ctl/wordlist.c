/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists in sentences: buffers of each size, of which the sanitizer sees the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "host/joined.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
