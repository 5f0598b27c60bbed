/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are replaced, and programs that are run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/replace.h"

#include "host/run.h"
#include "files.h"
#include "run.h"

static char root[PATH_MAX];

static int set_up(void **state)
{
	static struct host host;
	char path[PATH_MAX];

	run_work("replace", root);
	files_path(path, "%s/etc/", root);
	files_make_parents(path);
	*state = &host;
	return host_open(&host, root);
}

static int tear_down(void **state)
{
	host_close(*state);
	return 0;
}

static void make_file(const char *name, const char *text, mode_t mode)
{
	char path[PATH_MAX];

	files_path(path, "%s%s", root, name);
	assert_int_equal(files_write(path, text), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void check_file(const char *name, const char *text, mode_t mode)
{
	char path[PATH_MAX], *found;
	struct stat status;

	files_path(path, "%s%s", root, name);
	found = files_read(path);
	if (!text) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, text);
	free(found);
	assert_int_equal(lstat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | mode);
}

static int replace(const struct host *host, const char *name, const char *text, unsigned int flags)
{
	return replace_file(host, name, text, strlen(text), flags);
}

static void test_new(void **state)
{
	mode_t before = umask(077);

	assert_int_equal(replace(*state, "/etc/new.conf", "text\n", REPLACE_BACKUP), 0);
	umask(before);
	check_file("/etc/new.conf", "text\n", 0644);
	check_file("/etc/.new.conf.new", NULL, 0);
	check_file("/etc/new.conf" REPLACE_BACKUP_SUFFIX, NULL, 0);
	assert_int_equal(replace(*state, "/no/new.conf", "text\n", 0), -ENOENT);
}

static void test_mode_and_owner(void **state)
{
	char path[PATH_MAX];
	struct stat status;

	make_file("/etc/grub", "old and longer\n", 02640);
	files_path(path, "%s/etc/grub", root);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 12, 34), 0);
	assert_int_equal(chmod(path, 02640), 0);
	assert_int_equal(replace(*state, "/etc/grub", "new\n", REPLACE_BACKUP), 0);
	check_file("/etc/grub", "new\n", 02640);
	check_file("/etc/grub" REPLACE_BACKUP_SUFFIX, "old and longer\n", 02640);
	assert_int_equal(stat(path, &status), 0);
	if (geteuid() == 0) {
		assert_int_equal(status.st_uid, 12);
		assert_int_equal(status.st_gid, 34);
	}
	assert_int_equal(replace(*state, "/etc/grub", "", 0), 0);
	check_file("/etc/grub", "", 02640);
}

#define ACL "system.posix_acl_access"

/* linux/posix_acl_xattr.h: owner rw-, user 12 r--, group ---, mask r--, others ---. */
static const struct {
	uint32_t version;
	struct {
		uint16_t tag, permissions;
		uint32_t id;
	} entries[5];
} acl = { 2,
	  { { 0x01, 6, UINT32_MAX },
	    { 0x02, 4, 12 },
	    { 0x04, 0, UINT32_MAX },
	    { 0x10, 4, UINT32_MAX },
	    { 0x20, 0, UINT32_MAX } } };

static void check_attributes(const char *name)
{
	char path[PATH_MAX], value[128];

	files_path(path, "%s%s", root, name);
	assert_int_equal(getxattr(path, ACL, value, sizeof(value)), sizeof(acl));
	assert_memory_equal(value, &acl, sizeof(acl));
	assert_int_equal(getxattr(path, "user.note", value, sizeof(value)), 4);
	assert_memory_equal(value, "mine", 4);
}

static void test_attributes(void **state)
{
	char path[PATH_MAX], value[128];

	make_file("/etc/grub", "old\n", 0600);
	files_path(path, "%s/etc/grub", root);
	assert_int_equal(setxattr(path, ACL, &acl, sizeof(acl), 0), 0);
	assert_int_equal(setxattr(path, "user.note", "mine", 4, 0), 0);
	assert_int_equal(replace(*state, "/etc/grub", "new\n", REPLACE_BACKUP), 0);
	check_file("/etc/grub", "new\n", 0640);
	check_attributes("/etc/grub");
	check_attributes("/etc/grub" REPLACE_BACKUP_SUFFIX);

	/* A directory's default ACL is for files that are new in it. */
	make_file("/etc/plain", "old\n", 0600);
	files_path(path, "%s/etc", root);
	assert_int_equal(setxattr(path, "system.posix_acl_default", &acl, sizeof(acl), 0), 0);
	assert_int_equal(replace(*state, "/etc/plain", "new\n", 0), 0);
	check_file("/etc/plain", "new\n", 0600);
	files_path(path, "%s/etc/plain", root);
	assert_int_equal(getxattr(path, ACL, value, sizeof(value)), -1);
	assert_int_equal(errno, ENODATA);
}

