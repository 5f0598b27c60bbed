/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT, which grub-mkconfig(8) has after it sourced
 * /etc/default/grub and, in name order, /etc/default/grub.d/NAME.cfg.
 *
 * These are shell scripts. Of them, this reads lines of the form NAME="WORDS" or
 * NAME="$NAME WORDS", as guides and packages write them. Whatever else sets these variables is
 * opaque: its words are found as text, and are left to be changed by hand.
 */
#ifndef VFIO_EARLY_BOOTLOADER_GRUB_H
#define VFIO_EARLY_BOOTLOADER_GRUB_H

#include "bootloader/config.h"

#define GRUB_FILE      "/etc/default/grub"
#define GRUB_DIRECTORY "/etc/default/grub.d"

/* Ours: new words go here. */
#define GRUB_OWN_NAME "zz-vfio-early.cfg"
#define GRUB_OWN_FILE GRUB_DIRECTORY "/" GRUB_OWN_NAME

/*
 * Reads the files into the list, the first of them and ours also if they are missing. 0 or -errno,
 * most with a message.
 */
int grubfile_load(struct bootfiles *files, const struct host *host, char *message);

/* A bootconfig_function. */
int grubfile_read(struct bootconfig *config, char *message);

/* The first character that a word must not have in a file that root's shell reads; NULL: none. */
const char *grubfile_find_fault(const char *word);

#endif
