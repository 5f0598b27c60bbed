/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One word of a shell's text: what quotes and expansions come to. */
#ifndef VFIO_EARLY_BOOTLOADER_SHELL_WORD_H
#define VFIO_EARLY_BOOTLOADER_SHELL_WORD_H

#include "bootloader/shell-variables.h"

struct shell_reader {
	const struct shell *shell; /* whose variables are expanded */
	size_t file;
	const char *text;
	size_t length, at;
	const char *error; /* what is wrong with the text, if something is */
	size_t error_at;
};

struct shell_word {
	struct boottext value;
	size_t end;      /* behind its last byte */
	bool bare;       /* no character is quoted or escaped */
	bool split;      /* it has an expansion outside quotes */
	enum quote last; /* what its last byte ends, or QUOTE_NONE */
	bool known;
	char reason[SHELL_REASON_MAX]; /* why it is not */
};

/*
 * Takes the word that is next; known must be set. 0, -EINVAL with reader->error if a quote or
 * bracket is never closed, -EFBIG if it is longer than any command line, or -ENOMEM.
 */
int shell_take_word(struct shell_reader *reader, struct shell_word *word);

/* From now on the value is not known. */
void shell_doubt_word(struct shell_word *word, const char *reason);

/* The character so much further on; NUL at the end of the text. */
char shell_peek(const struct shell_reader *reader, size_t distance);

/* Whether an operator or the end of a line or of the text is next. */
bool shell_at_operator(const struct shell_reader *reader);

/* How long the name of a variable is that is next; 0 if none is. */
size_t shell_measure_name(const struct shell_reader *reader);

/* Skip blanks, continued lines and comments; also ends of lines. */
void shell_skip_blanks(struct shell_reader *reader);
void shell_skip_lines(struct shell_reader *reader);

#endif
