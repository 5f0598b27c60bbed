/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI system partitions that proxmox-boot-tool keeps. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <libmount/libmount.h>

#include "bootloader/esp.h"
#include "bootloader/files.h"

/* What the child leaves for its parent. */
struct answer {
	int result;
	char message[BOOT_MESSAGE_MAX];
};

struct visit {
	int (*call)(const struct host *host, const void *context, char *message);
	const void *context;
	struct answer *answer; /* in memory that both share */
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

/* One that is mounted for writing elsewhere cannot be mounted only for reading. */
static int mount_esp(const char *device)
{
	int result;

	if (access(device, F_OK) < 0)
		return -errno;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	result = mount_with(device, "ro,nosuid,nodev,noexec");
	return result == -EBUSY ? mount_with(device, "nosuid,nodev,noexec") : result;
}

static _Noreturn void visit_in_child(const struct visit *visit, const char *device)
{
	struct answer *answer = visit->answer;
	struct host host;
	int result = mount_esp(device);

	if (result < 0) {
		answer->result = boot_say(answer->message, -ENOENT,
					  "%s: %s, so what the next boot has cannot be told",
					  device, strerror(-result));
		_exit(0);
	}
	/* A directory that was opened before shows what was mounted before. */
	result = host_open(&host, "/");
	answer->result = result < 0 ? result : visit->call(&host, visit->context, answer->message);
	_exit(0);
}

static int visit_one(const struct visit *visit, const char *uuid, char *message)
{
	char device[PATH_MAX];
	int result = host_path(device, "/dev/disk/by-uuid/%s", uuid), status;
	pid_t child;

	if (result < 0)
		return result;
	*visit->answer = (struct answer){ .result = -EIO };
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		visit_in_child(visit, device);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	memcpy(message, visit->answer->message, BOOT_MESSAGE_MAX);
	return visit->answer->result;
}

static int visit_all(const struct visit *visit, char *uuids, char *message)
{
	size_t count = 0;
	int result = 0;
	char *uuid;

	while (result == 0 && (uuid = strsep(&uuids, " \t\n"))) {
		if (!uuid[0])
			continue;
		result = visit_one(visit, uuid, message);
		count++;
	}
	if (count == 0)
		return boot_say(message, -ENOENT,
				ESP_UUIDS ": found no UUID, expected one a line; see "
					  "proxmox-boot-tool(8)");
	return result;
}

int esp_visit(const struct host *host,
	      int (*call)(const struct host *host, const void *context, char *message),
	      const void *context, char *message)
{
	struct visit visit = { .call = call, .context = context };
	char *uuids;
	int result;

	if (!host->live)
		return boot_say(message, -ENOENT,
				"its EFI system partitions cannot be looked into from here");
	result = host_read_text(host, ESP_UUIDS, &uuids);
	if (result < 0)
		return result;
	visit.answer = mmap(NULL, sizeof(*visit.answer), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (visit.answer == MAP_FAILED) {
		result = -errno;
	} else {
		result = visit_all(&visit, uuids, message);
		munmap(visit.answer, sizeof(*visit.answer));
	}
	free(uuids);
	return result;
}
