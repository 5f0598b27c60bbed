/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for ssh: `enter [OPTION]... PID COMMAND` runs a command for the shell in the namespaces
 * of a process, as sshd would on the host of that name.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int enter(pid_t pid)
{
	int fd = pidfd_open(pid, 0);
	int ret = fd < 0 ? -1 : setns(fd, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET);

	close(fd);
	return ret;
}

static void become(const char *command)
{
	static char *const environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"USER=root", "SHELL=/bin/sh", NULL
	};
	char *argv[] = { "sh", "-c", (char *)command, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve("/bin/sh", argv, environment);
	perror("/bin/sh");
	_exit(127);
}

int main(int argc, char **argv)
{
	int status = -1;
	pid_t pid;

	if (argc < 3 || enter(atoi(argv[argc - 2])) < 0) {
		perror("enter");
		return 255; /* as ssh has it when there is no connection */
	}
	pid = fork(); /* into the process namespace */
	if (pid == 0)
		become(argv[argc - 1]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
