/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that add and remove have in common. */
#ifndef VFIO_EARLY_COMMAND_EDIT_OPTIONS_H
#define VFIO_EARLY_COMMAND_EDIT_OPTIONS_H

#include "command/command.h"
#include "rules/edit.h"

/*
 * Takes options and operands of a command (usage is for --help; --by and --group are for add
 * alone), locks the rules, looks at the host and makes the plan. OPTIONS_RUN, or the exit status:
 * after --help, or after a message on standard error. edit_close() in any case.
 */
int edit_open(struct edit *edit, const struct ctl *ctl, int argc, char **argv, const char *usage,
	      bool adds);

#endif
