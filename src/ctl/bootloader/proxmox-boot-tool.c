/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxmox-boot-tool, which keeps several EFI system partitions, each with GRUB or systemd-boot. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include <libmount/libmount.h>

#include "bootloader/grub.h"
#include "bootloader/systemd-boot.h"
#include "host/deadline.h"

#define UUIDS "/etc/kernel/proxmox-boot-uuids"

/* One partition to look into. */
struct visit {
	struct bootcheck check;
	char device[PATH_MAX];
};

/* The file system is vfat, but libmount finds that out, as mount(8) would. */
static int mount_with(const char *device, const char *options)
{
	struct libmnt_context *context = mnt_new_context();
	int result = -ENOMEM;

	if (!context)
		return result;
	mnt_context_disable_mtab(context, true);
	if (mnt_context_set_source(context, device) == 0 &&
	    mnt_context_set_target(context, "/boot") == 0 &&
	    mnt_context_set_options(context, options) == 0)
		result = mnt_context_mount(context);
	/* What it returned is no errno then. */
	if (result != 0 && mnt_context_syscall_called(context))
		result = -mnt_context_get_syscall_errno(context);
	mnt_free_context(context);
	return result > 0 ? -EIO : result;
}

/* Has the partition as /boot in a mount namespace of its own, for reading. */
static int mount_esp(const char *device)
{
	int result;

	if (access(device, F_OK) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	result = mount_with(device, "ro,nosuid,nodev,noexec");
	/* One that is mounted for writing elsewhere cannot be mounted only for reading. */
	return result == -EBUSY ? mount_with(device, "nosuid,nodev,noexec") : result;
}

/* In a child process, as the mount is. */
static int visit(const void *context, void *message)
{
	const struct visit *visit = context;
	struct bootcheck check = visit->check;
	struct host host;
	int result = mount_esp(visit->device);

	if (result < 0)
		return boot_say(message, -ENOENT,
				"%s: %s, so what the next boot has cannot be told", visit->device,
				strerror(-result));
	/* A directory that was opened before shows what was mounted before. */
	result = host_open(&host, "/");
	check.host = &host;
	check.message = message;
	if (result == 0)
		result = bootcheck_run(&check, check.loader == &bootloader_proxmox_grub
						       ? grub_check_entries
						       : systemd_check_entries);
	return result;
}

/* Stops at the first that is not as wanted. */
static int visit_all(const struct bootcheck *check, char *uuids)
{
	struct visit next = { .check = *check };
	bool found = false;
	int result = 0;
	char *uuid;

	while (result == 0 && (uuid = strsep(&uuids, " \t\n"))) {
		if (!uuid[0])
			continue;
		found = true;
		result = host_path(next.device, "/dev/disk/by-uuid/%s", uuid);
		if (result == 0)
			result = deadline_run(visit, &next, check->message, BOOT_MESSAGE_MAX);
	}
	if (!found)
		return boot_say(check->message, -ENOENT,
				UUIDS ": found no UUID, expected one a line; see "
				      "proxmox-boot-tool(8)");
	return result;
}

static void check_entries(struct bootcheck *check)
{
	char *uuids;

	check->entries = 1; /* the children count them */
	if (!check->host->live) {
		check->result =
			boot_say(check->message, -ENOENT,
				 "its EFI system partitions cannot be looked into from here");
		return;
	}
	check->result = host_read_text(check->host, UUIDS, &uuids);
	if (check->result < 0)
		return;
	check->result = visit_all(check, uuids);
	free(uuids);
}

static int check_usable(const struct host *host, char *message)
{
	if (host_has(host, "", host_below(UUIDS)))
		return 0;
	return boot_say(message, -ENOENT, "there is no " UUIDS);
}

static int check_grub_usable(const struct host *host, char *message)
{
	int result = check_usable(host, message);

	return result < 0 ? result : grub_check_usable(host, message);
}

const struct bootloader bootloader_proxmox_grub = {
	.name = "GRUB by proxmox-boot-tool",
	.family = "GRUB",
	.refresh = "proxmox-boot-tool refresh",
	.program = { "proxmox-boot-tool", "refresh" },
	.own = grub_own_words,
	.skips_imageless = true,
	.find_file = grub_find_file,
	.find_sign = grub_find_sign,
	.check_usable = check_grub_usable,
	.load = grub_load,
	.read = grub_read,
	.find_fault = grub_find_fault,
	.check_entries = check_entries,
};

const struct bootloader bootloader_proxmox_systemd = {
	.name = "systemd-boot by proxmox-boot-tool",
	.family = "systemd-boot",
	.refresh = "proxmox-boot-tool refresh",
	.program = { "proxmox-boot-tool", "refresh" },
	.own = systemd_own_words,
	.needs_efi = true,
	.skips_imageless = true,
	.find_file = systemd_find_file,
	.find_sign = systemd_find_sign,
	.check_usable = check_usable,
	.load = systemd_load_line,
	.read = systemd_read_line,
	.check_entries = check_entries,
};
