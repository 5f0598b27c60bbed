/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Previews the outcome for described hosts: one test a directory.
 *
 *	scenario [DIR…]		all directories of tests/scenario if none is named
 *
 * Run it where the project is. VFIO_EARLY_BUILD names the build directory. UPDATE=1 records what
 * the program says as what is expected: read it with git diff, line by line, before you believe
 * it.
 *
 * A directory has any of these files:
 *
 *	host		a host as lib/hosttree.h describes it, or one line `hosts/NAME` for one
 *			that scenarios share; without it there is no sysfs
 *	rules		becomes etc/vfio-early.conf
 *	etc/		is laid into the tree as it is
 *	cmdline		the kernel command line
 *	protected	devices in use by the host, which the program is told of by --protected; as a
 *			link to nowhere, a list that is not there
 *	expect		what `vfio-early --root DIR --dry-run` prints, byte by byte
 *	expect.err	what it prints to stderr; nothing if absent
 *	status		its exit status; 0 if absent
 *
 * That a dry run leaves the tree as it was is checked each time. Scenarios that share a host run
 * in the same tree, one after the other; to look at one's tree, run that one alone: a message
 * tells where it stays, with stdout and stderr beside it.
 */
#include "diff.h"
#include "files.h"
#include "hosttree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCENARIOS       "tests/scenario"
#define TIMEOUT_SECONDS 20

/* What is not a scenario among the directories of SCENARIOS. */
static const char shared_hosts[] = "hosts";

typedef char path_t[PATH_MAX];

struct scenario {
	const char *name;
	/* what is given, and the file that describes the host */
	path_t dir, host;
	/* where it runs, and the host's root below that */
	path_t work, root;
	path_t program;
};

static bool is_update(void)
{
	const char *value = getenv("UPDATE");

	return value && !strcmp(value, "1");
}

static void must(int r, const char *what)
{
	if (r)
		fail_msg("%s: %s", what, strerror(-r));
}

static void make_dir(const char *path)
{
	must(mkdir(path, 0755) && errno != EEXIST ? -errno : 0, path);
}

static void copy_if_present(const struct scenario *s, const char *name, const char *to)
{
	path_t from, target;
	struct stat st;

	files_path(target, "%s/%s", s->root, to);
	if (stat(files_path(from, "%s/%s", s->dir, name), &st))
		return;
	must(files_make_parents(target), target);
	must(S_ISDIR(st.st_mode) ? files_copy_tree(from, target) : files_copy(from, target), from);
}

/* Without a host file there is no sysfs, as when it is not mounted. */
static void make_host(const struct scenario *s)
{
	path_t parents;
	char msg[256] = "";
	char *text;
	int r = 0;

	if (!access(s->root, F_OK))
		return;
	must(files_make_parents(files_path(parents, "%s/", s->root)), s->root);
	text = files_read(s->host);
	if (text)
		r = hosttree_write(text, s->root, msg, sizeof(msg));
	free(text);
	if (!r)
		return;
	files_remove_tree(s->root);
	fail_msg("%s: %s", s->host, msg);
}

/* What the scenario before left in the host's tree goes. */
static void make_tree(const struct scenario *s)
{
	path_t path;

	make_host(s);
	must(files_remove_tree(files_path(path, "%s/etc", s->root)), path);
	must(files_remove_tree(files_path(path, "%s/proc", s->root)), path);
	must(files_remove_tree(files_path(path, "%s/protected", s->root)), path);
	make_dir(files_path(path, "%s/etc", s->root));
	make_dir(files_path(path, "%s/proc", s->root));
	must(files_write(files_path(path, "%s/proc/cmdline", s->root), ""), path);
	copy_if_present(s, "etc", "etc");
	copy_if_present(s, "rules", "etc/vfio-early.conf");
	copy_if_present(s, "cmdline", "proc/cmdline");
	copy_if_present(s, "protected", "protected");
}

