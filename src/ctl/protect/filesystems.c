/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What file systems are on. */
#include <errno.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "host/array.h"
#include "protect/disks.h"
#include "protect/mounts.h"
#include "protect/network.h"

const char *filesystem_source(struct libmnt_fs *fs)
{
	return mnt_fs_get_source(fs) ?: "none";
}

const char *filesystem_type(struct libmnt_fs *fs)
{
	return mnt_fs_get_fstype(fs) ?: "unknown";
}

bool filesystem_option(struct libmnt_fs *fs, const char *name, struct text *value)
{
	char *start = NULL;
	size_t length = 0;

	if (mnt_fs_get_option(fs, name, &start, &length) != 0)
		return false;
	if (value)
		*value = (struct text){ start, start ? start + length : NULL };
	return true;
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

/* Below /sys/fs/btrfs there is a directory for each UUID; its devices are links. */
static int follow_btrfs_devices(void *context, const char *directory, const char *name)
{
	struct btrfs_search *btrfs = context;
	char devices[PATH_MAX];

	if (host_path(devices, "%s/%s/devices", directory, name) == 0 &&
	    host_has(btrfs->walk->host, devices, btrfs->name)) {
		btrfs->found = true;
		walk_list(btrfs->walk, devices, disks_follow_link, btrfs->walk);
	}
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
	struct walk *walk = zfs->walk;
	char device[PATH_MAX];
	struct block_tags tags;
	int result;

	(void)directory;
	if (strncmp(name, "fd", 2) == 0)
		return 0;
	result = disks_find_name(walk->host, name, device);
	if (result == 0)
		result = disks_read_tags(walk->host, device, &tags);
	if (result < 0 && result != -ENOENT)
		walk_lose(walk, "%s: %s: %s", walk->use.text, name, strerror(-result));
	if (result == 0 && is_member(&tags, zfs->pool))
		disks_follow(walk, device);
	return 0;
}

/* The label of each member of the pool is its name. */
void filesystem_follow_pool(struct walk *walk, const char *dataset)
{
	char pool[256];
	struct zfs_search zfs = { walk, pool };

	snprintf(pool, sizeof(pool), "%.*s", (int)strcspn(dataset, "/"), dataset);
	walk_list(walk, DISKS_ALL, follow_zfs_member, &zfs);
}

static void follow_zfs(struct walk *walk, struct libmnt_fs *fs)
{
	filesystem_follow_pool(walk, filesystem_source(fs));
}

static struct text whole(const char *string)
{
	return (struct text){ string, strchr(string, '\0') };
}

/* The source is DEVICE:DEVICE:... */
static void follow_bcachefs(struct walk *walk, struct libmnt_fs *fs)
{
	struct text sources = whole(filesystem_source(fs)), source;
	char spec[PATH_MAX];

	while (text_take_until(&sources, ':', &source))
		if (host_path(spec, "%.*s", (int)text_length(&source), source.p) == 0)
			disks_follow_spec(walk, spec, filesystem_in_use(fs));
}

static void follow_directories(struct walk *walk, struct text list)
{
	char directory[PATH_MAX];
	struct text part;

	while (text_take_until(&list, ':', &part))
		if (text_length(&part) > 0 && part.p[0] == '/' &&
		    host_path(directory, "%.*s", (int)text_length(&part), part.p) == 0)
			mounts_follow_file(walk, directory);
}

static void follow_overlay(struct walk *walk, struct libmnt_fs *fs)
{
	struct text layers;

	if (filesystem_option(fs, "lowerdir", &layers))
		follow_directories(walk, layers);
	if (filesystem_option(fs, "upperdir", &layers))
		follow_directories(walk, layers);
}

/* FUSE: a program that puts directories together; those of mergerfs may be patterns. */
static void follow_sources(struct walk *walk, struct libmnt_fs *fs)
{
	size_t ends = walk->ends;

	follow_directories(walk, whole(filesystem_source(fs)));
	if (walk->ends == ends)
		walk_lose(walk, "%s: what %s uses is not known", walk->use.text,
			  filesystem_type(fs));
}

static void follow_memory(struct walk *walk, struct libmnt_fs *fs)
{
	(void)fs;
	walk_take_other(walk);
}

/* File systems that have no block device's number, or more devices than that one. */
static const struct filesystem {
	const char *type;
	void (*follow)(struct walk *walk, struct libmnt_fs *fs);
	bool has_disks;
} filesystems[] = {
	{ "btrfs", follow_btrfs, true },       { "zfs", follow_zfs, true },
	{ "bcachefs", follow_bcachefs, true }, { "overlay", follow_overlay, false },
	{ "fuse", follow_sources, false },     { "tmpfs", follow_memory, false },
	{ "ramfs", follow_memory, false },     { "rootfs", follow_memory, false },
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
					     "smb3", "smbfs",     "sshfs",  NULL };
	const char *type = filesystem_type(fs);

	return array_has(types, strncmp(type, "fuse.", 5) == 0 ? type + 5 : type);
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
	char address[128];
	struct text option;

	if (strncmp(type, "nfs", 3) != 0 && strcmp(type, "cifs") != 0 &&
	    strncmp(type, "smb", 3) != 0) {
		network_follow_server(walk, NULL);
		return;
	}
	source += strspn(source, "/[");
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(source, is_bare ? ":" : "/]"),
		 source);
	if (filesystem_option(fs, "addr", &option) && option.p)
		snprintf(address, sizeof(address), "%.*s", (int)text_length(&option), option.p);
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

	return filesystem ? filesystem->has_disks : major(mnt_fs_get_devno(fs)) != 0;
}

/* The directory of a journal inside of its file system is called DISK-INODE. */
static int follow_journal(void *context, const char *directory, const char *name)
{
	struct walk *walk = context;
	char device[PATH_MAX];

	(void)directory;
	if (disks_find_name(walk->host, name, device) == 0)
		disks_follow(walk, device);
	return 0;
}

/* Entries of fstab have no number. */
void filesystem_follow(struct walk *walk, struct libmnt_fs *fs)
{
	/* Devices that XFS names. */
	static const char *const options[] = { "logdev", "rtdev" };
	const struct filesystem *filesystem = find_filesystem(fs);
	const char *source = filesystem_source(fs);
	dev_t number = mnt_fs_get_devno(fs);
	char path[PATH_MAX];
	struct text node;

	if (filesystem_is_remote(fs) && major(number) == 0) {
		follow_remote(walk, fs);
	} else if (filesystem) {
		filesystem->follow(walk, fs);
	} else if (major(number) != 0) {
		int result = disks_find_number(walk->host, number, path);

		if (result == 0)
			disks_follow(walk, path);
		else
			walk_lose(walk, "%s: block device %u:%u: %s", walk->use.text, major(number),
				  minor(number), strerror(-result));
	} else if (source[0] == '/' || strchr(source, '=')) {
		disks_follow_spec(walk, source, filesystem_in_use(fs));
	} else {
		walk_lose(walk, "%s: do not know what %s stands on", walk->use.text,
			  filesystem_type(fs));
	}
	/* Nothing but its superblock says which of them is its own. */
	if (filesystem_in_use(fs) && strncmp(filesystem_type(fs), "ext", 3) == 0)
		walk_list(walk, "/proc/fs/jbd2", follow_journal, walk);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (filesystem_option(fs, options[i], &node) && node.p &&
		    host_path(path, "%.*s", (int)text_length(&node), node.p) == 0)
			disks_follow_spec(walk, path, filesystem_in_use(fs));
}
