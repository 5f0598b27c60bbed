/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child processes: start one, wait for it no longer than allowed. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int redirect(const char *path, int flags, int fd)
{
	int file = open(path, flags | O_CLOEXEC, 0644);

	if (file < 0 || dup2(file, fd) < 0)
		return -errno;
	close(file);
	return 0;
}

static int redirect_all(const char *out, const char *err)
{
	static const int flags = O_WRONLY | O_CREAT | O_APPEND;
	int ret = redirect("/dev/null", O_RDONLY, STDIN_FILENO);

	if (out)
		ret = ret ?: redirect(out, flags, STDOUT_FILENO);
	if (err)
		ret = ret ?: redirect(err, flags, STDERR_FILENO);
	return ret;
}

pid_t command_fork(const char *out, const char *err)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (redirect_all(out, err) < 0)
		_exit(COMMAND_NOT_STARTED);
	return 0;
}

static int wait_until(pid_t pid, int seconds)
{
	struct pollfd ended = { .events = POLLIN };
	int ret;

	ended.fd = pidfd_open(pid, 0);
	if (ended.fd < 0)
		return -errno;
	ret = poll(&ended, 1, seconds * 1000);
	close(ended.fd);
	return ret == 0 ? -ETIMEDOUT : 0;
}

int command_wait(pid_t pid, int seconds)
{
	int timeout = seconds > 0 ? wait_until(pid, seconds) : 0;
	int status;

	if (timeout < 0)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (timeout < 0)
		return timeout;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int command_run(const char *root, const char *const *argv)
{
	pid_t pid = command_fork(NULL, NULL);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (!root || (chroot(root) == 0 && chdir("/") == 0))
			execvp(argv[0], (char *const *)argv);
		perror(argv[0]);
		_exit(COMMAND_NOT_STARTED);
	}
	return command_wait(pid, 0);
}
