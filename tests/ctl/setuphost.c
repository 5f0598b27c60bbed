/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host for setup of vfio-earlyctl to change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "hosttree.h"
#include "tree.h"
#include "run.h"
#include "setuphost.h"

#define RECORDED 3

/* GRUB's entries come from its files, and an image's digest from the rules. */
#define UPDATE_GRUB                                                                                \
	"#!/bin/sh\n. /etc/default/grub\n"                                                         \
	"for file in /etc/default/grub.d/*.cfg; do [ ! -e $file ] || . $file; done\n"              \
	"echo \"update-grub stand-in: $GRUB_CMDLINE_LINUX_DEFAULT\"\n"                             \
	"cat > /boot/grub/grub.cfg <<END\n### BEGIN /etc/grub.d/10_linux ###\n"                    \
	"linux /boot/vmlinuz-" SETUPHOST_KERNEL " root=/dev/nvme0n1 ro "                           \
	"$GRUB_CMDLINE_LINUX_DEFAULT\n### END /etc/grub.d/10_linux ###\nEND\n"
#define UPDATE_INITRAMFS                                                                           \
	"#!/bin/sh\necho \"${0##*/} stand-in: $*\"\nkernels=" SETUPHOST_KERNEL "\n"                \
	"case $* in *all) kernels=$(cd /boot; echo vmlinuz-*) ;; esac\n"                           \
	"for kernel in $kernels; do kernel=${kernel#vmlinuz-}\n"                                   \
	"[ \"$kernel\" != \"$(cat /tmp/fails 2> /dev/null)\" ] || { rm /tmp/fails; exit 4; }\n"     \
	"echo \"image with $(cat " SETUPHOST_RULES " 2> /dev/null)\" "                             \
	"> /boot/initrd.img-$kernel\n"                                                             \
	"mkdir -p /run/image/etc\n"                                                                \
	"cp -r /etc/vfio-early.conf* /run/image/etc 2> /dev/null\n"                                \
	"vfio-earlyctl fill-image /run/image $kernel > /run/image/modules 2>&1\n"                  \
	"rm -f /var/lib/vfio-early/$kernel.protected\n"                                            \
	"for note in digest protected; do\n"                                                       \
	"cp /run/image/etc/vfio-early.$note /var/lib/vfio-early/$kernel.$note\n"                    \
	"done 2> /dev/null\n"                                                                      \
	"rm -r /run/image\ndone\n"

/* Shows what it was asked to show, and answers where it was told to. */
#define WHIPTAIL "#!/bin/sh\necho \"whiptail stand-in: $*\"\n"

char setuphost_root[PATH_MAX];
static char program[PATH_MAX];

/* Where the child's programs and libraries are mounted. */
static const char *const places[] = { "/bin", "/lib64", "/lib/x86_64-linux-gnu",
				      "/usr/lib/x86_64-linux-gnu" };

/* What a run, or a program that it starts, may write to. */
static const char *const changing[] = { "etc", "boot", "var", "run", "tmp" };

static void make_directory(const char *path)
{
	char whole[PATH_MAX];

	files_path(whole, "%s%s/", setuphost_root, path);
	files_make_parents(whole);
}

static void write_program(const char *path, const char *script, const char *more)
{
	char whole[PATH_MAX], text[2048];

	files_path(whole, "%s%s", setuphost_root, path);
	files_make_parents(whole);
	snprintf(text, sizeof(text), "%s%s", script, more ? more : "");
	assert_int_equal(files_write(whole, text), 0);
	assert_int_equal(chmod(whole, 0755), 0);
}

static char *read_own(const char *name)
{
	char path[PATH_MAX], *text;

	files_path(path, "tests/ctl/setup/%s", name);
	text = files_read(path);
	assert_non_null(text);
	return text;
}

static void write_host(const struct setuphost *host)
{
	char path[PATH_MAX], message[256], *text = read_own(host->name);

	assert_int_equal(hosttree_write(text, setuphost_root, message, sizeof(message)), 0);
	free(text);
	text = read_own("above");
	tree_write(setuphost_root, text);
	free(text);
	make_directory("/usr/share/misc");
	files_path(path, "%s/usr/share/misc/pci.ids", setuphost_root);
	assert_int_equal(files_copy("tests/ctl/pci.ids", path), 0);
}

