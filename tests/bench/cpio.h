/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An archive that is put behind an initramfs image: the kernel unpacks it over the image's files.
 */
#ifndef BENCH_CPIO_H
#define BENCH_CPIO_H

#include <stdio.h>
#include <sys/types.h>

/* All return 0 or -errno. */

/* Appends the image, or any file, as it is. */
int cpio_copy(FILE *archive, const char *path);

/* A file of the archive by its text or from another file, or a directory. */
int cpio_add_text(FILE *archive, const char *name, mode_t mode, const char *text);
int cpio_add_file(FILE *archive, const char *name, mode_t mode, const char *path);
int cpio_add_directory(FILE *archive, const char *name);

int cpio_end(FILE *archive);

#endif
