/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and trees for tests. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *files_build(void)
{
	const char *build = getenv("VFIO_EARLY_BUILD");

	return build && *build ? build : "build";
}

char *files_path(char path[PATH_MAX], const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(path, PATH_MAX, format, arguments);
	va_end(arguments);
	if (length < 0 || length >= PATH_MAX)
		abort();
	return path;
}

int files_make_parents(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		files_path(part, "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static char *read_all(int fd, size_t *size)
{
	size_t room = 4096;
	char *text = malloc(room + 1), *grown;
	ssize_t n;

	*size = 0;
	while (text && (n = read(fd, text + *size, room - *size)) > 0) {
		*size += n;
		if (*size < room)
			continue;
		room *= 2;
		grown = realloc(text, room + 1);
		if (!grown)
			free(text);
		text = grown;
	}
	if (text && n < 0) {
		free(text);
		return NULL;
	}
	if (text)
		text[*size] = '\0';
	return text;
}

static char *read_sized(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	int err;

	if (fd < 0)
		return NULL;
	text = read_all(fd, size);
	err = errno;
	close(fd);
	errno = err;
	return text;
}

char *files_read(const char *path)
{
	size_t size;

	return read_sized(path, &size);
}

bool files_equal(const char *path, const char *text)
{
	char *now = files_read(path);
	bool equal = now && strcmp(now, text) == 0;

	free(now);
	return equal;
}

static int create(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

/* Replaces what is there, even if it may only be read. */
static int write_sized(const char *path, const char *text, size_t size, mode_t mode)
{
	int fd, r = 0;

	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = create(path, mode);
	if (fd < 0 && errno == ENOENT && files_make_parents(path) == 0)
		fd = create(path, mode);
	if (fd < 0)
		return -errno;
	if (write(fd, text, size) != (ssize_t)size)
		r = -EIO;
	return close(fd) && r == 0 ? -errno : r;
}

int files_write(const char *path, const char *text)
{
	return write_sized(path, text, strlen(text), 0644);
}

int files_write_mode(const char *path, const char *text, mode_t mode)
{
	return write_sized(path, text, strlen(text), mode);
}

int files_copy(const char *from, const char *to)
{
	size_t size;
	char *text = read_sized(from, &size);
	int r = text ? write_sized(to, text, size, 0644) : -errno;

	free(text);
	return r;
}

static int copy_link(const char *from, const char *to)
{
	char text[PATH_MAX];
	ssize_t n = readlink(from, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return symlink(text, to) ? -errno : 0;
}

static int copy_entry(const char *from, const char *to)
{
	struct stat st;

	if (lstat(from, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return files_copy_tree(from, to);
	return S_ISLNK(st.st_mode) ? copy_link(from, to) : files_copy(from, to);
}

int files_copy_tree(const char *from, const char *to)
{
	char source[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(from);
	int r = 0;

	if (!dir)
		return -errno;
	if (mkdir(to, 0755) && errno != EEXIST)
		r = -errno;
	while (!r && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		files_path(source, "%s/%s", from, entry->d_name);
		files_path(target, "%s/%s", to, entry->d_name);
		r = copy_entry(source, target);
	}
	closedir(dir);
	return r;
}

int files_remove_tree(const char *path)
{
	char *const paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;
	int r = 0;

	if (!tree)
		return -errno;
	while (!r && (entry = fts_read(tree)))
		if (entry->fts_info != FTS_D && remove(entry->fts_path) && errno != ENOENT)
			r = -errno;
	fts_close(tree);
	return r;
}

/* FNV-1a over each entry, summed, so that the order of a directory does not matter. */
static uint64_t hash(uint64_t sum, const void *data, size_t size)
{
	const unsigned char *byte = data;

	while (size--)
		sum = (sum ^ *byte++) * 0x100000001b3;
	return sum;
}

static uint64_t hash_entry(const char *path, const struct stat *st)
{
	const uint64_t facts[] = { st->st_mode, st->st_size, st->st_ino, st->st_ctim.tv_sec,
				   st->st_ctim.tv_nsec };

	return hash(hash(0xcbf29ce484222325, path, strlen(path)), facts, sizeof(facts));
}

int files_fingerprint_tree(const char *path, uint64_t *sum)
{
	char *const paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (!tree)
		return -errno;
	*sum = 0;
	while ((entry = fts_read(tree)))
		if (entry->fts_info != FTS_DP)
			*sum += hash_entry(entry->fts_path, entry->fts_statp);
	fts_close(tree);
	return 0;
}
