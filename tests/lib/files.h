/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths, files and trees for tests. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where builds lie: $VFIO_EARLY_BUILD, or build. */
const char *files_build(void);

/* Prints a path, and returns it. One that is too long ends the test. */
char *files_path(char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The whole file with a NUL behind it, for the caller to free; NULL and errno on failure. */
char *files_read(const char *path);

/* Whether the text of the file is exactly @text. */
bool files_equal(const char *path, const char *text);

/* These return 0 or -errno. */

/* Makes all directories that lead to @path: with a '/' at its end, that too. */
int files_make_parents(const char *path);

/* In place of what was there, parents included. */
int files_write(const char *path, const char *text);
int files_write_mode(const char *path, const char *text, mode_t mode);
int files_copy(const char *from, const char *to);

/* Copies all below @from into @to, which is made if absent; links stay as they are. */
int files_copy_tree(const char *from, const char *to);

/* Nothing there is fine. */
int files_remove_tree(const char *path);

/* Changes with any name, mode, size or time of change below @path. */
int files_fingerprint_tree(const char *path, uint64_t *sum);

#endif
