/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What add and remove leave behind when they do not come to their end. For every system call that
 * could change something, one run is killed at the call, and one for each error sees it fail.
 * After each of these schedules:
 *
 *	each file of rules is the old one or the new one, byte for byte
 *	the boot would read no other file than before
 *	without an error status it is the new one; with one, something was said
 *	the same command, run again, ends well, and leaves the new files and nothing else
 *
 * It needs root, for a full file system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace.h"
#include "files.h"
#include "hosttree.h"
#include "tree.h"
#include "run.h"

#define LIMIT_S   20
#define CALLS_MAX 512
#define FILES_MAX 2
#define WORDS_MAX 8

#define MAIN  "/etc/vfio-early.conf"
#define OTHER "/etc/vfio-early.conf.d/50-more.conf"

static const struct play {
	const char *name;
	const char *words[WORDS_MAX];
	const char *before[FILES_MAX]; /* NULL: no such file */
	const char *after[FILES_MAX];
} plays[] = {
#define ADDED                                                                                      \
	"# 0000:0b:00.* VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1070]\n"  \
	"00:03.2/00.* id=10de:1b81\n"
	{
		.name = "add to a file",
		.words = { "add", "0b:00" },
		.before = { "# mine\n!0a:00", "" },
		.after = { "# mine\n!0a:00\n" ADDED, "" },
	},
	{
		.name = "add to a new file",
		.words = { "add", "0b:00" },
		.before = { NULL, "!0a:00\n" },
		.after = { ADDED, "!0a:00\n" },
	},
	{
		.name = "add an option to a rule",
		.words = { "add", "--group", "0b:00" },
		.before = { "# mine\n0b:00 # card\n!0a:00", "" },
		.after = { "# mine\n0b:00 group # card\n!0a:00", "" },
	},
	{
		.name = "remove from two files",
		.words = { "remove", "0b:00" },
		.before = { "# mine\n\n" ADDED "\n0c:00.3\n", "# more\n10de:10f0\n!0a:00\n0b:00\n" },
		.after = { "# mine\n\n0c:00.3\n", "# more\n!0a:00\n" },
	},
};

/* The calls that can change something, and how they fail. */
static const struct {
	long nr;
	int errors[4];
} changes[] = {
	{ SYS_openat, { EIO, ENOSPC, EROFS, EMFILE } },
	{ SYS_write, { EIO, ENOSPC, EDQUOT, EINTR } },
	{ SYS_ftruncate, { EIO, ENOSPC } },
	{ SYS_fchown, { EPERM, EIO } },
	{ SYS_fchmod, { EPERM, EIO } },
	{ SYS_fsync, { EIO, ENOSPC, EDQUOT } },
	{ SYS_renameat, { EIO, ENOSPC, EROFS } },
	{ SYS_renameat2, { EIO, ENOSPC, EROFS } },
	{ SYS_rename, { EIO, ENOSPC, EROFS } },
	{ SYS_unlinkat, { EIO, EROFS } },
	{ SYS_flock, { EINTR, ENOLCK } },
	{ SYS_mkdirat, { EROFS, ENOSPC } },
	{ SYS_exit_group, { 0 } },
};

static const char *const names[FILES_MAX] = { MAIN, OTHER };
static char root[PATH_MAX], program[PATH_MAX];
static bool live; /* the host is this machine */

static struct campaign {
	const struct play *play;
	struct trace_call calls[CALLS_MAX];
	size_t count;
	unsigned int schedules, old, new, mixed;
} campaign;

/* In the child. */
static void become(const void *context)
{
	const struct play *play = context;
	const char *argv[WORDS_MAX + 3] = { "vfio-earlyctl", "--root", live ? "/" : root };
	char path[PATH_MAX];
	int out, err;

	memcpy(argv + 3, play->words, sizeof(play->words));
	files_path(path, "%s/out", root);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	files_path(path, "%s/err", root);
	err = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	execv(program, (char *const *)argv);
	_exit(127);
}

static char *read_file(const char *name)
{
	char path[PATH_MAX];

	files_path(path, "%s%s", root, name);
	return files_read(path);
}

static void write_files(const struct play *play)
{
	char path[PATH_MAX];

	files_path(path, "%s/etc/vfio-early.conf.d", root);
	assert_int_equal(files_remove_tree(path), 0);
	for (size_t i = 0; i < FILES_MAX; i++) {
		files_path(path, "%s%s", root, names[i]);
		files_make_parents(path);
		unlink(path);
		if (play->before[i])
			assert_int_equal(files_write(path, play->before[i]), 0);
	}
	files_path(path, "%s/etc/.vfio-early.conf.new", root);
	unlink(path);
}

