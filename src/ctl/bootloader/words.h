/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a kernel command line, and which bytes of which files they are. */
#ifndef VFIO_EARLY_BOOTLOADER_WORDS_H
#define VFIO_EARLY_BOOTLOADER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct bootword {
	char *text;
	size_t file, offset, length; /* its bytes; file means something to the caller alone */
};

struct bootwords {
	struct bootword *list;
	size_t count;
	bool ended; /* "--" was read: what follows is for init */
};

/*
 * Adds the kernel's words in a text, up to a word "--", behind which the words are init's. Double
 * quotes protect blanks and stay, see lib/cmdline.c, next_arg(). The text is at that offset of the
 * file. 0, -EFBIG if the text is longer than any command line, or -ENOMEM.
 */
int bootwords_read(struct bootwords *words, const char *text, size_t length, size_t file,
		   size_t offset);
int bootwords_read_string(struct bootwords *words, const char *string);

/* Adds a word. 0 or -ENOMEM. */
int bootwords_add(struct bootwords *words, const char *text, size_t length, size_t file,
		  size_t offset);

/* Frees all words behind the first count of them. */
void bootwords_cut(struct bootwords *words, size_t count);
void bootwords_free(struct bootwords *words);

/* Whether the kernel takes both for the same: quotes do not count, nor - for _ in names. */
bool bootword_equals(const char *a, const char *b);

/* Whether both are for one parameter, with this value or that. */
bool bootword_has_name(const char *a, const char *b);

/* The index of a word that equals the text, or that has its name, at start or behind; -1. */
long bootwords_find(const struct bootwords *words, const char *text);
long bootwords_find_name(const struct bootwords *words, const char *text, size_t start);

#endif
