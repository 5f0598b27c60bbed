/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vfio-earlyctl setup` leaves behind when it does not come to its end. For every system call
 * of its own that could change something, one run is killed at the call, and one for each error
 * sees it fail. After each of these schedules:
 *
 *	with status 0 the files are the new ones
 *	with another they are those of before, all byte for byte, and the reason was said
 *	the same command, run again, ends well and leaves the new files
 *
 * It needs root, for the host and for a full file system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
#include <unistd.h>

#include "trace.h"
#include "diff.h"
#include "files.h"
#include "run.h"
#include "setuphost.h"

#define LIMIT_S   60
#define CALLS_MAX 512
#define DISK_SIZE (64u << 10)
#define PAGE_SIZE 4096
#define PAGES_MAX 12

#define ADDED                                                                                      \
	"# 0000:01:00.* VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1070]\n"  \
	"00:01.0/00.* id=10de:1b81\n"

/* Both files are there, and one has a backup of earlier days. */
static const struct setuphost host = {
	.name = "host-without-iommu",
	.tree = "line etc/vfio-early.conf # mine\n"
		"line etc/default/grub.vfio-early.bak # earlier\n",
};

/* The calls that can change something, and how they fail. */
static const struct {
	long nr;
	int errors[2];
} changes[] = {
	{ SYS_openat, { ENOSPC, EMFILE } },
	{ SYS_write, { EIO, ENOSPC } },
	{ SYS_ftruncate, { EIO } },
	{ SYS_fchown, { EPERM } },
	{ SYS_fchmod, { EPERM } },
	{ SYS_fsync, { EIO } },
	{ SYS_renameat, { ENOSPC } },
	{ SYS_renameat2, { ENOSPC } },
	{ SYS_rename, { ENOSPC } },
	{ SYS_unlinkat, { EIO } },
	{ SYS_flock, { 0 } },
	{ SYS_mkdirat, { EROFS } },
	{ SYS_wait4, { ECHILD } },
	{ SYS_pipe2, { EMFILE } },
	{ SYS_clone3, { EAGAIN } },
	{ SYS_clone, { EAGAIN } },
	{ SYS_vfork, { EAGAIN } },
	{ SYS_exit_group, { 0 } },
};

static struct trace_call calls[CALLS_MAX];
static size_t call_count;
static unsigned int old_count, new_count;

/* In the child. */
static void become(const void *context)
{
	char *const argv[] = { "vfio-earlyctl", "setup", "--yes", "01:00", NULL };
	char *const environment[] = { "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/bin", NULL };
	int out, err;

	(void)context;
	setuphost_enter();
	out = open("/tmp/out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err = open("/tmp/err", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(126);
	execve(SETUPHOST_PROGRAM, argv, environment);
	_exit(127);
}

static int run(struct trace_fault *fault)
{
	return trace_run(become, NULL, LIMIT_S, fault, NULL, NULL).status;
}

static bool has_text(const char *path, const char *expected)
{
	char *text = setuphost_read(path);
	bool same = text && strcmp(text, expected) == 0;

	free(text);
	return same;
}

static bool is_new(void)
{
	char *config = setuphost_read("/boot/grub/grub.cfg");
	char *image = setuphost_read("/boot/initrd.img-" SETUPHOST_KERNEL);
	bool new = has_text(SETUPHOST_RULES, "# mine\n\n" ADDED) &&
		   has_text(SETUPHOST_GRUB, SETUPHOST_GRUB_TEXT) &&
		   config &&strstr(config, "intel_iommu=on") && image &&strstr(image, ADDED);

	free(config);
	free(image);
	return new;
}

/* All went well but for what was to be said of it. */
static bool is_output_lost(const char *said)
{
	return said && strstr(said, "vfio-earlyctl: standard output: ");
}

static void check_failure(const char *when, int status, const char *before)
{
	char *said = setuphost_read("/tmp/err"), *after = setuphost_record();

	if (!said || !*said)
		fail_msg("%s: status %d, and nothing was said", when, status);
	if (strcmp(before, after) != 0 && !(is_output_lost(said) && is_new())) {
		diff_show(before, after);
		fail_msg("%s: status %d, and not all is as before: %s", when, status, said);
	}
	free(said);
	free(after);
	old_count++;
}

static void check_again(const char *when)
{
	int status = run(NULL);
	char *said = setuphost_read("/tmp/err");

	if (status != 0 || !is_new())
		fail_msg("%s: run again: status %d: %s", when, status, said);
	free(said);
}

static void run_schedule(struct trace_fault fault)
{
	char when[64], *before;
	int status;

	snprintf(when, sizeof(when), "call %u (%ld), %s", fault.call.number, fault.call.nr,
		 fault.kill ? "killed" : strerrorname_np(fault.error));
	setuphost_restore();
	before = setuphost_record();
	status = run(&fault);
	if (!fault.hit || (fault.kill && status != 128 + SIGKILL))
		fail_msg("%s: status %d, the call was%s reached", when, status,
			 fault.hit ? "" : " not");
	/* What a killed run left, the next one completes. */
	if (status != 0 && !fault.kill)
		check_failure(when, status, before);
	if (status == 0 && !is_new())
		fail_msg("%s: status 0, and not all is new", when);
	new_count += status == 0;
	check_again(when);
	free(before);
}

static void keep_call(void *context, const struct trace_call *call)
{
	(void)context;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		if (call->process != 0 || changes[i].nr != call->nr ||
		    (call->nr == SYS_openat && !call->creates))
			continue;
		assert_true(call_count < CALLS_MAX);
		calls[call_count++] = *call;
	}
}

static void run_call(const struct trace_call *call)
{
	run_schedule((struct trace_fault){ .call = *call, .kill = true });
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		for (size_t j = 0; changes[i].nr == call->nr && j < 2 && changes[i].errors[j]; j++)
			run_schedule((struct trace_fault){
				.call = *call,
				.error = changes[i].errors[j],
				/* Where SIGCHLD is ignored, it says so once the child has ended. */
				.after_all = call->nr == SYS_wait4,
			});
}

static void test_faults(void **state)
{
	(void)state;
	setuphost_restore();
	assert_int_equal(trace_run(become, NULL, LIMIT_S, NULL, keep_call, NULL).status, 0);
	assert_true(is_new());
	for (size_t i = 0; i < call_count; i++)
		run_call(&calls[i]);
	fprintf(stderr, "# %zu calls: after %u errors all was as before, after %u it was new\n",
		call_count, old_count, new_count);
	/* They are no fault only if they were reached. */
	assert_true(old_count > 10 && new_count > 0);
}

/* Fills the file system of a file, and then leaves room for so many pages. */
static void fill_disk(const char *path, size_t pages)
{
	static char filler[DISK_SIZE];
	struct stat status;

	memset(filler, 'x', sizeof(filler) - 1);
	assert_true(files_write(path, filler) < 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(truncate(path, status.st_size - (off_t)(pages * PAGE_SIZE)), 0);
}

static void mount_disk(const char *directory)
{
	char kept[PATH_MAX];

	files_path(kept, "%s/kept/etc", setuphost_root);
	assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, "size=64k"), 0);
	assert_int_equal(files_copy_tree(kept, directory), 0);
}

/* A disk without room, then with more and more, until it is enough. */
static void test_full_disk(void **state)
{
	char etc[PATH_MAX], filler[PATH_MAX], *before;
	size_t room = 0;
	int status;

	(void)state;
	do {
		setuphost_restore();
		files_path(etc, "%s/etc", setuphost_root);
		files_path(filler, "%s/.filler", etc);
		mount_disk(etc);
		fill_disk(filler, room++);
		before = setuphost_record();
		status = run(NULL);
		if (status != 0)
			check_failure("full disk", status, before);
		free(before);
		assert_int_equal(umount(etc), 0);
	} while (status != 0 && room < PAGES_MAX);
	assert_int_equal(status, 0);
	fprintf(stderr, "# with room for %zu pages it was done\n", room - 1);
	assert_true(room > 2);
}

static int set_up(void **state)
{
	sigset_t set;

	(void)state;
	/* trace_run() waits for it. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	setuphost_make(&host, "setupfault");
	setuphost_keep();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("setupfault", tests, set_up, NULL);
}
