/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What file systems stand on. */
#include <errno.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "protect/disks.h"
#include "protect/filesystems.h"
#include "protect/network.h"

const char *filesystem_source(struct libmnt_fs *fs)
{
	const char *source = mnt_fs_get_source(fs);

	return source ? source : "none";
}

const char *filesystem_type(struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs);

	return type ? type : "unknown";
}

/* Entries of fstab have neither a mount's number nor a kind of swap. */
bool filesystem_in_use(struct libmnt_fs *fs)
{
	return mnt_fs_get_id(fs) != 0 || mnt_fs_get_swaptype(fs);
}

struct btrfs_search {
	struct walk *walk;
	const char *name; /* of the device that was mounted */
	bool found;
};

static int follow_btrfs_device(void *context, const char *directory, const char *name)
{
	disks_follow_link(context, directory, name);
	return 0;
}

/* Below /sys/fs/btrfs there is a directory for each UUID; its devices are links. */
static int follow_btrfs_devices(void *context, const char *directory, const char *name)
{
	struct btrfs_search *btrfs = context;
	char devices[PATH_MAX];

	if (host_path(devices, "%s/%s/devices", directory, name) < 0 ||
	    !host_has(btrfs->walk->host, devices, btrfs->name))
		return 0;
	btrfs->found = true;
	walk_list(btrfs->walk, devices, follow_btrfs_device, btrfs->walk);
	return 0;
}

/* Every device of it; one that is not mounted is known by the device that fstab names only. */
static void follow_btrfs(struct walk *walk, struct libmnt_fs *fs)
{
	struct btrfs_search btrfs = { .walk = walk };
	char directory[PATH_MAX];

	if (disks_resolve_spec(walk, filesystem_source(fs), filesystem_in_use(fs), directory) < 0)
		return;
	btrfs.name = strrchr(directory, '/') + 1;
	walk_list(walk, "/sys/fs/btrfs", follow_btrfs_devices, &btrfs);
	if (!btrfs.found)
		disks_follow(walk, directory);
}

struct zfs_search {
	struct walk *walk;
	const char *pool;
};

/* A member with another signature beside that of ZFS is one of an unknown pool. */
static bool is_member(const struct block_tags *tags, const char *pool)
{
	if (strcmp(tags->type, "zfs_member") == 0)
		return tags->label[0] == '\0' || strcmp(tags->label, pool) == 0;
	return strstr(tags->ambivalent, ":zfs_member:");
}

/* A floppy drive takes seconds to say that it is empty. */
static int follow_zfs_member(void *context, const char *directory, const char *name)
{
	struct zfs_search *zfs = context;
	char device[PATH_MAX];
	struct block_tags tags;
	int result;

	(void)directory;
	if (strncmp(name, "fd", 2) == 0)
		return 0;
	result = disks_find_name(zfs->walk->host, name, device);
	if (result == 0)
		result = disks_read_tags(zfs->walk->host, device, &tags);
	if (result < 0 && result != -ENOENT)
		walk_lose(zfs->walk, "%s: %s: %s", zfs->walk->use.text, name, strerror(-result));
	if (result == 0 && is_member(&tags, zfs->pool))
		disks_follow(zfs->walk, device);
	return 0;
}

/* The source is POOL/DATASET; the label of each member of the pool is its name. */
static void follow_zfs(struct walk *walk, struct libmnt_fs *fs)
{
	const char *source = filesystem_source(fs);
	char pool[256];
	struct zfs_search zfs = { walk, pool };

	snprintf(pool, sizeof(pool), "%.*s", (int)strcspn(source, "/"), source);
	walk_list(walk, DISKS_ALL, follow_zfs_member, &zfs);
}

/* The source is DEVICE:DEVICE:... */
static void follow_bcachefs(struct walk *walk, struct libmnt_fs *fs)
{
	char *sources = strdup(filesystem_source(fs)), *rest = sources, *source;

	if (!sources)
		walk->error = -ENOMEM;
	while ((source = strsep(&rest, ":")))
		disks_follow_spec(walk, source, filesystem_in_use(fs));
	free(sources);
}

static void follow_directories(struct walk *walk, const char *list, size_t length)
{
	char directory[PATH_MAX];

	while (length > 0) {
		const char *colon = memchr(list, ':', length);
		size_t part = colon ? (size_t)(colon - list) : length;

		if (list[0] == '/' && host_path(directory, "%.*s", (int)part, list) == 0)
			walk_follow_file(walk, directory);
		list += part + (colon != NULL);
		length -= part + (colon != NULL);
	}
}

static void follow_overlay(struct walk *walk, struct libmnt_fs *fs)
{
	static const char *const options[] = { "lowerdir", "upperdir" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char *value;
		size_t length;

		if (mnt_fs_get_option(fs, options[i], &value, &length) == 0 && value)
			follow_directories(walk, value, length);
	}
}

