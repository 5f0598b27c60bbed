/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on a block device. */
#include <blkid/blkid.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/deadline.h"
#include "protect/disks.h"

#define FIELD(name) offsetof(struct block_tags, name), sizeof(((struct block_tags *)0)->name)

/* One value, by its name in libblkid and in udev's database. */
static const struct tag {
	const char *name, *udev;
	size_t offset, size;
} table[] = {
	{ "TYPE", "E:ID_FS_TYPE=", FIELD(type) },
	{ "LABEL", "E:ID_FS_LABEL=", FIELD(label) },
	{ "PTTYPE", "E:ID_PART_TABLE_TYPE=", FIELD(table) },
	{ "PART_ENTRY_TYPE", "E:ID_PART_ENTRY_TYPE=", FIELD(part_type) },
	{ "AMBIVALENT", "E:ID_FS_AMBIVALENT=", FIELD(ambivalent) },
};

/* In a link that udev makes: /dev/disk/by-uuid/..., by-label, by-partuuid, by-partlabel, by-id. */
static int find_link(const struct host *host, const char *tag, const char *value,
		     char node[PATH_MAX])
{
	char encoded[1024], path[PATH_MAX];

	if (blkid_encode_string(value, encoded, sizeof(encoded)) != 0 ||
	    host_path(path, "/dev/disk/by-%s/%s", tag, encoded) < 0)
		return -ENAMETOOLONG;
	for (char *c = path + strlen("/dev/disk/by-"); *c != '/'; c++)
		*c = (char)tolower((unsigned char)*c);
	return host_resolve(host, path, node);
}

/* Where udev made no links. With /dev/null for a cache, nothing is written. */
static int scan_devices(const void *spec, void *node)
{
	blkid_cache cache;
	char *name;
	int result = -ENOENT;

	if (blkid_get_cache(&cache, "/dev/null") < 0)
		return -ENOMEM;
	name = blkid_evaluate_tag(spec, NULL, &cache);
	if (name)
		result = host_path(node, "%s", name);
	free(name);
	blkid_put_cache(cache);
	return result;
}

int block_tags_find_node(const struct host *host, const char *spec, char node[PATH_MAX])
{
	char *tag = NULL, *value = NULL;
	int result;

	if (spec[0] == '/')
		return host_path(node, "%s", spec);
	if (blkid_parse_tag_string(spec, &tag, &value) < 0)
		return -EINVAL;
	result = find_link(host, tag, value, node);
	if (result == -ENOENT && host->live)
		result = deadline_run(scan_devices, spec, node, PATH_MAX);
	free(tag);
	free(value);
	return result;
}

static void set_tag(struct block_tags *tags, const struct tag *tag, const char *value)
{
	snprintf((char *)tags + tag->offset, tag->size, "%s", value);
}

static int probe(blkid_probe probe, struct block_tags *tags)
{
	const char *value;
	size_t used = 0;
	int result;

	blkid_probe_enable_superblocks(probe, true);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
	blkid_probe_enable_partitions(probe, true);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
	result = blkid_do_safeprobe(probe);
	/* As `blkid -o udev` does; libblkid has no such value, and systemd's udev notes none. */
	while (result == -2 && blkid_do_probe(probe) == 0)
		if (blkid_probe_lookup_value(probe, "TYPE", &value, NULL) == 0 &&
		    used < sizeof(tags->ambivalent))
			used += (size_t)snprintf(tags->ambivalent + used,
						 sizeof(tags->ambivalent) - used, ":%s: ", value);
	if (result < 0)
		return result == -2 ? 0 : -EIO;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (blkid_probe_lookup_value(probe, table[i].name, &value, NULL) == 0)
			set_tag(tags, &table[i], value);
	return 0;
}

static int read_udev(const struct host *host, const char *directory, struct block_tags *tags)
{
	char number[32], path[64], *text, *rest, *line;
	int result = host_readf(host, number, sizeof(number), "%s/dev", directory);

	if (result < 0)
		return result;
	snprintf(path, sizeof(path), "/run/udev/data/b%s", number);
	result = host_read_text(host, path, &text);
	if (result < 0)
		return result;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
			size_t prefix = strlen(table[i].udev);

			if (strncmp(line, table[i].udev, prefix) == 0)
				set_tag(tags, &table[i], line + prefix);
		}
	free(text);
	return 0;
}

static int probe_node(const void *node, void *tags)
{
	blkid_probe prober = blkid_new_probe_from_filename(node);
	int result = prober ? probe(prober, tags) : -EIO;

	blkid_free_probe(prober);
	return result;
}

/* Disks are read only where udev has no record, or one that does not say what is on them. */
int block_tags_read(const struct host *host, const char *directory, const char *node,
		    struct block_tags *tags)
{
	struct block_tags found = { .type = "" };
	int result, probed;

	*tags = found;
	result = read_udev(host, directory, tags);
	if (!host->live || tags->type[0] || tags->ambivalent[0] || tags->table[0])
		return result;
	probed = deadline_run(probe_node, node, &found, sizeof(found));
	if (probed == 0)
		*tags = found;
	return probed == 0 || probed == -ETIMEDOUT ? probed : result;
}
