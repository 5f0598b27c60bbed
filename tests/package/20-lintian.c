/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lintian(1) has nothing to say about the package. */
#include <unistd.h>

#include "command.h"
#include "expect.h"
#include "files.h"

static void lintian_is_content(void **state)
{
	const char *argv[] = {
		"lintian", "--allow-root", "--fail-on", "error,warning", NULL, NULL
	};
	char build[PATH_MAX], changes[PATH_MAX];
	pid_t pid;

	(void)state;
	assert_int_equal(image_find_build(build), 0);
	files_path(changes, "%s/deb/vfio-early_" VERSION "_amd64.changes", build);
	argv[4] = changes;
	/* Its words are no TAP. */
	pid = command_fork(NULL, NULL);
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(COMMAND_NOT_STARTED);
	}
	assert_int_equal(command_wait(pid, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lintian_is_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
