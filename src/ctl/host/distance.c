/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a word that somebody typed is from one that exists. */
#include <string.h>

#include "host/distance.h"

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t distance_get(const char *a, const char *b)
{
	size_t row[DISTANCE_LENGTH_MAX + 1], length = strlen(b);

	if (length > DISTANCE_LENGTH_MAX)
		return length;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = min(changed, min(row[j], row[j - 1]) + 1);
		}
	}
	return row[length];
}

size_t distance_limit(const char *name)
{
	return strlen(name) < DISTANCE_SHORT ? 1 : 2;
}
