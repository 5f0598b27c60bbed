/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules of a simulated host. */
#include "modules.h"

#include "files.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define MODULES_MAX 16

/* kmod's libkmod/libkmod-index.c: big-endian, a trie; one node a character here. */
#define INDEX_MAGIC       0xB007F457
#define INDEX_VERSION     0x00020001
#define INDEX_NODE_VALUES 0x40000000
#define INDEX_NODE_CHILDS 0x20000000

struct entry {
	const char *name;
	char value[256]; /* line of modules.dep */
};

static void put(FILE *out, uint32_t number)
{
	number = htobe32(number);
	fwrite(&number, sizeof(number), 1, out);
}

/* All entries have the same first so many characters of their names. Returns the node's offset. */
static uint32_t write_node(FILE *out, const struct entry *entries, size_t count, size_t depth)
{
	uint32_t children[128] = { 0 }, offset, flags = INDEX_NODE_CHILDS;
	bool ends = count > 0 && entries[0].name[depth] == '\0';

	for (size_t i = ends, same; i < count; i += same) {
		unsigned char c = (unsigned char)entries[i].name[depth];

		for (same = 1; i + same < count && entries[i + same].name[depth] == c;)
			same++;
		children[c] = write_node(out, &entries[i], same, depth + 1);
	}
	offset = (uint32_t)ftell(out);
	putc(1, out);
	putc(127, out);
	for (size_t i = 1; i < 128; i++)
		put(out, children[i]);
	if (ends) {
		flags |= INDEX_NODE_VALUES;
		put(out, 1);
		put(out, 0);
		fwrite(entries[0].value, strlen(entries[0].value) + 1, 1, out);
	}
	return offset | flags;
}

static int write_index(const char *directory, const char *name, const struct entry *entries,
		       size_t count)
{
	char path[2 * PATH_MAX];
	uint32_t root;
	FILE *out;

	snprintf(path, sizeof(path), "%s/modules.%s.bin", directory, name);
	out = fopen(path, "w");
	if (!out)
		return -errno;
	put(out, INDEX_MAGIC);
	put(out, INDEX_VERSION);
	put(out, 0);
	root = write_node(out, entries, count, 0);
	fseek(out, 8, SEEK_SET);
	put(out, root);
	return fclose(out) ? -errno : 0;
}

/* "vfio_pci: vfio" is "vfio_pci.ko: vfio.ko". */
static void parse_line(char *line, struct entry *entry)
{
	char *rest = strchr(line, ':'), *word;
	size_t used;

	*rest++ = '\0';
	entry->name = line;
	used = (size_t)snprintf(entry->value, sizeof(entry->value), "%s.ko:", line);
	while ((word = strsep(&rest, " ")))
		if (*word)
			used += (size_t)snprintf(entry->value + used, sizeof(entry->value) - used,
						 " %s.ko", word);
}

static int write_modules(const char *directory, char *text)
{
	static const char *const others[] = { "alias", "symbols", "builtin", "builtin.alias" };
	struct entry entries[MODULES_MAX];
	char *line, path[2 * PATH_MAX];
	size_t count = 0;
	int result = 0;

	while (result == 0 && (line = strsep(&text, "\n")) && *line) {
		if (count == MODULES_MAX)
			abort();
		parse_line(line, &entries[count]);
		snprintf(path, sizeof(path), "%s/%s.ko", directory, entries[count++].name);
		if (strcmp(entries[count - 1].name, "lost") != 0)
			result = files_write(path, "a module");
	}
	if (result == 0)
		result = write_index(directory, "dep", entries, count);
	for (size_t i = 0; result == 0 && i < sizeof(others) / sizeof(others[0]); i++)
		result = write_index(directory, others[i], NULL, 0);
	return result;
}

int modules_set_up(const struct host *host, const char *text)
{
	static const char *const parts[] = { "sys/module", "lib", "lib/modules", "" };
	char directory[PATH_MAX + 128], unloaded[PATH_MAX + 128], *copy = strdup(text);
	struct utsname kernel;
	int result;

	snprintf(directory, sizeof(directory), "%s/tree/sys/module", host->work);
	result = !copy || uname(&kernel) ? -errno : files_remove_tree(directory);
	for (size_t i = 0; result == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(directory, sizeof(directory), "%s/tree/%s", host->work,
			 *parts[i] ? parts[i] : "lib/modules/");
		if (!*parts[i])
			strcat(directory, kernel.release);
		if (mkdir(directory, 0755) && errno != EEXIST)
			result = -errno;
	}
	if (result == 0)
		result = write_modules(directory, copy);
	snprintf(directory, sizeof(directory), "%s/tree/sys/bus/pci/drivers/vfio-pci", host->work);
	snprintf(unloaded, sizeof(unloaded), "%s/tree/" HOSTFS_UNLOADED, host->work);
	if (result == 0 && rename(directory, unloaded) && errno != ENOENT)
		result = -errno;
	free(copy);
	return result;
}
