/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bootloaders that are known, a row each; which is in use, and what it will really start. */
#ifndef VFIO_EARLY_BOOTLOADER_BOOTLOADER_H
#define VFIO_EARLY_BOOTLOADER_BOOTLOADER_H

#include <stdio.h>

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
	const struct host *host;         /* that has the entries */
	const struct esp *esp;           /* that they are on; NULL: they are in the host's /boot */
	const struct host *outside;      /* that has the kernels */
	const struct bootconfig *config; /* of the files: it may tell why a word is missing */
	const struct bootwant *wants;
	size_t count;
	const char *source; /* the file that the entry gets its words from; NULL: as any has them */
	char *message;
	size_t entries; /* that were looked at */
	int result;
};

/* One bootloader, as it is kept up to date by one command. */
struct bootloader {
	const char *name;
	const char *family;     /* whose code starts the kernel, as it tells the firmware: "GRUB" */
	const char *refresh;    /* the command that puts a change into effect, for people */
	const char *const *own; /* names of words that it adds itself; ends with a NULL */
	bool needs_efi;
	/* Its refresh leaves out kernels that have no image. Others make an entry that starts such
	 * a kernel without one. */
	bool skips_imageless;

	/* A file that shows that it is installed; NULL: none. */
	const char *(*find_file)(const struct host *host);
	/* What of these words shows that it started this host; NULL: nothing does. */
	const char *(*find_sign)(const struct bootwords *running);
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
	/* What puts a change into effect, or what runs that, as run_program() with out. */
	const char *program[3];
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
 * Reads what its files say. 0, -EINVAL with a message if they are not valid, or another
 * -errno; bootconfig_free() in any case.
 */
int bootloader_read_config(const struct bootloader *loader, const struct host *host,
			   struct bootconfig *config, char message[BOOT_MESSAGE_MAX]);

/*
 * Adds words of the file of a bootloader that did not start this host: they have no effect, and
 * config, which is of the one that did, lacks them.
 */
void bootloader_find_ignored(const struct bootloader *loader, const struct host *host,
			     const struct bootwords *running, struct bootconfig *config);

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

/*
 * Looks whether all entries of this system are as wanted, but for GRUB's recovery entries; the one
 * that systemd-boot started this host from is one of them, no matter what made it. 0,
 * -EINVAL with a message if one is not, -ENOENT with a message if there is none to be seen, or
 * another -errno. For proxmox-boot-tool it looks into the EFI system partitions, see esps_open().
 */
int bootentries_check(const struct bootloader *loader, const struct host *host,
		      const struct bootconfig *config, const struct bootwant *wants, size_t count,
		      char message[BOOT_MESSAGE_MAX]);

/* The same of all words of the files. */
int bootentries_check_all(const struct bootloader *loader, const struct host *host,
			  const struct bootconfig *config, char message[BOOT_MESSAGE_MAX]);

/* Whether a word is about passing devices through. */
bool bootword_matters(const char *word);

/*
 * Looks at one entry, the result is in check. line is 0 if the path says enough; by_hand: it is
 * nothing that the refresh would make.
 */
void bootcheck_words(struct bootcheck *check, const char *path, unsigned int line,
		     const struct bootwords *words, bool by_hand);

/* Looks at the entries, and whether there were any. The result of bootentries_check(). */
int bootcheck_run(struct bootcheck *check, void (*check_entries)(struct bootcheck *check));

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
