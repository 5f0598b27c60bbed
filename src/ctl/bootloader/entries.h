/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bootloader will really start: grub.cfg, or the entries of systemd-boot. */
#ifndef VFIO_EARLY_BOOTLOADER_ENTRIES_H
#define VFIO_EARLY_BOOTLOADER_ENTRIES_H

#include "bootloader/config.h"

struct bootloader;

/* A word that every entry of this system must have, or must not have. */
struct bootwant {
	const char *word;
	bool absent;
};

/* A look at the entries. */
struct bootcheck {
	const struct bootloader *loader;
	const struct host *host;    /* that has the entries */
	const struct host *outside; /* that has the kernels */
	const struct bootconfig
		*config; /* what the files have: it may tell why a word is missing */
	const struct bootwant *wants;
	size_t count;
	char *message;
	size_t entries; /* that were looked at */
	int result;
};

/*
 * Looks whether all entries of this system are as wanted, but for GRUB's recovery entries; the one
 * that systemd-boot started this host from is one of them, whoever made it. 0,
 * -EINVAL with a message if one is not, -ENOENT with a message if there is none to be seen, or
 * another -errno. For proxmox-boot-tool it mounts the EFI system partitions, in a mount namespace
 * that nobody else sees; only for this machine, and as root.
 */
int bootentries_check(const struct bootloader *loader, const struct host *host,
		      const struct bootconfig *config, const struct bootwant *wants, size_t count,
		      char message[BOOT_MESSAGE_MAX]);

/* The same of all words of the files. */
int bootentries_check_all(const struct bootloader *loader, const struct host *host,
			  const struct bootconfig *config, char message[BOOT_MESSAGE_MAX]);

/*
 * Looks at one entry, the result is in check. line is 0 if the path says enough; by_hand: it is
 * nothing that the refresh would make.
 */
void bootcheck_words(struct bootcheck *check, const char *path, unsigned int line,
		     const struct bootwords *words, bool by_hand);

/* Looks at the entries, and whether there were any. The result of bootentries_check(). */
int bootcheck_run(struct bootcheck *check, void (*check_entries)(struct bootcheck *check));

#endif
