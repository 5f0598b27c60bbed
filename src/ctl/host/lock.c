/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of rules and kernel command line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/file.h"
#include "host/lock.h"
#include "host/message.h"

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

/* " (process 123)"; "" where that cannot be told, as from another PID namespace. */
static const char *find_holder(int fd, char text[32])
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	text[0] = '\0';
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
		snprintf(text, 32, " (process %d)", (int)lock.l_pid);
	return text;
}

/* 0, -EAGAIN while another process has it, or another -errno. */
static int try_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES || errno == EINTR ? -EAGAIN : -errno;
}

static int await_lock(int fd)
{
	const struct timespec pause = { .tv_nsec = 1000000000 / POLLS_PER_SECOND };
	int result = try_lock(fd);
	char holder[32];

	if (result == -EAGAIN)
		ctl_fail("waiting for another vfio-earlyctl%s, which is changing rules or the "
			 "kernel command line",
			 find_holder(fd, holder));
	for (int i = 0; i < LOCK_WAIT_S * POLLS_PER_SECOND && result == -EAGAIN; i++) {
		nanosleep(&pause, NULL);
		result = try_lock(fd);
	}
	return result;
}

int lock_take(const struct host *host)
{
	int fd = open_lock(host), result = fd < 0 ? fd : await_lock(fd);
	char holder[32];

	if (result == 0)
		return fd;
	if (result == -EAGAIN) {
		ctl_fail(LOCK_FILE ": another vfio-earlyctl%s has held it for %d seconds; nothing "
				   "was changed, run this again when that has ended",
			 find_holder(fd, holder), LOCK_WAIT_S);
		result = -EBUSY;
	} else {
		ctl_fail(LOCK_FILE ": cannot be locked: %s", strerror(-result));
	}
	file_close(&fd);
	return result;
}
