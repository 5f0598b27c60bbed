/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `make demo` on a Proxmox VE host: pve-qemu-kvm conflicts with the qemu-system-x86 that the demo
 * needs. apt simulates, on a list of installed packages that is like this machine's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "expect.h"
#include "files.h"

#define WANTED "qemu-system-x86"

static const char conflicting[] = "Package: pve-qemu-kvm\n"
				  "Status: install ok installed\n"
				  "Architecture: amd64\n"
				  "Version: 9.2.0-5\n"
				  "Conflicts: " WANTED "\n"
				  "Maintainer: nobody\n"
				  "Description: conflicts with what Debian has\n\n";

/* Stanzas end with an empty line. */
static void write_status(const char *path, bool conflict)
{
	static const char wanted[] = "Package: " WANTED "\n";
	char *status = files_read("/var/lib/dpkg/status"), *rest = status, *end;
	FILE *file = fopen(path, "w");

	assert_non_null(status);
	assert_non_null(file);
	for (; (end = strstr(rest, "\n\n")); rest = end + 2)
		if (strncmp(rest, wanted, sizeof(wanted) - 1) != 0)
			assert_int_equal(fprintf(file, "%.*s\n\n", (int)(end - rest), rest),
					 end - rest + 2);
	if (conflict)
		fputs(conflicting, file);
	assert_int_equal(fclose(file), 0);
	free(status);
}

/* The exit status of `make demo-packages`, and what it said, in @log. */
static int install_packages(bool conflict, char log[PATH_MAX])
{
	char build[PATH_MAX], folder[PATH_MAX], path[PATH_MAX], text[2 * PATH_MAX];
	pid_t pid;

	assert_int_equal(image_find_build(build), 0);
	files_path(folder, "%s/tests/package/40-nothing-removed", build);
	files_path(log, "%s/log", folder);
	files_path(path, "%s/dpkg/info/format", folder);
	assert_int_equal(files_write(path, "1\n"), 0);
	files_path(path, "%s/dpkg/updates/x", folder);
	assert_int_equal(files_make_parents(path), 0);
	files_path(path, "%s/dpkg/status", folder);
	write_status(path, conflict);
	snprintf(text, sizeof(text), "Dir::State::status \"%s\";\nAPT::Get::Simulate \"true\";\n",
		 path);
	files_path(path, "%s/apt.conf", folder);
	assert_int_equal(files_write(path, text), 0);
	pid = command_fork(log, log);
	if (pid == 0) {
		setenv("APT_CONFIG", path, 1);
		files_path(path, "%s/dpkg", folder);
		setenv("DPKG_ADMINDIR", path, 1);
		unsetenv("MAKEFLAGS");
		unsetenv("MAKELEVEL");
		execlp("make", "make", "demo-packages", NULL);
		_exit(COMMAND_NOT_STARTED);
	}
	return command_wait(pid, 300);
}

static void expect_text(const char *log, const char *text)
{
	char *all = files_read(log);

	assert_non_null(all);
	if (!strstr(all, text))
		fail_msg("%s: lacks \"%s\":\n%s", log, text, all);
	free(all);
}

static void conflict_stops_it(void **state)
{
	char log[PATH_MAX];

	(void)state;
	assert_int_equal(install_packages(true, log), 2);
	expect_text(log, "APT     " WANTED);
	expect_text(log, "remove is disabled");
	expect_text(log, "Proxmox VE");
}

static void without_conflict_it_installs(void **state)
{
	char log[PATH_MAX];

	(void)state;
	assert_int_equal(install_packages(false, log), 0);
	expect_text(log, "APT     " WANTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conflict_stops_it),
		cmocka_unit_test(without_conflict_it_installs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
