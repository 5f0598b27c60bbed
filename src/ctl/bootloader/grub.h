/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT, which grub-mkconfig(8) has after it sourced
 * /etc/default/grub and, in name order, /etc/default/grub.d/NAME.cfg.
 */
#ifndef VFIO_EARLY_BOOTLOADER_GRUB_H
#define VFIO_EARLY_BOOTLOADER_GRUB_H

#include "bootloader/config.h"

#define GRUB_FILE      "/etc/default/grub"
#define GRUB_DIRECTORY "/etc/default/grub.d"

/* Reads the files into the list, the first of them also if it is missing. 0 or -errno, most with a
 * message. */
int grubfile_load(struct bootfiles *files, const struct host *host, char *message);

/*
 * A bootconfig_function. New words go to the last assignment of GRUB_CMDLINE_LINUX_DEFAULT in the
 * first file, if it counts in the end, or else to the last one of all; without any, to the end of
 * the first file.
 */
int grubfile_read(struct bootconfig *config, char *message);

/* What of a word GRUB would read otherwise than the kernel: "'$'"; NULL: nothing. */
const char *grubfile_find_fault(const char *word);

#endif
