/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmdline in a real Debian system: its own update-grub and kernel-install make the entries that
 * are looked at. Needs root, for a mount namespace and a chroot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "run.h"

#define D    "GRUB_CMDLINE_LINUX_DEFAULT"
#define OWN  "/etc/default/grub.d/zz-vfio-early.cfg"
#define INFO "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

#define BY_GRUB                                                                                    \
	{                                                                                          \
		"/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet\n"                   \
	}
#define BY_SYSTEMD                                                                                 \
	{                                                                                          \
		"/proc/cmdline", "initrd=\\x\\initrd root=/dev/vda2 quiet\n"                       \
	}
#define LOADER                                                                                     \
	{                                                                                          \
		INFO, "\6"                                                                         \
	}
#define GRUB_DEFAULT                                                                               \
	{                                                                                          \
		"/etc/default/grub", ""                                                            \
	}

/* The number of KERNEL in a text is that of the one kernel of the system. */
#define KERNEL "@"

/* Runs the package's postrm in place of vfio-earlyctl. */
#define PURGE "postrm purge"

enum { FILES_MAX = 8, STEPS_MAX = 4, SAID_MAX = 4, LIMIT_S = 120, SETUP_FAILED = 125 };

static const struct play {
	const char *name;
	struct {
		const char *path, *text;
	} files[FILES_MAX];
	const char *full; /* a directory on a file system of its own, which is full */
	bool esp;         /* an ext4 image in the place of a partition, known by its UUID */
	struct step {
		const char *command;
		int status;
		const char *said[SAID_MAX]; /* lines, some of which are update-grub's own */
		struct {
			const char *path, *line; /* with "!" before it, a line that must not be */
		} files[3];
	} steps[STEPS_MAX];
} plays[] = {
	{ .name = "GRUB",
	  .files = { GRUB_DEFAULT, BY_GRUB },
	  .steps = {
		  { "cmdline add intel_iommu=on vfio_early.bind=01:00.0,02:00",
		    0,
		    { OWN ": new", "+ update-grub", "Found linux image: /boot/vmlinuz-" KERNEL,
		      "intel_iommu=on: the next boot has it" },
		    { { "/etc/default/grub", D "=\"quiet\"" },
		      { OWN, D "=\"$" D " intel_iommu=on vfio_early.bind=01:00.0,02:00\"" },
		      { "/boot/grub/grub.cfg",
			"\tlinux\t/boot/vmlinuz-" KERNEL " "
			"root=/dev/vda1 ro  quiet intel_iommu=on "
			"vfio_early.bind=01:00.0,02:00" } } },
		  { "cmdline add intel_iommu=on",
		    0,
		    { "intel_iommu=on: is in " OWN ":2 already",
		      "intel_iommu=on: the next boot has it" },
		    { { OWN, D "=\"$" D " intel_iommu=on vfio_early.bind=01:00.0,02:00\"" } } },
		  { "cmdline remove intel_iommu vfio_early.bind quiet",
		    0,
		    { "+ update-grub", "intel_iommu=on: the next boot is without it",
		      "/etc/default/grub: changed, the old one is "
		      "/etc/default/grub.vfio-early.bak" },
		    { { "/etc/default/grub", D "=\"\"" },
		      { OWN, D "=\"$" D "\"" },
		      { "/boot/grub/grub.cfg", "!intel_iommu" } } },
		  { "cmdline add quiet", 0, { "quiet: the next boot has it" } },
	  } },
	{ .name = "GRUB with what earlier versions have put into its file",
	  .files = { { "/etc/default/grub",
		       D "=\"quiet intel_iommu=on vfio_early.bind=\\\"01:00.0,02:00\\\"\"\n" },
		     BY_GRUB },
	  .steps = {
		  { "cmdline add b",
		    0,
		    { "b: the next boot has it" },
		    { { "/boot/grub/grub.cfg",
			"\tlinux\t/boot/vmlinuz-" KERNEL " root=/dev/vda1 ro  quiet "
			"intel_iommu=on vfio_early.bind=\"01:00.0,02:00\" b" } } },
		  { "cmdline remove intel_iommu vfio_early.bind",
		    0,
		    { "intel_iommu=on: the next boot is without it" },
		    { { "/etc/default/grub", D "=\"quiet\"" },
		      { "/boot/grub/grub.cfg", "!intel_iommu" } } },
	  } },
	{ .name = "GRUB with a drop-in that appends, and one that overrides",
	  .files = { GRUB_DEFAULT, BY_GRUB,
		     { "/etc/default/grub.d/kdump.cfg", D "=\"$" D " crashkernel=512M\"\n" },
		     { "/etc/default/grub.d/zz.cfg", "GRUB_TIMEOUT=0\n" } },
	  .steps = { { "cmdline add a=1",
		       0,
		       { "a=1: the next boot has it" },
		       { { "/etc/default/grub", D "=\"quiet\"" },
			 { "/boot/grub/grub.cfg",
			   "\tlinux\t/boot/vmlinuz-" KERNEL
			   " root=/dev/vda1 ro  quiet crashkernel=512M "
			   "a=1" } } } } },
	{ .name = "GRUB with a file that cancels ours",
	  .files = { GRUB_DEFAULT, BY_GRUB,
		     { "/etc/default/grub.d/zzz.cfg", "[ -e / ] &&\t" D "=x\n" } },
	  .steps = { { "cmdline add a=1",
		       2,
		       { "+ update-grub" },
		       { { "/boot/grub/grub.cfg", "!a=1" } } } } },
	{ .name = "the package is purged: only words for the IOMMU are ours to take",
	  .files = { GRUB_DEFAULT, BY_GRUB },
	  .steps = {
		  { "cmdline add intel_iommu=on iommu=pt b=1", 0, { "b=1: the next boot has it" } },
		  { PURGE,
		    0,
		    { "W: vfio-early: " OWN " stays, as it has more than words for the IOMMU" },
		    { { OWN, D "=\"$" D " intel_iommu=on iommu=pt b=1\"" } } },
		  { "cmdline remove b", 0, { "b=1: the next boot is without it" } },
		  { PURGE, 0, { NULL }, { { OWN, NULL }, { "/boot/grub/grub.cfg", "!iommu" } } },
	  } },
	{ .name = "update-grub fails",
	  .files = { GRUB_DEFAULT, BY_GRUB, { "/etc/grub.d/05_fail", "#!/bin/sh\nexit 3\n" } },
	  .steps = { { "cmdline add a=1",
		       1,
		       { "vfio-earlyctl: update-grub: found exit status 3, expected 0; the change "
			 "has no effect before that" },
		       { { OWN, D "=\"$" D " a=1\"" } } } } },
	{ .name = "update-grub succeeds, but without the word",
	  .files = { GRUB_DEFAULT, BY_GRUB,
		     { "/usr/sbin/update-grub", "#!/bin/sh\nexit 0\n" },
		     { "/boot/grub/grub.cfg",
		       "### BEGIN /etc/grub.d/10_linux ###\nlinux /vmlinuz ro quiet\n" } },
	  .steps = { { "cmdline add a=1",
		       2,
		       { "vfio-earlyctl: /boot/grub/grub.cfg:2: lacks 'a=1'; 'update-grub' "
			 "regenerates it" } } } },
	{ .name = "a kernel that GRUB would start without an image",
	  .files = { GRUB_DEFAULT, BY_GRUB, { "/boot/initrd.img-" KERNEL, NULL } },
	  .steps = { { "cmdline add a=1",
		       1,
		       { "vfio-earlyctl: kernel " KERNEL " has no image, so 'update-grub' would add an "
			 "entry that starts it without one; run 'update-initramfs -c -k " KERNEL
			 "' first" },
		       { { OWN, NULL }, { "/boot/grub/grub.cfg", NULL } } } } },
	{ .name = "no update-grub",
	  .files = { GRUB_DEFAULT, BY_GRUB, { "/usr/sbin/update-grub", NULL } },
	  .steps = { { "cmdline add a=1",
		       1,
		       { "vfio-earlyctl: update-grub: No such file or directory; the change has "
			 "no effect before it" } } } },
	{ .name = "a full file system",
	  .files = { { "/etc/default/grub", D "=\"quiet\"\n" }, BY_GRUB },
	  .full = "/etc/default",
	  .steps = { { "cmdline add a=1",
		       1,
		       { "vfio-earlyctl: " OWN ": No space left on device; nothing was changed" },
		       { { OWN, NULL }, { "/boot/grub/grub.cfg", NULL } } } } },
	{ .name = "the second of two files is on a full file system",
	  .files = { { "/etc/default/grub", D "=\"b quiet\"\n" }, BY_GRUB,
		     { "/etc/default/grub.d/x.cfg", D "=\"$" D " b\"\n" } },
	  .full = "/etc/default/grub.d",
	  .steps = { { "cmdline remove b",
		       1,
		       { "vfio-earlyctl: /etc/default/grub.d/x.cfg: No space left on device; "
			 "nothing was changed",
			 "/etc/default/grub: restored" },
		       { { "/etc/default/grub", D "=\"b quiet\"" },
			 { "/etc/default/grub.d/x.cfg", D "=\"$" D " b\"" } } } } },
	{ .name = "systemd-boot by kernel-install",
	  .files = { BY_SYSTEMD, LOADER,
		     { "/etc/machine-id", "0123456789abcdef0123456789abcdef\n" },
		     { "/etc/kernel/install.conf", "layout=bls\nBOOT_ROOT=/boot\n" },
		     { "/boot/loader/entries.srel", "type1\n" } },
	  .steps = {
		  { "cmdline add a=1",
		    0,
		    { "/etc/kernel/cmdline: new",
		      "+ kernel-install add " KERNEL " /boot/vmlinuz-" KERNEL
		      " /boot/initrd.img-" KERNEL,
		      "a=1: the next boot has it" },
		    { { "/etc/kernel/cmdline", "root=/dev/vda2 quiet a=1" },
		      { "/boot/loader/entries/0123456789abcdef0123456789abcdef-" KERNEL ".conf",
			"options    root=/dev/vda2 quiet a=1 "
			"systemd.machine_id=0123456789abcdef0123456789abcdef" } } },
		  { "cmdline remove quiet",
		    0,
		    { "quiet: the next boot is without it" },
		    { { "/etc/kernel/cmdline", "root=/dev/vda2 a=1" },
		      { "/boot/loader/entries/0123456789abcdef0123456789abcdef-" KERNEL ".conf",
			"!quiet" } } },
	  } },
	{ .name = "kernel-install would make an entry without root=",
	  .files = { BY_SYSTEMD, LOADER,
		     { "/etc/machine-id", "0123456789abcdef0123456789abcdef\n" },
		     { "/etc/kernel/cmdline", "quiet\n" },
		     { "/etc/kernel/install.conf", "layout=bls\nBOOT_ROOT=/boot\n" },
		     { "/boot/loader/entries.srel", "type1\n" } },
	  .steps = {
		  { "cmdline add a=1",
		    1,
		    { "vfio-earlyctl: /etc/kernel/cmdline: found no root=, expected that of the "
		      "running kernel, so the next boot would not find its root file system; run "
		      "'vfio-earlyctl cmdline add root=/dev/vda2'" },
		    { { "/etc/kernel/cmdline", "quiet" },
		      { "/boot/loader/entries/0123456789abcdef0123456789abcdef-" KERNEL ".conf",
			NULL } } },
		  { "cmdline add root=/dev/vda2",
		    0,
		    { "root=/dev/vda2: the next boot has it" },
		    { { "/boot/loader/entries/0123456789abcdef0123456789abcdef-" KERNEL ".conf",
			"options    quiet root=/dev/vda2 "
			"systemd.machine_id=0123456789abcdef0123456789abcdef" } } },
	  } },
	{ .name = "systemd-boot by a stand-in for proxmox-boot-tool",
	  .files = { BY_SYSTEMD, LOADER,
		     { "/etc/kernel/cmdline", "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n" },
		     { "/etc/kernel/proxmox-boot-uuids", "ABCD-1234\n" },
		     { "/esp/loader/loader.conf", "timeout 3\n" } },
	  .esp = true,
	  .steps = { { "cmdline add a=1",
		       0,
		       { "+ proxmox-boot-tool refresh", "a=1: the next boot has it" },
		       { { "/esp/loader/entries/proxmox-" KERNEL ".conf",
			   "options  root=ZFS=rpool/ROOT/pve-1 boot=zfs a=1" } } },
		     { "cmdline remove a=1", 0, { "a=1: the next boot is without it" } } } },
	{ .name = "GRUB by a stand-in for proxmox-boot-tool",
	  .files = { BY_GRUB, GRUB_DEFAULT,
		     { "/etc/kernel/cmdline", "root=x b\n" },
		     { "/etc/kernel/proxmox-boot-uuids", "ABCD-1234\n" } },
	  .esp = true,
	  .steps = { { "cmdline add a=1",
		       0,
		       { "+ proxmox-boot-tool refresh", "a=1: the next boot has it" },
		       { { OWN, D "=\"$" D " a=1\"" } } } } },
	{ .name = "a stand-in for proxmox-boot-tool that does nothing",
	  .files = { BY_SYSTEMD,
		     LOADER,
		     { "/etc/kernel/cmdline", "root=/dev/vda2 b\n" },
		     { "/etc/kernel/proxmox-boot-uuids", "ABCD-1234\n" },
		     { "/usr/sbin/proxmox-boot-tool", "#!/bin/sh\nexit 0\n" },
		     { "/esp/loader/entries/x.conf",
		       "version " KERNEL "\noptions root=/dev/vda2 b\n" } },
	  .esp = true,
	  .steps = { { "cmdline add a=1",
		       2,
		       { "vfio-earlyctl: ESP ABCD-1234: /loader/entries/x.conf: lacks 'a=1'; "
			 "'proxmox-boot-tool refresh' regenerates it" } } } },
	{ .name = "proxmox-boot-tool's partition is not there",
	  .files = { BY_GRUB, GRUB_DEFAULT,
		     { "/etc/kernel/proxmox-boot-uuids", "DEAD-BEEF\n" },
		     { "/esp/grub/x", "" } },
	  .steps = { { "cmdline add a=1",
		       2,
		       { "vfio-earlyctl: ESP DEAD-BEEF: No such file or directory, "
			 "so what the next boot has cannot be told" } } } },
};

