/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that change rules have in common. */
#ifndef VFIO_EARLY_COMMAND_EDIT_H
#define VFIO_EARLY_COMMAND_EDIT_H

#include "command/command.h"
#include "image/kernels.h"
#include "rules/draft.h"

/*
 * Takes options and operands of a command (usage is for --help; --by and --group are for add
 * alone), locks the rules, looks at the host and makes the plan. OPTIONS_RUN, or the exit status:
 * after --help, or after a message on standard error. edit_close() in any case.
 */
int edit_open(struct edit *edit, const struct ctl *ctl, int argc, char **argv, const char *usage,
	      bool adds);
void edit_close(struct edit *edit);

/*
 * The same for who has options of another kind: an empty change, to be filled with operands and
 * options, and then the look, CTL_OK or the exit status.
 */
void edit_init(struct edit *edit);
int edit_look(struct edit *edit, const char *root);

/*
 * Drafts the rules of all operands, and prints what there is to say of them. CTL_OK or the exit
 * status; draft_free() in any case.
 */
int edit_draft(struct draft *draft);

/*
 * Whether the images of all kernels, which were rebuilt, have the current rules: where images are
 * not to be updated, or our hook is not there, the command for that still succeeds. Finds
 * the kernels again. CTL_OK, or CTL_INTERNAL after a message about each image that lacks them.
 */
int edit_check_images(struct kernels *kernels, const struct host *host, bool has_rules);

/* The last step: has all images rebuilt, or says how that is done. Unlocks the rules. */
int edit_rebuild(struct edit *edit);

#endif
