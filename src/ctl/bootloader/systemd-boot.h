/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot, whose entries kernel-install(8) makes with the words in /etc/kernel/cmdline; so
 * does proxmox-boot-tool, which shares columns of the row.
 */
#ifndef VFIO_EARLY_BOOTLOADER_SYSTEMD_BOOT_H
#define VFIO_EARLY_BOOTLOADER_SYSTEMD_BOOT_H

#include "bootloader/bootloader.h"

#define KERNEL_FILE     "/etc/kernel/cmdline"
#define KERNEL_PACKAGED "/usr/lib/kernel/cmdline"

/* Names of words that systemd-boot or kernel-install adds. */
extern const char *const systemd_own_words[];

/* Where bootctl(1) looks for $BOOT; ends with a NULL. */
extern const char *const systemd_places[];

const char *systemd_find_file(const struct host *host);
const char *systemd_find_sign(const struct bootwords *running);
void systemd_check_entries(struct bootcheck *check);

/* Looks at the unified kernel image with this name, from which this host was started. */
void unified_check_entry(struct bootcheck *check, const char *name);

/*
 * Reads the file into the list. Without it, it has the text that is used in its place: that of
 * /usr/lib/kernel/cmdline, which proxmox-boot-tool does not read, or else the words of
 * /proc/cmdline. 0 or -errno, some with a message.
 */
int systemd_load(struct bootfiles *files, const struct host *host, char *message);
int systemd_load_line(struct bootfiles *files, const struct host *host, char *message);

/* Bootconfig_functions. proxmox-boot-tool reads the first line only, whatever is in it. */
int systemd_read(struct bootconfig *config, char *message);
int systemd_read_line(struct bootconfig *config, char *message);

#endif
