/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and trees for tests: read, write, copy, remove, fingerprint. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stddef.h>
#include <stdint.h>

/* The whole file with a NUL behind it, for the caller to free; NULL and errno on failure. */
char *files_read(const char *path);

/* These return 0 or -errno. */
int files_write(const char *path, const char *text);
int files_copy(const char *from, const char *to);

/* Copies all below @from into @to, which is made if absent; links stay as they are. */
int files_copy_tree(const char *from, const char *to);

/* Nothing there is fine. */
int files_remove_tree(const char *path);

/* Changes with any name, mode, size or time of change below @path. */
int files_fingerprint_tree(const char *path, uint64_t *sum);

#endif
