/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of the bench. */
#include "table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int decimals;
} columns[COLUMN_COUNT] = {
	[COLUMN_WHOLE] = { "ms", 2 },
	[COLUMN_WHOLE_RATIO] = { "x", 2 },
	[COLUMN_OWN] = { "own_ms", 2 },
	[COLUMN_OWN_RATIO] = { "own_x", 2 },
	[COLUMN_LOADED] = { "loaded_ms", 2 },
	[COLUMN_LOADED_RATIO] = { "loaded_x", 2 },
	[COLUMN_CPU] = { "cpu_ms", 2 },
	[COLUMN_CALLS] = { "calls", 0 },
	[COLUMN_CALLS_EACH] = { "calls_each", 2 },
	[COLUMN_INSTRUCTIONS] = { "instructions", 0 },
	[COLUMN_EXPONENT] = { "exponent", 2 },
	[COLUMN_MEMORY] = { "KiB", 0 },
	[COLUMN_BYTES] = { "bytes", 0 },
};

static void *grow(void *array, size_t count, size_t size)
{
	void *grown = reallocarray(array, count + 1, size);

	if (!grown)
		abort();
	return grown;
}

struct row *table_add(struct table *table, const char *part, const char *name, const char *subject)
{
	struct row *row;

	table->rows = grow(table->rows, table->count, sizeof(*row));
	row = &table->rows[table->count++];
	*row = (struct row){ .part = part };
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->subject, sizeof(row->subject), "%s", subject);
	return row;
}

void row_set(struct row *row, enum column column, double value)
{
	row->values[column] = value;
	row->present |= 1u << column;
}

const struct row *table_find(const struct table *table, const char *name, const char *subject)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].name, name) == 0 &&
		    strcmp(table->rows[i].subject, subject) == 0)
			return &table->rows[i];
	return NULL;
}

double row_get(const struct row *row, enum column column)
{
	return row && row->present & 1u << column ? row->values[column] : NAN;
}

void table_add_goal(struct table *table, const char *name, const char *figure, double value,
		    double limit)
{
	struct goal *goal;

	if (isnan(value))
		return;
	table->goals = grow(table->goals, table->goal_count, sizeof(*table->goals));
	goal = &table->goals[table->goal_count++];
	*goal = (struct goal){ .value = value, .limit = limit };
	snprintf(goal->name, sizeof(goal->name), "%s", name);
	snprintf(goal->figure, sizeof(goal->figure), "%s", figure);
}

/* To two decimals, as it is shown. */
static bool is_reached(const struct goal *goal)
{
	return round(goal->value * 100) / 100 <= goal->limit;
}

static void print_value(FILE *out, const struct row *row, enum column column, int width)
{
	if (row->present & 1u << column)
		fprintf(out, "%*.*f", width, columns[column].decimals, row->values[column]);
	else
		fprintf(out, "%*s", width, "-");
}

/* Rows of one part have values in the same columns: the others need not be shown. */
static unsigned int columns_of(const struct table *table, const char *part)
{
	unsigned int present = 0;

	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].part, part) == 0)
			present |= table->rows[i].present;
	return present;
}

static void print_heading(const char *part, unsigned int shown)
{
	printf("\n%-22s%-24s", part, "");
	for (int i = 0; i < COLUMN_COUNT; i++)
		if (shown & 1u << i)
			printf("%13s", columns[i].name);
	printf("\n");
}

static void print_goals(const struct table *table)
{
	printf("\n%-22s%-32s%10s%13s\n", "goals", "", "figure", "at most");
	for (size_t i = 0; i < table->goal_count; i++) {
		const struct goal *goal = &table->goals[i];

		printf("%-22s%-32s%10.2f%13.2f  %s\n", goal->name, goal->figure, goal->value,
		       goal->limit, is_reached(goal) ? "reached" : "MISSED");
	}
}

void table_print(const struct table *table)
{
	const char *part = "";
	unsigned int shown = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];

		if (strcmp(part, row->part) != 0) {
			part = row->part;
			shown = columns_of(table, part);
			print_heading(part, shown);
		}
		printf("%-22s%-24s", row->name, row->subject);
		for (int column = 0; column < COLUMN_COUNT; column++)
			if (shown & 1u << column)
				print_value(stdout, row, column, 13);
		printf("\n");
	}
	print_goals(table);
}

static void write_row(const struct row *row, FILE *out)
{
	fprintf(out, "%s\t%s\t%s", row->part, row->name, row->subject);
	for (int column = 0; column < COLUMN_COUNT; column++) {
		fputc('\t', out);
		print_value(out, row, column, 0);
	}
	fputs("\t-\t-\n", out);
}

/* Goals have columns of their own, behind the others. */
static void write_goal(const struct goal *goal, FILE *out)
{
	fprintf(out, "%s\t%s\t%s", is_reached(goal) ? "reached" : "missed", goal->name,
		goal->figure);
	for (int column = 0; column < COLUMN_COUNT; column++)
		fputs("\t-", out);
	fprintf(out, "\t%.4g\t%g\n", goal->value, goal->limit);
}

int table_write(const struct table *table, const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return -errno;
	fputs("part\tcase\tsubject", out);
	for (int column = 0; column < COLUMN_COUNT; column++)
		fprintf(out, "\t%s", columns[column].name);
	fputs("\tfigure\tat_most\n", out);
	for (size_t i = 0; i < table->count; i++)
		write_row(&table->rows[i], out);
	for (size_t i = 0; i < table->goal_count; i++)
		write_goal(&table->goals[i], out);
	return fclose(out) ? -errno : 0;
}

void table_free(struct table *table)
{
	free(table->rows);
	free(table->goals);
}