static bool has_text(const char *name, const char *text)
{
	char *found = read_file(name);
	bool same = found && text ? strcmp(found, text) == 0 : !found && !text;

	free(found);
	return same;
}

static bool is_old(const struct play *play, size_t file)
{
	return has_text(names[file], play->before[file]);
}

static bool is_new(const struct play *play, size_t file)
{
	return has_text(names[file], play->after[file]);
}

/* What else is in a directory of rules, but for files that no reader takes. */
static const char *find_stray(const char *directory, bool hidden)
{
	static char stray[256];
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *stream;

	files_path(path, "%s%s", root, directory);
	stream = opendir(path);
	assert_non_null(stream);
	stray[0] = '\0';
	while ((entry = readdir(stream))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    strcmp(name, "vfio-early.conf") == 0 || strcmp(name, "50-more.conf") == 0 ||
		    strcmp(name, "vfio-early.conf.d") == 0)
			continue;
		if (hidden || name[0] != '.')
			snprintf(stray, sizeof(stray), "%s", name);
	}
	closedir(stream);
	return stray[0] ? stray : NULL;
}

static void check_strays(const char *when, bool hidden)
{
	static const char *const directories[] = { "/etc", "/etc/vfio-early.conf.d" };

	for (size_t i = 0; i < 2; i++) {
		const char *stray = find_stray(directories[i], hidden);

		if (stray)
			fail_msg("%s: %s/%s was left behind", when, directories[i], stray);
	}
}

static int run(void)
{
	return trace_run(become, campaign.play, LIMIT_S, NULL, NULL, NULL).status;
}

static void check_state(const char *when, int status)
{
	const struct play *play = campaign.play;
	size_t old = 0, new = 0;
	char *said = read_file("/err");

	for (size_t i = 0; i < FILES_MAX; i++) {
		old += is_old(play, i);
		new += is_new(play, i);
		if (!is_old(play, i) && !is_new(play, i))
			fail_msg("%s: %s is neither old nor new", when, names[i]);
	}
	campaign.schedules++;
	*(new == FILES_MAX   ? &campaign.new
	  : old == FILES_MAX ? &campaign.old
			     : &campaign.mixed) += 1;
	check_strays(when, false);
	if (status == 0 && new != FILES_MAX)
		fail_msg("%s: status 0, and not all is new", when);
	if (status != 0 && status < 128 && (!said || !*said))
		fail_msg("%s: status %d, and nothing was said", when, status);
	free(said);
}

static void check_again(const char *when)
{
	int status = run();

	if (status != 0)
		fail_msg("%s: run again: status %d: %s", when, status, read_file("/err"));
	for (size_t i = 0; i < FILES_MAX; i++)
		if (!is_new(campaign.play, i))
			fail_msg("%s: run again: %s is not new", when, names[i]);
	check_strays(when, true);
}

static void run_schedule(struct trace_fault fault)
{
	char when[64];
	int status;

	snprintf(when, sizeof(when), "call %u (%ld), %s", fault.call.number, fault.call.nr,
		 fault.kill ? "killed" : strerrorname_np(fault.error));
	write_files(campaign.play);
	status = trace_run(become, campaign.play, LIMIT_S, &fault, NULL, NULL).status;
	assert_true(fault.hit);
	/* Without a child of its own the program goes on, and says what it could not see. */
	assert_true(!fault.kill || fault.call.process > 0 || status == 128 + SIGKILL);
	check_state(when, status);
	/* What a failing unlink(2) left, too, is used up. */
	check_again(when);
}

static void keep_call(void *context, const struct trace_call *call)
{
	(void)context;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		if (changes[i].nr != call->nr || (call->nr == SYS_openat && !call->creates))
			continue;
		assert_true(campaign.count < CALLS_MAX);
		campaign.calls[campaign.count++] = *call;
	}
}

static void run_call(const struct trace_call *call)
{
	run_schedule((struct trace_fault){ .call = *call, .kill = true });
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		for (size_t j = 0; changes[i].nr == call->nr && j < 4 && changes[i].errors[j]; j++)
			run_schedule((struct trace_fault){
				.call = *call,
				.error = changes[i].errors[j],
			});
}