struct place {
	char build[PATH_MAX], space[PATH_MAX], root[PATH_MAX];
	char kernel[64];
};

/* Runs in a child, which has no other way to tell. */
#define must(condition) ((condition) ? (void)0 : give_up(__LINE__, #condition))

static _Noreturn void give_up(int line, const char *condition)
{
	fprintf(stderr, "line %d: %s: %s\n", line, condition, strerror(errno));
	_exit(SETUP_FAILED);
}

static void find_kernel(struct place *place)
{
	char pattern[PATH_MAX];
	glob_t found;

	files_path(pattern, "%s/roots/trixie-full/boot/vmlinuz-*", place->build);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	snprintf(place->kernel, sizeof(place->kernel), "%s",
		 strrchr(found.gl_pathv[0], '/') + strlen("/vmlinuz-"));
	globfree(&found);
}

/* Puts the kernel's release in its place. */
static const char *fill_in(const struct place *place, const char *text)
{
	static char buffers[4][1024];
	static int next;
	char *buffer = buffers[next++ % 4];
	const char *at = strchr(text, *KERNEL);

	buffer[0] = '\0';
	for (; at; text = at + 1, at = strchr(text, *KERNEL))
		snprintf(buffer + strlen(buffer), 1024 - strlen(buffer), "%.*s%s", (int)(at - text),
			 text, place->kernel);
	snprintf(buffer + strlen(buffer), 1024 - strlen(buffer), "%s", text);
	return buffer;
}

