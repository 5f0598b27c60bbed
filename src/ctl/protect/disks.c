/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices: from a name or number down to what they are on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "host/deadline.h"
#include "protect/disks.h"
#include "protect/mounts.h"
#include "protect/network.h"

int disks_find_number(const struct host *host, dev_t number, char directory[PATH_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(number), minor(number));
	return host_resolve(host, path, directory);
}

/* The kernel writes "!" for "/" in names: /dev/cciss/c0d0 is cciss!c0d0. */
static void exchange(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

int disks_find_name(const struct host *host, const char *name, char directory[PATH_MAX])
{
	char path[PATH_MAX];
	int result = host_path(path, DISKS_ALL "/%s", name);

	if (result < 0)
		return result;
	exchange(path + strlen(DISKS_ALL "/"), '/', '!');
	return host_resolve(host, path, directory);
}

struct node_search {
	const struct host *host;
	const char *node;
};

/* What a path leads to. */
struct node {
	dev_t number; /* of a block device; 0: none that can be asked here */
	char path[PATH_MAX];
};

/* The number of a node tells best; a recorded host has its links only. */
static int look_at_node(const void *context, void *answer)
{
	const struct node_search *search = context;
	struct node *node = answer;
	struct stat status;

	if (search->host->live && stat(search->node, &status) == 0 && S_ISBLK(status.st_mode)) {
		node->number = status.st_rdev;
		return 0;
	}
	return host_resolve(search->host, search->node, node->path);
}

/* Outside of /dev, the path can lead to a file system that doesn't answer. */
static int find_node(const struct host *host, const char *name, char directory[PATH_MAX])
{
	const struct node_search search = { host, name };
	struct node node = { .path = "" };
	int result = strncmp(name, "/dev/", 5) == 0
			     ? look_at_node(&search, &node)
			     : deadline_run(look_at_node, &search, &node, sizeof(node));

	if (result == 0 && node.number)
		return disks_find_number(host, node.number, directory);
	if (result == 0 && strncmp(node.path, "/dev/", 5) == 0)
		return disks_find_name(host, node.path + 5, directory);
	return result < 0 ? result : -ENOTBLK;
}

int disks_find_spec(const struct host *host, const char *spec, char directory[PATH_MAX])
{
	char node[PATH_MAX];
	int result = block_tags_find_node(host, spec, node);

	return result < 0 ? result : find_node(host, node, directory);
}

void disks_format_node(const struct host *host, const char *directory, char node[PATH_MAX])
{
	char name[NAME_MAX + 1];

	if (host_readf(host, name, sizeof(name), "%s/dm/name", directory) > 0) {
		snprintf(node, PATH_MAX, "/dev/mapper/%s", name);
		return;
	}
	snprintf(node, PATH_MAX, "/dev/%s", strrchr(directory, '/') + 1);
	exchange(node, '!', '/');
}

int disks_read_tags(const struct host *host, const char *directory, struct block_tags *tags)
{
	char node[PATH_MAX];

	disks_format_node(host, directory, node);
	return block_tags_read(host, directory, node, tags);
}

int disks_follow_link(void *walk, const char *directory, const char *name)
{
	char target[PATH_MAX];

	if (walk_resolve(walk, directory, name, target) == 0)
		disks_follow(walk, target);
	return 0;
}

static void follow_slaves(struct walk *walk, const char *directory)
{
	char path[PATH_MAX];

	if (host_path(path, "%s/slaves", directory) == 0)
		walk_list(walk, path, disks_follow_link, walk);
}

/* "LVM-" and the UUIDs of the group and of the volume, 32 characters each. */
#define GROUP_LENGTH (4 + 32)

struct group_search {
	struct walk *walk;
	char group[128]; /* what the volumes' UUIDs begin with */
};

static int follow_group_volume(void *context, const char *directory, const char *name)
{
	struct group_search *search = context;
	char volume[PATH_MAX], uuid[128];

	if (strncmp(name, "dm-", 3) == 0 && host_path(volume, "%s/%s", directory, name) == 0 &&
	    host_readf(search->walk->host, uuid, sizeof(uuid), "%s/dm/uuid", volume) > 0 &&
	    strncmp(uuid, search->group, GROUP_LENGTH) == 0)
		follow_slaves(search->walk, volume);
	return 0;
}

/* The group of the volume that device-mapper calls GROUP-VOLUME, with each "-" of a name doubled.
 */
static bool format_group(const char *volume, char name[NAME_MAX + 1])
{
	size_t used = 0;

	for (; *volume && (*volume != '-' || volume[1] == '-'); volume++) {
		volume += *volume == '-';
		name[used++] = *volume;
	}
	name[used] = '\0';
	return *volume == '-' && used > 0;
}

/*
 * A disk that no volume uses yet is above none; LVM's own text about the group names all, each by
 * a line `id = "UUID"` between physical_volumes and logical_volumes. udev has links by those.
 */
void disks_follow_group(struct walk *walk, const char *group)
{
	char path[PATH_MAX], id[64], device[PATH_MAX], *text, *rest, *line;

	if (host_path(path, "/etc/lvm/backup/%s", group) < 0 ||
	    host_read_text(walk->host, path, &text) < 0)
		return;
	rest = strstr(text, "physical_volumes {");
	while ((line = strsep(&rest, "\n")) && !strstr(line, "logical_volumes {"))
		if (sscanf(line, " id = \"%63[0-9A-Za-z-]\"", id) == 1 &&
		    host_path(path, "/dev/disk/by-id/lvm-pv-uuid-%s", id) == 0 &&
		    disks_find_spec(walk->host, path, device) == 0)
			disks_follow(walk, device);
	free(text);
}

/*
 * LVM activates the volumes of a group by itself only when all of its disks are there, so those of
 * the other volumes count as well (lvmautoactivation(7)).
 */
static void follow_group(struct walk *walk, const char *directory)
{
	struct group_search search = { .walk = walk };
	char name[2 * NAME_MAX], group[NAME_MAX + 1];

	if (host_readf(walk->host, search.group, sizeof(search.group), "%s/dm/uuid", directory) <
		    GROUP_LENGTH ||
	    strncmp(search.group, "LVM-", 4) != 0)
		return;
	search.group[GROUP_LENGTH] = '\0';
	if (!walk_enter(walk, search.group))
		return;
	walk_list(walk, DISKS_ALL, follow_group_volume, &search);
	if (host_readf(walk->host, name, sizeof(name), "%s/dm/name", directory) > 0 &&
	    strlen(name) <= NAME_MAX && format_group(name, group))
		disks_follow_group(walk, group);
	walk_leave(walk);
}

static void follow_path(struct walk *walk, const char *directory, const char *attribute)
{
	char path[PATH_MAX], block[PATH_MAX];
	int length = host_readf(walk->host, path, sizeof(path), "%s/%s", directory, attribute);

	if (length < 0)
		walk_lose(walk, "%s: %s/%s: %s", walk->use.text, directory, attribute,
			  strerror(-length));
	else if (path[0] == '/' && find_node(walk->host, path, block) == 0)
		disks_follow(walk, block);
	else if (path[0] == '/')
		mounts_follow_file(walk, path);
}

/* It can be in another machine or in this one. */
static void follow_unknown(struct walk *walk, const char *name)
{
	walk_lose(walk, "%s: what %s is on is not known", walk->use.text, name);
	network_follow_server(walk, NULL);
}

/* Follows a device, if the text names one that is there. */
static bool follow_if_there(struct walk *walk, const char *spec)
{
	char directory[PATH_MAX];

	if ((strncmp(spec, "/dev/", 5) != 0 && !strchr(spec, '=')) ||
	    disks_find_spec(walk->host, spec, directory) < 0)
		return false;
	disks_follow(walk, directory);
	return true;
}

/*
 * A device, a file, FILE:DEVICE (crypttab(5) of systemd) or DEVICE:FILE:SECONDS (passdev of
 * Debian); names of devices can have ":" themselves. What isn't plugged in can't be followed.
 */
static void follow_key(struct walk *walk, char *key)
{
	char *colon = strchr(key, '\0');
	bool followed = follow_if_there(walk, key);

	while (!followed && (colon = memrchr(key, ':', (size_t)(colon - key)))) {
		*colon = '\0';
		followed = follow_if_there(walk, key) || follow_if_there(walk, colon + 1);
		*colon = ':';
	}
	if (!followed && key[0] == '/' && strncmp(key, "/dev/", 5) != 0 && !strchr(key, ':'))
		mounts_follow_file(walk, key);
}

/* An encrypted volume opens only with its key and its header, which can be elsewhere. */
static void follow_crypttab(struct walk *walk, const char *directory)
{
	char mapping[NAME_MAX + 1], name[NAME_MAX + 1], key[PATH_MAX], options[PATH_MAX];
	char *text, *rest, *line, *header;
	int result = host_readf(walk->host, mapping, sizeof(mapping), "%s/dm/name", directory);

	if (result <= 0 || (result = host_read_text(walk->host, CRYPTTAB, &text)) == -ENOENT)
		return;
	if (result < 0) {
		walk_lose(walk, CRYPTTAB ": %s", strerror(-result));
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		key[0] = options[0] = '\0';
		if (sscanf(line, " %255s %*s %4095s %4095s", name, key, options) < 1 ||
		    strcmp(name, mapping) != 0)
			continue;
		follow_key(walk, key);
		header = strstr(options, "header=");
		if (header) {
			header[strcspn(header, ",")] = '\0';
			follow_key(walk, header + strlen("header="));
		}
	}
	free(text);
}

static bool is_fabrics(const char *directory)
{
	return strstr(directory, "/nvme-fabrics/");
}

/*
 * A controller of NVMe over Fabrics says "traddr=10.0.0.1,trsvcid=4420"; over Fibre Channel its
 * address is not one of IP.
 */
static void follow_fabrics(struct walk *walk, const char *controller)
{
	char line[256], *address = NULL;

	if (host_readf(walk->host, line, sizeof(line), "%s/address", controller) > 0)
		address = strstr(line, "traddr=");
	if (address) {
		address += strlen("traddr=");
		address[strcspn(address, ",")] = '\0';
	}
	if (address && network_is_address(address))
		network_follow_server(walk, address);
	else
		follow_unknown(walk, strrchr(controller, '/') + 1);
}

bool disks_is_nvme_controller(const char *name)
{
	return strncmp(name, "nvme", 4) == 0 && name[4 + strspn(name + 4, "0123456789")] == '\0';
}

/* Controllers are links beside the disks. */
static int follow_nvme_controller(void *context, const char *directory, const char *name)
{
	struct walk *walk = context;
	char controller[PATH_MAX];

	if (!disks_is_nvme_controller(name) ||
	    walk_resolve(walk, directory, name, controller) < 0 ||
	    walk_take_path(walk, controller) > 0)
		return 0;
	if (is_fabrics(controller)) {
		follow_fabrics(walk, controller);
		return 0;
	}
	walk_note(walk, "%s: %s is on no PCI bus", walk->use.text, name);
	walk_take_other(walk);
	return 0;
}

/*
 * Follows what a block device is made of. Every device has a directory slaves; dm (LVM, LUKS,
 * multipath, ...), md, bcache (its caches as well) and DRBD have entries there. Returns whether the
 * device is of a kind that is no disk: it must be on something else.
 */
static bool follow_stackings(struct walk *walk, const char *directory)
{
	const struct host *host = walk->host;
	bool dm = host_has(host, directory, "dm");
	bool partition = host_has(host, directory, "partition");
	bool loop = host_has(host, directory, "loop/backing_file");
	bool zram = host_has(host, directory, "mm_stat");
	/* Native multipath; controllers have no iopolicy, only subsystems have. */
	bool nvme = host_has(host, directory, "../iopolicy");
	size_t ends = walk->ends;
	char beside[PATH_MAX];

	follow_slaves(walk, directory);
	if (dm)
		follow_group(walk, directory);
	if (dm && walk->ends > ends)
		follow_crypttab(walk, directory);
	if (partition)
		disks_follow_link(walk, directory, "..");
	if (loop)
		follow_path(walk, directory, "loop/backing_file");
	/* Compressed memory; it can put what it has no use for on a disk. */
	if (zram)
		walk_take_other(walk);
	if (zram && host_has(host, directory, "backing_dev"))
		follow_path(walk, directory, "backing_dev");
	if (nvme && host_path(beside, "%s/..", directory) == 0)
		walk_list(walk, beside, follow_nvme_controller, walk);
	return dm || partition || loop || zram || nvme || host_has(host, directory, "md");
}

struct iscsi_search {
	struct walk *walk;
	unsigned int session;
	bool found;
};

/* The portal that was asked first can be another one than the one that has the disk. */
static int follow_iscsi_connection(void *context, const char *directory, const char *name)
{
	static const char *const attributes[] = { "address", "persistent_address" };
	struct iscsi_search *iscsi = context;
	const struct host *host = iscsi->walk->host;
	char address[128];
	unsigned int session;

	if (sscanf(name, "connection%u:", &session) != 1 || session != iscsi->session)
		return 0;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (host_readf(host, address, sizeof(address), "%s/%s/%s", directory, name,
			       attributes[i]) > 0 &&
		    network_is_address(address)) {
			network_follow_server(iscsi->walk, address);
			iscsi->found = true;
		}
	return 0;
}

/* .../sessionN/targetH:C:T/H:C:T:L/block/sda, of an initiator in software. */
static bool follow_iscsi(struct walk *walk, const char *directory)
{
	struct iscsi_search iscsi = { .walk = walk };
	const char *session = strstr(directory, "/session");

	if (!session || sscanf(session, "/session%u/", &iscsi.session) != 1)
		return false;
	walk_list(walk, "/sys/class/iscsi_connection", follow_iscsi_connection, &iscsi);
	if (!iscsi.found)
		network_follow_server(walk, NULL);
	return true;
}

/* A disk on no PCI bus. */
static void follow_elsewhere(struct walk *walk, const char *directory)
{
	static const char *const remote[] = { "nbd", "rbd", "etherd!", "drbd" };
	const char *name = strrchr(directory, '/') + 1;
	char controller[PATH_MAX];

	if (follow_iscsi(walk, directory))
		return;
	if (is_fabrics(directory)) {
		snprintf(controller, sizeof(controller), "%.*s", (int)(name - directory - 1),
			 directory);
		follow_fabrics(walk, controller);
		return;
	}
	if (strncmp(directory, "/sys/devices/virtual/", 21) != 0)
		return;
	/* What is left is on nothing that sysfs shows. */
	if (strncmp(name, "ram", 3) == 0) {
		walk_take_other(walk);
		return;
	}
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (strncmp(name, remote[i], strlen(remote[i])) == 0) {
			network_follow_server(walk, NULL);
			return;
		}
	follow_unknown(walk, name);
}

void disks_follow(struct walk *walk, const char *directory)
{
	size_t ends = walk->ends;
	const char *name = strrchr(directory, '/') + 1;
	bool stacked;

	if (!walk_enter(walk, directory))
		return;
	stacked = follow_stackings(walk, directory);
	if (!stacked && walk_take_path(walk, directory) == 0 && walk->ends == ends)
		follow_elsewhere(walk, directory);
	walk_leave(walk);
	if (walk->ends > ends)
		return;
	if (stacked) {
		walk_lose(walk, "%s: found nothing below %s", walk->use.text, name);
		return;
	}
	walk_note(walk, "%s: %s is on no PCI bus", walk->use.text, name);
	walk_take_other(walk);
}

int disks_resolve_spec(struct walk *walk, const char *spec, bool in_use, char directory[PATH_MAX])
{
	int result = disks_find_spec(walk->host, spec, directory);

	if (result == -ENOENT && !in_use) {
		walk_warn(walk, "%s: there is no %s", walk->use.text, spec);
		walk_take_other(walk);
	} else if (result < 0) {
		walk_lose(walk, "%s: %s: %s", walk->use.text, spec, strerror(-result));
	}
	return result;
}

void disks_follow_spec(struct walk *walk, const char *spec, bool in_use)
{
	char directory[PATH_MAX];

	if (disks_resolve_spec(walk, spec, in_use, directory) == 0)
		disks_follow(walk, directory);
}
