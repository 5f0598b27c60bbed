/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What import --write makes of the file of rules. What it prints is in look/import. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "hosttree.h"
#include "run.h"

#define HOST  "tests/scenario/hosts/desktop"
#define RULES "etc/vfio-early.conf"
#define IDS   "etc/modprobe.d/vfio.conf"

#define OLD "# mine\n!0a:00 # the host's own"
#define ADDED                                                                                      \
	"# NVIDIA Corporation GP104 [GeForce GTX 1070] (0000:0b:00.0), from /etc/modprobe.d/vfio.conf:1\n10de:1b81\n"

/* Where rules are not to be changed, after is NULL. */
static const struct play {
	const char *name, *before, *after, *says;
	mode_t mode;
	int status;
} plays[] = {
	{ "no file yet", NULL,
	  "# NVIDIA Corporation GP104 [GeForce GTX 1070] (0000:0a:00.0, 0000:0b:00.0), from /etc/modprobe.d/vfio.conf:1\n"
	  "10de:1b81\n",
	  "/etc/vfio-early.conf: 1 rule added; run 'update-initramfs -u -k all'\n", 0644, 2 },
	{ "a last line without newline", OLD, OLD "\n" ADDED,
	  "/etc/vfio-early.conf: 1 rule added; run 'update-initramfs -u -k all'\n", 0640, 2 },
	{ "what is there already", OLD "\n" ADDED, NULL,
	  "'10de:1b81' has a rule already: /etc/vfio-early.conf:4\n", 0600, 2 },
	{ "a line that is not valid", OLD "\nnonsense\n", NULL,
	  "/etc/vfio-early.conf:3:1: found \"nonsense\"", 0644, 3 },
};

static char root[PATH_MAX];

static void make_path(char path[PATH_MAX], const char *name)
{
	files_path(path, "%s/%s", root, name);
	files_make_parents(path);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	char path[PATH_MAX];

	make_path(path, name);
	assert_int_equal(files_write(path, text), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void make_host(void)
{
	char *text = files_read(HOST), *names = files_read("tests/ctl/pci.ids"), message[256] = "";

	run_work("import", root);
	assert_non_null(text);
	assert_int_equal(hosttree_write(text, root, message, sizeof(message)), 0);
	write_file("usr/share/misc/pci.ids", names, 0644);
	free(text);
	free(names);
}

static void write_rules(void (*check)(const struct run_result *result, const void *context),
			const void *context)
{
	const char *const arguments[] = { "--root", root, "import", "--write", NULL };
	struct run_result result;

	run_ctl(arguments, &result);
	check(&result, context);
	run_free(&result);
}

static void check_rules(const char *text, mode_t mode)
{
	char path[PATH_MAX], *found;
	struct stat status;

	make_path(path, RULES);
	found = files_read(path);
	assert_non_null(found);
	assert_string_equal(found, text);
	free(found);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, mode);
}

/* Nothing but what was put there may be left beside the rules. */
static void check_directory(unsigned int expected)
{
	char path[PATH_MAX];
	unsigned int count = 0;
	DIR *directory;

	make_path(path, "etc");
	directory = opendir(path);
	assert_non_null(directory);
	for (const struct dirent *entry; (entry = readdir(directory));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	assert_int_equal(count, expected);
}

static void check_play(const struct run_result *result, const void *context)
{
	const struct play *play = context;

	if (!strstr(result->err, play->says))
		fail_msg("%s: %s%s", play->name, result->out, result->err);
	assert_int_equal(result->status, play->status);
	check_rules(play->after ? play->after : play->before, play->mode);
	/* What is added is printed, too. */
	if (play->after)
		assert_string_equal(result->out, strstr(play->after, "# NVIDIA"));
	else
		assert_string_equal(result->out, "");
	check_directory(2);
}

static void test_plays(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
		make_host();
		write_file(IDS, "options vfio-pci ids=10de:1b81\n", 0644);
		if (plays[i].before)
			write_file(RULES, plays[i].before, plays[i].mode);
		write_rules(check_play, &plays[i]);
	}
}

static void check_full(const struct run_result *result, const void *context)
{
	(void)context;
	assert_int_equal(result->status, 1);
	assert_string_equal(result->out, "");
	assert_non_null(strstr(result->err, "/etc/vfio-early.conf: No space left on device; "
					    "nothing was added\n"));
}

static void check_good(const struct run_result *result, const void *context)
{
	(void)context;
	assert_non_null(strstr(result->err, "/etc/vfio-early.conf: 1 rule added"));
}

/* Until nothing more goes in. */
static void fill_disk(const char *path)
{
	static const char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void test_full_disk(void **state)
{
	char etc[PATH_MAX], filler[PATH_MAX];

	(void)state;
	make_host();
	make_path(etc, "etc");
	make_path(filler, "etc/filler");
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("none", etc, "tmpfs", 0, "size=64k"), 0);
	write_file(IDS, "options vfio-pci ids=10de:1b81\n", 0644);
	write_file(RULES, OLD, 0644);
	fill_disk(filler);
	write_rules(check_full, NULL);
	check_rules(OLD, 0644);
	check_directory(3);
	assert_int_equal(unlink(filler), 0);
	write_rules(check_good, NULL);
	check_rules(OLD "\n" ADDED, 0644);
	check_directory(2);
	assert_int_equal(umount(etc), 0);
}

/* Any user can lock a directory that everybody can read, and for ever. */
static void test_lock_of_others(void **state)
{
	char path[PATH_MAX];
	int fd;

	(void)state;
	make_host();
	write_file(IDS, "options vfio-pci ids=10de:1b81\n", 0644);
	write_file(RULES, OLD, 0644);
	make_path(path, "etc");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	write_rules(check_good, NULL);
	check_rules(OLD "\n" ADDED, 0644);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plays),
		cmocka_unit_test(test_lock_of_others),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
