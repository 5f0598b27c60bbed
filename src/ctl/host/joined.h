/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "a, b, c, ...": a list in a sentence, as long as there is room. */
#ifndef VFIO_EARLY_HOST_JOINED_H
#define VFIO_EARLY_HOST_JOINED_H

#include <stddef.h>

/*
 * Adds a word to the list, which is a string in a buffer of size bytes, 6 or more. Of words that
 * do not fit, "..." is left, once.
 */
void joined_add(char *list, size_t size, const char *word);

#endif
