/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bootloaders that are known, a row each, and which of them is in use. */
#ifndef VFIO_EARLY_BOOTLOADER_BOOTLOADER_H
#define VFIO_EARLY_BOOTLOADER_BOOTLOADER_H

#include <stdio.h>

#include "bootloader/config.h"
#include "bootloader/entries.h"

/* What tells which bootloader started this host. */
struct bootevidence {
	char info[64];            /* what it told the firmware of itself; "" if nothing */
	struct bootwords running; /* the words that the kernel runs with */
};

/* One bootloader, as it is kept up to date by one command. */
struct bootloader {
	const char *name;
	const char *family;     /* whose code starts the kernel: "GRUB" */
	const char *refresh;    /* the command that puts a change into effect, for people */
	const char *const *own; /* names of words that it adds itself; ends with a NULL */
	bool needs_efi;
	/* Its refresh leaves out kernels that have no image. Others make an entry that starts such
	 * a kernel without one. */
	bool skips_imageless;

	/* A file that shows that it is installed; NULL: none. */
	const char *(*find_file)(const struct host *host);
	/* How it is known that it started this host; NULL: it did not. */
	const char *(*find_sign)(const struct bootevidence *evidence);
	/* Whether its files can be changed and refreshed. 0 or -ENOENT with a message. */
	int (*check_usable)(const struct host *host, char *message);

	/* Reads its files into the list. 0 or -errno, most with a message. */
	int (*load)(struct bootfiles *files, const struct host *host, char *message);
	bootconfig_function *read;
	/* The first character of a word that its files cannot have, NULL: none; NULL for any word.
	 */
	const char *(*find_fault)(const char *word);

	/* Looks at the entries that it will start from, with bootcheck_words(). */
	void (*check_entries)(struct bootcheck *check);
	/* Runs what puts a change into effect, as run_program() with out; on this machine only. */
	int (*run_refresh)(const struct host *host, FILE *out);
};

extern const struct bootloader bootloader_grub, bootloader_systemd;
extern const struct bootloader bootloader_proxmox_grub, bootloader_proxmox_systemd;

/*
 * Finds which bootloader started this host, or else which is the only one installed. 0 with how it
 * was decided, as "/proc/cmdline has BOOT_IMAGE=", in message; -ENOENT with a message about what
 * was found, if that cannot be told; or another -errno.
 */
int bootloader_detect(const struct bootloader **loader, const struct host *host,
		      char message[BOOT_MESSAGE_MAX]);

/*
 * Reads what its files say. 0, -EINVAL with a message if they cannot be understood, or another
 * -errno; bootconfig_free() in any case.
 */
int bootloader_read_config(const struct bootloader *loader, const struct host *host,
			   struct bootconfig *config, char message[BOOT_MESSAGE_MAX]);

/* Reads the words that the kernel runs with. 0 or -errno; bootwords_free() in any case. */
int bootloader_read_running(const struct host *host, struct bootwords *words);

/*
 * What systemd-boot, or GRUB, told the firmware in an EFI variable of the boot loader interface, as
 * "LoaderInfo"; "" if nothing.
 */
void bootloader_read_variable(const struct host *host, const char *name, char *text, size_t size);

/* Whether the bootloader gives the kernel such a word of its own accord. */
bool bootloader_adds_word(const struct bootloader *loader, const char *word);

/*
 * Runs what puts a change into effect, as run_program() with out. 0; the status of the program that
 * failed; or -errno, which is -EXDEV if the host is not this machine.
 */
int bootloader_refresh(const struct bootloader *loader, const struct host *host, FILE *out);

#endif
