/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bootloader will really start: grub.cfg, or the entries of systemd-boot. */
#ifndef VFIO_EARLY_BOOTLOADER_ENTRIES_H
#define VFIO_EARLY_BOOTLOADER_ENTRIES_H

#include "bootloader/bootloader.h"

/* A word that every entry of this system must have, or must not have. */
struct bootwant {
	const char *word;
	bool absent;
};

/*
 * config is what the files have: it may tell why a word is missing. Looks whether all entries of this system are as wanted, but for GRUB's recovery entries; the one
 * that systemd-boot started this host from is one of them, whoever made it. 0,
 * -EINVAL with a message if one is not, -ENOENT with a message if there is none to be seen, or
 * another -errno. For proxmox-boot-tool it mounts the EFI system partitions, in a mount namespace
 * that nobody else sees; only for this machine, and as root.
 */
int bootentries_check(const struct bootloader *bootloader, const struct host *host,
		      const struct bootconfig *config, const struct bootwant *wants, size_t count, char *message);

#endif
