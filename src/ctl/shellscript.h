/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a shell's files for their variables, without running anything. */
#ifndef VFIO_EARLY_CTL_SHELLSCRIPT_H
#define VFIO_EARLY_CTL_SHELLSCRIPT_H

#include "bootfile.h"
#include "shellvars.h"

/*
 * Reads the files as dash would. 0, -EINVAL with a message "FILE:LINE: found ..., expected ..." of
 * at most BOOT_MESSAGE_MAX bytes if all that follows is uncertain, or -ENOMEM. shell_free() in any
 * case.
 */
int shell_read(struct shell *shell, const struct bootfiles *files, char *message);

#endif
