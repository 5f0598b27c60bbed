/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initramfs images, made by the real update-initramfs in a copy of a real Debian system. */
#include "image.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "grub.h"

/* Of a kept system; a file has only those blocks that were written. */
#define DISK_SIZE "1G"

#define OLD_INITRD "the image from before\n"

/* A test adds those of other devices by etc/initramfs-tools/modules. */
#define DRIVERS "e1000e ext4 nvme virtio_blk virtio_pci"

/*
 * They lie in the image, as all do by default, and udev loads what the machine has. Busybox brings
 * 270 links, and the hook starts a process for each.
 */
static const struct image_file few_drivers[] = {
	{ .path = "etc/initramfs-tools/conf.d/few-drivers",
	  .text = "MODULES=list\nCOMPRESSLEVEL=1\nBUSYBOX=n\n" },
	{ .path = "etc/initramfs-tools/hooks/few-drivers",
	  .text = "#!/bin/sh\n"
		  "[ \"$1\" = prereqs ] && exit\n"
		  ". /usr/share/initramfs-tools/hook-functions\n"
		  "manual_add_modules " DRIVERS "\n",
	  .executable = true },
	{ .path = "etc/dracut.conf.d/few-drivers.conf",
	  .text = "drivers=\" " DRIVERS " \"\ncompress=\"zstd -1\"\n" },
	{ NULL },
};

/* Exit status of the building child when update-initramfs was not even reached. */
#define SETUP_FAILED 125

/* Paths that only the building child needs, all in its own mount namespace. */
struct workplace {
	char lower[PATH_MAX];    /* the Debian system as it was made */
	char stage[PATH_MAX];    /* what `make install` installs */
	char space[PATH_MAX];    /* a tmpfs that goes away with the namespace */
	char root[PATH_MAX];     /* the system with all changes */
	char guest[PATH_MAX];    /* what is /sbin/init of a kept system */
	char packages[PATH_MAX]; /* where `make deb` leaves them */
	const char *build;
};

int image_find_build(char *path)
{
	if (realpath(files_build(), path))
		return 0;
	*path = '\0';
	return -errno;
}

int image_list_systems(const char *names[IMAGE_SYSTEMS])
{
	char *rest = strdup(getenv("VFIO_EARLY_SYSTEMS") ?: "");
	const char *name;
	int count = 0;

	while ((name = strsep(&rest, " "))) {
		if (!*name)
			continue;
		if (count == IMAGE_SYSTEMS)
			return -E2BIG;
		names[count++] = name;
	}
	return count ?: -ENOENT;
}

static int find_kernel(const char *root, struct image *image)
{
	char pattern[PATH_MAX];
	const char *version;
	glob_t found;
	int ret = 0;

	files_path(pattern, "%s/boot/vmlinuz-*", root);
	if (glob(pattern, 0, NULL, &found) != 0)
		return -ENOENT;
	version = strrchr(found.gl_pathv[0], '/') + strlen("/vmlinuz-");
	files_path(image->kernel, "%s", found.gl_pathv[0]);
	if (snprintf(image->version, sizeof(image->version), "%s", version) >=
	    (int)sizeof(image->version))
		ret = -ENAMETOOLONG;
	globfree(&found);
	return ret;
}

/* Empty places for the results; what an earlier run left there is gone. */
static int prepare_results(const char *build, const char *name, struct image *image)
{
	int ret;

	files_path(image->dir, "%s/tests/%s", build, name);
	files_path(image->initrd, "%s/tests/%s/initrd", build, name);
	files_path(image->log, "%s/tests/%s/image.log", build, name);
	files_path(image->tree, "%s/tests/%s/tree", build, name);
	files_path(image->disk, "%s/tests/%s/disk.img", build, name);
	ret = command_run(NULL, (const char *[]){ "rm", "-rf", image->dir, NULL });
	if (ret != 0)
		return -EIO;
	ret = files_make_parents(image->tree);
	if (ret == 0 && mkdir(image->tree, 0755) < 0)
		ret = -errno;
	return ret;
}

static void find_workplace(struct workplace *work, const char *build, const struct image_spec *spec,
			   const struct image *image)
{
	work->build = build;
	files_path(work->lower, "%s/roots/%s", build, spec->suite);
	files_path(work->stage, "%s/%s", build, spec->stage ?: "stage");
	files_path(work->guest, "%s/tests/boot/guest", build);
	files_path(work->packages, "%s/deb", build);
	files_path(work->space, "%s/space", image->dir);
	files_path(work->root, "%s/space/root", image->dir);
}

static int mount_overlay(const struct workplace *work)
{
	char options[3 * PATH_MAX + 64];
	int length;

	length = snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work",
			  work->lower, work->space, work->space);
	if (length >= (int)sizeof(options))
		return -ENAMETOOLONG;
	return mount("overlay", work->root, "overlay", 0, options) < 0 ? -errno : 0;
}

