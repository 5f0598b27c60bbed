/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian systems in namespaces. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "hosttree.h"

#define LIBRARIES CONTAINER_MACHINE "/usr/lib/x86_64-linux-gnu"
#define BOOT_ID   "/run/boot_id"

static const struct {
	const char *path, *text;
	mode_t mode;
} files[] = {
	{ CONTAINER_PYTHON,
	  "#!/bin/sh\n"
	  "exec " LIBRARIES "/ld-linux-x86-64.so.2 --library-path " LIBRARIES " " CONTAINER_MACHINE
	  "/usr/bin/python3 \"$@\"\n",
	  0755 },
	/* Another boot, as far as it can be seen: with the current image. */
	{ "/usr/sbin/shutdown",
	  "#!/bin/sh -e\n"
	  "rm -rf /run/image /run/vfio-early\n"
	  "unmkinitramfs /boot/initrd.img-* /run/image\n"
	  "mkdir /run/vfio-early\n"
	  "cp /run/image/etc/vfio-early.digest /run/vfio-early/digest\n"
	  "/usr/sbin/vfio-early --dry-run > /run/vfio-early/status\n"
	  "cat /proc/sys/kernel/random/uuid > " BOOT_ID "\n",
	  0755 },
	{ BOOT_ID, "the first\n", 0644 },
	/* From a container the host can't be seen. */
	{ "/etc/vfio-early.unprotected", "", 0644 },
	/* Small images, quickly made. */
	{ "/etc/initramfs-tools/conf.d/test", "MODULES=list\nBUSYBOX=n\nCOMPRESSLEVEL=1\n", 0644 },
};

/* Where a container is made, as seen from outside. */
struct place {
	char lower[PATH_MAX], stage[PATH_MAX], space[PATH_MAX], root[PATH_MAX], sys[PATH_MAX];
};

static int find_place(struct place *place, const char *suite, const char *work)
{
	char base[PATH_MAX];

	if (!realpath(files_build(), base))
		return -errno;
	files_path(place->lower, "%s/roots/%s", base, suite);
	files_path(place->stage, "%s/stage", base);
	files_path(place->space, "%s/space", work);
	files_path(place->root, "%s/space/root", work);
	files_path(place->sys, "%s/host/sys", work);
	return 0;
}

static int find_kernel(struct container *container, const char *lower)
{
	char pattern[PATH_MAX];
	glob_t found;
	int ret = 0;

	files_path(pattern, "%s/boot/vmlinuz-*", lower);
	if (glob(pattern, 0, NULL, &found) != 0)
		return -ENOENT;
	if (snprintf(container->kernel, sizeof(container->kernel), "%s",
		     strrchr(found.gl_pathv[0], '/') + strlen("/vmlinuz-")) >=
	    (int)sizeof(container->kernel))
		ret = -ENAMETOOLONG;
	globfree(&found);
	return ret;
}

static int write_host(const char *work, const char *host)
{
	char path[PATH_MAX], message[512];
	int ret = files_make_parents(files_path(path, "%s/host/", work));

	return ret ?: hosttree_write(host, path, message, sizeof(message));
}

/* Where overlayfs can't be mounted, as in some containers, a copy does, more slowly. */
static int mount_root(const struct place *place)
{
	static const char *const names[] = { "/root", "/upper", "/work" };
	char path[PATH_MAX], options[3 * PATH_MAX + 64];

	if (mkdir(place->space, 0755) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", place->space, "tmpfs", 0, "mode=755") < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (mkdir(files_path(path, "%s%s", place->space, names[i]), 0755) < 0)
			return -EIO;
	if (snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work",
		     place->lower, place->space, place->space) >= (int)sizeof(options))
		return -ENAMETOOLONG;
	if (mount("overlay", place->root, "overlay", 0, options) == 0)
		return 0;
	if (mount("tmpfs", place->root, "tmpfs", 0, "mode=755") < 0)
		return -errno;
	return command_run(NULL, (const char *[]){ "cp", "-a", "-T", place->lower, place->root,
						   NULL }) == 0
		       ? 0
		       : -EIO;
}

static int install_files(const struct place *place, const struct container *container)
{
	const char *copy[] = { "cp", "-a", "-T", place->stage, place->root, NULL };
	char path[PATH_MAX];
	int ret = command_run(NULL, copy) == 0 ? 0 : -EIO;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		files_path(path, "%s%s", place->root, files[i].path);
		ret = ret ?: files_write_mode(path, files[i].text, files[i].mode);
	}
	files_path(path, "%s/boot/initrd.img-%s", place->root, container->kernel);
	return ret ?: files_write(path, "the image from before\n");
}

static int mount_at(const struct place *place, const char *target, const char *from,
		    const char *type, unsigned long flags)
{
	char path[PATH_MAX];
	int ret = files_make_parents(files_path(path, "%s%s/", place->root, target));

	if (ret == 0 && mount(from, path, type, flags, NULL) < 0)
		ret = -errno;
	return ret;
}

/* What stood before is no longer seen from within. */
static int enter_root(const struct place *place)
{
	if (chdir(place->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	if (mount(BOOT_ID, "/proc/sys/kernel/random/boot_id", NULL, MS_BIND, NULL) < 0)
		return -errno;
	return sethostname("host", 4) < 0 ? -errno : 0;
}

static int build_inside(const struct place *place, const struct container *container)
{
	int ret = mount_root(place);

	ret = ret ?: install_files(place, container);
	ret = ret ?: mount_at(place, "/proc", "proc", "proc", 0);
	ret = ret ?: mount_at(place, "/dev", "/dev", NULL, MS_BIND | MS_REC);
	ret = ret ?: mount_at(place, "/sys", place->sys, NULL, MS_BIND);
	ret = ret ?: mount_at(place, CONTAINER_MACHINE "/usr", "/usr", NULL, MS_BIND);
	return ret ?: enter_root(place);
}

/* Process 1 in there: says how it went, and then lasts as long as its parent. */
__attribute__((noreturn)) static void be_init(const struct place *place,
					      const struct container *container, int report)
{
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ret = build_inside(place, container);
	if (write(report, &ret, sizeof(ret)) != sizeof(ret) || ret < 0)
		_exit(1);
	close(report);
	signal(SIGCHLD, SIG_IGN); /* orphans */
	for (;;)
		pause();
}

/* As fork, but for the namespaces. */
static int start_init(struct container *container, const struct place *place)
{
	unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET | SIGCHLD;
	int report[2], ret;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	container->pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
	if (container->pid == 0)
		be_init(place, container, report[1]);
	ret = container->pid < 0 ? -errno : 0;
	close(report[1]);
	if (ret == 0 && read(report[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -ECHILD;
	close(report[0]);
	return ret;
}

int container_start(struct container *container, const char *suite, const char *host,
		    const char *work)
{
	struct place place;
	int ret;

	*container = (struct container){ .pid = -1 };
	ret = find_place(&place, suite, work);
	ret = ret ?: files_remove_tree(work);
	ret = ret ?: find_kernel(container, place.lower);
	ret = ret ?: write_host(work, host);
	ret = ret ?: start_init(container, &place);
	files_path(container->root, "/proc/%d/root", (int)container->pid);
	if (ret < 0)
		container_stop(container);
	return ret;
}

void container_stop(struct container *container)
{
	if (container->pid <= 0)
		return;
	kill(container->pid, SIGKILL);
	waitpid(container->pid, NULL, 0);
	container->pid = -1;
}
