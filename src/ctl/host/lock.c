/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of rules and kernel command line. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/file.h"
#include "host/lock.h"

#define POLLS_PER_SECOND 10

/* Makes a directory unless it is there. No link is followed: below another root it leads out. */
static int enter(int parent, const char *name)
{
	int fd;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_lock(const struct host *host)
{
	cleanup_fd int run = enter(host->directory, "run");
	cleanup_fd int directory = run < 0 ? run : enter(run, strrchr(LOCK_DIRECTORY, '/') + 1);
	int fd;

	if (directory < 0)
		return directory;
	fd = openat(directory, strrchr(LOCK_FILE, '/') + 1,
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* 0, -EBUSY while another process has it, or another -errno. */
static int try_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES || errno == EAGAIN || errno == EINTR ? -EBUSY : -errno;
}

int lock_take(const struct host *host, unsigned int wait_s, pid_t *holder)
{
	const struct timespec pause = { .tv_nsec = 1000000000 / POLLS_PER_SECOND };
	struct flock other = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_lock(host), result = fd < 0 ? fd : try_lock(fd);

	for (unsigned int i = 0; i < wait_s * POLLS_PER_SECOND && result == -EBUSY; i++) {
		nanosleep(&pause, NULL);
		result = try_lock(fd);
	}
	if (result == 0)
		return fd;
	if (result == -EBUSY) {
		/* It cannot be told of another PID namespace. */
		bool known = fcntl(fd, F_GETLK, &other) == 0 && other.l_type != F_UNLCK;

		*holder = known && other.l_pid > 0 ? other.l_pid : 0;
	}
	file_close(&fd);
	return result;
}