static const char *below(const struct place *place, const char *path)
{
	static char buffers[4][PATH_MAX];
	static int next;
	char *buffer = buffers[next++ % 4];

	files_path(buffers[(next - 1) % 4], "%s%s", place->root, fill_in(place, path));
	return buffer;
}

__attribute__((format(printf, 1, 2))) static void run_host(const char *format, ...)
{
	char command[3 * PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	must(vsnprintf(command, sizeof(command), format, arguments) < (int)sizeof(command));
	va_end(arguments);
	must(system(command) == 0);
}

static void mount_root(const struct place *place)
{
	char options[3 * PATH_MAX];

	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mount("tmpfs", place->space, "tmpfs", 0, "mode=755") == 0);
	run_host("cd %s && mkdir root upper work", place->space);
	must(snprintf(options, sizeof(options),
		      "lowerdir=%s/roots/trixie-full,upperdir=%s/upper,workdir=%s/work",
		      place->build, place->space, place->space) < (int)sizeof(options));
	if (mount("overlay", place->root, "overlay", 0, options) < 0)
		run_host("cp -a -T %s/roots/trixie-full %s", place->build, place->root);
	must(mount("proc", below(place, "/proc"), "proc", 0, NULL) == 0);
	must(mount("tmpfs", below(place, "/dev"), "tmpfs", 0, "mode=755") == 0);
	must(mknod(below(place, "/dev/null"), S_IFCHR | 0666, 0x103) == 0);
}

