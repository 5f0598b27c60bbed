/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line that a bootloader's files make, and changes of it. */
#ifndef VFIO_EARLY_BOOTLOADER_CONFIG_H
#define VFIO_EARLY_BOOTLOADER_CONFIG_H

#include <stdint.h>

#include "bootloader/words.h"
#include "host/findings.h"
#include "host/host.h"

/* The size of a message about these files. */
#define BOOT_MESSAGE_MAX 512

/* Writes a message as a printf, cut to its room. Returns result. */
int boot_say(char message[BOOT_MESSAGE_MAX], int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct bootfile {
	char *path; /* as the host has it */
	char *text; /* "" if there is no such file */
	size_t length;
	bool absent; /* there is none yet */
	bool ours;   /* nobody else writes it */
};

struct bootfiles {
	struct bootfile *list;
	size_t count;
};

/*
 * Reads the file, which may be missing, and puts it at the end of the list. 0, or -errno with a
 * message; -EINVAL if it has NUL bytes.
 */
int bootfiles_read(struct bootfiles *files, const struct host *host, const char *path,
		   char message[BOOT_MESSAGE_MAX]);

/* Puts a copy of a text at the end of the list, as if path had it. 0 or -ENOMEM. */
int bootfiles_add(struct bootfiles *files, const char *path, const char *text, size_t length);

/* The number of the line that an offset of the file is in. */
unsigned int bootfile_line(const struct bootfile *file, size_t offset);

/* A place in the files, and what is put around words that are added there. */
struct bootplace {
	size_t file, offset;
	const char *before, *after;
};

struct bootconfig {
	struct bootfiles files; /* also those that there are none of */
	struct bootwords words;
	/* What may be words, in lines whose effect only a shell can tell; in no list of the above.
	 */
	struct bootwords opaque;
	struct bootplace end; /* where words are added */
	/* A line that may cancel words before it, or does cancel those of the end; if any does. */
	struct bootplace reset;
	bool has_reset;
	struct findings findings; /* about lines of the files */
};

/*
 * Works out all but the files, opening none. 0, -EINVAL with a message if they are not valid, or
 * another -errno.
 */
typedef int bootconfig_function(struct bootconfig *config, char *message);

#define BOOT_NEW_WORD SIZE_MAX

/* A word's text to be, NULL to take it away; or a new word. */
struct bootedit {
	size_t word;
	const char *text;
};

/*
 * Makes the config as it is after all edits. What does not come to just the words that are wanted
 * is not done: -EINVAL with a message. Otherwise 0 or -errno; bootconfig_free() in any case.
 */
int bootconfig_edit(const struct bootconfig *config, bootconfig_function *read,
		    const struct bootedit *edits, size_t count, struct bootconfig *changed,
		    char *message);

void bootconfig_free(struct bootconfig *config);

/*
 * Where a word of the kernel's words, as the running ones, stands in the files, "FILE:LINE"; ""
 * if it does not.
 */
void bootconfig_find(const struct bootconfig *config, const char *word, char place[PATH_MAX]);

/* Where that word of its words, or of the opaque ones, stands. */
void bootconfig_where(const struct bootconfig *config, const struct bootword *word,
		      char place[PATH_MAX]);

/*
 * The place of a line that may be the reason why the bootloader does not have the word, which is
 * one of the files; "" if there is none.
 */
void bootconfig_doubt(const struct bootconfig *config, const char *word, char place[PATH_MAX]);

#endif
