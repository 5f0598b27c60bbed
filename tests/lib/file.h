/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths and whole files. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Prints a path into PATH_MAX bytes. Returns 0 or -ENAMETOOLONG. */
__attribute__((format(printf, 2, 3))) int file_join(char *path, const char *format, ...);

/* Makes all directories that lead to @path. Returns 0 or -errno. */
int file_make_parents(const char *path);

/* Writes @text to @path, parents included, in place of what was there. Returns 0 or -errno. */
int file_write(const char *path, const char *text, mode_t mode);

/* The text of a file up to the first NUL byte, to be freed; NULL if it can't be read. */
char *file_read(const char *path);

/* Whether the text of the file is exactly @text. */
bool file_equals(const char *path, const char *text);

#endif