static void install_programs(const struct place *place)
{
	run_host("cp %s/vfio-earlyctl %s/usr/sbin/", place->build, place->root);
	run_host("install -m 755 conf/debian/postrm %s/usr/sbin/", place->root);
	run_host("cp %s/tests/ctl/cmdline-standin %s/usr/sbin/grub-probe", place->build,
		 place->root);
	run_host("cp tests/lib/proxmox-boot-tool %s/usr/sbin/", place->root);
	run_host("mkdir -p %s/boot/grub %s/esp", place->root, place->root);
	run_host("echo > %s/boot/initrd.img-%s", place->root, place->kernel);
}

/* In a loop device, which udev would link to by the UUID of a vfat. */
static void make_esp(const struct place *place)
{
	run_host("mke2fs -q -t ext4 %s/esp.img 32M 2>/dev/null && mkdir -p %s/dev/disk/by-uuid",
		 place->space, place->root);
	for (int i = 0; i < 8; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/loop%d", i);
		must(mknod(below(place, path), S_IFBLK | 0600, (dev_t)(0x700 + i)) == 0);
	}
	must(mknod(below(place, "/dev/loop-control"), S_IFCHR | 0600, 0xaed) == 0);
	run_host("mount -o loop %s/esp.img %s/esp", place->space, place->root);
	run_host("ln -s $(findmnt -n -o SOURCE %s/esp) %s/dev/disk/by-uuid/ABCD-1234", place->root,
		 place->root);
}

