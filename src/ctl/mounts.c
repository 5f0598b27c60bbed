/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted, will be mounted, or is swapped to. */
#include <errno.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "disks.h"
#include "mounts.h"
#include "tags.h"

#define PROXMOX_ESPS "/etc/kernel/proxmox-boot-uuids"

#define ESP_GUID "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define ESP_MBR	 "0xef"

/* An ESP is followed wherever it is mounted, see is_esp(). */
static const char *const targets[] = { "/", "/usr", "/boot", "/boot/efi", "/efi" };

static bool is_target(const char *path)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(targets[i], path) == 0)
			return true;
	return false;
}

static const char *source_of(struct libmnt_fs *fs)
{
	const char *source = mnt_fs_get_source(fs);

	return source ? source : "none";
}

static const char *type_of(struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs);

	return type ? type : "unknown";
}

/* Entries of fstab are not in use: they have neither a mount's number nor a kind of swap. */
static bool is_in_use(struct libmnt_fs *fs)
{
	return mnt_fs_get_id(fs) != 0 || mnt_fs_get_swaptype(fs);
}

/* Finds the directory in /sys/devices of a device that is named as in fstab(5). */
static int find_spec(const struct host *host, const char *spec, char directory[PATH_MAX])
{
	char node[PATH_MAX];
	int result = tags_find_node(host, spec, node);

	return result < 0 ? result : disks_find_node(host, node, directory);
}

/* One that is not in use may be absent. */
static void follow_spec(struct search *search, const char *spec, bool in_use)
{
	char directory[PATH_MAX];
	int result = find_spec(search->host, spec, directory);

	if (result == 0) {
		disks_follow(search, directory);
	} else if (result == -ENOENT && !in_use) {
		search_warn(search, "%s: there is no %s", search->reason, spec);
		search_take_other(search);
	} else {
		search_lose(search, "%s: %s: %s", search->reason, spec, strerror(-result));
	}
}

struct btrfs_search {
	struct search *search;
	const char *name; /* of the device that was mounted */
	bool found;
};

static void follow_btrfs_device(void *context, const char *directory, const char *name)
{
	disks_follow_link(context, directory, name);
}

/* Below /sys/fs/btrfs there is a directory for each UUID; its devices are links. */
static void follow_btrfs_devices(void *context, const char *directory, const char *name)
{
	struct btrfs_search *btrfs = context;
	char devices[PATH_MAX];

	if (host_path(devices, "%s/%s/devices", directory, name) < 0 ||
	    !host_has(btrfs->search->host, devices, btrfs->name))
		return;
	btrfs->found = true;
	host_list(btrfs->search->host, devices, follow_btrfs_device, btrfs->search);
}

/* Every device of it; one that is not mounted is known by the device that fstab names only. */
static void follow_btrfs(struct search *search, struct libmnt_fs *fs)
{
	struct btrfs_search btrfs = { .search = search };
	char directory[PATH_MAX];

	if (find_spec(search->host, source_of(fs), directory) == 0) {
		btrfs.name = strrchr(directory, '/') + 1;
		host_list(search->host, "/sys/fs/btrfs", follow_btrfs_devices, &btrfs);
	}
	if (!btrfs.found)
		follow_spec(search, source_of(fs), is_in_use(fs));
}

struct zfs_search {
	struct search *search;
	const char *pool;
};

/* A floppy drive takes seconds to say that it is empty. */
static void follow_zfs_member(void *context, const char *directory, const char *name)
{
	struct zfs_search *zfs = context;
	char device[PATH_MAX];
	struct tags tags;

	(void)directory;
	if (strncmp(name, "fd", 2) == 0 ||
	    disks_find_name(zfs->search->host, name, device) < 0 ||
	    tags_read(zfs->search->host, device, &tags) < 0)
		return;
	if (strcmp(tags.type, "zfs_member") == 0 && strcmp(tags.label, zfs->pool) == 0)
		disks_follow(zfs->search, device);
}

/* The source is POOL/DATASET; the label of each member of the pool is its name. */
static void follow_zfs(struct search *search, struct libmnt_fs *fs)
{
	char pool[256];
	struct zfs_search zfs = { search, pool };

	snprintf(pool, sizeof(pool), "%.*s", (int)strcspn(source_of(fs), "/"), source_of(fs));
	host_list(search->host, DISKS_ALL, follow_zfs_member, &zfs);
}

/* The source is DEVICE:DEVICE:... */
static void follow_bcachefs(struct search *search, struct libmnt_fs *fs)
{
	char *sources = strdup(source_of(fs)), *rest = sources, *source;

	if (!sources)
		search->error = -ENOMEM;
	while ((source = strsep(&rest, ":")))
		follow_spec(search, source, is_in_use(fs));
	free(sources);
}

static void follow_directories(struct search *search, const char *list, size_t length)
{
	char directory[PATH_MAX];

	while (length > 0) {
		const char *colon = memchr(list, ':', length);
		size_t part = colon ? (size_t)(colon - list) : length;

		if (list[0] == '/' && host_path(directory, "%.*s", (int)part, list) == 0)
			mounts_follow_file(search, directory);
		list += part + (colon != NULL);
		length -= part + (colon != NULL);
	}
}

