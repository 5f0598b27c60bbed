/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted, will be mounted, or is swapped to. */
#include <errno.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protect/disks.h"
#include "protect/filesystems.h"
#include "protect/mounts.h"

#define PROXMOX_ESPS "/etc/kernel/proxmox-boot-uuids"

#define ESP_GUID      "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define ESP_MBR       "0xef"
#define XBOOTLDR_GUID "bc13c2ff-59e6-4262-a352-b275fd6f7172"

/* An ESP is followed wherever it is mounted, see find_esp(). */
static const char *const targets[] = { "/", "/usr", "/boot", "/boot/efi", "/efi" };

static bool is_target(const char *path)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(targets[i], path) == 0)
			return true;
	return false;
}

/* The same file system may be met again on the way down, as below an overlay of itself. */
static void follow_mount(struct search *search, struct libmnt_fs *fs)
{
	char place[32];

	snprintf(place, sizeof(place), "mount %d", mnt_fs_get_id(fs));
	if (!search_enter(search, place))
		return;
	filesystem_follow(search, fs);
	search_leave(search);
}

/* The last mount of a target hides those before; autofs waits to be mounted over. */
static struct libmnt_fs *find_mounted(struct libmnt_table *mounts, const char *target)
{
	struct libmnt_fs *fs = mnt_table_find_target(mounts, target, MNT_ITER_BACKWARD);

	return fs && strcmp(filesystem_type(fs), "autofs") != 0 ? fs : NULL;
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

static void follow_file(struct search *search, const char *file)
{
	struct libmnt_fs *fs = find_mount_of(search->mounts, file);

	if (fs)
		follow_mount(search, fs);
	else
		search_lose(search, "%s: %s is on no mount", search->reason, file);
}

static bool has_option(struct libmnt_fs *fs, const char *name)
{
	char *value;
	size_t length;

	return mnt_fs_get_option(fs, name, &value, &length) == 0;
}

/* The name of a node is shorter than a UUID; what is absent has no node. */
static void format_device(const struct search *search, const char *spec, char name[PATH_MAX])
{
	char directory[PATH_MAX];

	if (disks_find_spec(search->host, spec, directory) == 0)
		disks_format_node(search->host, directory, name);
	else
		snprintf(name, PATH_MAX, "%s", spec);
}

static void find_mount(struct search *search, struct libmnt_fs *fs, const char *target)
{
	bool mounted = mnt_fs_get_id(fs) != 0;
	char name[PATH_MAX];

	format_device(search, filesystem_source(fs), name);
	search_begin(search, "%s%s (%s on %s)", target, mounted ? "" : " in fstab",
		     filesystem_type(fs), mounted ? filesystem_source(fs) : name);
	if (!mounted && (has_option(fs, "bind") || has_option(fs, "rbind")))
		follow_file(search, filesystem_source(fs));
	else
		follow_mount(search, fs);
	search_end(search);
}

/* Whether the disk that fstab names for a target is not the one that is mounted there now. */
static bool is_elsewhere(const struct search *search, struct libmnt_fs *listed,
			 struct libmnt_fs *mounted)
{
	char next[PATH_MAX], now[PATH_MAX];

	return disks_find_spec(search->host, filesystem_source(listed), next) == 0 &&
	       disks_find_number(search->host, mnt_fs_get_devno(mounted), now) == 0 &&
	       strcmp(next, now) != 0;
}

/*
 * What is mounted tells more than what fstab has, except of FUSE: there mountinfo has any name.
 * Either can be NULL.
 */
static void find_target(struct search *search, const char *target, struct libmnt_fs *listed)
{
	struct libmnt_fs *mounted = find_mounted(search->mounts, target);

	if (mounted && listed && filesystem_is_fuse(listed))
		mounted = NULL;
	if (mounted)
		find_mount(search, mounted, target);
	if (listed && (!mounted || is_elsewhere(search, listed, mounted)))
		find_mount(search, listed, target);
}

static void find_targets(struct search *search, struct libmnt_table *fstab)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		find_target(search, targets[i],
			    mnt_table_find_target(fstab, targets[i], MNT_ITER_FORWARD));
}

/*
 * Whether the boot stops without an entry of fstab (systemd-fstab-generator(8)). It does not wait
 * for what is mounted on demand or needs the network.
 */
static bool is_awaited(struct libmnt_fs *fs)
{
	static const char *const options[] = { "noauto", "nofail", "x-systemd.automount",
					       "_netdev" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (has_option(fs, options[i]))
			return false;
	return !filesystem_is_remote(fs);
}

/* libmount counts bind mounts, whose type is "none", and overlay as pseudo file systems. */
static bool is_pseudo(struct libmnt_fs *fs)
{
	return mnt_fs_is_pseudofs(fs) && strcmp(filesystem_type(fs), "overlay") != 0 &&
	       !has_option(fs, "bind") && !has_option(fs, "rbind");
}

static void find_listed(struct search *search, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs);

	if (target && target[0] == '/' && !is_target(target) && !mnt_fs_is_swaparea(fs) &&
	    !is_pseudo(fs) && is_awaited(fs))
		find_target(search, target, fs);
}

/* On a host without udev's records, some partitions may not be looked at: they are none. */
static bool has_part_type(struct search *search, const char *directory, const char *const *types)
{
	struct tags tags;
	int result = disks_read_tags(search->host, directory, &tags);

	if (result < 0 && result != -ENOENT)
		search_lose(search, "%s: %s", strrchr(directory, '/') + 1, strerror(-result));
	while (result == 0 && *types)
		if (strcasecmp(tags.part_type, *types++) == 0)
			return true;
	return false;
}

