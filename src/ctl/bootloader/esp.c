/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI system partitions that proxmox-boot-tool keeps. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <blkid/blkid.h>

#include "bootloader/esp.h"
#include "core/file.h"
#include "host/array.h"
#include "host/deadline.h"

#define BY_UUID "/dev/disk/by-uuid"

/* More than the longest name of a file system. */
#define TYPE_MAX 32

/* Mounts what has this type. The mount or -errno. */
static int mount_type(const char *device, const char *type, bool shared)
{
	cleanup_fd int context = fsopen(type, FSOPEN_CLOEXEC);
	int result = context < 0 ? -1 : fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0);

	if (result == 0 && !shared)
		result = fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	if (result == 0)
		result = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (result == 0)
		result = fsmount(context, FSMOUNT_CLOEXEC,
				 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					 MOUNT_ATTR_NOEXEC);
	return result < 0 ? -errno : result;
}

static int find_type(const char *device, char type[TYPE_MAX])
{
	blkid_probe probe = blkid_new_probe_from_filename(device);
	const char *found;
	int result = -errno;

	if (!probe)
		return result;
	result = -ENODATA; /* there is no file system */
	if (blkid_do_safeprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, "TYPE", &found, NULL) == 0)
		result = snprintf(type, TYPE_MAX, "%s", found) < TYPE_MAX ? 0 : -ENODATA;
	blkid_free_probe(probe);
	return result;
}

/* What is mounted for writing elsewhere has to be so here, too, but for this mount. */
static int mount_either(const char *device, const char *type)
{
	int result = mount_type(device, type, false);

	return result == -EBUSY ? mount_type(device, type, true) : result;
}

static int list_nothing(void *context, int fd, const char *name)
{
	(void)context;
	(void)fd;
	(void)name;
	return 0;
}

/* In a child process, since a disk that is dying does not answer. */
static int rehearse(const void *device, void *type)
{
	int result = find_type(device, type);
	cleanup_fd int mounted = result < 0 ? result : mount_either(device, type);

	if (mounted < 0)
		return mounted;
	return file_each_entry(file_open_flags(mounted, ".", O_RDONLY | O_DIRECTORY), list_nothing,
			       NULL);
}

static int mount_device(const char *device)
{
	char type[TYPE_MAX];
	int result = deadline_run(rehearse, device, type, sizeof(type));

	return result < 0 ? result : mount_either(device, type);
}

static void open_one(struct esp *esp, const struct host *host)
{
	cleanup_fd int mounted = -1;
	char path[PATH_MAX];

	esp->error = host_path(path, BY_UUID "/%s", esp->uuid);
	if (esp->error == 0 && host->live)
		esp->error = mounted = mount_device(path);
	if (esp->error < 0)
		return;
	esp->files.directory =
		host->live ? openat(mounted, ".", O_DIRECTORY | O_CLOEXEC)
			   : openat(host->directory, host_below(path), O_DIRECTORY | O_CLOEXEC);
	esp->error = esp->files.directory < 0 ? -errno : 0;
	snprintf(esp->files.root, sizeof(esp->files.root), "/proc/self/fd/%d",
		 esp->files.directory);
	/* As proxmox-boot-tool tells them apart: /loader stays behind where GRUB took over. */
	esp->grub = esp->error == 0 && (host_has(&esp->files, "/EFI/proxmox", "grubx64.efi") ||
					!host_has(&esp->files, "", "loader"));
}

/* A line that is no UUID of a vfat is skipped, as proxmox-boot-tool does. */
static bool is_uuid(const char *line)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	return strspn(line, digits) == 4 && line[4] == '-' && strspn(line + 5, digits) == 4 &&
	       !line[9];
}

int esps_open(struct esps *esps, const struct host *host)
{
	char *text = NULL, *rest, *line;
	int result = host_read_text(host, ESP_UUIDS, &text);

	*esps = (struct esps){ .count = 0 };
	for (rest = text; result == 0 && (line = strsep(&rest, "\n"));) {
		struct esp *esp = is_uuid(line) ? array_add(esps->list, esps->count) : NULL;

		if (esp) {
			*esp = (struct esp){ .files.directory = -1 };
			memcpy(esp->uuid, line, sizeof(esp->uuid));
			open_one(esp, host);
		} else if (is_uuid(line)) {
			result = -ENOMEM;
		}
	}
	free(text);
	return result;
}

void esps_close(struct esps *esps)
{
	for (size_t i = 0; i < esps->count; i++)
		host_close(&esps->list[i].files);
	free(esps->list);
	*esps = (struct esps){ .count = 0 };
}