/* The variable has four bytes of attributes, and then UTF-16. */
static void write_loader(const char *path)
{
	static const char text[] = "\6\0\0\0s\0y\0s\0t\0e\0m\0d\0-\0b\0o\0o\0t\0\0";
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0 && write(fd, text, sizeof(text)) == sizeof(text));
	close(fd);
}

static void write_file(const struct place *place, const char *path, const char *text)
{
	const char *full = below(place, path);

	files_make_parents(full);
	if (!text) {
		must(unlink(full) == 0);
	} else if (strcmp(path, "/proc/cmdline") == 0) {
		must(files_write(below(place, "/cmdline"), text) == 0);
		must(mount(below(place, "/cmdline"), full, NULL, MS_BIND, NULL) == 0);
	} else if (strcmp(path, "/etc/default/grub") == 0 && !text[0]) {
		must(files_copy(below(place, "/usr/share/grub/default/grub"), full) == 0);
	} else if (strcmp(path, INFO) == 0) {
		write_loader(full);
	} else {
		must(files_write(full, fill_in(place, text)) == 0);
		must(chmod(full, strncmp(text, "#!", 2) == 0 ? 0755 : 0644) == 0);
	}
}

static void fill_up(const char *path)
{
	static const char block[4096] = "x";
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void prepare(const struct place *place, const struct play *play)
{
	mount_root(place);
	install_programs(place);
	if (play->esp)
		make_esp(place);
	if (play->full) {
		files_make_parents(below(place, play->full));
		mkdir(below(place, play->full), 0755);
		must(mount("tmpfs", below(place, play->full), "tmpfs", 0, "size=64k") == 0);
	}
	for (size_t i = 0; i < FILES_MAX && play->files[i].path; i++)
		write_file(place, play->files[i].path, play->files[i].text);
	if (play->full) {
		char path[PATH_MAX];

		files_path(path, "%s/filler", play->full);
		fill_up(below(place, path));
	}
}

static int run_step(const struct place *place, const struct step *step)
{
	char log[PATH_MAX], text[512], *rest = text, *argv[8] = { "vfio-earlyctl" };
	size_t first = strcmp(step->command, PURGE) == 0 ? 0 : 1;
	int fd, status;
	pid_t pid;

	files_path(log, "%s/log", place->space);
	must(snprintf(text, sizeof(text), "%s", step->command) < (int)sizeof(text));
	for (size_t i = first; rest && i < 7; i++)
		argv[i] = strsep(&rest, " ");
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		must(fd >= 0 && dup2(fd, 1) == 1 && dup2(fd, 2) == 2);
		must(chroot(place->root) == 0 && chdir("/") == 0);
		setenv("PATH", "/usr/sbin:/usr/bin", 1);
		setenv("LC_ALL", "C.UTF-8", 1);
		alarm(LIMIT_S);
		execvp(argv[0], argv);
		give_up(__LINE__, "execvp");
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && (at[length] == '\n' || !at[length]))
			return true;
	return false;
}

