/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows how two texts differ, as diff(1) does. */
#ifndef VFIO_EARLY_HOST_DIFF_H
#define VFIO_EARLY_HOST_DIFF_H

#include <stdio.h>

/*
 * Prints the lines that differ, with three lines around them, as `diff -u` does; nothing if none
 * do. Without old or new (NULL) there is no such file.
 */
void diff_print(FILE *stream, const char *path, const char *old, const char *new);

#endif
