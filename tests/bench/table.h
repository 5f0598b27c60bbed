/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of the bench. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum column {
	/* Times in milliseconds; each ratio is to the floor. */
	COLUMN_WHOLE, /* from start to end */
	COLUMN_WHOLE_RATIO,
	COLUMN_OWN, /* without the time in which the kernel loads modules */
	COLUMN_OWN_RATIO,
	COLUMN_LOADED, /* all modules were loaded before */
	COLUMN_LOADED_RATIO,
	COLUMN_CPU,        /* time of a processor */
	COLUMN_CALLS,      /* system calls */
	COLUMN_CALLS_EACH, /* ... for each PCI function */
	COLUMN_INSTRUCTIONS,
	COLUMN_EXPONENT, /* of the growth of instructions in functions */
	COLUMN_MEMORY,   /* KiB */
	COLUMN_BYTES,
	COLUMN_COUNT
};

struct row {
	const char *part;
	char name[64];
	char subject[64];
	double values[COLUMN_COUNT];
	unsigned int present; /* bit i: values[i] is there */
};

/* A figure that must not be above a limit. */
struct goal {
	char name[64];
	char figure[64];
	double value, limit;
};

struct table {
	struct row *rows;
	size_t count;
	struct goal *goals;
	size_t goal_count;
};

/* Valid until the next one is added. */
struct row *table_add(struct table *table, const char *part, const char *name, const char *subject);
void row_set(struct row *row, enum column column, double value);

/* NULL if there is none. */
const struct row *table_find(const struct table *table, const char *name, const char *subject);

/* NAN if there is no such row or value. */
double row_get(const struct row *row, enum column column);

/* A missing figure, NAN, makes no goal. */
void table_add_goal(struct table *table, const char *name, const char *figure, double value,
		    double limit);

/* For people on standard output; with tabs into the file, 0 or -errno. */
void table_print(const struct table *table);
int table_write(const struct table *table, const char *path);

void table_free(struct table *table);

#endif
