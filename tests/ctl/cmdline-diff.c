/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What diff.h prints, against diff(1) itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "host/diff.h"
#include "run.h"

#define TEN   "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
#define TWICE TEN "11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n"

static const struct play {
	const char *name, *old, *new;
} plays[] = {
	{ "equal", TEN, TEN },
	{ "nothing to something", "", "a\n" },
	{ "something to nothing", "a\nb\n", "" },
	{ "one line of one", "a\n", "b\n" },
	{ "at the start", TEN, "0\n" TEN },
	{ "at the end", TEN, TEN "x\n" },
	{ "between", TEN, "1\n2\n3\n4\nx\n6\n7\n8\n9\n10\n" },
	{ "no newline before", "a\nb", "a\nb\n" },
	{ "no newline after", "a\nb\n", "a\nb" },
	{ "no newline at all", "a\nb", "c\nb" },
	{ "six lines between: one hunk", TEN, "1\nx\n3\n4\n5\n6\n7\n8\ny\n10\n" },
	{ "seven lines between: two hunks", TEN, "1\nx\n3\n4\n5\n6\n7\n8\n9\ny\n" },
	{ "two hunks that share no line", TWICE,
	  "1\nx\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n20\n" },
	{ "lines that move", "a\nb\nc\nd\n", "b\nc\nd\na\n" },
};

static char *read_diff(const char *old, const char *new)
{
	char work[PATH_MAX], path[PATH_MAX], command[3 * PATH_MAX];
	char *text;

	run_work("cmdline-diff", work);
	files_path(path, "%s/old", work);
	assert_int_equal(files_write(path, old), 0);
	files_path(path, "%s/new", work);
	assert_int_equal(files_write(path, new), 0);
	snprintf(command, sizeof(command),
		 "cd '%s' && { diff -u --label /x --label /x old new >out || test $? = 1; }", work);
	assert_int_equal(system(command), 0);
	files_path(path, "%s/out", work);
	text = files_read(path);
	assert_non_null(text);
	return text;
}

static char *print_diff(const char *old, const char *new)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	diff_print(stream, "/x", old, new);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void test_play(void **state)
{
	const struct play *play = *state;
	char *expected = read_diff(play->old, play->new), *found = print_diff(play->old, play->new);

	assert_string_equal(found, expected);
	free(expected);
	free(found);
}

static void test_no_file(void **state)
{
	char *found = print_diff(NULL, "a\n");

	(void)state;
	assert_string_equal(found, "--- /dev/null\n+++ /x\n@@ -0,0 +1 @@\n+a\n");
	free(found);
}

int main(void)
{
	static struct CMUnitTest tests[sizeof(plays) / sizeof(*plays) + 1];
	size_t count = 0;

	for (; count < sizeof(plays) / sizeof(*plays); count++)
		tests[count] = (struct CMUnitTest){ plays[count].name, test_play, NULL, NULL,
						    (void *)&plays[count] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_no_file);
	return _cmocka_run_group_tests("cmdline-diff", tests, count, NULL, NULL);
}
