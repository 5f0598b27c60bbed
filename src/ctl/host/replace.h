/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replaces a file of the host: at every moment it is the old one or the new one, as a whole. */
#ifndef VFIO_EARLY_HOST_REPLACE_H
#define VFIO_EARLY_HOST_REPLACE_H

#include <stddef.h>

#include "host/host.h"

enum replace_flag {
	REPLACE_BACKUP = 1 << 0, /* keeps the old one as PATH and this suffix */
};

#define REPLACE_BACKUP_SUFFIX ".vfio-early.bak"

/*
 * Makes text, of length bytes, what is in the file with this absolute path. Mode, owner, ACL and
 * other extended attributes stay, a new file has 0644; links are followed. A file .NAME.new stands
 * beside it meanwhile; one that was left there is used again. The directory must be there. 0, or
 * -errno with the old file as it was; but where the directory could not be synced (-EIO), the new
 * one is there already.
 */
int replace_file(const struct host *host, const char *path, const char *text, size_t length,
		 unsigned int flags) __attribute__((warn_unused_result));

/* Writes all bytes, with as many write(2) as that takes. 0 or -errno. */
int replace_write(int fd, const void *data, size_t length) __attribute__((warn_unused_result));

#endif
