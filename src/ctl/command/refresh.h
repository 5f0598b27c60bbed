/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a change of the kernel command line into effect, and tells of it. */
#ifndef VFIO_EARLY_COMMAND_REFRESH_H
#define VFIO_EARLY_COMMAND_REFRESH_H

#include "bootloader/change.h"
#include "host/transaction.h"

/*
 * Writes the files, each with a backup, runs what puts them into effect, and looks whether it did.
 * With dry_run it shows what it would do; with tell_undo, it ends with what takes it back. Returns
 * the exit status, CTL_INCOMPLETE if the files are as wanted, but that the next boot is cannot be
 * said.
 */
int refresh_apply(struct bootchange *change, bool dry_run, bool tell_undo);

/* Commands that put backups back; then is one that has to follow, or NULL. */
void refresh_tell_undo(const struct transaction *transaction, const char *then);

/* The same once the files are written. */
int refresh_run(struct bootchange *change);

#endif
