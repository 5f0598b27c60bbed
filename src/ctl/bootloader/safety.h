/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the bootloader's entries can be made again without harm to the next boot. */
#ifndef VFIO_EARLY_BOOTLOADER_SAFETY_H
#define VFIO_EARLY_BOOTLOADER_SAFETY_H

#include "bootloader/bootloader.h"

/*
 * Whether the files leave out root=, which the running kernel has and no bootloader adds of its own
 * accord: kernel-install(8) makes such an entry, proxmox-boot-tool fails. Where systemd finds the
 * root by itself, the running kernel has no root= either.
 */
bool bootsafe_lacks_root(const struct bootloader *loader, const struct bootwords *words,
			 const struct bootwords *running);

/*
 * Whether a word of the running kernel tells where the root file system is or how to mount it, and
 * these words have none with its name.
 */
bool bootsafe_is_lacking(const struct bootwords *words, const char *word);

/*
 * Looks at what a refresh would make of the files. 0; -EINVAL with a message if root= is lacking;
 * -ENOEXEC with a message if it would make an entry for a kernel that has no image; or another
 * -errno.
 */
int bootsafe_check(const struct bootloader *loader, const struct host *host,
		   const struct bootconfig *config, const struct bootwords *running,
		   char message[BOOT_MESSAGE_MAX]);

/* The same about root= for the host as it is. 0 also if the bootloader or its files can't be told.
 */
int bootsafe_check_root(const struct host *host, char message[BOOT_MESSAGE_MAX]);

#endif
