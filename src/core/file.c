/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and links below an open directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

/* Targets in sysfs: a /devices path of a deep PCI hierarchy stays far below this. */
#define LINK_MAX_TARGET 1024

void file_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

int file_open_flags(int directory, const char *path, int flags)
{
	int fd;

	do {
		fd = openat(directory, path, flags | O_CLOEXEC, 0644);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int file_open(int directory, const char *path)
{
	return file_open_flags(directory, path, O_RDONLY | O_NONBLOCK);
}

int file_write(int fd, const char *data, size_t length)
{
	ssize_t written;

	do {
		written = write(fd, data, length);
	} while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -EIO;
}

static ssize_t read_once(int fd, char *buffer, size_t size)
{
	ssize_t got;

	do {
		got = read(fd, buffer, size);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

ssize_t file_read(int directory, const char *path, char *buffer, size_t size)
{
	cleanup_fd int fd = file_open(directory, path);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read_once(fd, buffer, size - 1);
	if (got >= 0)
		buffer[got] = '\0';
	return got;
}

/* Doubles the buffer; one byte is always kept for the NUL. */
static int grow(char **buffer, size_t *size)
{
	size_t wanted = *size ? *size * 2 : 4096;
	char *bigger = realloc(*buffer, wanted);

	if (!bigger)
		return -ENOMEM;
	*buffer = bigger;
	*size = wanted;
	return 0;
}

static ssize_t read_to_end(int fd, size_t limit, char **buffer)
{
	size_t size = 0, used = 0;
	ssize_t got;

	do {
		if (used + 1 >= size && grow(buffer, &size) < 0)
			return -ENOMEM;
		got = read_once(fd, *buffer + used, size - used - 1);
		if (got < 0)
			return got;
		used += (size_t)got;
		if (used > limit)
			return -EFBIG;
	} while (got > 0);
	(*buffer)[used] = '\0';
	return (ssize_t)used;
}

int file_read_all(int directory, const char *path, size_t limit, char **text, size_t *length)
{
	cleanup_fd int fd = file_open(directory, path);
	char *buffer = NULL;
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read_to_end(fd, limit, &buffer);
	if (got < 0) {
		free(buffer);
		return (int)got;
	}
	*text = buffer;
	*length = (size_t)got;
	return 0;
}

int file_read_link_name(int directory, const char *path, char *name, size_t size)
{
	char target[LINK_MAX_TARGET];
	ssize_t length = readlinkat(directory, path, target, sizeof(target));
	const char *last;

	if (length < 0)
		return -errno;
	if ((size_t)length == sizeof(target))
		return -ENAMETOOLONG;
	target[length] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return -ENAMETOOLONG;
	strcpy(name, last);
	return 0;
}

int file_each_entry(int fd, int (*each)(void *context, int fd, const char *name), void *context)
{
	DIR *directory;
	struct dirent *entry;
	int result = 0;

	if (fd < 0)
		return fd;
	directory = fdopendir(fd);
	if (!directory) {
		result = -errno;
		file_close(&fd);
		return result;
	}
	while (result == 0 && (errno = 0, entry = readdir(directory)))
		result = each(context, fd, entry->d_name);
	if (result == 0 && errno)
		result = -errno;
	closedir(directory);
	return result;
}
