/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a word that somebody typed is from one that exists. */
#ifndef VFIO_EARLY_HOST_DISTANCE_H
#define VFIO_EARLY_HOST_DISTANCE_H

#include <stddef.h>

/* What is longer was no slip of the finger. */
#define DISTANCE_LENGTH_MAX 40

/* The characters to be put in, taken out or changed (Levenshtein). */
size_t distance_get(const char *a, const char *b);

/* What is near: two slips in a word are likely, but in a short one they make another word. */
#define DISTANCE_SHORT 4
size_t distance_limit(const char *name);

#endif