/* FUSE: a program that puts directories together; those of mergerfs may be patterns. */
static void follow_sources(struct walk *walk, struct libmnt_fs *fs)
{
	const char *source = filesystem_source(fs);
	size_t ends = walk->ends;

	follow_directories(walk, source, strlen(source));
	if (walk->ends == ends)
		walk_lose(walk, "%s: what %s uses is not known", walk->use.text, filesystem_type(fs));
}

/* Memory. */
static void follow_nothing(struct walk *walk, struct libmnt_fs *fs)
{
	(void)fs;
	walk_take_other(walk);
}

/* File systems that have no block device's number, or more devices than that one. */
static const struct filesystem {
	const char *type;
	void (*follow)(struct walk *walk, struct libmnt_fs *fs);
} filesystems[] = {
	{ "btrfs", follow_btrfs },       { "zfs", follow_zfs },
	{ "bcachefs", follow_bcachefs }, { "overlay", follow_overlay },
	{ "fuse", follow_sources },      { "tmpfs", follow_nothing },
	{ "ramfs", follow_nothing },     { "rootfs", follow_nothing },
};

bool filesystem_is_fuse(struct libmnt_fs *fs)
{
	const char *type = filesystem_type(fs);

	return strcmp(type, "fuse") == 0 || strncmp(type, "fuse.", 5) == 0;
}

/* The list of systemd (fstype_is_network()), which does not wait for those. */
bool filesystem_is_remote(struct libmnt_fs *fs)
{
	static const char *const types[] = { "afs",  "ceph",      "cifs",   "davfs",    "gfs",
					     "gfs2", "glusterfs", "lustre", "ncp",      "ncpfs",
					     "nfs",  "nfs4",      "ocfs2",  "orangefs", "pvfs2",
					     "smb3", "smbfs",     "sshfs" };
	const char *type = filesystem_type(fs);

	if (strncmp(type, "fuse.", 5) == 0)
		type += 5;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

/*
 * "10.0.0.1:/srv/root", "[fd00::1]:/srv/root", "//10.0.0.1/share"; the kernel, and mount.nfs in
 * fstab, have the address that a name stands for as an option. A cluster has many servers, of
 * which the source names some.
 */
static void follow_remote(struct walk *walk, struct libmnt_fs *fs)
{
	const char *type = filesystem_type(fs), *source = filesystem_source(fs);
	bool is_bare = source[0] != '/' && source[0] != '[';
	char *value, address[128];
	size_t length;

	if (strncmp(type, "nfs", 3) != 0 && strcmp(type, "cifs") != 0 &&
	    strncmp(type, "smb", 3) != 0) {
		network_follow_server(walk, NULL);
		return;
	}
	source += strspn(source, "/[");
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(source, is_bare ? ":" : "/]"),
		 source);
	if (mnt_fs_get_option(fs, "addr", &value, &length) == 0 && value)
		snprintf(address, sizeof(address), "%.*s", (int)length, value);
	network_follow_server(walk, address);
}

static const struct filesystem *find_filesystem(struct libmnt_fs *fs)
{
	const char *type = filesystem_is_fuse(fs) ? "fuse" : filesystem_type(fs);

	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++)
		if (strcmp(filesystems[i].type, type) == 0)
			return &filesystems[i];
	return NULL;
}

bool filesystem_has_disks(struct libmnt_fs *fs)
{
	const struct filesystem *filesystem = find_filesystem(fs);

	if (filesystem)
		return filesystem->follow != follow_nothing &&
		       filesystem->follow != follow_overlay && filesystem->follow != follow_sources;
	return major(mnt_fs_get_devno(fs)) != 0;
}

static void follow_number(struct walk *walk, dev_t number)
{
	char directory[PATH_MAX];
	int result = disks_find_number(walk->host, number, directory);

	if (result == 0)
		disks_follow(walk, directory);
	else
		walk_lose(walk, "%s: block device %u:%u: %s", walk->use.text, major(number),
			  minor(number), strerror(-result));
}

/* Devices that XFS names in its options. */
static void follow_options(struct walk *walk, struct libmnt_fs *fs)
{
	static const char *const options[] = { "logdev", "rtdev" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char *value, node[PATH_MAX];
		size_t length;

		if (mnt_fs_get_option(fs, options[i], &value, &length) == 0 && value &&
		    host_path(node, "%.*s", (int)length, value) == 0)
			disks_follow_spec(walk, node, filesystem_in_use(fs));
	}
}

/* Entries of fstab have no number. */
void filesystem_follow(struct walk *walk, struct libmnt_fs *fs)
{
	const struct filesystem *filesystem = find_filesystem(fs);
	dev_t number = mnt_fs_get_devno(fs);

	if (filesystem_is_remote(fs) && major(number) == 0)
		follow_remote(walk, fs);
	else if (filesystem)
		filesystem->follow(walk, fs);
	else if (major(number) != 0)
		follow_number(walk, number);
	else if (filesystem_source(fs)[0] == '/' || strchr(filesystem_source(fs), '='))
		disks_follow_spec(walk, filesystem_source(fs), filesystem_in_use(fs));
	else
		walk_lose(walk, "%s: do not know what %s stands on", walk->use.text,
			  filesystem_type(fs));
	follow_options(walk, fs);
}
