/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB on a disk that a test makes, for firmware with a BIOS: what grub-install(8) does. */
#ifndef GRUB_H
#define GRUB_H

/* At which byte the disk's only partition begins. */
#define GRUB_PARTITION "1048576"

/*
 * Puts into the system at @root what belongs below /boot/grub, and settings by which GRUB starts
 * the kernel @version with @words on its command line. Returns 0 or -errno.
 */
int grub_install_files(const char *root, const char *version, const char *words);

/*
 * Makes the file @disk, which has a file system from GRUB_PARTITION to its end, a disk that starts
 * the GRUB of the system at @root, after grub_install_files(). Returns 0 or -errno.
 */
int grub_install_disk(const char *root, const char *disk);

#endif
