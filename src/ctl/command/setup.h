/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What setup is about to do, and how it is done. */
#ifndef VFIO_EARLY_COMMAND_SETUP_H
#define VFIO_EARLY_COMMAND_SETUP_H

#include "bootloader/change.h"
#include "image/kernels.h"
#include "rules/draft.h"

struct setup {
	bool dry_run, yes;
	struct edit edit; /* of the rules; its inventory is the host */
	struct draft draft;
	struct bootchange boot;
	struct kernels kernels;
	struct transaction transaction; /* of all files */
	bool refresh;                   /* the bootloader's files are to be put into effect */
	bool rebuild;                   /* the images are to be rebuilt */
	char **names;                   /* that a person has chosen */
};

/*
 * Does it. What fails, or is stopped by a signal, is taken back: files are put back, and what was
 * run for them is run again. Returns the exit status.
 */
int setup_carry_out(struct setup *setup);

#endif
