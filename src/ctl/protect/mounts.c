/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted, will be mounted, or is swapped to. */
#include <errno.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/array.h"
#include "protect/disks.h"
#include "protect/mounts.h"

#define PROXMOX_ESPS "/etc/kernel/proxmox-boot-uuids"
#define STORAGES     HOST_CLUSTER "/storage.cfg"

#define ESP_GUID      "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define ESP_MBR       "0xef"
#define XBOOTLDR_GUID "bc13c2ff-59e6-4262-a352-b275fd6f7172"

/* An ESP is followed wherever it is mounted, see find_esp(). */
static const char *const targets[] = { "/", "/usr", "/boot", "/boot/efi", "/efi", NULL };

/* The same file system may be met again on the way down, as below an overlay of itself. */
static void follow_mount(struct walk *walk, struct libmnt_fs *fs)
{
	char place[32];

	snprintf(place, sizeof(place), "mount %d", mnt_fs_get_id(fs));
	if (!walk_enter(walk, place))
		return;
	filesystem_follow(walk, fs);
	walk_leave(walk);
}

/* The last mount of a target hides those before; autofs waits to be mounted over. */
static struct libmnt_fs *find_mounted(struct libmnt_table *mounts, const char *target)
{
	struct libmnt_fs *fs = mnt_table_find_target(mounts, target, MNT_ITER_BACKWARD);

	return fs && strcmp(filesystem_type(fs), "autofs") != 0 ? fs : NULL;
}

/*
 * Takes the mount of the longest path that leads to the file. libmount's own function for this
 * looks at the file, which a recorded host need not have.
 */
void mounts_follow_file(struct walk *walk, const char *file)
{
	struct libmnt_fs *fs = NULL;
	char path[PATH_MAX];

	if (!walk->mounts) {
		walk_lose(walk, "%s: what %s is on is not known", walk->use.text, file);
		return;
	}
	snprintf(path, sizeof(path), "%s", file);
	for (char *end = strchr(path, '\0'); end && !fs; end = strrchr(path, '/')) {
		*end = '\0';
		fs = find_mounted(walk->mounts, path);
	}
	if (!fs)
		fs = find_mounted(walk->mounts, "/");
	if (fs)
		follow_mount(walk, fs);
	else
		walk_lose(walk, "%s: %s is on no mount", walk->use.text, file);
}

static bool is_bind(struct libmnt_fs *fs)
{
	return filesystem_option(fs, "bind", NULL) || filesystem_option(fs, "rbind", NULL);
}

/* The name of a node is shorter than a UUID; what is absent has no node. */
static void format_device(const struct walk *walk, const char *spec, char name[PATH_MAX])
{
	char directory[PATH_MAX];

	if (disks_find_spec(walk->host, spec, directory) == 0)
		disks_format_node(walk->host, directory, name);
	else
		snprintf(name, PATH_MAX, "%s", spec);
}

static void find_mount(struct walk *walk, struct libmnt_fs *fs, const char *target)
{
	bool mounted = mnt_fs_get_id(fs) != 0;
	char name[PATH_MAX], what[PATH_MAX];

	format_device(walk, filesystem_source(fs), name);
	snprintf(what, sizeof(what), "%s%s", target, mounted ? "" : " in fstab");
	walk_begin(walk, strcmp(what, "/") == 0 ? PROTECT_ROOT : PROTECT_OTHER, what, "%s on %s",
		   filesystem_type(fs), mounted ? filesystem_source(fs) : name);
	if (!mounted && is_bind(fs))
		mounts_follow_file(walk, filesystem_source(fs));
	else
		follow_mount(walk, fs);
	walk_end(walk);
}

/*
 * What is mounted tells more than what fstab has, except of FUSE: there mountinfo has any name.
 * Either can be NULL.
 */
static void find_target(struct walk *walk, const char *target, struct libmnt_fs *listed)
{
	struct libmnt_fs *mounted = find_mounted(walk->mounts, target);
	char next[PATH_MAX], now[PATH_MAX];

	if (mounted && listed && filesystem_is_fuse(listed))
		mounted = NULL;
	if (mounted)
		find_mount(walk, mounted, target);
	/* The disk that fstab names need not be the one that is mounted there now. */
	if (listed &&
	    (!mounted || (disks_find_spec(walk->host, filesystem_source(listed), next) == 0 &&
			  disks_find_number(walk->host, mnt_fs_get_devno(mounted), now) == 0 &&
			  strcmp(next, now) != 0)))
		find_mount(walk, listed, target);
}

/*
 * Whether the boot stops without an entry of fstab (systemd-fstab-generator(8)). It does not wait
 * for what is mounted on demand or needs the network.
 */