/* In the child. Relative to the work directory, so that no output depends on where that is. */
static void run_program(const struct scenario *s)
{
	char *argv[] = { "vfio-early", "--root", "root", "--dry-run", NULL, "/protected", NULL };
	struct stat status;
	path_t list;
	static char *const envp[] = { "LC_ALL=C", NULL };
	int in = open("/dev/null", O_RDONLY), out, err;

	if (!lstat(files_path(list, "%s/protected", s->dir), &status))
		argv[4] = "--protected";
	if (chdir(s->work))
		_exit(127);
	out = open("stdout", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	err = open("stderr", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	alarm(TIMEOUT_SECONDS);
	execve(s->program, argv, envp);
	_exit(127);
}

/* The exit status, or as a shell has it 128 and the signal. */
static int dry_run(const struct scenario *s)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		run_program(s);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail_msg("cannot run %s: %s", s->program, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its input is a folder with a dev/kmsg, in which nobody has a root. */
static int run_without_root(const char *program, const char *folder, char *const *argv)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		int in = open(folder, O_RDONLY | O_DIRECTORY), out = open("/dev/null", O_WRONLY);

		if (dup2(in, 0) < 0 || dup2(out, 2) < 0 || chdir(folder))
			_exit(127);
		alarm(TIMEOUT_SECONDS);
		execv(program, argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_unusable_paths(void **state)
{
	static char *const runs[][6] = {
		{ "vfio-early", "--root", "nowhere" },
		{ "vfio-early", "--root", ".", "--dry-run", "--protected", "" },
		{ "vfio-early", "--root", ".", "--dry-run", "--protected", "list" },
	};
	const struct scenario *s = *state;
	path_t folder, log;
	char *text;

	files_path(folder, "%s/../unusable-paths", s->work);
	must(files_remove_tree(folder), folder);
	make_dir(folder);
	make_dir(files_path(log, "%s/dev", folder));
	must(files_write(files_path(log, "%s/dev/kmsg", folder), ""), log);
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		char *argv[7] = { NULL };

		memcpy(argv, runs[i], sizeof(runs[i]));
		assert_int_equal(run_without_root(s->program, folder, argv), 1);
		text = files_read(log);
		assert_non_null(text);
		assert_string_equal(text, "");
		free(text);
	}
}

static char *read_result(const struct scenario *s, const char *name)
{
	path_t path;
	char *text = files_read(files_path(path, "%s/%s", s->work, name));

	if (!text)
		fail_msg("%s: %s", path, strerror(errno));
	return text;
}

/* A file that is absent says the same as one with @otherwise. */
static char *read_expected(const struct scenario *s, const char *name, const char *otherwise)
{
	path_t path;
	char *text = files_read(files_path(path, "%s/%s", s->dir, name));

	if (!text && otherwise)
		text = strdup(otherwise);
	if (!text)
		fail_msg("%s: %s", path, strerror(errno));
	return text;
}

static void record(const struct scenario *s, const char *name, const char *got,
		   const char *otherwise)
{
	path_t path;

	files_path(path, "%s/%s", s->dir, name);
	if (otherwise && !strcmp(got, otherwise))
		must(unlink(path) && errno != ENOENT ? -errno : 0, path);
	else
		must(files_write(path, got), path);
}

/* Compares what was got with the file of that name; prints the difference if there is one. */
static bool is_as_expected(const struct scenario *s, const char *name, const char *got,
			   const char *otherwise)
{
	char *expected;
	bool same;

	if (is_update()) {
		record(s, name, got, otherwise);
		return true;
	}
	expected = read_expected(s, name, otherwise);
	same = !strcmp(expected, got);
	if (!same) {
		print_error("--- %s/%s\n+++ got\n", s->dir, name);
		diff_show(expected, got);
	}
	free(expected);
	return same;
}

static void test_scenario(void **state)
{
	const struct scenario *s = *state;
	uint64_t before, after;
	char *out, *err;
	char status[16];
	bool same;

	make_tree(s);
	must(files_fingerprint_tree(s->root, &before), s->root);
	snprintf(status, sizeof(status), "%d\n", dry_run(s));
	must(files_fingerprint_tree(s->root, &after), s->root);
	out = read_result(s, "stdout");
	err = read_result(s, "stderr");

	same = is_as_expected(s, "expect", out, NULL);
	same &= is_as_expected(s, "expect.err", err, "");
	same &= is_as_expected(s, "status", status, "0\n");
	free(out);
	free(err);
	if (!same)
		fail_msg("%s: see %s", s->dir, s->work);
	if (before != after)
		fail_msg("a dry run changed the tree %s", s->root);
}

static int is_scenario(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
	       strcmp(entry->d_name, shared_hosts);
}

/* The names of all scenarios, in order, as if they had been given. */
static size_t find_scenarios(char ***dirs)
{
	struct dirent **entries;
	path_t path;
	int i, n = scandir(SCENARIOS, &entries, is_scenario, alphasort);

	if (n <= 0) {
		fprintf(stderr, "scenario: none in %s\n", SCENARIOS);
		exit(1);
	}
	*dirs = calloc(n, sizeof(**dirs));
	for (i = 0; *dirs && i < n; i++) {
		(*dirs)[i] = strdup(files_path(path, "%s/%s", SCENARIOS, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return n;
}

static char *resolve(path_t resolved, const char *path)
{
	if (realpath(path, resolved))
		return resolved;
	fprintf(stderr, "scenario: %s: %s\n", path, strerror(errno));
	exit(1);
}

/* The one line `hosts/NAME` stands for a host that scenarios share, and they share its tree. */
static void set_host(struct scenario *s, const char *trees)
{
	path_t path, name;
	char *text = files_read(files_path(path, "%s/host", s->dir));

	if (text && sscanf(text, "hosts/%4000s", name) == 1) {
		resolve(s->host, files_path(path, SCENARIOS "/%s/%s", shared_hosts, name));
		files_path(s->work, "%s/%s/%s", trees, shared_hosts, name);
	} else {
		files_path(s->host, "%s", path);
		files_path(s->work, "%s/%s", trees, s->name);
	}
	files_path(s->root, "%s/root", s->work);
	free(text);
}

static void set_up(struct scenario *s, const char *dir, const char *trees)
{
	path_t program;

	resolve(s->dir, dir);
	s->name = strrchr(s->dir, '/') + 1;
	resolve(s->program, files_path(program, "%s/vfio-early", files_build()));
	set_host(s, trees);
}

/* Trees of an earlier run may be of other hosts by now. */
static void clear_trees(path_t trees)
{
	path_t build;
	int r;

	files_path(trees, "%s/tests/scenario/trees", resolve(build, files_build()));
	r = files_remove_tree(trees);
	if (!r)
		return;
	fprintf(stderr, "scenario: %s: %s\n", trees, strerror(-r));
	exit(1);
}

int main(int argc, char **argv)
{
	char **dirs = argv + 1;
	size_t i, n = argc - 1;
	struct CMUnitTest *tests;
	struct scenario *scenarios;
	path_t trees;

	clear_trees(trees);
	if (!n)
		n = find_scenarios(&dirs);
	tests = calloc(n + 1, sizeof(*tests));
	scenarios = calloc(n, sizeof(*scenarios));
	if (!dirs || !tests || !scenarios)
		return 1;
	for (i = 0; i < n; i++) {
		set_up(&scenarios[i], dirs[i], trees);
		tests[i].name = scenarios[i].name;
		tests[i].test_func = test_scenario;
		tests[i].initial_state = &scenarios[i];
	}
	tests[n].name = "unusable paths of options";
	tests[n].test_func = test_unusable_paths;
	tests[n].initial_state = &scenarios[0];
	return _cmocka_run_group_tests("scenario", tests, n + 1, NULL, NULL);
}