static void bind_over(const char *from, const char *to)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", setuphost_root, to);
	if (mount(from, path, NULL, MS_BIND, NULL) < 0)
		_exit(126);
}

/* The route that the host's files describe, as rtnetlink tells of it. */
static const char network[] = "/sbin/ip tuntap add eno1 mode tap && /sbin/ip link set eno1 up && "
			      "/sbin/ip route add default dev eno1";

/* It is seen by this process and its children alone. */
static void make_network(void)
{
	static bool made;

	if (made)
		return;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(system(network), 0);
	made = true;
}

/* What is mounted is seen by this process alone. */
void setuphost_enter(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(126);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		bind_over(places[i], places[i]);
	bind_over(program, SETUPHOST_PROGRAM);
	if (chroot(setuphost_root) < 0 || chdir("/") < 0)
		_exit(126);
}

/* As update-initramfs makes it each time, so that it can be compared. */
static void make_image(const char *maker)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		close(STDOUT_FILENO);
		open("/dev/null", O_WRONLY);
		setuphost_enter();
		setenv("PATH", "/usr/sbin:/bin", 1);
		execl(maker, maker, "all", NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void find_program(void)
{
	char path[PATH_MAX];

	files_path(path, "%s/vfio-earlyctl", files_build());
	assert_non_null(realpath(path, program));
}

void setuphost_make(const struct setuphost *host, const char *work)
{
	const char *maker = host->dracut ? "/usr/bin/dracut" : "/usr/local/sbin/update-initramfs";

	find_program();
	make_network();
	run_work(work, setuphost_root);
	write_host(host);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		make_directory(places[i]);
	make_directory("/tmp");
	make_directory("/var/lib/vfio-early");
	write_program(SETUPHOST_PROGRAM, "", NULL);
	write_program(maker, UPDATE_INITRAMFS, NULL);
	if (host->tree && !host->stale)
		tree_write(setuphost_root, host->tree);
	make_image(maker);
	if (host->tree && host->stale)
		tree_write(setuphost_root, host->tree);
	write_program("/usr/local/sbin/update-grub", UPDATE_GRUB, host->grub);
	write_program(maker, UPDATE_INITRAMFS, host->initramfs);
	if (host->whiptail)
		write_program("/usr/local/sbin/whiptail", WHIPTAIL, host->whiptail);
}

void setuphost_keep(void)
{
	char from[PATH_MAX], to[PATH_MAX];

	make_directory("/kept");
	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++) {
		files_path(from, "%s/%s", setuphost_root, changing[i]);
		files_path(to, "%s/kept/%s", setuphost_root, changing[i]);
		assert_int_equal(files_copy_tree(from, to), 0);
	}
}

void setuphost_restore(void)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++) {
		files_path(from, "%s/kept/%s", setuphost_root, changing[i]);
		files_path(to, "%s/%s", setuphost_root, changing[i]);
		assert_int_equal(files_remove_tree(to), 0);
		assert_int_equal(files_copy_tree(from, to), 0);
	}
}

char *setuphost_read(const char *path)
{
	char whole[PATH_MAX];

	files_path(whole, "%s%s", setuphost_root, path);
	return files_read(whole);
}

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void record_entry(FILE *record, const FTSENT *entry)
{
	const struct stat *status = entry->fts_statp;
	char *text = S_ISREG(status->st_mode) ? files_read(entry->fts_path) : NULL;

	fprintf(record, "%s %o %u:%u %s\n", entry->fts_path + strlen(setuphost_root),
		status->st_mode, status->st_uid, status->st_gid, text ? text : "");
	free(text);
}

char *setuphost_record(void)
{
	static const char *const names[RECORDED] = { "etc", "boot", "var" };
	char paths[RECORDED][PATH_MAX], *text = NULL;
	char *const list[RECORDED + 1] = { paths[0], paths[1], paths[2], NULL };
	size_t size;
	FILE *record = open_memstream(&text, &size);
	FTSENT *entry;
	FTS *tree;

	for (size_t i = 0; i < RECORDED; i++)
		files_path(paths[i], "%s/%s", setuphost_root, names[i]);
	tree = fts_open(list, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);
	assert_non_null(tree);
	while ((entry = fts_read(tree)))
		if (entry->fts_info != FTS_DP)
			record_entry(record, entry);
	fts_close(tree);
	assert_int_equal(fclose(record), 0);
	return text;
}
