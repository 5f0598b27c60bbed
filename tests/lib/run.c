/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs vfio-earlyctl and keeps what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "run.h"

#define ARGUMENTS_MAX 16
#define LIMIT_S       60

void run_path(char path[PATH_MAX], const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(path, PATH_MAX, format, arguments);
	va_end(arguments);
	assert_in_range(length, 1, PATH_MAX - 1);
}

static const char *build_directory(void)
{
	const char *build = getenv("VFIO_EARLY_BUILD");

	return build && *build ? build : "build";
}

void run_make_parents(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		run_path(part, "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0755) < 0)
			assert_int_equal(errno, EEXIST);
	}
}

void run_work(const char *name, char path[PATH_MAX])
{
	char base[PATH_MAX];

	assert_non_null(realpath(build_directory(), base));
	run_path(path, "%s/tests/ctl/%s.work", base, name);
	assert_int_equal(files_remove_tree(path), 0);
	run_make_parents(path);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void redirect(const char *path, int to)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(127);
	close(fd);
}

static void become_program(const char *const *arguments, const char *out, const char *err)
{
	const char *argv[ARGUMENTS_MAX + 2] = { "vfio-earlyctl" };
	char program[PATH_MAX];

	for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		argv[i + 1] = arguments[i];
	snprintf(program, sizeof(program), "%s/sanitized/vfio-earlyctl", build_directory());
	redirect(out, 1);
	redirect(err, 2);
	/* Who runs the tests in the background may have these ignored, and so would the program. */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	alarm(LIMIT_S);
	execv(program, (char *const *)argv);
	_exit(127);
}

void run_ctl(const char *const *arguments, struct run_result *result)
{
	char out[PATH_MAX], err[PATH_MAX];
	int status = 0;
	pid_t pid;

	run_path(out, "%s/tests/ctl/%d.out", build_directory(), (int)getpid());
	run_path(err, "%s/tests/ctl/%d.err", build_directory(), (int)getpid());
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_program(arguments, out, err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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

char *run_digest(const char *root)
{
	const char *const argv[] = { "--root", root, "fill-image", root, "none", NULL };
	const char *const made[] = { "digest", "protected" };
	struct run_result result;
	char path[PATH_MAX], *digest;

	run_path(path, "%s/etc/x", root);
	run_make_parents(path);
	run_ctl(argv, &result);
	run_free(&result);
	run_path(path, "%s/etc/vfio-early.digest", root);
	digest = files_read(path);
	assert_non_null(digest);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		run_path(path, "%s/etc/vfio-early.%s", root, made[i]);
		unlink(path);
	}
	return digest;
}