static bool is_awaited(struct libmnt_fs *fs)
{
	return !filesystem_option(fs, "noauto", NULL) && !filesystem_option(fs, "nofail", NULL) &&
	       !filesystem_option(fs, "x-systemd.automount", NULL) &&
	       !filesystem_option(fs, "_netdev", NULL) && !filesystem_is_remote(fs);
}

static void find_listed(struct walk *walk, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs);
	/* libmount counts bind mounts, whose type is "none", and overlay as pseudo file systems. */
	bool pseudo = mnt_fs_is_pseudofs(fs) && strcmp(filesystem_type(fs), "overlay") != 0 &&
		      !is_bind(fs);

	if (target && target[0] == '/' && !array_has(targets, target) && !mnt_fs_is_swaparea(fs) &&
	    !pseudo && is_awaited(fs))
		find_target(walk, target, fs);
}

/* On a host without udev's records, some partitions may not be looked at: they are none. */
static bool has_part_type(struct walk *walk, const char *directory, const char *type,
			  const char *other)
{
	struct block_tags tags;
	int result = disks_read_tags(walk->host, directory, &tags);

	if (result == -ETIMEDOUT && tags.part_type[0])
		result = 0;
	if (result < 0 && result != -ENOENT)
		walk_lose(walk, "%s: %s", strrchr(directory, '/') + 1, strerror(-result));
	return result == 0 &&
	       (strcasecmp(tags.part_type, type) == 0 || strcasecmp(tags.part_type, other) == 0);
}

static bool is_esp(struct walk *walk, struct libmnt_fs *fs)
{
	char directory[PATH_MAX];

	return strcmp(filesystem_type(fs), "vfat") == 0 &&
	       disks_find_number(walk->host, mnt_fs_get_devno(fs), directory) == 0 &&
	       has_part_type(walk, directory, ESP_GUID, ESP_MBR);
}

static int find_automatic_esp(void *context, const char *directory, const char *name)
{
	struct walk *walk = context;
	char partition[PATH_MAX];

	(void)directory;
	if (disks_find_name(walk->host, name, partition) < 0 ||
	    !host_has(walk->host, partition, "partition") ||
	    !has_part_type(walk, partition, ESP_GUID, XBOOTLDR_GUID))
		return 0;
	walk_begin(walk, PROTECT_OTHER, "ESP mounted on demand", "/dev/%s", name);
	disks_follow(walk, partition);
	walk_end(walk);
	return 0;
}

/*
 * systemd-gpt-auto-generator(8) mounts the ESP and the XBOOTLDR partition by their types when they
 * are used. Of which disk is not known before, so every one with such a partition is followed.
 */
static void find_automatic_esps(struct walk *walk, struct libmnt_table *fstab)
{
	for (size_t i = 0; targets[i]; i++)
		if (mnt_table_find_target(walk->mounts, targets[i], MNT_ITER_BACKWARD) &&
		    !find_mounted(walk->mounts, targets[i]) &&
		    !mnt_table_find_target(fstab, targets[i], MNT_ITER_FORWARD)) {
			walk_list(walk, DISKS_ALL, find_automatic_esp, walk);
			return;
		}
}

/* Calls each with every entry of a table. */
static void for_each(struct walk *walk, struct libmnt_table *table,
		     void (*each)(struct walk *walk, struct libmnt_fs *fs))
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	if (!iterator)
		walk->error = -ENOMEM;
	while (iterator && mnt_table_next_fs(table, iterator, &fs) == 0)
		each(walk, fs);
	mnt_free_iter(iterator);
}

static void find_esp(struct walk *walk, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs);

	if (!target || array_has(targets, target) || !is_esp(walk, fs))
		return;
	walk_begin(walk, PROTECT_OTHER, target, "ESP on %s", filesystem_source(fs));
	follow_mount(walk, fs);
	walk_end(walk);
}

/* Of fstab, or in use: a partition, or a file, and then nothing below /dev is called so. */
static void find_swap(struct walk *walk, struct libmnt_fs *fs)
{
	const char *source = filesystem_source(fs);
	bool in_use = filesystem_in_use(fs);
	char name[PATH_MAX];

	if (!in_use && (!mnt_fs_is_swaparea(fs) || !is_awaited(fs)))
		return;
	format_device(walk, source, name);
	walk_begin(walk, PROTECT_OTHER, "swap", "%s", name);
	if (source[0] == '/' && strncmp(source, "/dev/", 5) != 0)
		mounts_follow_file(walk, source);
	else
		disks_follow_spec(walk, source, in_use);
	walk_end(walk);
}

