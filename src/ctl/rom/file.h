/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expansion ROMs in files of this process's own. */
#ifndef VFIO_EARLY_ROM_FILE_H
#define VFIO_EARLY_ROM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a file whole into memory that the caller frees. 0, -EFBIG for no ROM's size, or -errno. */
int romfile_read(const char *path, uint8_t **data, size_t *size);

/*
 * Writes a file: as a whole or not at all. 0, -EEXIST if there is one and it shall not be
 * replaced, or another -errno.
 */
int romfile_write(const char *path, const uint8_t *data, size_t size, bool replace);

#endif
