/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a shell's files for their variables, without running anything. */
#ifndef VFIO_EARLY_BOOTLOADER_SHELL_SCRIPT_H
#define VFIO_EARLY_BOOTLOADER_SHELL_SCRIPT_H

#include "bootloader/files.h"
#include "bootloader/shell-variables.h"

/*
 * Reads the files as dash would. 0, -EINVAL with a message "FILE:LINE: found ..., expected ..." of
 * at most BOOT_MESSAGE_MAX bytes if all that follows is uncertain, or -ENOMEM. shell_free() in any
 * case.
 */
int shell_read(struct shell *shell, const struct bootfiles *files, char *message);

#endif
