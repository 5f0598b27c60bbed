/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows how two texts differ. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/diff.h"

#define CONTEXT 3

/* Beyond that many pairs of lines in its middle, a text is shown as changed as a whole. */
#define PAIRS_MAX (4u << 20)

struct line {
	const char *text;
	size_t length; /* with its newline */
};

struct lines {
	struct line *list;
	size_t count;
};

/* Lines that are in one text, or in both: ' ', '-' or '+'. */
struct step {
	char sign;
	size_t old, new; /* the next line of either */
};

struct steps {
	struct step *list;
	size_t count;
};

static bool split(struct lines *lines, const char *text)
{
	size_t room = 1;

	for (const char *p = text; *p; p++)
		room += *p == '\n';
	lines->list = calloc(room, sizeof(*lines->list));
	lines->count = 0;
	while (lines->list && *text) {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n';
		lines->list[lines->count++] = (struct line){ text, length };
		text += length;
	}
	return lines->list;
}

static bool is_same(const struct line *a, const struct line *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static void add(struct steps *steps, char sign, size_t old, size_t new)
{
	steps->list[steps->count++] = (struct step){ sign, old, new };
}

/* lengths[i * (rows of new + 1) + j]: of the longest common part of what is left of both. */
static unsigned int *measure(const struct lines *old, const struct lines *new, size_t start,
			     size_t old_end, size_t new_end)
{
	size_t rows = old_end - start, width = new_end - start + 1;
	unsigned int *lengths;

	if (rows > PAIRS_MAX / width)
		return NULL;
	lengths = calloc((rows + 1) * width, sizeof(*lengths));
	for (size_t i = rows; lengths && i-- > 0;) {
		for (size_t j = width - 1; j-- > 0;) {
			unsigned int *at = &lengths[i * width + j];

			if (is_same(&old->list[start + i], &new->list[start + j]))
				*at = at[width + 1] + 1;
			else
				*at = at[width] > at[1] ? at[width] : at[1];
		}
	}
	return lengths;
}

static void walk_middle(struct steps *steps, const struct lines *old, const struct lines *new,
			size_t start, size_t old_end, size_t new_end)
{
	unsigned int *lengths = measure(old, new, start, old_end, new_end);
	size_t width = new_end - start + 1, i = start, j = start;

	while (i < old_end || j < new_end) {
		const unsigned int *at =
			lengths ? &lengths[(i - start) * width + (j - start)] : NULL;

		if (at && i < old_end && j < new_end && is_same(&old->list[i], &new->list[j])) {
			add(steps, ' ', i++, j++);
		} else if (i < old_end && (j == new_end || !at || at[width] >= at[1])) {
			add(steps, '-', i, j);
			i++;
		} else {
			add(steps, '+', i, j);
			j++;
		}
	}
	free(lengths);
}

static void walk(struct steps *steps, const struct lines *old, const struct lines *new)
{
	size_t start = 0, old_end = old->count, new_end = new->count;

	while (start < old_end && start < new_end &&
	       is_same(&old->list[start], &new->list[start])) {
		add(steps, ' ', start, start);
		start++;
	}
	while (old_end > start && new_end > start &&
	       is_same(&old->list[old_end - 1], &new->list[new_end - 1])) {
		old_end--;
		new_end--;
	}
	walk_middle(steps, old, new, start, old_end, new_end);
	for (; old_end < old->count; old_end++, new_end++)
		add(steps, ' ', old_end, new_end);
}

/* "12" or "12,3"; before line 12 if there are no lines. */
static void print_range(FILE *stream, char sign, size_t first, size_t count)
{
	fprintf(stream, " %c%zu", sign, count > 0 ? first + 1 : first);
	if (count != 1)
		fprintf(stream, ",%zu", count);
}

static void print_line(FILE *stream, char sign, const struct line *line)
{
	fputc(sign, stream);
	fwrite(line->text, 1, line->length, stream);
	if (line->text[line->length - 1] != '\n')
		fputs("\n\\ No newline at end of file\n", stream);
}

static void print_hunk(FILE *stream, const struct step *steps, size_t count,
		       const struct lines *old, const struct lines *new)
{
	size_t old_count = 0, new_count = 0;

	for (size_t i = 0; i < count; i++) {
		old_count += steps[i].sign != '+';
		new_count += steps[i].sign != '-';
	}
	fputs("@@", stream);
	print_range(stream, '-', steps[0].old, old_count);
	print_range(stream, '+', steps[0].new, new_count);
	fputs(" @@\n", stream);
	for (size_t i = 0; i < count; i++)
		print_line(stream, steps[i].sign,
			   steps[i].sign == '+' ? &new->list[steps[i].new]
						: &old->list[steps[i].old]);
}

/* Where the hunk ends whose first change is at this step: two contexts without any part hunks. */
static size_t find_hunk_end(const struct steps *steps, size_t at)
{
	size_t last = at;

	for (; at < steps->count && at - last <= 2 * CONTEXT + 1; at++)
		if (steps->list[at].sign != ' ')
			last = at;
	return last + 1 + CONTEXT < steps->count ? last + 1 + CONTEXT : steps->count;
}

static void print_hunks(FILE *stream, const struct steps *steps, const struct lines *old,
			const struct lines *new)
{
	for (size_t i = 0; i < steps->count;) {
		size_t start, end;

		if (steps->list[i].sign == ' ') {
			i++;
			continue;
		}
		start = i > CONTEXT ? i - CONTEXT : 0;
		end = find_hunk_end(steps, i);
		print_hunk(stream, &steps->list[start], end - start, old, new);
		i = end;
	}
}

void diff_print(FILE *stream, const char *path, const char *old, const char *new)
{
	struct lines old_lines = { .list = NULL }, new_lines = { .list = NULL };
	struct steps steps = { .list = NULL };

	if (old && new &&strcmp(old, new) == 0)
		return;
	fprintf(stream, "--- %s\n+++ %s\n", old ? path : "/dev/null", new ? path : "/dev/null");
	if (split(&old_lines, old ? old : "") && split(&new_lines, new ? new : ""))
		steps.list = calloc(old_lines.count + new_lines.count + 1, sizeof(*steps.list));
	if (steps.list) {
		walk(&steps, &old_lines, &new_lines);
		print_hunks(stream, &steps, &old_lines, &new_lines);
	}
	free(steps.list);
	free(old_lines.list);
	free(new_lines.list);
}