static bool is_as_wanted(const struct place *place, const char *path, const char *line)
{
	char *text = files_read(below(place, path));
	bool good;

	if (!line)
		good = !text;
	else if (line[0] == '!')
		good = text && !strstr(text, line + 1);
	else
		good = text && has_line(text, fill_in(place, line));
	if (!good)
		fprintf(stderr, "%s: expected '%s', found:\n%s\n", path,
			line ? fill_in(place, line) : "none", text ? text : "none");
	free(text);
	return good;
}

static bool check_step(const struct place *place, const struct step *step, int status)
{
	char log[PATH_MAX], *said;
	bool good = status == step->status;

	files_path(log, "%s/log", place->space);
	said = files_read(log);
	must(said);
	for (size_t i = 0; i < SAID_MAX && step->said[i]; i++)
		good &= has_line(said, fill_in(place, step->said[i]));
	if (!good)
		fprintf(stderr, "%s: exit status %d, expected %d; said:\n%s\n", step->command,
			status, step->status, said);
	free(said);
	for (size_t i = 0; i < 3 && step->files[i].path; i++)
		good &= is_as_wanted(place, step->files[i].path, step->files[i].line);
	return good;
}

static _Noreturn void play_apart(const struct place *place, const struct play *play)
{
	bool good = true;

	prepare(place, play);
	for (size_t i = 0; i < STEPS_MAX && play->steps[i].command && good; i++)
		good = check_step(place, &play->steps[i], run_step(place, &play->steps[i]));
	if (play->esp)
		umount(below(place, "/esp"));
	_exit(good ? 0 : 1);
}

static void test_play(void **state)
{
	struct place place;
	int status;
	pid_t pid;

	assert_non_null(realpath(files_build(), place.build));
	run_work("cmdline-system", place.space);
	files_path(place.root, "%s/root", place.space);
	find_kernel(&place);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		play_apart(&place, *state);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static struct CMUnitTest tests[sizeof(plays) / sizeof(*plays)];

	for (size_t i = 0; i < sizeof(plays) / sizeof(*plays); i++)
		tests[i] = (struct CMUnitTest){ plays[i].name, test_play, NULL, NULL,
						(void *)&plays[i] };
	return _cmocka_run_group_tests("cmdline-system", tests, sizeof(tests) / sizeof(*tests),
				       NULL, NULL);
}