/* Where overlayfs can't be mounted, as in some containers, a copy does, more slowly. */
static int copy_system(const struct workplace *work)
{
	const char *argv[] = { "cp", "-a", "-T", work->lower, work->root, NULL };

	fprintf(stderr, "no overlay, copying %s\n", work->lower);
	return command_run(NULL, argv) == 0 ? 0 : -EIO;
}

static int make_space(const struct workplace *work)
{
	static const char *const names[] = { "", "/root", "/upper", "/work" };
	char path[PATH_MAX];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		files_path(path, "%s%s", work->space, names[i]);
		if (mkdir(path, 0755) < 0)
			return -errno;
		if (i == 0 && mount("tmpfs", path, "tmpfs", 0, "mode=755") < 0)
			return -errno;
	}
	return mount_overlay(work) < 0 ? copy_system(work) : 0;
}

static int install_program(const struct workplace *work)
{
	const char *argv[] = { "cp", "-a", "-T", work->stage, work->root, NULL };

	return command_run(NULL, argv) == 0 ? 0 : -EIO;
}

static int lay_text(const struct workplace *work, const char *path, const char *text, mode_t mode)
{
	char full[PATH_MAX];

	files_path(full, "%s/%s", work->root, path);
	return files_write_mode(full, text, mode);
}

static int lay_file(const struct workplace *work, const struct image_file *file)
{
	char from[PATH_MAX];
	char to[PATH_MAX];

	if (file->text)
		return lay_text(work, file->path, file->text, file->executable ? 0755 : 0644);
	if (file->copied) {
		files_path(from, "%s/%s", work->build, file->copied);
		files_path(to, "%s/%s", work->root, file->path);
		return command_run(NULL, (const char *[]){ "cp", from, to, NULL }) == 0 ? 0 : -EIO;
	}
	files_path(from, "%s/%s", work->root, file->path);
	if (!file->moved)
		return unlink(from) < 0 ? -errno : 0;
	files_path(to, "%s/%s", work->root, file->moved);
	return rename(from, to) < 0 ? -errno : 0;
}

static int lay_list(const struct workplace *work, const struct image_file *file)
{
	int ret = 0;

	for (; ret == 0 && file->path; file++)
		ret = lay_file(work, file);
	return ret;
}

static int lay_files(const struct workplace *work, const struct image_spec *spec,
		     const struct image *image)
{
	char initrd[PATH_MAX];
	int ret = 0;

	files_path(initrd, "boot/initrd.img-%s", image->version);
	if (!spec->without_initrd)
		ret = ret ?: lay_text(work, initrd, OLD_INITRD, 0644);
	if (!spec->without_marker)
		ret = ret ?: lay_text(work, "etc/vfio-early.unprotected", "", 0644);
	if (spec->rules)
		ret = ret ?: lay_text(work, "etc/vfio-early.conf", spec->rules, 0644);
	if (spec->settings)
		ret = ret
			      ?: lay_text(work, "etc/initramfs-tools/conf.d/test", spec->settings,
					  0644);
	if (!spec->has_all_drivers)
		ret = ret ?: lay_list(work, few_drivers);
	return ret ?: lay_list(work, spec->files);
}

static int drop_modules(const struct workplace *work, const char *folder, const char *version)
{
	const char *depmod[] = { "depmod", version, NULL };
	const char *rm[] = { "rm", "-r", NULL, NULL };
	char path[PATH_MAX];

	files_path(path, "/usr/lib/modules/%s/%s", version, folder);
	rm[2] = path;
	if (command_run(work->root, rm) != 0 || command_run(work->root, depmod) != 0)
		return -EIO;
	return 0;
}

