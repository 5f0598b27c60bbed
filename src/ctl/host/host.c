/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host whose files are read. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "core/file.h"
#include "core/pci.h"
#include "host/deadline.h"
#include "host/host.h"

/* /proc/net/route of a router with a full table; anything longer is no host's. */
#define TEXT_MAX_LENGTH (256u << 20)

/* The kernel's own (PROC_PID_INIT_INO), since 3.8. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"

int host_open(struct host *host, const char *root)
{
	host->directory = -1;
	host->unseen = NULL;
	if (!realpath(root[0] ? root : "/", host->root))
		return -errno;
	host->live = strcmp(host->root, "/") == 0;
	host->directory = file_open_flags(AT_FDCWD, host->root, O_RDONLY | O_DIRECTORY);
	if (host->live)
		host->root[0] = '\0';
	return host->directory < 0 ? host->directory : 0;
}

void host_close(struct host *host)
{
	file_close(&host->directory);
	host->directory = -1;
}

static int list_nothing(void *context, int fd, const char *name)
{
	(void)context;
	(void)fd;
	(void)name;
	return 0;
}

static int list_cluster(const void *directory, void *answer)
{
	(void)answer;
	return file_each_entry(file_open(AT_FDCWD, directory), list_nothing, NULL);
}

/*
 * The files of a cluster are in FUSE, and a daemon that hangs holds up who opens one: it is asked
 * once whether it answers, before any. 0 or -ETIMEDOUT.
 */
static int check_answers(const struct host *host, const char *path)
{
	static char asked[PATH_MAX];
	static int answer;
	char cluster[PATH_MAX];

	if (strncmp(path, HOST_CLUSTER, strlen(HOST_CLUSTER)) != 0 ||
	    host_outside(host, HOST_CLUSTER, cluster) < 0)
		return 0;
	if (strcmp(asked, cluster) != 0)
		answer = deadline_run(list_cluster, cluster, NULL, 0);
	strcpy(asked, cluster);
	return answer == -ETIMEDOUT ? answer : 0;
}

int host_path(char path[PATH_MAX], const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(path, PATH_MAX, format, arguments);
	va_end(arguments);
	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int host_outside(const struct host *host, const char *path, char outside[PATH_MAX])
{
	return host_path(outside, "%s%s", host->root, path);
}

static int note(const struct host *host, int result)
{
	static const int errors[] = { -EIO, -EACCES, -ENOMEM, -EMFILE, -ENFILE };

	for (size_t i = 0; host->unseen && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (result == errors[i])
			*host->unseen = result;
	return result;
}

bool host_has(const struct host *host, const char *directory, const char *name)
{
	char path[PATH_MAX];

	if (host_path(path, "%s/%s", directory, name) < 0)
		return false;
	if (check_answers(host, path) < 0 ||
	    faccessat(host->directory, host_below(path), F_OK, 0) == 0)
		return true;
	note(host, -errno);
	return errno != ENOENT && errno != ENOTDIR;
}

int host_resolve(const struct host *host, const char *path, char resolved[PATH_MAX])
{
	char outside[PATH_MAX], whole[PATH_MAX];
	size_t root = strlen(host->root);
	int result = host_outside(host, path, outside) ?: check_answers(host, path);

	if (result < 0)
		return result;
	if (!realpath(outside, whole))
		return note(host, -errno);
	if (strncmp(whole, host->root, root) != 0 || whole[root] != '/')
		return -ENOENT;
	strcpy(resolved, whole + root);
	return 0;
}

int host_readf(const struct host *host, char *line, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	int length;
	ssize_t got;

	va_start(arguments, format);
	length = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(path))
		return -ENAMETOOLONG;
	got = check_answers(host, path)
		      ?: file_read(host->directory, host_below(path), line, size);
	if (got < 0)
		return note(host, (int)got);
	length = (int)strcspn(line, "\n");
	if ((size_t)length == size - 1)
		return -ENAMETOOLONG;
	line[length] = '\0';
	return length;
}

int host_read_text(const struct host *host, const char *path, char **text)
{
	size_t length;

	return check_answers(host, path) ?: file_read_all(host->directory, host_below(path),
							  TEXT_MAX_LENGTH, text, &length);
}

struct listing {
	const char *directory;
	int (*each)(void *context, const char *directory, const char *name);
	void *context;
};

static int list_entry(void *context, int fd, const char *name)
{
	const struct listing *listing = context;

	(void)fd;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	return listing->each(listing->context, listing->directory, name);
}

int host_each(const struct host *host, const char *directory,
	      int (*each)(void *context, const char *directory, const char *name), void *context)
{
	struct listing listing = { .directory = directory, .each = each, .context = context };
	int fd = check_answers(host, directory) ?: file_open(host->directory, host_below(directory));

	return file_each_entry(fd, list_entry, &listing);
}

/*
 * Where /proc/1/root may not be looked at, the mounts tell: inside a chroot there is none of /,
 * unless it was entered at a mount.
 */
static bool in_chroot(void)
{
	struct stat ours, first;

	if (stat("/", &ours) < 0 || stat("/proc/1/root", &first) < 0)
		return false;
	return ours.st_dev != first.st_dev || ours.st_ino != first.st_ino;
}

/*
 * The namespace tells of those that leave no mark. Docker's mark, /.dockerenv, says nothing: it
 * stays in images that became a machine's.
 */
static bool in_container(const struct host *host)
{
	char name[32];

	if (host_has(host, "/run/systemd", "container"))
		return true;
	return host->live &&
	       file_read_link_name(host->directory, "proc/self/ns/pid", name, sizeof(name)) == 0 &&
	       strcmp(name, FIRST_PID_NAMESPACE) != 0;
}

/* A procfs below another root tells of this machine: its mounts are not that root's. */
static bool has_foreign_proc(const struct host *host)
{
	cleanup_fd int fd = file_open(host->directory, "proc");
	struct statfs status;

	return fd >= 0 && fstatfs(fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

const char *host_hidden(const struct host *host)
{
	if (!host_has(host, "/proc/self", "mountinfo"))
		return "no /proc";
	if (!host->live && has_foreign_proc(host))
		return "its /proc is that of this machine";
	if (!host_has(host, "/sys", "bus"))
		return "no /sys";
	if (in_container(host))
		return "in a container";
	if (host->live && in_chroot())
		return "in a chroot";
	if (!host_has(host, "/" PCI_DEVICES, "."))
		return "no PCI bus";
	return NULL;
}
