/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replaces a file of the host. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/file.h"
#include "host/replace.h"

#define MODE_NEW     0644
#define MODE_ALL     07777
#define SIZE_MAX_OLD (64u << 20)

/* The kernel's limits, XATTR_LIST_MAX and XATTR_SIZE_MAX. */
#define ATTRIBUTES_MAX ((size_t)64 << 10)

#define ACL "system.posix_acl_access"

/* A file in an open directory, and the name of what it is written to first. */
struct place {
	int directory;
	char name[NAME_MAX + 1], temporary[NAME_MAX + 1];
};

/* No reader of a directory takes a name that starts with a dot and ends so for one of its own. */
static int name_file(struct place *place, const char *base, const char *suffix)
{
	if (snprintf(place->name, NAME_MAX + 1, "%s%s", base, suffix) > NAME_MAX ||
	    snprintf(place->temporary, NAME_MAX + 1, ".%s.new", place->name) > NAME_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* Of what a link leads to; a file that is to be made has a directory only. */
static int open_place(const struct host *host, const char *path, struct place *place)
{
	char resolved[PATH_MAX], directory[PATH_MAX], target[1], *slash;
	const char *base = strrchr(path, '/');
	int result = host_resolve(host, path, resolved);

	if (result == 0) {
		slash = strrchr(resolved, '/');
		result = name_file(place, slash + 1, "");
		*slash = '\0';
	} else if (result == -ENOENT &&
		   readlinkat(host->directory, host_below(path), target, 1) < 0) {
		result = name_file(place, base + 1, "");
		if (result == 0)
			result = host_path(directory, "%.*s/.", (int)(base - path), path);
		if (result == 0)
			result = host_resolve(host, directory, resolved);
	}
	if (result < 0)
		return result;
	place->directory = openat(host->directory, resolved[0] ? host_below(resolved) : ".",
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->directory < 0 ? -errno : 0;
}

/* Whether the lock is on what has the name now: who had it before may have renamed it. */
static bool is_still(const struct place *place, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 &&
	       fstatat(place->directory, place->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* The lock keeps two writers from one temporary file. It ends with the descriptor. */
static int open_temporary(const struct place *place)
{
	for (;;) {
		int fd = openat(place->directory, place->temporary,
				O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0 || flock(fd, LOCK_EX) < 0) {
			int error = -errno;

			file_close(&fd);
			return error;
		}
		if (is_still(place, fd))
			return fd;
		file_close(&fd);
	}
}

int replace_write(int fd, const void *data, size_t length)
{
	const char *text = data;

	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

/*
 * A new file has the default ACL of its directory, which the old one need not have had. Labels of a
 * security module are its own to set.
 */
static int copy_attributes(int from, int to)
{
	char *names = malloc(2 * ATTRIBUTES_MAX);
	ssize_t size = names ? flistxattr(from, names, ATTRIBUTES_MAX) : -1;
	int result = size < 0 && errno != ENOTSUP ? -errno : 0;

	if (fremovexattr(to, ACL) < 0 && errno != ENODATA && errno != ENOTSUP && result == 0)
		result = -errno;
	for (const char *name = names; result == 0 && name < names + size;
	     name += strlen(name) + 1) {
		char *value = names + ATTRIBUTES_MAX;
		ssize_t length = fgetxattr(from, name, value, ATTRIBUTES_MAX);

		if ((length < 0 || fsetxattr(to, name, value, (size_t)length, 0) < 0) &&
		    strncmp(name, "security.", 9) != 0)
			result = -errno;
	}
	free(names);
	return result;
}

/*
 * chown(2) takes special bits away, so the mode comes after it; with an ACL, the mode's bits for
 * the group are its mask, which comes with it.
 */
static int fill(int fd, int like, const char *text, size_t length)
{
	int result = ftruncate(fd, 0) < 0 ? -errno : replace_write(fd, text, length);
	struct stat old;

	if (result == 0 && like >= 0 &&
	    (fstat(like, &old) < 0 || fchown(fd, old.st_uid, old.st_gid) < 0))
		result = -errno;
	if (result == 0 && fchmod(fd, like < 0 ? MODE_NEW : old.st_mode & MODE_ALL) < 0)
		result = -errno;
	if (result == 0 && like >= 0)
		result = copy_attributes(like, fd);
	if (result == 0 && fsync(fd) < 0)
		result = -errno;
	return result;
}

/* like is the file whose place it takes, open, or -1. */
static int write_place(const struct place *place, int like, const char *text, size_t length)
{
	cleanup_fd int fd = open_temporary(place);
	int result;

	if (fd < 0)
		return fd;
	result = fill(fd, like, text, length);
	if (result == 0 &&
	    renameat(place->directory, place->temporary, place->directory, place->name) < 0)
		result = -errno;
	if (result < 0) {
		unlinkat(place->directory, place->temporary, 0);
		return result;
	}
	/* Some file systems have no fsync(2) for directories, and then no need of it. */
	return fsync(place->directory) < 0 && errno != EINVAL ? -errno : 0;
}

static int keep_old(const struct place *place, int like)
{
	struct place backup = { .directory = place->directory };
	char *text;
	size_t length;
	int result = name_file(&backup, place->name, REPLACE_BACKUP_SUFFIX);

	if (result == 0)
		result = file_read_all(place->directory, place->name, SIZE_MAX_OLD, &text, &length);
	if (result < 0)
		return result;
	result = write_place(&backup, like, text, length);
	free(text);
	return result;
}

static int replace(const struct place *place, const char *text, size_t length, unsigned int flags)
{
	cleanup_fd int fd = -1;
	struct stat status;
	int result = 0;

	if (fstatat(place->directory, place->name, &status, 0) < 0)
		return errno == ENOENT ? write_place(place, -1, text, length) : -errno;
	/* Only what is known to be a file is opened: a device could act on it. */
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	fd = file_open(place->directory, place->name);
	if (fd < 0)
		return fd;
	if (flags & REPLACE_BACKUP)
		result = keep_old(place, fd);
	return result < 0 ? result : write_place(place, fd, text, length);
}

int replace_file(const struct host *host, const char *path, const char *text, size_t length,
		 unsigned int flags)
{
	struct place place = { .directory = -1 };
	int result = open_place(host, path, &place);

	if (result == 0)
		result = replace(&place, text, length, flags);
	file_close(&place.directory);
	return result;
}
