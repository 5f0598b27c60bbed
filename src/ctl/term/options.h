/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a command, which it has in a table, and its --help. */
#ifndef VFIO_EARLY_TERM_OPTIONS_H
#define VFIO_EARLY_TERM_OPTIONS_H

#include <limits.h>

#include "term/table.h"

/* What was asked for before the operands of a command. */
struct ctl {
	const char *command;
	const char *root; /* directory that every path is below */
};

/* Of options that exclude each other, each clears what the others set: the last one counts. */
struct options_entry {
	char letter;       /* '\0': none */
	const char *name;  /* NULL ends the table */
	bool *set, *clear; /* NULL: none */
	const char **text; /* becomes its argument; NULL: it takes none */
};

struct options {
	const char *usage;    /* for --help */
	const char *statuses; /* the same, of the exit status; NULL: nothing is said */
	const struct options_entry *entries; /* but --help and those of tables; NULL: none */
	struct table_options *table;         /* NULL: the command prints no table */
	const struct table_column *columns;  /* of that */
	int operands_max;
	bool wants_device; /* so that there must be an operand */
};

#define OPTIONS_ANY_OPERANDS INT_MAX

/* The command is to go on: no exit status. */
#define OPTIONS_RUN (-1)

/*
 * Takes the options from argv, where the operands are left, which end with a NULL. OPTIONS_RUN, or
 * an exit status: after --help, which this prints, or after a message on standard error.
 */
int options_parse(const struct options *options, const struct ctl *ctl, int *argc, char ***argv);

#endif
