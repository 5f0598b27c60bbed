/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vfio-earlyctl fill-image` lists when a system call of its own fails, or when it is killed
 * there, once for each kind of call and of name. The host has a device for each way in which one is
 *found. After each run:
 *
 *	it ended, and no signal of its own making ended it
 *	with status 0 every device is listed that is without the fault
 *	with another, something was said
 *	a list that was written when it was killed is whole, if a boot takes it
 *
 * And what `vfio-earlyctl image` says then of an image whose list lacks a device: that it isn't
 * as it should be, or that this is unknown; never that all is well.
 */
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
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "hosttree.h"
#include "machine.h"
#include "trace.h"
#include "tree.h"

#define LIMIT_S   20
#define CALLS_MAX 8192
#define WRONG_MAX 20

static const char host[] = SDA NVME0 NVME1 USB DM(0, "pve-root") DM(1, "pve-data") MD0
	"line sys/devices/virtual/block/dm-0/dm/uuid LVM-aaaaaaaabbbbbbbbccccccccddddddddr\n"
	"line sys/devices/virtual/block/dm-1/dm/uuid LVM-aaaaaaaabbbbbbbbccccccccddddddddd\n"
	"slave dm-0 sda2\nslave dm-1 nvme0n1p2\nslave md0 nvme1n1p1\n"
	"mount 253:0 / ext4 /dev/mapper/pve-root\nline etc/fstab /dev/md0 /srv ext4 defaults 0 0\n"
	"net eno1 0000:00:1f.6/net\nnet eth0 0000:06:00.0/net\nnet eth1 0000:06:00.1/net\n"
	"net mlx0 0000:07:00.0/net\nnet br0 virtual/net\nlower br0 eno1\n"
	"network default via 192.168.1.1 dev br0\nnetwork 10.10.10.0/24 dev eth0\n"
	"network 3: eth0    inet 10.10.10.2/24 scope global eth0\n"
	"network 5: mlx0    inet 10.4.4.2/24 scope global mlx0\n"
	"line etc/corosync/corosync.conf ring0_addr: 10.10.10.3\n"
	"line etc/crypttab root UUID=5e1f none luks\n"
	"line sys/bus/pci/devices/0000:00:14.0/usb1/1-5/input/input3/capabilities/key "
	"1000000000007 fffffffffffffffe\n"
	"link sys/class/input/input3 ../../bus/pci/devices/0000:00:14.0/usb1/1-5/input/input3\n"
	"line etc/vfio-early.conf 144d:a808\n";

/* The calls by which something is seen or written, and how they fail: each in turn. */
static const struct {
	long nr;
	int errors[4];
} kinds[] = {
	{ SYS_openat, { EIO, EMFILE, EACCES, EINTR } },
	{ SYS_read, { EIO, EINTR } },
	{ SYS_getdents64, { EIO, ENOMEM } },
	{ SYS_readlinkat, { EIO, EACCES, ENOMEM } },
	{ SYS_readlink, { EIO, EACCES, ENOMEM } },
	{ SYS_newfstatat, { EIO, EACCES, ENOMEM } },
	{ SYS_faccessat, { EIO, EACCES } },
	{ SYS_faccessat2, { EIO, EACCES } },
	{ SYS_openat2, { EIO, EMFILE, EACCES } },
	{ SYS_fcntl, { EMFILE } },
	{ SYS_mmap, { ENOMEM } },
	{ SYS_write, { EIO, ENOSPC } },
	{ SYS_fsync, { EIO } },
	{ SYS_renameat, { ENOSPC } },
	{ SYS_mkdirat, { ENOSPC } },
	{ SYS_clone, { EAGAIN } },
	{ SYS_wait4, { ECHILD } },
	{ SYS_poll, { ENOMEM } },
};

static char root[PATH_MAX], image[PATH_MAX], program[PATH_MAX];
static struct trace_call calls[CALLS_MAX];
static size_t call_count;
static bool looking; /* at an image, and not filling one */
static bool loaded; /* what the dynamic linker does is over when it lets go of its cache */
static char *expected;
static unsigned int complete, told, failed, killed, wrong;

static const char *const fill[] = { "vfio-earlyctl", "--root", root, "fill-image", image, "6.12",
				    NULL };
static const char *const look[] = { "vfio-earlyctl", "--root", root, "image", "6.12", NULL };

/* In the child. */
static void become(const void *argv)
{
	char path[PATH_MAX];
	int err;

	files_path(path, "%s/err", root);
	err = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (dup2(err, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(127);
	execv(program, argv);
	_exit(127);
}

static int run(struct trace_fault *fault,
	       void (*each)(void *context, const struct trace_call *call))
{
	char path[PATH_MAX];

	files_path(path, "%s/etc", image);
	assert_int_equal(files_remove_tree(path), 0);
	files_path(path, "%s/etc/vfio-early.conf", image);
	files_make_parents(path);
	assert_int_equal(files_write(path, "144d:a808\n"), 0);
	return trace_run(become, fill, LIMIT_S, fault, each, NULL).status;
}

static int run_look(struct trace_fault *fault,
		    void (*each)(void *context, const struct trace_call *call))
{
	return trace_run(become, look, LIMIT_S, fault, each, NULL).status;
}

static char *read_list(void)
{
	char path[PATH_MAX];

	return files_read(files_path(path, "%s/etc/vfio-early.protected", image));
}

/* Whether each place of the list without a fault is in this one. */
static bool has_all(const char *list)
{
	char *copy = strdup(expected), *rest = copy, *line;
	bool all = true;

	assert_non_null(copy);
	while (list && all && (line = strsep(&rest, "\n")) && line[0] != '#') {
		line[strcspn(line, "#")] = '\0';
		all = strstr(list, line);
	}
	free(copy);
	return list && all;
}

static const char *judge(const struct trace_fault *fault, int status)
{
	char *list = read_list(), path[PATH_MAX];
	char *said = files_read(files_path(path, "%s/err", root));
	const char *problem = NULL;

	if (fault->kill ? status != 128 + SIGKILL : status > 4)
		problem = status == 128 + SIGKILL ? "it did not end" : "no documented status";
	else if (status == 0 && !has_all(list))
		problem = "status 0, and a device is missing";
	else if (status != 0 && !fault->kill && (!said || !*said))
		problem = "nothing was said";
	else if (fault->kill && list && strstr(list, "# entries: ") && !has_all(list))
		problem = "a list that counts as one was cut short";
	*(fault->kill ? &killed : status == 0 ? &complete : status == 2 ? &told : &failed) += 1;
	if (problem && ++wrong <= WRONG_MAX)
		print_message("# call %u (%ld), %s: status %d: %s\n%s", fault->call.number,
			      fault->call.nr,
			      fault->kill ? "killed" : strerrorname_np(fault->error), status,
			      problem, said);
	free(said);
	free(list);
	return problem;
}

static void judge_look(const struct trace_fault *fault, int status)
{
	char path[PATH_MAX], *said = files_read(files_path(path, "%s/err", root));

	assert_non_null(said);
	*(strstr(said, "not in the list") ? &complete : &told) += 1;
	if (((status == 0 && !strstr(said, "unknown")) || status > 4 || !*said) && ++wrong <= WRONG_MAX)
		print_message("# call %u (%ld), %s: status %d\n%s", fault->call.number,
			      fault->call.nr, strerrorname_np(fault->error), status, said);
	free(said);
}

static void run_schedule(struct trace_fault fault)
{
	if (looking)
		judge_look(&fault, run_look(&fault, NULL));
	else
		judge(&fault, run(&fault, NULL));
}

static void run_call(const struct trace_call *call, size_t turn)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t count = 0;

		if (kinds[i].nr != call->nr)
			continue;
		while (count < 4 && kinds[i].errors[count])
			count++;
		run_schedule((struct trace_fault){
			.call = *call,
			.error = kinds[i].errors[turn % count],
		});
		if (looking)
			continue;
		/* What counts is at its end. */
		if (call->nr == SYS_write || call->nr == SYS_renameat)
			run_schedule((struct trace_fault){ .call = *call, .kill = true });
	}
}

/* Calls of children, which have their deadline, are none of its own. */
static void keep_call(void *context, const struct trace_call *call)
{
	(void)context;
	loaded |= call->nr == SYS_munmap;
	if (call->process != 0 || !loaded)
		return;
	assert_true(call_count < CALLS_MAX);
	calls[call_count++] = *call;
}

/* The last of its kind stands for all. */
static bool is_repeated(size_t index)
{
	for (size_t i = index + 1; i < call_count; i++)
		if (calls[i].key == calls[index].key)
			return true;
	return false;
}

static void test_faults(void **state)
{
	size_t turn = 0;

	(void)state;
	assert_int_equal(run(NULL, keep_call), 0);
	expected = read_list();
	assert_non_null(expected);
	for (size_t i = 0; i < call_count; i++)
		if (!is_repeated(i))
			run_call(&calls[i], turn++);
	fprintf(stderr, "# %zu calls: %u lists as without, %u incomplete, %u none, %u killed\n",
		call_count, complete, told, failed, killed);
	free(expected);
	assert_int_equal(wrong, 0);
	assert_true(complete > 10 && told > 10 && failed > 10);
}

static void write_entry(FILE *file, const char *name, unsigned int mode, const char *text)
{
	int padding = (4 - (110 + (int)strlen(name) + 1) % 4) % 4;

	fprintf(file, "070701%08x%08x%032x%08zx%032x%08zx%08x%s", 1, mode, 0, strlen(text), 0,
		strlen(name) + 1, 0, name);
	fwrite("\0\0\0", 1, 1 + (size_t)padding, file);
	fputs(text, file);
	fwrite("\0\0\0", 1, (4 - strlen(text) % 4) % 4, file);
}

/* All that the image build makes, but for the first device of the list. */
static void write_image(void)
{
	char path[PATH_MAX], list[4096], *digest, *all = read_list();
	unsigned int lines = 0;
	FILE *file;

	assert_non_null(all);
	digest = files_read(files_path(path, "%s/etc/vfio-early.digest", image));
	for (const char *p = all; (p = strchr(p, '\n')); p++)
		lines++;
	*strstr(all, "# entries: ") = '\0';
	snprintf(list, sizeof(list), "%s# entries: %u\n", strchr(all, '\n') + 1, lines - 2);
	files_make_parents(files_path(path, "%s/boot/initrd.img-6.12", root));
	file = fopen(path, "w");
	assert_non_null(file);
	write_entry(file, "usr/sbin/vfio-early", 0100755, "program\n");
	write_entry(file, "scripts/init-top/00-vfio-early", 0100755, "#!/bin/sh\n");
	write_entry(file, "scripts/init-top/ORDER", 0100644,
		    "/scripts/init-top/00-vfio-early \"$@\"\n/scripts/init-top/udev \"$@\"\n");
	write_entry(file, "etc/vfio-early.conf", 0100644, "144d:a808\n");
	write_entry(file, "etc/vfio-early.digest", 0100644, digest ? digest : "");
	write_entry(file, "etc/vfio-early.protected", 0100644, list);
	write_entry(file, "usr/lib/modules/6.12/modules.builtin", 0100644,
		    "kernel/vfio-pci.ko\nkernel/vfio_iommu_type1.ko\nkernel/vfio-pci-core.ko\n");
	write_entry(file, "TRAILER!!!", 0, "");
	assert_int_equal(fclose(file), 0);
	free(digest);
	free(all);
}

static void test_look_faults(void **state)
{
	char path[PATH_MAX], *said;
	size_t turn = 0;

	(void)state;
	assert_int_equal(run(NULL, NULL), 0);
	write_image();
	call_count = complete = told = 0;
	looking = true;
	loaded = false;
	assert_int_equal(run_look(NULL, keep_call), 2);
	said = files_read(files_path(path, "%s/err", root));
	assert_non_null(said);
	assert_non_null(strstr(said, "not in the list"));
	free(said);
	for (size_t i = 0; i < call_count; i++)
		if (!is_repeated(i))
			run_call(&calls[i], turn++);
	fprintf(stderr, "# %zu calls: %u answers as without, %u others\n", call_count, complete,
		told);
	assert_int_equal(wrong, 0);
	assert_true(complete > 10 && told > 10);
}

static int set_up(void **state)
{
	char message[256] = "", path[PATH_MAX];
	sigset_t set;

	(void)state;
	/* trace_run() waits for it. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	files_path(path, "%s/vfio-earlyctl", files_build());
	assert_non_null(realpath(path, program));
	snprintf(root, sizeof(root), "/dev/shm/vfio-early-faults.%d", (int)getpid());
	files_path(image, "%s/image", root);
	assert_int_equal(mkdir(root, 0755), 0);
	if (hosttree_write(machine, root, message, sizeof(message)))
		fail_msg("%s", message);
	tree_write(root, host);
	return mkdir(image, 0755);
}

static int tear_down(void **state)
{
	(void)state;
	return files_remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_faults),
					     cmocka_unit_test(test_look_faults) };

	return cmocka_run_group_tests_name("faults", tests, set_up, tear_down);
}
