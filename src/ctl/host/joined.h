/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "a, b, c, ...": a list in a sentence, as long as there is room. */
#ifndef VFIO_EARLY_HOST_JOINED_H
#define VFIO_EARLY_HOST_JOINED_H

#include <stddef.h>

/*
 * Adds a word, behind a separator, to the list, which is a string in a buffer of size bytes, with
 * room for a separator and "...". Of words that do not fit, "..." is left, once.
 */
void joined_add_by(char *list, size_t size, const char *separator, const char *word);

/* The same with ", ". */
static inline void joined_add(char *list, size_t size, const char *word)
{
	joined_add_by(list, size, ", ", word);
}

#endif
