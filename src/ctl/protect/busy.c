/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses a device at this moment. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/vfio.h"
#include "host/deadline.h"
#include "protect/busy.h"
#include "protect/disks.h"

#define COMMAND_MAX 16 /* TASK_COMM_LEN */

/* A display with all its nodes has three; nothing else comes near. */
#define NODES_MAX 8

/* The nodes of one device, and the process that has one of them open. */
struct nodes {
	const struct host *host;
	const char *directory;                /* that the next ones are in */
	char names[NODES_MAX][NAME_MAX + 16]; /* "/vfio/12": /dev itself can be elsewhere */
	size_t count;
	char process[NAME_MAX + 1]; /* the number of the last one that was looked at */
	const char *name;           /* that it has open; NULL: none */
};

static int add_node(void *context, const char *directory, const char *name)
{
	struct nodes *nodes = context;

	(void)directory;
	if (nodes->count < NODES_MAX && strlen(name) <= NAME_MAX)
		sprintf(nodes->names[nodes->count++], "%s%s", nodes->directory, name);
	return 0;
}

static void find_nodes(struct nodes *nodes, const struct pci_device *device, bool vfio)
{
	static const struct {
		const char *below, *directory;
	} kinds[] = { { "vfio-dev", "/vfio/devices/" }, { "drm", "/dri/" } };
	char path[PATH_MAX], address[PCI_ADDRESS_TEXT_MAX];

	pci_address_format(&device->address, address);
	if (vfio && device->group >= 0) {
		sprintf(nodes->names[nodes->count++], "/vfio/%d", device->group);
		sprintf(nodes->names[nodes->count++], "/vfio/noiommu-%d", device->group);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		nodes->directory = kinds[i].directory;
		if (host_path(path, "/" PCI_DEVICES "/%s/%s", address, kinds[i].below) == 0)
			host_each(nodes->host, path, add_node, nodes);
	}
}

/* These return 1, which ends the search, where one of the nodes is open. */
static int look_at_file(void *context, const char *directory, const char *name)
{
	struct nodes *nodes = context;
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	if (host_path(path, "%s/%s", directory, name) < 0)
		return 0;
	length = readlinkat(nodes->host->directory, host_below(path), target, sizeof(target) - 1);
	if (length < 0)
		return 0;
	target[length] = '\0';
	for (size_t i = 0; i < nodes->count; i++) {
		size_t part = strlen(nodes->names[i]);

		if ((size_t)length >= part &&
		    strcmp(target + length - part, nodes->names[i]) == 0) {
			nodes->name = nodes->names[i];
			return 1;
		}
	}
	return 0;
}

static int look_at_process(void *context, const char *directory, const char *name)
{
	struct nodes *nodes = context;
	char path[PATH_MAX];

	if (!isdigit((unsigned char)name[0]) || host_path(path, "%s/%s/fd", directory, name) < 0)
		return 0;
	host_each(nodes->host, path, look_at_file, nodes);
	snprintf(nodes->process, sizeof(nodes->process), "%s", name);
	return nodes->name != NULL;
}

static bool find_process(const struct host *host, const struct pci_device *device,
			 char text[BUSY_TEXT_MAX])
{
	struct nodes nodes = { .host = host };
	bool vfio = device->driver && vfio_is_driver(device->driver);
	char command[COMMAND_MAX + 1] = "", path[64];
	int fd;

	find_nodes(&nodes, device, vfio);
	if (nodes.count > 0)
		host_each(host, "/proc", look_at_process, &nodes);
	if (nodes.name) {
		host_readf(host, command, sizeof(command), "/proc/%s/comm", nodes.process);
		snprintf(text, BUSY_TEXT_MAX, "%s (process %.10s) has /dev%.32s open",
			 command[0] ? command : "a process", nodes.process, nodes.name);
		return true;
	}
	if (!host->live || !vfio)
		return false;
	/* A group can be open once only; a process that cannot be seen from here may be the one. */
	snprintf(path, sizeof(path), "dev/vfio/%d", device->group);
	fd = file_open_flags(host->directory, path, O_RDWR);
	file_close(&fd);
	if (fd == -EBUSY)
		snprintf(text, BUSY_TEXT_MAX, "a process has /dev/vfio/%d open", device->group);
	return fd == -EBUSY;
}

/* The disks of the host, one after the other, and whether they are on the device. */
struct disks {
	struct walk walk;
	struct protect protect;
	const struct pci_device *device;
	char busy[NAME_MAX + 1]; /* empty: none is */
	const char *what;        /* it is, or does */
};

static bool is_below(struct disks *disks, const char *directory)
{
	struct protect *protect = &disks->protect;

	protect->count = 0;
	walk_begin(&disks->walk, PROTECT_OTHER, "in use", "%s", "");
	disks_follow(&disks->walk, directory);
	walk_end(&disks->walk);
	for (size_t i = 0; i < protect->count; i++)
		if (pci_address_compare(&protect->pci.devices[protect->list[i].device].address,
					&disks->device->address) == 0)
			return true;
	return false;
}

/* Refused to a disk that is mounted, swapped to, or part of something. */
static int open_disk(const void *node, void *answer)
{
	cleanup_fd int fd = file_open_flags(AT_FDCWD, node, O_RDONLY | O_EXCL | O_NONBLOCK);

	(void)answer;
	return fd < 0 ? fd : 0;
}

/* What is made of disks (dm, md, loop, ...) holds these, so they tell enough. */
static int look_at_disk(void *context, const char *all, const char *name)
{
	static const char made[] = "/sys/devices/virtual/block/";
	struct disks *disks = context;
	const struct host *host = disks->walk.host;
	char directory[PATH_MAX], node[PATH_MAX], outside[PATH_MAX];
	int result;

	(void)all;
	if (disks_find_name(host, name, directory) < 0 ||
	    strncmp(directory, made, sizeof(made) - 1) == 0 || !is_below(disks, directory))
		return 0;
	disks_format_node(host, directory, node);
	if (host_outside(host, node, outside) < 0)
		return 0;
	result = deadline_run(open_disk, outside, NULL, 0);
	/* One that does not answer may be part of anything. */
	if (result == -EBUSY)
		disks->what = "is mounted, or part of something that is in use";
	else if (result == -ETIMEDOUT || result == -EAGAIN)
		disks->what = "does not answer, so it is not known whether it is in use";
	else
		return 0;
	snprintf(disks->busy, sizeof(disks->busy), "%s", name);
	return 1;
}

bool busy_find(const struct host *host, const struct pci_device *device, char text[BUSY_TEXT_MAX])
{
	struct disks disks = { .walk = { .host = host }, .device = device };

	if (find_process(host, device, text))
		return true;
	disks.walk.protect = &disks.protect;
	if (pci_read(&disks.protect.pci, host->directory) == 0)
		host_each(host, DISKS_ALL, look_at_disk, &disks);
	protect_free(&disks.protect);
	if (disks.busy[0])
		snprintf(text, BUSY_TEXT_MAX, "%.24s %s", disks.busy, disks.what);
	return disks.busy[0];
}
