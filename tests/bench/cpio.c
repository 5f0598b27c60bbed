/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An archive behind an initramfs image, in the one form that the kernel reads: see
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include "cpio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TRAILER "TRAILER!!!"

static int pad(FILE *archive)
{
	while (ftell(archive) % 4)
		if (fputc('\0', archive) == EOF)
			return -EIO;
	return 0;
}

static int add(FILE *archive, const char *name, mode_t mode, const char *data, size_t size)
{
	static unsigned int inode;
	size_t length = strlen(name) + 1;

	if (fprintf(archive, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
		    ++inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, length, 0) < 0 ||
	    fwrite(name, 1, length, archive) != length || pad(archive) < 0 ||
	    fwrite(data, 1, size, archive) != size)
		return -EIO;
	return pad(archive);
}

static int read_all(const char *path, char **data, size_t *size)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	int result = 0;

	if (!file)
		return -errno;
	if (fstat(fileno(file), &status))
		result = -errno;
	*size = result == 0 ? (size_t)status.st_size : 0;
	*data = malloc(*size + 1);
	if (!*data || fread(*data, 1, *size, file) != *size)
		result = -EIO;
	fclose(file);
	return result;
}

int cpio_copy(FILE *archive, const char *path)
{
	char *data = NULL;
	size_t size;
	int result = read_all(path, &data, &size);

	if (result == 0 && fwrite(data, 1, size, archive) != size)
		result = -EIO;
	free(data);
	return result ?: pad(archive);
}

int cpio_add_text(FILE *archive, const char *name, mode_t mode, const char *text)
{
	return add(archive, name, S_IFREG | mode, text, strlen(text));
}

int cpio_add_file(FILE *archive, const char *name, mode_t mode, const char *path)
{
	char *data = NULL;
	size_t size;
	int result = read_all(path, &data, &size);

	result = result ?: add(archive, name, S_IFREG | mode, data, size);
	free(data);
	return result;
}

int cpio_add_directory(FILE *archive, const char *name)
{
	return add(archive, name, S_IFDIR | 0755, "", 0);
}

int cpio_end(FILE *archive)
{
	return add(archive, TRAILER, 0, "", 0);
}
