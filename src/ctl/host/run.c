/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs programs of the host. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/run.h"

/* A root shell that is not a login shell may be without these. */
#define ADMIN_PATHS "/usr/local/sbin:/usr/sbin:/sbin"

static int extend_path(void)
{
	const char *path = getenv("PATH");
	char *longer;
	int result;

	if (path && strstr(path, ":" ADMIN_PATHS))
		return 0;
	if (asprintf(&longer, "%s:" ADMIN_PATHS, path ? path : "/usr/bin:/bin") < 0)
		return -ENOMEM;
	result = setenv("PATH", longer, 1) < 0 ? -errno : 0;
	free(longer);
	return result;
}

int run_await(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_own(const char *const argv[], int input)
{
	posix_spawn_file_actions_t actions;
	pid_t child;
	int result = extend_path();

	if (result < 0)
		return result;
	posix_spawn_file_actions_init(&actions);
	if (input >= 0)
		result = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (result == 0)
		result =
			posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return result ? -result : run_await(child);
}

int run_program(const struct host *host, const char *const argv[], FILE *out)
{
	if (!host->live)
		return -EXDEV;
	if (out) {
		fprintf(out, "+ %s", argv[0]);
		for (size_t i = 1; argv[i]; i++)
			fprintf(out, " %s", argv[i]);
		fputc('\n', out);
		/* What was printed before must not come after what the program prints. */
		fflush(out);
	}
	return run_own(argv, -1);
}