/* Links are the host's: an absolute one does not lead out of its root. */
static void test_links(void **state)
{
	char path[PATH_MAX];

	make_file("/etc/target", "old\n", 0600);
	files_path(path, "%s/etc/link", root);
	assert_int_equal(symlink("target", path), 0);
	assert_int_equal(replace(*state, "/etc/link", "new\n", 0), 0);
	assert_int_equal(readlink(path, (char[16]){ 0 }, 16), 6);
	check_file("/etc/target", "new\n", 0600);

	files_path(path, "%s/etc/dangling", root);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(replace(*state, "/etc/dangling", "new\n", 0), -ENOENT);
	check_file("/etc/nowhere", NULL, 0);

	files_path(path, "%s/etc/out", root);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_true(replace(*state, "/etc/out", "new\n", 0) < 0);
}

static void test_no_file(void **state)
{
	char path[PATH_MAX];

	files_path(path, "%s/etc/directory/", root);
	files_make_parents(path);
	assert_int_equal(replace(*state, "/etc/directory", "new\n", 0), -EISDIR);
	files_path(path, "%s/etc/fifo", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(replace(*state, "/etc/fifo", "new\n", REPLACE_BACKUP), -EINVAL);
}

/* What a run that was killed left behind is used up, a link in its place is not followed. */
static void test_left_behind(void **state)
{
	char path[PATH_MAX];

	make_file("/etc/rules", "old\n", 0644);
	make_file("/etc/.rules.new", "half of a much longer te", 0600);
	assert_int_equal(replace(*state, "/etc/rules", "new\n", 0), 0);
	check_file("/etc/rules", "new\n", 0644);
	check_file("/etc/.rules.new", NULL, 0);

	make_file("/etc/victim", "victim\n", 0644);
	files_path(path, "%s/etc/.rules.new", root);
	assert_int_equal(symlink("victim", path), 0);
	assert_int_equal(replace(*state, "/etc/rules", "newer\n", 0), -ELOOP);
	check_file("/etc/victim", "victim\n", 0644);
	check_file("/etc/rules", "new\n", 0644);
}

/* Each writes many times; the file is always of one of them, whole. */
static void test_two_writers(void **state)
{
	static char texts[2][100000];
	char path[PATH_MAX], *found;
	pid_t children[2];
	int status;

	make_file("/etc/busy", "", 0644);
	for (size_t i = 0; i < 2; i++) {
		memset(texts[i], 'a' + (char)i, sizeof(texts[i]) - 1);
		children[i] = fork();
		if (children[i] > 0)
			continue;
		for (int j = 0; j < 50; j++)
			if (replace(*state, "/etc/busy", texts[i], 0) < 0)
				_exit(1);
		_exit(0);
	}
	files_path(path, "%s/etc/busy", root);
	for (int j = 0; j < 200; j++) {
		found = files_read(path);
		assert_non_null(found);
		assert_true(!*found || strcmp(found, texts[*found - 'a']) == 0);
		free(found);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
}

static void test_programs(void **state)
{
	static const char *const other[] = { "true", NULL }, *const fails[] = { "false", NULL };
	static const char *const absent[] = { "vfio-early-no-such-program", NULL };
	static const char *const killed[] = { "sh", "-c", "kill -9 $$", NULL };
	static const char *const admin[] = { "ldconfig", "-V", NULL };
	const struct host live = { .live = true };
	char *said;
	size_t length;
	FILE *out = open_memstream(&said, &length);

	assert_non_null(out);
	assert_int_equal(run_program(*state, other, out), -EXDEV);
	assert_int_equal(run_program(&live, other, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(said, "+ true\n");
	free(said);
	assert_int_equal(run_program(&live, fails, NULL), 1);
	assert_int_equal(run_program(&live, absent, NULL), -ENOENT);
	assert_int_equal(run_program(&live, killed, NULL), 128 + SIGKILL);
	assert_int_equal(setenv("PATH", "/usr/bin:/bin", 1), 0);
	assert_int_equal(run_program(&live, admin, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mode_and_owner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_attributes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_left_behind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_writers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_programs, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("replace", tests, NULL, NULL);
}
