/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host whose files are read: this one, or one that is recorded below a directory. Paths are
 * as the host has them, and absolute.
 */
#ifndef VFIO_EARLY_HOST_HOST_H
#define VFIO_EARLY_HOST_HOST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* What Proxmox VE's daemon shows; where that doesn't answer, the calls below return -ETIMEDOUT. */
#define HOST_CLUSTER "/etc/pve"

struct host {
	char root[PATH_MAX]; /* canonical; empty for / */
	int directory;       /* root, open */
	bool live;           /* this machine: its devices can be asked */
	/*
	 * Gets what host_has(), host_resolve() or host_readf() fails with, unless that says that
	 * there is nothing: many callers go on as if there were. NULL, as host_open() sets it: not.
	 */
	int *unseen;
};

/* 0 or -errno; host_close() is needed in either case. */
int host_open(struct host *host, const char *root);
void host_close(struct host *host);

/*
 * Why the host cannot be seen from here: in a chroot, in a container, without /proc or /sys. NULL
 * if it can be seen.
 */
const char *host_hidden(const struct host *host);

/* Writes a path as a printf. 0 or -ENAMETOOLONG. */
int host_path(char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Puts the root before a path, for libraries. 0 or -ENAMETOOLONG. */
int host_outside(const struct host *host, const char *path, char outside[PATH_MAX])
	__attribute__((warn_unused_result));

/* A path of the host as the *at() calls want it, below its directory: "." for /. */
static inline const char *host_below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

/*
 * Whether there is a file name below the directory. Where that can't be told, there is: a caller that
 * uses it then finds out why not.
 */
bool host_has(const struct host *host, const char *directory, const char *name);

/* Follows all links of path; what they lead to stays below the root. 0 or -errno. */
int host_resolve(const struct host *host, const char *path, char resolved[PATH_MAX])
	__attribute__((warn_unused_result));

/*
 * Reads the first line of a file, whose path is a printf, without its newline. The length or
 * -errno; a line of size bytes or more, or a path that is too long, is -ENAMETOOLONG.
 */
int host_readf(const struct host *host, char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Reads a whole text, which the caller frees. 0, -ENOENT or another -errno. */
int host_read_text(const struct host *host, const char *path, char **text);

/*
 * Calls each with the name of every entry of a directory but . and .., until one call returns
 * something else than 0. Returns what the last call did, or -errno.
 */
int host_each(const struct host *host, const char *directory,
	      int (*each)(void *context, const char *directory, const char *name), void *context);

#endif
