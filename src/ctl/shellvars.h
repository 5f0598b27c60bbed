/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The variables that sh has after it read some files one after the other, as far as they can be
 * told without running anything.
 */
#ifndef VFIO_EARLY_CTL_SHELLVARS_H
#define VFIO_EARLY_CTL_SHELLVARS_H

#include "bootwords.h"

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
	const struct bootfiles *files;
	struct shell_variable *variables;
	size_t variable_count;
	struct shell_assignment *assignments;
	size_t assignment_count;
	char *message;
};

/*
 * Reads the files as dash would. 0, -EINVAL with a message "FILE:LINE: found ..., expected ..." of
 * at most BOOT_MESSAGE_MAX bytes if all that follows is uncertain, or -ENOMEM. shell_free() in any
 * case.
 */
int shell_read(struct shell *shell, const struct bootfiles *files, char *message);
void shell_free(struct shell *shell);

/* NULL if the files do not set it. */
const struct shell_variable *shell_find(const struct shell *shell, const char *name);

#endif