static bool is_esp(struct search *search, struct libmnt_fs *fs)
{
	static const char *const types[] = { ESP_GUID, ESP_MBR, NULL };
	char directory[PATH_MAX];

	return strcmp(filesystem_type(fs), "vfat") == 0 &&
	       disks_find_number(search->host, mnt_fs_get_devno(fs), directory) == 0 &&
	       has_part_type(search, directory, types);
}

static void find_automatic_esp(void *context, const char *directory, const char *name)
{
	static const char *const types[] = { ESP_GUID, XBOOTLDR_GUID, NULL };
	struct search *search = context;
	char partition[PATH_MAX];

	(void)directory;
	if (disks_find_name(search->host, name, partition) < 0 ||
	    !host_has(search->host, partition, "partition") ||
	    !has_part_type(search, partition, types))
		return;
	search_begin(search, "ESP mounted on demand (/dev/%s)", name);
	disks_follow(search, partition);
	search_end(search);
}

/*
 * systemd-gpt-auto-generator(8) mounts the ESP and the XBOOTLDR partition by their types when they
 * are used. Of which disk is not known before, so every one with such a partition is followed.
 */
static void find_automatic_esps(struct search *search, struct libmnt_table *fstab)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (mnt_table_find_target(search->mounts, targets[i], MNT_ITER_BACKWARD) &&
		    !find_mounted(search->mounts, targets[i]) &&
		    !mnt_table_find_target(fstab, targets[i], MNT_ITER_FORWARD)) {
			search_list(search, DISKS_ALL, find_automatic_esp, search);
			return;
		}
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
	search_begin(search, "%s (ESP on %s)", target, filesystem_source(fs));
	follow_mount(search, fs);
	search_end(search);
}

/* A partition, or a file: then nothing below /dev is called so. */
static void find_swap(struct search *search, struct libmnt_fs *fs)
{
	const char *source = filesystem_source(fs);
	char name[PATH_MAX];

	format_device(search, source, name);
	search_begin(search, "swap (%s)", name);
	if (source[0] == '/' && strncmp(source, "/dev/", 5) != 0)
		follow_file(search, source);
	else
		disks_follow_spec(search, source, filesystem_in_use(fs));
	search_end(search);
}

static void find_fstab_swap(struct search *search, struct libmnt_fs *fs)
{
	if (mnt_fs_is_swaparea(fs) && is_awaited(fs))
		find_swap(search, fs);
}

static void find_proxmox_esp(struct search *search, const char *uuid)
{
	char spec[64], name[PATH_MAX];

	snprintf(spec, sizeof(spec), "UUID=%.50s", uuid);
	format_device(search, spec, name);
	search_begin(search, "ESP of proxmox-boot-tool (%s)", name);
	disks_follow_spec(search, spec, false);
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

/* Each snap is a file of the root file system, mounted through a loop device. */
static bool is_snap(struct libmnt_fs *fs)
{
	return strcmp(filesystem_type(fs), "squashfs") == 0 &&
	       strncmp(filesystem_source(fs), "/dev/loop", 9) == 0;
}

/*
 * Whether an earlier mount is of the same ZFS pool. A pool can have hundreds of file systems, and
 * each would be followed to the same members, for which every block device is looked at.
 */
static bool is_of_known_pool(struct search *search, struct libmnt_fs *fs)
{
	const char *source = filesystem_source(fs);
	size_t length = strcspn(source, "/");
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *other;
	bool known = false;

	if (!iterator)
		search->error = -ENOMEM;
	while (iterator && !known && mnt_table_next_fs(search->mounts, iterator, &other) == 0 &&
	       other != fs)
		known = strcmp(filesystem_type(other), "zfs") == 0 &&
			strncmp(filesystem_source(other), source, length) == 0 &&
			strchr("/", filesystem_source(other)[length]);
	mnt_free_iter(iterator);
	return known;
}

static void find_used_mount(struct search *search, struct libmnt_fs *fs)
{
	const char *target = mnt_fs_get_target(fs), *type = filesystem_type(fs);

	if (!target || is_target(target) || !filesystem_has_disks(fs) || is_snap(fs) ||
	    is_esp(search, fs) || (strcmp(type, "zfs") == 0 && is_of_known_pool(search, fs)))
		return;
	search_begin(search, "%s (%s on %s)", target, type, filesystem_source(fs));
	follow_mount(search, fs);
	search_end(search);
}

/* After what is needed, which is not told of again. */
static void find_used(struct search *search)
{
	search->grade = PROTECT_USED;
	for_each(search, search->mounts, find_used_mount);
	search->grade = PROTECT_NEEDED;
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
	search->follow_file = follow_file;
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

	search->on_disks = true;
	if (fstab && swaps) {
		find_targets(search, fstab);
		for_each(search, fstab, find_listed);
		find_automatic_esps(search, fstab);
		for_each(search, search->mounts, find_esp);
		find_proxmox_esps(search);
		for_each(search, swaps, find_swap);
		for_each(search, fstab, find_fstab_swap);
		find_used(search);
	} else {
		search->error = -ENOMEM;
	}
	search->on_disks = false;
	mnt_unref_table(fstab);
	mnt_unref_table(swaps);
}