/* Whether both have the same content, which is as long. */
static bool is_same(int left, int right)
{
	char a[1 << 14], b[1 << 14];

	while (true) {
		ssize_t got = read(left, a, sizeof(a)), there = read(right, b, sizeof(b));

		if (got != there || got < 0 || memcmp(a, b, (size_t)got) != 0)
			return false;
		if (got == 0)
			return true;
	}
}

/* Times on vfat are even seconds. */
const char *esp_find_fault(const struct esp *esp, const char *copy, const struct host *host,
			   const char *image)
{
	struct stat made, copied;
	cleanup_fd int left = file_open(host->directory, host_below(image));
	cleanup_fd int right = file_open(esp->files.directory, host_below(copy));
	long long apart;

	if (right == -ENOENT)
		return "There is no copy of";
	if (left < 0 || right < 0 || fstat(left, &made) < 0 || fstat(right, &copied) < 0)
		return NULL;
	if (copied.st_size < made.st_size)
		return "The copy that boots is shorter than";
	apart = (long long)(copied.st_mtim.tv_sec - made.st_mtim.tv_sec);
	if (copied.st_size == made.st_size && ((apart >= -2 && apart <= 2) || is_same(left, right)))
		return NULL;
	return "The copy that boots differs from";
}

static bool has_room(const struct esp *esp, const struct host *host, const char *image)
{
	struct statvfs there;
	struct stat made;

	return fstatvfs(esp->files.directory, &there) < 0 ||
	       fstatat(host->directory, host_below(image), &made, 0) < 0 ||
	       (unsigned long long)there.f_bavail * there.f_frsize >=
		       (unsigned long long)made.st_size;
}

bool esp_find_copy(const struct esp *esp, const char *release, char copy[PATH_MAX])
{
	char directory[PATH_MAX];

	return esp->error == 0 &&
	       host_path(directory, "%s%s", esp->grub ? "" : "/EFI/proxmox/",
			 esp->grub ? "" : release) == 0 &&
	       host_path(copy, "%s/vmlinuz-%s", directory, release) == 0 &&
	       host_has(&esp->files, "", host_below(copy)) &&
	       host_path(copy, "%s/initrd.img-%s", directory, release) == 0;
}

static void check_kernel(struct findings *findings, const struct host *host, const struct esp *esp,
			 struct kernel *kernel)
{
	char copy[PATH_MAX], image[PATH_MAX], where[PATH_MAX];
	const char *fault;

	if (!esp_find_copy(esp, kernel->release, copy))
		return;
	kernel->unbooted = false;
	if (kernels_image(kernel, image) < 0 || host_path(where, "ESP %s: %s", esp->uuid, copy) < 0)
		return;
	fault = esp_find_fault(esp, copy, host, image);
	if (!fault)
		return;
	kernel->miscopied = true;
	findings_add(findings, FINDING_WARNING, where, "%s %s", fault, image);
	if (has_room(esp, host, image))
		findings_fix(findings, "Run 'proxmox-boot-tool refresh'");
	else
		findings_fix(findings, "The partition is full: remove a kernel, as with 'apt "
				       "autoremove', then run 'proxmox-boot-tool refresh'");
}

void esps_check(struct findings *findings, const struct host *host, const struct esps *esps)
{
	for (size_t i = 0; i < esps->count; i++) {
		const struct esp *esp = &esps->list[i];
		char where[sizeof("ESP ABCD-1234")];

		/* A host that is recorded below a directory need not have them. */
		if (esp->error == 0 || (!host->live && esp->error == -ENOENT))
			continue;
		snprintf(where, sizeof(where), "ESP %s", esp->uuid);
		findings_add(findings, esp->error == -ENOENT ? FINDING_WARNING : FINDING_UNKNOWN,
			     where, "The images on it can't be seen: %s", strerror(-esp->error));
		if (esp->error == -ENOENT)
			findings_fix(findings, "Attach its disk, then run 'proxmox-boot-tool "
					       "refresh'; if it is gone for good, run "
					       "'proxmox-boot-tool clean'");
	}
}

void esps_check_images(struct findings *findings, const struct host *host, struct kernels *kernels)
{
	size_t readable = 0;
	struct esps esps;

	esps_open(&esps, host);
	for (size_t i = 0; i < esps.count; i++)
		readable += esps.list[i].error == 0;
	for (size_t n = 0; n < kernels->count; n++)
		kernels->list[n].unbooted = readable > 0;
	for (size_t i = 0; i < esps.count; i++)
		for (size_t n = 0; n < kernels->count; n++)
			if (kernels->list[n].state != KERNEL_NO_IMAGE)
				check_kernel(findings, host, &esps.list[i], &kernels->list[n]);
	esps_check(findings, host, &esps);
	esps_close(&esps);
}
