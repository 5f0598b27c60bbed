/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/kernel/cmdline, which kernel-install(8) and proxmox-boot-tool put into the entries of
 * systemd-boot.
 */
#ifndef VFIO_EARLY_BOOTLOADER_KERNEL_CMDLINE_H
#define VFIO_EARLY_BOOTLOADER_KERNEL_CMDLINE_H

#include "bootloader/config.h"

#define KERNEL_FILE     "/etc/kernel/cmdline"
#define KERNEL_PACKAGED "/usr/lib/kernel/cmdline"

/*
 * Reads the file into the list. Without it, it has the text that is used in its place: that of
 * /usr/lib/kernel/cmdline, which proxmox-boot-tool does not read, or else the words of
 * /proc/cmdline. 0 or -errno, some with a message.
 */
int kernelfile_load(struct bootfiles *files, const struct host *host, char *message);
int kernelfile_load_line(struct bootfiles *files, const struct host *host, char *message);

/* Bootconfig_functions. proxmox-boot-tool reads the first line, so all words must be in that. */
int kernelfile_read(struct bootconfig *config, char *message);
int kernelfile_read_line(struct bootconfig *config, char *message);

#endif
