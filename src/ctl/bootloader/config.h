/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line that a bootloader's files make, and changes of it. */
#ifndef VFIO_EARLY_BOOTLOADER_CONFIG_H
#define VFIO_EARLY_BOOTLOADER_CONFIG_H

#include "bootloader/files.h"
#include "bootloader/words.h"

/* Where words can be added. */
struct bootend {
	size_t file, offset;
	const char *before, *after; /* put around them */
	enum quote quote;           /* for which they are escaped */
	bool opened;                /* at open a double quote is wanted, too */
	size_t open;
};

#define BOOT_ENDS_MAX 2

struct bootconfig {
	struct bootfiles files; /* also those that there are none of */
	struct boottext text;
	struct bootwords words;
	struct bootend ends[BOOT_ENDS_MAX]; /* the best first */
	size_t end_count;
};

/*
 * Works out text and ends from the files, opening none. 0, -EINVAL with a message if they cannot
 * be understood, or another -errno.
 */
typedef int bootconfig_function(struct bootconfig *config, char *message);

#define BOOT_NEW_WORD SIZE_MAX

/* A word's text to be, NULL to take it away; or a new word. */
struct bootedit {
	size_t word;
	const char *text;
};

/* Fills all but the files, which must be there. As the function, and bootconfig_free() likewise. */
int bootconfig_read(struct bootconfig *config, bootconfig_function *read, char *message);

/*
 * Makes the config as it is after all edits. What does not come to just the words that are wanted
 * is not done: -EINVAL with a message. Otherwise 0 or -errno; bootconfig_free() in any case.
 */
int bootconfig_edit(const struct bootconfig *config, bootconfig_function *read,
		    const struct bootedit *edits, size_t count, struct bootconfig *changed,
		    char *message);

void bootconfig_free(struct bootconfig *config);

/* Where a word begins: its file, and *line; NULL if in none. */
const char *bootconfig_where(const struct bootconfig *config, size_t word, unsigned int *line);

#endif
