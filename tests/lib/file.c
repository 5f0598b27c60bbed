/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths and whole files. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_join(char *path, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int file_make_parents(const char *path)
{
	char parent[PATH_MAX];
	int ret = file_join(parent, "%s", path);

	if (ret < 0)
		return ret;
	for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int file_write(const char *path, const char *text, mode_t mode)
{
	size_t length = strlen(text);
	ssize_t written;
	int ret, fd;

	ret = file_make_parents(path);
	if (ret < 0)
		return ret;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	written = write(fd, text, length);
	if (close(fd) < 0 || written != (ssize_t)length)
		return -EIO;
	return 0;
}

char *file_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	/* Up to the first NUL byte: text files whole, of others enough to tell them apart. */
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = ferror(file) ? NULL : strdup("");
	}
	fclose(file);
	return text;
}

bool file_equals(const char *path, const char *text)
{
	char *now = file_read(path);
	bool equal = now && strcmp(now, text) == 0;

	free(now);
	return equal;
}