/* One UUID a line. */
static void find_proxmox_esps(struct walk *walk)
{
	char *text, *rest, *line, spec[64], name[PATH_MAX];
	int result = host_read_text(walk->host, PROXMOX_ESPS, &text);

	if (result < 0) {
		if (result != -ENOENT)
			walk_lose(walk, PROXMOX_ESPS ": %s", strerror(-result));
		return;
	}
	rest = text;
	while ((line = strsep(&rest, " \t\r\n"))) {
		if (line[0] == '\0' || line[0] == '#')
			continue;
		snprintf(spec, sizeof(spec), "UUID=%.50s", line);
		format_device(walk, spec, name);
		walk_begin(walk, PROTECT_OTHER, "ESP of proxmox-boot-tool", "%s", name);
		disks_follow_spec(walk, spec, false);
		walk_end(walk);
	}
	free(text);
}

/*
 * Whether an earlier mount is of the same ZFS pool. A pool can have hundreds of file systems, and
 * each would be followed to the same members, for which every block device is looked at.
 */
static bool is_of_known_pool(struct walk *walk, struct libmnt_fs *fs)
{
	const char *source = filesystem_source(fs);
	size_t length = strcspn(source, "/");
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *other;
	bool known = false;

	if (!iterator)
		walk->error = -ENOMEM;
	while (iterator && !known && mnt_table_next_fs(walk->mounts, iterator, &other) == 0 &&
	       other != fs)
		known = strcmp(filesystem_type(other), "zfs") == 0 &&
			strncmp(filesystem_source(other), source, length) == 0 &&
			strchr("/", filesystem_source(other)[length]);
	mnt_free_iter(iterator);
	return known;
}

static void find_used_mount(struct walk *walk, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs), *type = filesystem_type(fs);
	const char *source = filesystem_source(fs);
	/* Each snap is a file of the root file system, mounted through a loop device. */
	bool snap = strcmp(type, "squashfs") == 0 && strncmp(source, "/dev/loop", 9) == 0;

	if (!target || array_has(targets, target) ||
	    (!filesystem_has_disks(fs) && !filesystem_is_remote(fs)) || snap ||
	    is_esp(walk, fs) || (strcmp(type, "zfs") == 0 && is_of_known_pool(walk, fs)))
		return;
	walk_begin(walk, PROTECT_OTHER, target, "%s on %s", type, source);
	follow_mount(walk, fs);
	walk_end(walk);
}

/* What is needed or used already is known to be lost with its device. */
static bool is_told(const struct walk *walk, size_t before)
{
	const struct protect *protect = walk->protect;
	size_t known = 0;

	for (size_t i = before; i < protect->count; i++)
		for (size_t j = 0; j < before; j++)
			if (protect->list[j].device == protect->list[i].device) {
				known++;
				break;
			}
	return known == protect->count - before;
}

/*
 * One that can't be followed is not told of: a device of device-mapper can be on nothing, and a
 * storage be that of another node.
 */
static void find_active(struct walk *walk, const char *what, const char *on,
			void (*follow)(struct walk *walk, const char *name), const char *name)
{
	struct protect *protect = walk->protect;
	void (*tell)(void *, enum protect_message, const char *) = protect->tell;
	size_t before = protect->count;

	protect->tell = NULL;
	walk_begin(walk, PROTECT_OTHER, what, "%s", on);
	follow(walk, name);
	walk_end(walk);
	protect->tell = tell;
	if (is_told(walk, before))
		protect->count = before;
}

/*
 * Storages of Proxmox VE: a line "TYPE: NAME" for each, and below it lines of a blank, a property
 * and its value. Directories are on mounts, and other types without a group or a pool are remote.
 */
static void find_storages(struct walk *walk, char *text)
{
	char *line, type[32], name[64], key[32], value[256], what[80] = "", on[256] = "";
	bool zfs = false;

	do {
		line = strsep(&text, "\n");
		key[0] = value[0] = '\0';
		if (line && (line[0] == ' ' || line[0] == '\t')) {
			sscanf(line, " %31s %255s", key, value);
			if (strcmp(key, zfs ? "pool" : "vgname") == 0)
				strcpy(on, value);
			else if (strcmp(key, "disable") == 0 && value[0] != '0')
				what[0] = '\0';
			continue;
		}
		if (what[0] && on[0])
			find_active(walk, what, on,
				    zfs ? filesystem_follow_pool : disks_follow_group, on);
		what[0] = on[0] = '\0';
		if (line && sscanf(line, "%31[a-z]: %63s", type, name) == 2) {
			zfs = strcmp(type, "zfspool") == 0;
			snprintf(what, sizeof(what), "storage %s", name);
		}
	} while (line);
}