static void test_play(void **state)
{
	campaign = (struct campaign){ .play = *state };
	write_files(campaign.play);
	assert_int_equal(trace_run(become, campaign.play, LIMIT_S, NULL, keep_call, NULL).status,
			 0);
	check_state("without a fault", 0);
	assert_int_equal(campaign.new, 1);
	for (size_t i = 0; i < campaign.count; i++)
		run_call(&campaign.calls[i]);
	fprintf(stderr,
		"# %s: %zu calls, %u schedules: %u with the old files, %u with the new ones, %u "
		"with one of each\n",
		campaign.play->name, campaign.count, campaign.schedules, campaign.old, campaign.new,
		campaign.mixed);
	/* They are no fault only if they were reached. */
	assert_true(campaign.old > 5 && campaign.new > 5);
}

/* A disk that has no room, then room for a part, then for all. */
static void test_full_disk(void **state)
{
	static char filler[64 * 1024];
	char path[PATH_MAX], *said;

	(void)state;
	campaign = (struct campaign){ .play = &plays[0] };
	files_path(path, "%s/etc", root);
	assert_int_equal(mount("tmpfs", path, "tmpfs", 0, "size=64k"), 0);
	write_files(campaign.play);
	memset(filler, 'x', sizeof(filler) - 1);
	files_path(path, "%s/etc/.filler", root);
	assert_true(files_write(path, filler) < 0);
	assert_int_equal(run(), 1);
	said = read_file("/err");
	assert_string_equal(said, "vfio-earlyctl: " MAIN
				  ": cannot be written: No space left on device\n");
	free(said);
	check_state("full disk", 1);
	assert_int_equal(campaign.old, 1);
	unlink(path);
	check_again("full disk");
	files_path(path, "%s/etc", root);
	assert_int_equal(umount(path), 0);
}

/* All at the same time: each reads what the one before it wrote. */
static void test_many_editors(void **state)
{
	static const struct play editors[] = {
		{ .words = { "add", "0a:00" } },   { .words = { "add", "0b:00" } },
		{ .words = { "add", "0c:00.3" } }, { .words = { "add", "05:00.0" } },
		{ .words = { "add", "01:00.0" } }, { .words = { "add", "02:00.0" } },
	};
	const size_t count = sizeof(editors) / sizeof(*editors);
	pid_t children[sizeof(editors) / sizeof(*editors)];
	size_t lines = 0;
	int status;
	char *text;

	(void)state;
	write_files(&editors[0]);
	for (size_t i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] == 0)
			become(&editors[i]);
	}
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	text = read_file(MAIN);
	assert_non_null(text);
	for (const char *line = text; (line = strchr(line, '\n')); line++)
		lines++;
	assert_int_equal(lines, 2 * count);
	free(text);
	check_strays("many editors", true);
}

/* An editor that knows of no lock, at one of the calls that open something. */
static struct editor {
	unsigned int at, opens, created; /* counts of opens; the first that makes a file */
} editor;

#define LINES  "0c:00.3\n0b:00\n0a:00\n"
#define EDITS  12
#define EDITED "# edited\n" LINES

static void edit(void *context, const struct trace_call *call)
{
	char path[PATH_MAX];

	(void)context;
	if (call->nr != SYS_openat)
		return;
	if (++editor.opens == editor.at) {
		files_path(path, "%s%s", root, MAIN);
		assert_int_equal(files_write(path, EDITED), 0);
	}
	if (call->creates && !editor.created)
		editor.created = editor.opens;
}

static int run_edited(unsigned int at)
{
	static const struct play play = { .words = { "remove", "0b:00" }, .before = { LINES } };

	campaign = (struct campaign){ .play = &play };
	editor = (struct editor){ .at = at };
	write_files(&play);
	return trace_run(become, &play, LIMIT_S, NULL, edit, NULL).status;
}

/* Lines are found by number, and must not be those of the file before. */
static void test_changed_meanwhile(void **state)
{
	unsigned int created;

	(void)state;
	assert_int_equal(run_edited(0), 0);
	assert_true(has_text(MAIN, "0c:00.3\n0a:00\n"));
	created = editor.created;
	assert_true(created > EDITS);
	for (unsigned int at = created - EDITS; at < created; at++) {
		int status = run_edited(at);

		if (status == 0 && (has_text(MAIN, "0c:00.3\n0a:00\n") ||
				    has_text(MAIN, "# edited\n0c:00.3\n0a:00\n")))
			continue; /* one of both came after the other */
		assert_int_equal(status, 1);
		assert_true(has_text(MAIN, EDITED));
	}
}