static void follow_overlay(struct search *search, struct libmnt_fs *fs)
{
	static const char *const options[] = { "lowerdir", "upperdir" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char *value;
		size_t length;

		if (mnt_fs_get_option(fs, options[i], &value, &length) == 0 && value)
			follow_directories(search, value, length);
	}
}

/* What is below is no disk: memory, or the network, which is followed on its own. */
static void follow_nothing(struct search *search, struct libmnt_fs *fs)
{
	(void)fs;
	search_take_other(search);
}

/* File systems that have no block device's number, or more devices than that one. */
static const struct filesystem {
	const char *type;
	void (*follow)(struct search *search, struct libmnt_fs *fs);
} filesystems[] = {
	{ "btrfs", follow_btrfs },     { "zfs", follow_zfs },	     { "bcachefs", follow_bcachefs },
	{ "overlay", follow_overlay }, { "nfs", follow_nothing },    { "nfs4", follow_nothing },
	{ "cifs", follow_nothing },    { "smb3", follow_nothing },   { "ceph", follow_nothing },
	{ "tmpfs", follow_nothing },   { "ramfs", follow_nothing },  { "rootfs", follow_nothing },
};

static const struct filesystem *find_filesystem(const char *type)
{
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++)
		if (strcmp(filesystems[i].type, type) == 0)
			return &filesystems[i];
	return NULL;
}

static void follow_number(struct search *search, dev_t number)
{
	char directory[PATH_MAX];
	int result = disks_find_number(search->host, number, directory);

	if (result == 0)
		disks_follow(search, directory);
	else
		search_lose(search, "%s: block device %u:%u: %s", search->reason, major(number),
			    minor(number), strerror(-result));
}

/* Devices that XFS names in its options. */
static void follow_options(struct search *search, struct libmnt_fs *fs)
{
	static const char *const options[] = { "logdev", "rtdev" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char *value, node[PATH_MAX];
		size_t length;

		if (mnt_fs_get_option(fs, options[i], &value, &length) == 0 && value &&
		    host_path(node, "%.*s", (int)length, value) == 0)
			follow_spec(search, node, is_in_use(fs));
	}
}

/* Entries of fstab have no number. */
static void follow_filesystem(struct search *search, struct libmnt_fs *fs)
{
	const struct filesystem *filesystem = find_filesystem(type_of(fs));
	dev_t number = mnt_fs_get_devno(fs);

	if (filesystem)
		filesystem->follow(search, fs);
	else if (major(number) != 0)
		follow_number(search, number);
	else if (source_of(fs)[0] == '/' || strchr(source_of(fs), '='))
		follow_spec(search, source_of(fs), is_in_use(fs));
	else
		search_lose(search, "%s: do not know what %s stands on", search->reason,
			    type_of(fs));
	follow_options(search, fs);
}

/* The same file system may be met again on the way down, as below an overlay of itself. */
static void follow_mount(struct search *search, struct libmnt_fs *fs)
{
	char place[32];

	snprintf(place, sizeof(place), "mount %d", mnt_fs_get_id(fs));
	if (!search_enter(search, place))
		return;
	follow_filesystem(search, fs);
	search_leave(search);
}

/* The last mount of a target hides those before; autofs waits to be mounted over. */
static struct libmnt_fs *find_mounted(struct libmnt_table *mounts, const char *target)
{
	struct libmnt_fs *fs = mnt_table_find_target(mounts, target, MNT_ITER_BACKWARD);

	return fs && strcmp(type_of(fs), "autofs") != 0 ? fs : NULL;
}

/*
 * The mount of the longest path that leads to the file. libmount's own function for this looks at
 * the file, which a recorded host need not have.
 */
static struct libmnt_fs *find_mount_of(struct libmnt_table *mounts, const char *file)
{
	char path[PATH_MAX];
	size_t length = strlen(file);

	while (length > 1) {
		struct libmnt_fs *fs;

		if (host_path(path, "%.*s", (int)length, file) < 0)
			return NULL;
		fs = find_mounted(mounts, path);
		if (fs)
			return fs;
		while (length > 0 && file[--length] != '/')
			;
	}
	return find_mounted(mounts, "/");
}

void mounts_follow_file(struct search *search, const char *file)
{
	struct libmnt_fs *fs = find_mount_of(search->mounts, file);

	if (fs)
		follow_mount(search, fs);
	else
		search_lose(search, "%s: %s is on no mount", search->reason, file);
}

static void find_targets(struct search *search, struct libmnt_table *fstab)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct libmnt_fs *mounted = find_mounted(search->mounts, targets[i]);
		struct libmnt_fs *fs = mounted;

		if (!fs)
			fs = mnt_table_find_target(fstab, targets[i], MNT_ITER_FORWARD);
		if (!fs)
			continue;
		search_begin(search, "%s%s (%s on %s)", targets[i], mounted ? "" : " in fstab",
			     type_of(fs), source_of(fs));
		follow_mount(search, fs);
		search_end(search);
	}
}

