/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bootloader in use: where its kernel command line stands, and what puts a change into effect.
 */
#ifndef VFIO_EARLY_BOOTLOADER_BOOTLOADER_H
#define VFIO_EARLY_BOOTLOADER_BOOTLOADER_H

#include <stdio.h>

#include "bootloader/config.h"

enum bootloader_kind {
	BOOTLOADER_GRUB,
	BOOTLOADER_SYSTEMD, /* systemd-boot, with entries by kernel-install(8) */
	BOOTLOADER_PROXMOX_GRUB,
	BOOTLOADER_PROXMOX_SYSTEMD,
};

struct bootloader {
	enum bootloader_kind kind;
	const char *name;              /* "GRUB" */
	const char *refresh;           /* the command that puts a change into effect, for people */
	char reason[BOOT_MESSAGE_MAX]; /* how it was decided, as "/proc/cmdline has BOOT_IMAGE=" */
};

/*
 * Finds which bootloader started this host, or else which is the only one installed. 0, -ENOENT
 * with a message about what was found, if that cannot be told, or another -errno.
 */
int bootloader_detect(struct bootloader *bootloader, const struct host *host, char *message);

/*
 * Reads what its files say. 0, -EINVAL with a message if
 * they cannot be understood, or another -errno; bootconfig_free() in any case.
 */
int bootloader_read_config(const struct bootloader *bootloader, const struct host *host,
			   struct bootconfig *config, char *message);

/* As bootconfig_edit(). */
int bootloader_edit_config(const struct bootloader *bootloader, const struct bootconfig *config,
			   const struct bootedit *edits, size_t count, struct bootconfig *changed,
			   char *message);

/* Reads the words that the kernel runs with. 0 or -errno; bootwords_free() in any case. */
int bootloader_read_running(const struct host *host, struct bootwords *words);

/*
 * What systemd-boot, or GRUB, told the firmware in an EFI variable of the boot loader interface, as
 * "LoaderInfo"; "" if nothing.
 */
void bootloader_read_variable(const struct host *host, const char *name, char *text, size_t size);

/* Whether the bootloader gives the kernel such a word of its own accord. */
bool bootloader_adds_word(const struct bootloader *bootloader, const char *word);

/*
 * Whether its refresh leaves out kernels that have no image, as proxmox-boot-tool does. GRUB and
 * kernel-install make an entry that starts such a kernel without one.
 */
bool bootloader_skips_imageless(const struct bootloader *bootloader);

/* The first character of a word that its files cannot have; NULL: none. */
const char *bootloader_find_fault(const struct bootloader *bootloader, const char *word);

/*
 * Runs what puts a change into effect, as run_program() with out. 0; the status of the program that failed; or -errno, which
 * is -EXDEV if the host is not this machine.
 */
int bootloader_refresh(const struct bootloader *bootloader, const struct host *host, FILE *out);

#endif
