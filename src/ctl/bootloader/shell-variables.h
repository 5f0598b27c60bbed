/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The variables that sh has after it read some files one after the other, as far as they can be
 * told without running anything.
 */
#ifndef VFIO_EARLY_BOOTLOADER_SHELL_VARIABLES_H
#define VFIO_EARLY_BOOTLOADER_SHELL_VARIABLES_H

#include "bootloader/words.h"

#define SHELL_REASON_MAX 128

/* Where something stands. */
struct shell_place {
	size_t file, offset;
};

struct shell_variable {
	char *name;
	struct boottext value;
	bool known;
	char reason[SHELL_REASON_MAX]; /* why it is not known: "a command substitution" */
	struct shell_place place;      /* of its last assignment, or of what is not understood */
};

/* An assignment that is always made. */
struct shell_assignment {
	size_t variable;
	size_t file, start, end; /* of the value, with its quotes */
	bool bare;               /* no character of the value is quoted or escaped */
	enum quote quote;        /* of the value's end */
};

struct shell {
	struct shell_variable *variables;
	size_t variable_count;
	struct shell_assignment *assignments;
	size_t assignment_count;
};

/*
 * Notes that the value, which moves, is assigned at that place; its variable need not be filled in.
 * doubt says why the value is not known, NULL: it is. 0 or -ENOMEM.
 */
int shell_assign(struct shell *shell, const char *name, struct boottext *value, const char *doubt,
		 const struct shell_assignment *assignment);

/* Notes that from there on the variable can be anything. 0 or -ENOMEM. */
int shell_forget(struct shell *shell, const char *name, struct shell_place place,
		 const char *reason);

/* NULL if the files do not set it. */
const struct shell_variable *shell_find(const struct shell *shell, const char *name);

void shell_free(struct shell *shell);

#endif
