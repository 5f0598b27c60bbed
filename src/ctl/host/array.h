/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow by one, and lists that end with a NULL. */
#ifndef VFIO_EARLY_HOST_ARRAY_H
#define VFIO_EARLY_HOST_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Whether a word is in a list whose end is a NULL. */
static inline bool array_has(const char *const list[], const char *word)
{
	while (*list && strcmp(*list, word) != 0)
		list++;
	return *list;
}

/*
 * Makes room for one more behind count items of size bytes. The array, which may have moved, or
 * NULL where memory has run out and the old one is as it was. The room is known from count: it
 * doubles whenever count is a power of two.
 */
__attribute__((warn_unused_result)) static inline void *array_grow(void *items, size_t count,
								   size_t size)
{
	if (count & (count - 1))
		return items;
	return reallocarray(items, count ? 2 * count : 1, size);
}

/*
 * Adds a zeroed item to an array and counts it. Its address, or NULL where memory has run out and
 * nothing has changed. items is a pointer, NULL at first, which free() frees; count is a size_t. No
 * other code may have made the array or given memory back.
 */
#define array_add(items, count)                                                                    \
	({                                                                                         \
		__typeof__(items) array_grown = array_grow((items), (count), sizeof(*(items)));    \
                                                                                                   \
		if (array_grown) {                                                                 \
			(items) = array_grown;                                                     \
			array_grown = memset(&array_grown[(count)++], 0, sizeof(*(items)));        \
		}                                                                                  \
		array_grown;                                                                       \
	})

#endif
