/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that a dead disk or a silent file system can hold up for ever. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/deadline.h"

/* A disk that spins up needs up to ten seconds; what answers after that is not waited for. */
#define TOTAL_MS 10000
#define LEAST_MS 300

struct shared {
	int result;
	_Alignas(max_align_t) char answer[];
};

static _Noreturn void run_in_child(int (*run)(const void *context, void *answer),
				   const void *context, struct shared *shared)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0);
	shared->result = run(context, shared->answer);
	_exit(0);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Whether the child ended in time. One that is stuck in the kernel stays when it is killed. */
static int wait_for(pid_t child)
{
	static int left = TOTAL_MS;
	long long began = now_ms();
	struct pollfd end = { (int)syscall(SYS_pidfd_open, child, 0), POLLIN, 0 };
	int ready, error = errno;

	if (end.fd >= 0)
		do
			ready = poll(&end, 1, left > LEAST_MS ? left : LEAST_MS);
		while (ready < 0 && errno == EINTR);
	else
		ready = -1;
	if (end.fd >= 0)
		close(end.fd);
	left -= (int)(now_ms() - began);
	if (ready != 1)
		kill(child, SIGKILL);
	waitpid(child, NULL, ready == 1 ? 0 : WNOHANG);
	return ready == 1 ? 0 : ready == 0 ? -ETIMEDOUT : -error;
}

int deadline_run(int (*run)(const void *context, void *answer), const void *context, void *answer,
		 size_t size)
{
	struct shared *shared = mmap(NULL, sizeof(*shared) + size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	int result;

	if (shared == MAP_FAILED)
		return -errno;
	shared->result = -EIO; /* of a child that was killed */
	if (size > 0)
		memcpy(shared->answer, answer, size);
	child = fork();
	if (child == 0)
		run_in_child(run, context, shared);
	result = child < 0 ? -errno : wait_for(child);
	if (result == 0) {
		result = shared->result;
		if (size > 0)
			memcpy(answer, shared->answer, size);
	}
	munmap(shared, sizeof(*shared) + size);
	return result;
}
