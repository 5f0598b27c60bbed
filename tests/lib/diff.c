/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows how two texts differ, line by line. */
#include "diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

static const char *next_line(const char *text)
{
	text += line_length(text);
	return *text ? text + 1 : text;
}

static bool is_same_line(const char *a, const char *b)
{
	size_t length = line_length(a);

	return length == line_length(b) && !memcmp(a, b, length);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text = next_line(text))
		n++;
	return n;
}

static void print_line(char mark, const char *line)
{
	/* cmocka cuts a message at 1024 bytes */
	print_error("%c%.*s\n", mark, (int)(line_length(line) > 900 ? 900 : line_length(line)),
		    line);
}

/*
 * Longest common subsequence: cell (i, j) of a table of rows by columns is its length for the
 * texts from line i and from line j on. Filled from the end.
 */
static void fill_table(unsigned int *table, size_t columns, const char **a, size_t n,
		       const char **b, size_t m)
{
	unsigned int *cell, down, right;
	size_t i, j;

	for (i = n; i--;)
		for (j = m; j--;) {
			cell = &table[i * columns + j];
			down = cell[columns];
			right = cell[1];
			*cell = is_same_line(a[i], b[j]) ? cell[columns + 1] + 1
				: down > right           ? down
							 : right;
		}
}

static const char **split_lines(const char *text, size_t n)
{
	const char **lines = calloc(n + 1, sizeof(*lines));
	size_t i;

	for (i = 0; lines && i < n; i++, text = next_line(text))
		lines[i] = text;
	return lines;
}

static void print_table(const unsigned int *table, size_t columns, const char **a, size_t n,
			const char **b, size_t m)
{
	const unsigned int *cell;
	size_t i = 0, j = 0;

	while (i < n || j < m) {
		cell = &table[i * columns + j];
		if (i < n && j < m && is_same_line(a[i], b[j])) {
			print_line(' ', a[i++]);
			j++;
		} else if (i < n && (j == m || cell[columns] >= cell[1])) {
			print_line('-', a[i++]);
		} else {
			print_line('+', b[j++]);
		}
	}
}

void diff_show(const char *expected, const char *got)
{
	size_t n = count_lines(expected), m = count_lines(got);
	const char **a = split_lines(expected, n), **b = split_lines(got, m);
	unsigned int *table = calloc((n + 1) * (m + 1), sizeof(*table));

	if (a && b && table) {
		fill_table(table, m + 1, a, n, b, m);
		print_table(table, m + 1, a, n, b, m);
	}
	free(a);
	free(b);
	free(table);
}
