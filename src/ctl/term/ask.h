/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks a person at a terminal. */
#ifndef VFIO_EARLY_TERM_ASK_H
#define VFIO_EARLY_TERM_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there is a terminal to ask on, and to be answered from. */
bool ask_is_possible(void);

/* Reads a line, without its newline, into what the caller frees. 0, or -ECANCELED at the end of
 * input. */
int ask_line(const char *prompt, char **line);

/* Whether the answer is yes; without one it is no. */
bool ask_yes(const char *question);

/* One line of a list to choose from. */
struct ask_item {
	const char *tag;
	char *text;
};

/*
 * Has whiptail(1) show a list, and marks what was chosen. 0, -ECANCELED if the person wants to go
 * no further, -ENOENT if there is no whiptail or the terminal is none for it, or another -errno.
 */
int ask_checklist(const char *text, const struct ask_item *items, size_t count, bool *chosen);

#endif
