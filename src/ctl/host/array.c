/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow by one. */
#include <stdlib.h>

#include "host/array.h"

void *array_grow(void *items, size_t count, size_t size)
{
	if (count & (count - 1))
		return items;
	return reallocarray(items, count ? 2 * count : 1, size);
}