static void read_storages(struct walk *walk)
{
	char *text = NULL;
	int result = host_read_text(walk->host, STORAGES, &text);

	if (result == 0)
		find_storages(walk, text);
	else if (result != -ENOENT)
		walk_lose(walk, STORAGES ": %s", strerror(-result));
	free(text);
}

/* LVM- and the UUID of the group: one volume leads to the disks of all. */
#define GROUP_LENGTH (4 + 32)

struct volume_search {
	struct walk *walk;
	char last[128]; /* UUID of the volume that was followed last */
};

/* Volumes and arrays that are active but not mounted: of virtual machines, of Ceph. */
static int find_volume(void *context, const char *directory, const char *name)
{
	struct volume_search *search = context;
	const struct host *host = search->walk->host;
	char device[PATH_MAX], node[PATH_MAX], uuid[sizeof(search->last)] = "";

	(void)directory;
	if ((strncmp(name, "dm-", 3) != 0 && strncmp(name, "md", 2) != 0 &&
	     strncmp(name, "bcache", 6) != 0) ||
	    disks_find_name(host, name, device) < 0)
		return 0;
	if (host_readf(host, uuid, sizeof(uuid), "%s/dm/uuid", device) > 0 &&
	    strncmp(uuid, "LVM-", 4) == 0 && strncmp(uuid, search->last, GROUP_LENGTH) == 0)
		return 0;
	strcpy(search->last, uuid);
	disks_format_node(host, device, node);
	find_active(search->walk, "volume", node, disks_follow, device);
	return 0;
}

/* The ZFS module has a directory for each imported pool, and some files. */
static int find_pool(void *walk, const char *directory, const char *name)
{
	char pool[PATH_MAX];

	if (host_path(pool, "%s/%s", directory, name) == 0 &&
	    host_has(((struct walk *)walk)->host, pool, "state"))
		find_active(walk, "ZFS pool", name, filesystem_follow_pool, name);
	return 0;
}

static int bad_line(struct libmnt_table *table, const char *file, int line)
{
	struct walk *walk = mnt_table_get_userdata(table);

	walk_lose(walk, "%s:%d: not valid", file + strlen(walk->host->root), line);
	return 1; /* go on */
}

/* A file that is not there is an empty table. NULL on failure, which is told of. */
static struct libmnt_table *read_table(struct walk *walk, const char *path,
				       int (*parse)(struct libmnt_table *table, const char *file))
{
	struct libmnt_table *table = mnt_new_table();
	char file[PATH_MAX];
	int result = -ENOMEM;

	if (table) {
		mnt_table_set_userdata(table, walk);
		mnt_table_set_parser_errcb(table, bad_line);
		result = host_outside(walk->host, path, file);
	}
	if (result == 0 && host_has(walk->host, "", host_below(path)))
		result = parse(table, file);
	if (result < 0 && result != -ENOENT)
		walk_lose(walk, "%s: %s", path, strerror(-result));
	return table;
}

int mounts_open(struct walk *walk)
{
	walk->mounts = read_table(walk, "/proc/self/mountinfo", mnt_table_parse_file);
	if (!walk->mounts)
		return -ENOMEM;
	return mnt_table_find_target(walk->mounts, "/", MNT_ITER_BACKWARD) ? 0 : -ENOENT;
}

void mounts_find(struct walk *walk)
{
	struct libmnt_table *fstab = read_table(walk, "/etc/fstab", mnt_table_parse_file);
	struct libmnt_table *swaps = read_table(walk, "/proc/swaps", mnt_table_parse_swaps);
	struct volume_search volumes = { .walk = walk };

	walk->on_disks = true;
	if (fstab && swaps) {
		for (size_t i = 0; targets[i]; i++)
			find_target(walk, targets[i],
				    mnt_table_find_target(fstab, targets[i], MNT_ITER_FORWARD));
		for_each(walk, fstab, find_listed);
		find_automatic_esps(walk, fstab);
		for_each(walk, walk->mounts, find_esp);
		find_proxmox_esps(walk);
		for_each(walk, swaps, find_swap);
		for_each(walk, fstab, find_swap);
		/* After what is needed, which is not told of again. */
		walk->grade = PROTECT_USED;
		for_each(walk, walk->mounts, find_used_mount);
		read_storages(walk);
		walk_list(walk, "/proc/spl/kstat/zfs", find_pool, walk);
		walk_list(walk, DISKS_ALL, find_volume, &volumes);
		walk->grade = PROTECT_NEEDED;
	} else {
		walk->error = -ENOMEM;
	}
	walk->on_disks = false;
	mnt_unref_table(fstab);
	mnt_unref_table(swaps);
}