static int bind_folder(const struct workplace *work, const char *from, const char *to)
{
	char path[PATH_MAX];

	files_path(path, "%s/%s", work->root, to);
	return mount(from, path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

/* The folders that update-initramfs expects, and those that bring packages and take results. */
static int mount_folders(const struct workplace *work, const struct image_spec *spec,
			 const struct image *image)
{
	char path[PATH_MAX];
	int ret;

	files_path(path, "%s/proc", work->root);
	ret = mount("proc", path, "proc", 0, NULL) < 0 ? -errno : 0;
	ret = ret ?: bind_folder(work, "/dev", "dev");
	if (spec->commands && access(work->packages, F_OK) == 0)
		ret = ret ?: bind_folder(work, work->packages, "media");
	return ret ?: bind_folder(work, image->tree, "mnt");
}

static int prepare_system(const struct workplace *work, const struct image_spec *spec,
			  const struct image *image)
{
	int ret = make_space(work);

	if (!spec->without_program)
		ret = ret ?: install_program(work);
	ret = ret ?: lay_files(work, spec, image);
	ret = ret ?: mount_folders(work, spec, image);
	if (spec->without_modules)
		ret = ret ?: drop_modules(work, spec->without_modules, image->version);
	if (ret < 0)
		fprintf(stderr, "cannot prepare %s: %s\n", work->root, strerror(-ret));
	return ret;
}

static int keep_initrd(const struct workplace *work, const struct image_spec *spec,
		       const struct image *image)
{
	char initrd[PATH_MAX];
	char made[PATH_MAX];

	files_path(initrd, "/boot/initrd.img-%s", image->version);
	files_path(made, "%s%s", work->root, initrd);
	if (command_run(NULL, (const char *[]){ "cp", made, image->initrd, NULL }) != 0)
		return -EIO;
	if (!spec->unpack || files_equal(image->initrd, OLD_INITRD))
		return 0;
	if (command_run(work->root, (const char *[]){ "unmkinitramfs", initrd, "/mnt", NULL }) != 0)
		return -EIO;
	return 0;
}

static int make_disk(const struct workplace *work, const struct image *image)
{
	const char *mke2fs[] = { "mke2fs", "-q",       "-t",        "ext4",    "-L", "guest",
				 "-d",     work->root, image->disk, DISK_SIZE, NULL };

	return command_run(NULL, mke2fs) == 0 ? 0 : -EIO;
}

static int make_disk_with_grub(const struct workplace *work, const struct image_spec *spec,
			       const struct image *image)
{
	const char *mke2fs[] = { "mke2fs", "-q",       "-t",        "ext4",
				 "-L",     "guest",    "-E",        "offset=" GRUB_PARTITION,
				 "-d",     work->root, image->disk, DISK_SIZE,
				 NULL };
	int ret = grub_install_files(work->root, image->version, spec->grub_words);

	if (ret == 0 && command_run(NULL, mke2fs) != 0)
		ret = -EIO;
	return ret ?: grub_install_disk(work->root, image->disk);
}

/* What is mounted in it is not of the system. */
static int keep_system(const struct workplace *work, const struct image_spec *spec,
		       const struct image *image)
{
	static const char *const mounts[] = { "proc", "dev", "mnt", "media" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		files_path(path, "%s/%s", work->root, mounts[i]);
		if (umount(path) < 0 && errno != EINVAL) /* nothing was mounted there */
			return -EBUSY;
	}
	files_path(path, "%s/usr/sbin/init", work->root);
	if (command_run(NULL, (const char *[]){ "cp", work->guest, path, NULL }) != 0)
		return -EIO;
	return spec->grub_words ? make_disk_with_grub(work, spec, image) : make_disk(work, image);
}

/* Returns the exit status of update-initramfs or of the commands, or -errno. */
static int change_image(const struct workplace *work, const struct image_spec *spec,
			const struct image *image)
{
	const char *update[] = { "update-initramfs", spec->without_initrd ? "-c" : "-u", "-k",
				 image->version, NULL };
	int status = 0;

	if (!spec->commands)
		return command_run(work->root, update);
	for (const char *const *line = spec->commands; *line && status == 0; line++) {
		printf("$ %s\n", *line);
		fflush(stdout);
		status = command_run(work->root, (const char *[]){ "sh", "-c", *line, NULL });
	}
	return status;
}

/* What the child does; returns its exit status. */
static int build_apart(const struct workplace *work, const struct image_spec *spec,
		       const struct image *image)
{
	int status;

	if (prepare_system(work, spec, image) < 0)
		return SETUP_FAILED;
	status = change_image(work, spec, image);
	if (status < 0 || keep_initrd(work, spec, image) < 0)
		return SETUP_FAILED;
	if (spec->keep_system && keep_system(work, spec, image) < 0)
		return SETUP_FAILED;
	return status;
}

int image_build(const struct image_spec *spec, const char *name, struct image *image)
{
	struct workplace work;
	char build[PATH_MAX];
	pid_t pid;
	int ret;

	memset(image, 0, sizeof(*image));
	ret = image_find_build(build);
	ret = ret ?: prepare_results(build, name, image);
	find_workplace(&work, build, spec, image);
	ret = ret ?: find_kernel(work.lower, image);
	if (ret < 0)
		return ret;
	pid = command_fork(image->log, image->log);
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(build_apart(&work, spec, image));
	image->status = command_wait(pid, 0);
	rmdir(work.space);
	if (image->status < 0 || image->status == SETUP_FAILED)
		return -EIO;
	image->renewed = !files_equal(image->initrd, OLD_INITRD);
	return 0;
}

bool image_said(const struct image *image, const char *text)
{
	char *said = files_read(image->log);
	bool found = said && strstr(said, text);

	free(said);
	return found;
}

bool image_has(const struct image *image, const char *pattern)
{
	char path[PATH_MAX];
	glob_t found;
	bool any;

	files_path(path, "%s/%s", image->tree, pattern);
	any = glob(path, 0, NULL, &found) == 0;
	globfree(&found);
	return any;
}

char *image_read(const struct image *image, const char *path)
{
	char full[PATH_MAX];

	return files_read(files_path(full, "%s/%s", image->tree, path));
}
