/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs vfio-earlyctl and keeps what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "run.h"

#define ARGUMENTS_MAX 16
#define LIMIT_S       60

void run_work(const char *name, char path[PATH_MAX])
{
	char base[PATH_MAX];

	assert_non_null(realpath(files_build(), base));
	files_path(path, "%s/tests/ctl/%s.work", base, name);
	assert_int_equal(files_remove_tree(path), 0);
	files_make_parents(path);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void become_program(const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX + 2] = { "vfio-earlyctl" };
	char program[PATH_MAX];

	for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		argv[i + 1] = arguments[i];
	files_path(program, "%s/sanitized/vfio-earlyctl", files_build());
	/* Who runs the tests in the background may have these ignored, and so would the program. */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	execv(program, (char *const *)argv);
	_exit(COMMAND_NOT_STARTED);
}

void run_ctl(const char *const *arguments, struct run_result *result)
{
	char out[PATH_MAX], err[PATH_MAX];
	pid_t pid;

	files_path(out, "%s/tests/ctl/%d.out", files_build(), (int)getpid());
	files_path(err, "%s/tests/ctl/%d.err", files_build(), (int)getpid());
	pid = command_fork(out, err);
	assert_true(pid >= 0);
	if (pid == 0)
		become_program(arguments);
	result->status = command_wait(pid, LIMIT_S);
	result->out = files_read(out);
	result->err = files_read(err);
	assert_non_null(result->out);
	assert_non_null(result->err);
	unlink(out);
	unlink(err);
}

void run_free(struct run_result *result)
{
	free(result->out);
	free(result->err);
}

char *run_digest(const char *root, char **list)
{
	const char *const argv[] = { "--root", root, "fill-image", root, "none", NULL };
	const char *const made[] = { "digest", "protected" };
	struct run_result result;
	char path[PATH_MAX], *digest;

	files_path(path, "%s/etc/x", root);
	files_make_parents(path);
	run_ctl(argv, &result);
	run_free(&result);
	files_path(path, "%s/etc/vfio-early.digest", root);
	digest = files_read(path);
	assert_non_null(digest);
	if (list)
		*list = files_read(files_path(path, "%s/etc/vfio-early.protected", root));
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		files_path(path, "%s/etc/vfio-early.%s", root, made[i]);
		unlink(path);
	}
	return digest;
}
