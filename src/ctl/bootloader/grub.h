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

#include "bootloader/bootloader.h"

#define GRUB_FILE      "/etc/default/grub"
#define GRUB_DIRECTORY "/etc/default/grub.d"

/* Ours: new words go here. */
#define GRUB_OWN_NAME "zz-vfio-early.cfg"
#define GRUB_OWN_FILE GRUB_DIRECTORY "/" GRUB_OWN_NAME

/* Names of words that 10_linux or GRUB itself adds. */
extern const char *const grub_own_words[];

/* Columns of the row, which proxmox-boot-tool shares. */
const char *grub_find_file(const struct host *host);
const char *grub_find_sign(const struct bootwords *running);
int grub_check_usable(const struct host *host, char *message);
int grub_load(struct bootfiles *files, const struct host *host, char *message);
int grub_read(struct bootconfig *config, char *message);
const char *grub_find_fault(const char *word);
void grub_check_entries(struct bootcheck *check);

/* Adds findings about files that update-grub passes over. */
void grub_find_ignored(struct findings *findings, const struct host *host);

#endif
