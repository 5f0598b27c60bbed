/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a kernel command line, and which bytes of which files they come from. */
#ifndef VFIO_EARLY_BOOTLOADER_WORDS_H
#define VFIO_EARLY_BOOTLOADER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the bytes around one are read: as they are, or by a shell. */
enum quote { QUOTE_PLAIN, QUOTE_NONE, QUOTE_SINGLE, QUOTE_DOUBLE };

#define BOOT_NO_FILE UINT16_MAX

/* One character, and its bytes in a file: of a shell's "\$" there are two. */
struct bootchar {
	uint32_t offset;
	uint16_t file; /* BOOT_NO_FILE: it stands in none */
	uint8_t length;
	uint8_t quote; /* enum quote */
	char c;
};

struct boottext {
	struct bootchar *list;
	size_t count;
};

/* 0, -EFBIG if the text is longer than any command line, or -ENOMEM. */
int boottext_put(struct boottext *text, const struct bootchar *character);
int boottext_append(struct boottext *text, const struct boottext *more);
void boottext_free(struct boottext *text);

struct bootword {
	char *text;
	size_t start, length; /* in the text that it was read from */
};

struct bootwords {
	struct bootword *list;
	size_t count;
};

/*
 * Parts a text into the kernel's words, up to a word "--", behind which the words are init's.
 * Double quotes protect blanks and stay, see lib/cmdline.c, next_arg(). 0 or -ENOMEM.
 */
int bootwords_read(struct bootwords *words, const struct boottext *text);
int bootwords_read_string(struct bootwords *words, const char *string);
void bootwords_free(struct bootwords *words);

/* Whether the kernel takes both for the same: quotes do not count, nor - for _ in names. */
bool bootword_equals(const char *a, const char *b);

/* Whether both are for one parameter, with this value or that. */
bool bootword_has_name(const char *a, const char *b);

/* The index of a word that equals the text, or that has its name, at start or behind; -1. */
long bootwords_find(const struct bootwords *words, const char *text);
long bootwords_find_name(const struct bootwords *words, const char *text, size_t start);

#endif