/* This machine with another's devices, rules and kernels; its update-initramfs only says so, or
 * fails. */
static void check_update(const char *script, int expected, const char *ending)
{
	static const struct play update = { .words = { "add", "--update", "0b:00" } };
	const char *paths[] = { "/sys", "/etc", "/boot" };
	char path[PATH_MAX], stub[PATH_MAX], before[PATH_MAX], *out;

	write_files(&update);
	files_path(stub, "%s/bin/update-initramfs", root);
	files_make_parents(stub);
	assert_int_equal(files_write(stub, script), 0);
	assert_int_equal(chmod(stub, 0755), 0);
	files_path(path, "%s/bin:%s", root, getenv("PATH"));
	strcpy(before, getenv("PATH"));
	setenv("PATH", path, 1);
	files_path(path, "%s/boot/", root);
	files_make_parents(path);
	for (size_t i = 0; i < 3; i++) {
		files_path(path, "%s%s", root, paths[i]);
		assert_int_equal(mount(path, paths[i], NULL, MS_BIND, NULL), 0);
	}
	live = true;
	campaign = (struct campaign){ .play = &update };
	assert_int_equal(run(), expected);
	live = false;
	assert_int_equal(umount("/boot"), 0);
	assert_int_equal(umount("/etc"), 0);
	assert_int_equal(umount("/sys"), 0);
	setenv("PATH", before, 1);
	assert_true(has_text(MAIN, ADDED));
	out = read_file("/out");
	assert_non_null(out);
	assert_string_equal(strstr(out, "+ "), ending);
	free(out);
}

#define NOT_EVERY                                                                                  \
	"vfio-earlyctl: the rules have changed, but not every image has them: the next boot can "  \
	"use the old ones\n"
#define STILL_LACKS(kernel)                                                                        \
	"vfio-earlyctl: kernel " kernel ": after 'update-initramfs -u -k all' its image still "    \
	"lacks the current rules; 'vfio-earlyctl image " kernel "' tells more\n"

static void test_update(void **state)
{
	char *err;

	(void)state;
	check_update("#!/bin/sh\necho \"update-initramfs: $*\"\n", 0,
		     "+ update-initramfs -u -k all\nupdate-initramfs: -u -k all\n");
	check_update("#!/bin/sh\nexit 3\n", 2, "+ update-initramfs -u -k all\n");
	err = read_file("/err");
	assert_non_null(strstr(err, "vfio-earlyctl: update-initramfs: exit status 3\n" NOT_EVERY));
	free(err);
	/* Kernels whose images update-initramfs says to have built, and has not. */
	tree_write(root, "line boot/vmlinuz-6.1.0-0 x\nline boot/initrd.img-6.1.0-0 x\n"
			 "line boot/vmlinuz-5.10.0-0 x\nline boot/initrd.img-5.10.0-0 x\n"
			 "line boot/vmlinuz-4.19.0-0 x\n");
	check_update("#!/bin/sh\n", 2, "+ update-initramfs -u -k all\n");
	err = read_file("/err");
	assert_non_null(strstr(
		err,
		STILL_LACKS("6.1.0-0") STILL_LACKS(
			"5.10.0-0") "vfio-earlyctl: kernel 4.19.0-0: This kernel has no image; "
				    "run 'update-initramfs -c -k 4.19.0-0'\n" NOT_EVERY));
	free(err);
	tree_write(root, "remove boot\n");
}

static void set_up_host(void)
{
	char path[PATH_MAX], message[256], *text = files_read("tests/scenario/hosts/desktop");

	run_work("edits", root);
	files_path(path, "%s/vfio-earlyctl", files_build());
	assert_non_null(realpath(path, program));
	assert_int_equal(hosttree_write(text, root, message, sizeof(message)), 0);
	free(text);
	tree_write(root, "mount 0:20 / tmpfs tmpfs rw\n");
	files_path(path, "%s/usr/share/misc/pci.ids", root);
	files_make_parents(path);
	assert_int_equal(files_copy("tests/ctl/pci.ids", path), 0);
}

static int set_up(void **state)
{
	sigset_t set;

	(void)state;
	/* trace_run() waits for it. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	set_up_host();
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(plays) / sizeof(*plays) + 4];
	size_t count = sizeof(plays) / sizeof(*plays);

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ plays[i].name, test_play, NULL, NULL,
						(void *)&plays[i] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_full_disk);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_many_editors);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_changed_meanwhile);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_update);
	return _cmocka_run_group_tests("edits", tests, count, set_up, NULL);
}
