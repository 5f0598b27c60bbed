/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expansion ROMs in files of this process's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "host/host.h"
#include "host/replace.h"
#include "rom/file.h"
#include "rom/rom.h"

int romfile_read(const char *path, uint8_t **data, size_t *size)
{
	char *text;
	int result = file_read_all(AT_FDCWD, path, ROM_SIZE_MAX, &text, size);

	if (result == 0)
		*data = (uint8_t *)text;
	return result;
}

int romfile_write(const char *path, const uint8_t *data, size_t size, bool replace)
{
	char part[PATH_MAX];
	int fd, result = host_path(part, "%s.XXXXXX", path);

	if (result < 0)
		return result;
	fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = replace_write(fd, data, size);
	if (result == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 &&
	    renameat2(AT_FDCWD, part, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE) < 0)
		result = -errno;
	if (result < 0)
		unlink(part);
	return result;
}
