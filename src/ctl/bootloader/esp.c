/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI system partitions that proxmox-boot-tool keeps. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include <blkid/blkid.h>

#include "bootloader/esp.h"
#include "core/file.h"
#include "host/array.h"

#define BY_UUID "/dev/disk/by-uuid"

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

static int mount_device(const char *device)
{
	blkid_probe probe = blkid_new_probe_from_filename(device);
	const char *type;
	int result = -errno;

	if (!probe)
		return result;
	result = -ENODATA; /* there is no file system */
	if (blkid_do_safeprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, "TYPE", &type, NULL) == 0) {
		result = mount_type(device, type, false);
		/* What is mounted for writing elsewhere has to be so here, too, but for this mount. */
		if (result == -EBUSY)
			result = mount_type(device, type, true);
	}
	blkid_free_probe(probe);
	return result;
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
	esp->files.directory = host->live ? openat(mounted, ".", O_DIRECTORY | O_CLOEXEC)
					  : openat(host->directory, host_below(path),
						   O_DIRECTORY | O_CLOEXEC);
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
	static const char form[] = "xxxx-xxxx";

	if (strlen(line) != strlen(form))
		return false;
	for (size_t i = 0; line[i]; i++)
		if (form[i] == '-' ? line[i] != '-' : !strchr("0123456789abcdefABCDEF", line[i]))
			return false;
	return true;
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