static bool is_esp(const struct search *search, struct libmnt_fs *fs)
{
	char directory[PATH_MAX];
	struct tags tags;

	return strcmp(type_of(fs), "vfat") == 0 &&
	       disks_find_number(search->host, mnt_fs_get_devno(fs), directory) == 0 &&
	       tags_read(search->host, directory, &tags) == 0 &&
	       (strcasecmp(tags.part_type, ESP_GUID) == 0 || strcmp(tags.part_type, ESP_MBR) == 0);
}

/* Calls each with every entry of a table. */
static void for_each(struct search *search, struct libmnt_table *table,
		     void (*each)(struct search *search, struct libmnt_fs *fs))
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	if (!iterator)
		search->error = -ENOMEM;
	while (iterator && mnt_table_next_fs(table, iterator, &fs) == 0)
		each(search, fs);
	mnt_free_iter(iterator);
}

static void find_esp(struct search *search, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs);

	if (!target || is_target(target) || !is_esp(search, fs))
		return;
	search_begin(search, "%s (ESP on %s)", target, source_of(fs));
	follow_mount(search, fs);
	search_end(search);
}

/* What is not there has no other name than that it is called by. */
static void format_device(const struct search *search, const char *spec, char name[PATH_MAX])
{
	char directory[PATH_MAX];

	if (find_spec(search->host, spec, directory) == 0)
		disks_format_node(search->host, directory, name);
	else
		snprintf(name, PATH_MAX, "%s", spec);
}

/* A partition, or a file: then nothing below /dev is called so. */
static void find_swap(struct search *search, struct libmnt_fs *fs)
{
	const char *source = source_of(fs);
	char name[PATH_MAX];

	format_device(search, source, name);
	search_begin(search, "swap (%s)", name);
	if (source[0] == '/' && strncmp(source, "/dev/", 5) != 0)
		mounts_follow_file(search, source);
	else
		follow_spec(search, source, is_in_use(fs));
	search_end(search);
}

static void find_fstab_swap(struct search *search, struct libmnt_fs *fs)
{
	if (mnt_fs_is_swaparea(fs))
		find_swap(search, fs);
}

static void find_proxmox_esp(struct search *search, const char *uuid)
{
	char spec[64], name[PATH_MAX];

	snprintf(spec, sizeof(spec), "UUID=%.50s", uuid);
	format_device(search, spec, name);
	search_begin(search, "ESP of proxmox-boot-tool (%s)", name);
	follow_spec(search, spec, false);
	search_end(search);
}

/* One UUID a line. */
static void find_proxmox_esps(struct search *search)
{
	char *text, *rest, *line;
	int result = host_read_text(search->host, PROXMOX_ESPS, &text);

	if (result == -ENOENT)
		return;
	if (result < 0) {
		search_lose(search, PROXMOX_ESPS ": %s", strerror(-result));
		return;
	}
	rest = text;
	while ((line = strsep(&rest, " \t\r\n")))
		if (line[0] != '\0' && line[0] != '#')
			find_proxmox_esp(search, line);
	free(text);
}

static int bad_line(struct libmnt_table *table, const char *file, int line)
{
	struct search *search = mnt_table_get_userdata(table);

	search_lose(search, "%s:%d: cannot be understood", file + strlen(search->host->root), line);
	return 1; /* go on */
}

/* A file that is not there is an empty table. NULL on failure, which is told of. */
static struct libmnt_table *read_table(struct search *search, const char *path,
				       int (*parse)(struct libmnt_table *table, const char *file))
{
	struct libmnt_table *table = mnt_new_table();
	char file[PATH_MAX];
	int result = -ENOMEM;

	if (table) {
		mnt_table_set_userdata(table, search);
		mnt_table_set_parser_errcb(table, bad_line);
		result = host_outside(search->host, path, file);
	}
	if (result == 0 && host_has(search->host, "", path + 1))
		result = parse(table, file);
	if (result < 0 && result != -ENOENT)
		search_lose(search, "%s: %s", path, strerror(-result));
	return table;
}

int mounts_open(struct search *search)
{
	search->mounts = read_table(search, "/proc/self/mountinfo", mnt_table_parse_file);
	if (!search->mounts)
		return -ENOMEM;
	return mnt_table_find_target(search->mounts, "/", MNT_ITER_BACKWARD) ? 0 : -ENOENT;
}

void mounts_close(struct search *search)
{
	mnt_unref_table(search->mounts);
	search->mounts = NULL;
}

void mounts_find(struct search *search)
{
	struct libmnt_table *fstab = read_table(search, "/etc/fstab", mnt_table_parse_file);
	struct libmnt_table *swaps = read_table(search, "/proc/swaps", mnt_table_parse_swaps);

	if (fstab && swaps) {
		find_targets(search, fstab);
		for_each(search, search->mounts, find_esp);
		find_proxmox_esps(search);
		for_each(search, swaps, find_swap);
		for_each(search, fstab, find_fstab_swap);
	} else {
		search->error = -ENOMEM;
	}
	mnt_unref_table(fstab);
	mnt_unref_table(swaps);
}
