/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes what a host has above its PCI functions. */
#include "tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#define WORDS_MAX 7

typedef char path_t[PATH_MAX];

struct tree {
	path_t root;
	unsigned int mounts;
};

static void must(int result, const char *what)
{
	if (result)
		fail_msg("%s: %s", what, strerror(errno));
}

static void make_parents(const char *path)
{
	must(files_make_parents(path), path);
}

static void add_line(const struct tree *tree, const char *name, const char *text)
{
	path_t path;
	FILE *file;

	make_parents(files_path(path, "%s/%s", tree->root, name));
	file = fopen(path, "a");
	must(!file, path);
	fprintf(file, "%s\n", text);
	must(fclose(file), path);
}

/* Both are below the root; the link is relative, as those in sysfs are. */
static void add_link(const struct tree *tree, const char *name, const char *target)
{
	path_t path, up = "", text;

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/'))
		strcat(up, "../");
	make_parents(files_path(path, "%s/%s", tree->root, name));
	must(symlink(files_path(text, "%s%s", up, target), path), path);
}

static char *resolve(const struct tree *tree, path_t resolved, const char *name)
{
	path_t path, whole;

	must(!realpath(files_path(path, "%s/%s", tree->root, name), whole), path);
	return files_path(resolved, "%s", whole + strlen(tree->root) + 1);
}

static char *find(const struct tree *tree, path_t directory, const char *class, const char *name)
{
	path_t path;

	return resolve(tree, directory, files_path(path, "%s/%s", class, name));
}

#define BLOCK   "sys/class/block"
#define RECORD  "run/vfio-early/network"
#define NET     "sys/class/net"
#define DEVICES "sys/bus/pci/devices"

/* sys/devices/PARENT, or the directory of the function that PARENT starts with. */
static void find_parent(const struct tree *tree, path_t directory, const char *parent)
{
	size_t first = strcspn(parent, "/");
	path_t path, function;

	files_path(path, "%s/" DEVICES "/%.*s", tree->root, (int)first, parent);
	if (access(path, F_OK) == 0)
		files_path(directory, "%s%s",
			   resolve(tree, function, path + strlen(tree->root) + 1), parent + first);
	else
		files_path(directory, "sys/devices/%s", parent);
}

/* A device directory with a link from its class. */
static void add_device(const struct tree *tree, const char *class, const char *directory)
{
	path_t path;

	make_parents(files_path(path, "%s/%s/", tree->root, directory));
	add_line(tree, files_path(path, "%s/uevent", directory), "");
	add_link(tree, files_path(path, "%s%s", class, strrchr(directory, '/')), directory);
}

static void add_block(const struct tree *tree, const char *directory, const char *number)
{
	path_t path;

	add_device(tree, BLOCK, directory);
	add_line(tree, files_path(path, "%s/dev", directory), number);
	add_link(tree, files_path(path, "sys/dev/block/%s", number), directory);
	make_parents(files_path(path, "%s/%s/slaves/", tree->root, directory));
	add_line(tree, files_path(path, "dev%s", strrchr(directory, '/')), "");
}

static void write_disk(struct tree *tree, char **word)
{
	path_t parent, path;

	find_parent(tree, parent, word[3]);
	add_block(tree, files_path(path, "%s/%s", parent, word[1]), word[2]);
}

static void write_part(struct tree *tree, char **word)
{
	path_t disk, path;

	find(tree, disk, BLOCK, word[3]);
	add_block(tree, files_path(path, "%s/%s", disk, word[1]), word[2]);
	add_line(tree, files_path(path, "%s/%s/partition", disk, word[1]), "1");
}

static void write_slave(struct tree *tree, char **word)
{
	path_t above, below, path;

	find(tree, above, BLOCK, word[1]);
	add_link(tree, files_path(path, "%s/slaves/%s", above, word[2]),
		 find(tree, below, BLOCK, word[2]));
}

static void write_link_block(struct tree *tree, char **word)
{
	path_t target;

	add_link(tree, word[1], find(tree, target, BLOCK, word[2]));
}

static void write_net(struct tree *tree, char **word)
{
	path_t parent, path;

	find_parent(tree, parent, word[2]);
	add_device(tree, NET, files_path(path, "%s/%s", parent, word[1]));
}

static void write_lower(struct tree *tree, char **word)
{
	path_t above, below, path;

	find(tree, above, NET, word[1]);
	add_link(tree, files_path(path, "%s/lower_%s", above, word[2]),
		 find(tree, below, NET, word[2]));
}

static void write_mount(struct tree *tree, char **word)
{
	path_t line;

	files_path(line, "%u 1 %s / %s rw,relatime shared:1 - %s %s rw%s%s", 20 + tree->mounts++,
		   word[1], word[2], word[3], word[4], word[5] ? "," : "", word[5] ? word[5] : "");
	add_line(tree, "proc/self/mountinfo", line);
}

static void write_swap(struct tree *tree, char **word)
{
	path_t path, line;

	if (access(files_path(path, "%s/proc/swaps", tree->root), F_OK) != 0)
		add_line(tree, "proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority");
	add_line(tree, "proc/swaps",
		 files_path(line, "%-40s%s\t8388604\t\t0\t\t-2", word[1], word[2]));
}

static void write_route4(struct tree *tree, char **word)
{
	path_t line;

	add_line(tree, "proc/net/route",
		 files_path(line, "%s\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0   ",
			    word[1]));
}

static void write_route6(struct tree *tree, char **word)
{
	path_t line;

	add_line(tree, RECORD, files_path(line, "default via fe80::1 dev %s", word[1]));
}

static void write_udev(struct tree *tree, char **word)
{
	path_t block, path, line;
	char *number;

	find(tree, block, BLOCK, word[1]);
	number = files_read(files_path(path, "%s/%s/dev", tree->root, block));
	must(!number, path);
	files_path(path, "run/udev/data/b%.*s", (int)strcspn(number, "\n"), number);
	free(number);
	add_line(tree, path, files_path(line, "E:%s", word[2]));
}

static void write_link(struct tree *tree, char **word)
{
	path_t path;

	make_parents(files_path(path, "%s/%s", tree->root, word[1]));
	must(symlink(word[2], path), path);
}

static void write_remove(struct tree *tree, char **word)
{
	path_t path;

	must(files_remove_tree(files_path(path, "%s/%s", tree->root, word[1])), path);
}

static const struct item {
	const char *name;
	unsigned int words; /* at least */
	void (*write)(struct tree *tree, char **word);
} items[] = {
	{ "disk", 4, write_disk },     { "part", 4, write_part },
	{ "slave", 3, write_slave },   { "link-block", 3, write_link_block },
	{ "net", 3, write_net },       { "lower", 3, write_lower },
	{ "mount", 5, write_mount },   { "swap", 3, write_swap },
	{ "route4", 2, write_route4 }, { "route6", 2, write_route6 },
	{ "udev", 3, write_udev },     { "link", 3, write_link },
	{ "remove", 2, write_remove },
};

static void write_words(struct tree *tree, char *line)
{
	char *words[WORDS_MAX] = { NULL }, *save, *word = strtok_r(line, " \t", &save);
	unsigned int count = 0;

	for (; word && count < WORDS_MAX - 1; word = strtok_r(NULL, " \t", &save))
		words[count++] = word;
	for (size_t i = 0; count && i < sizeof(items) / sizeof(items[0]); i++)
		if (strcmp(items[i].name, words[0]) == 0 && count >= items[i].words) {
			items[i].write(tree, words);
			return;
		}
	if (count)
		fail_msg("what is \"%s\"?", words[0]);
}

/* Takes three octal digits after a backslash for a byte. */
static void take_escapes(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			char digits[] = { text[1], text[2], text[3], '\0' };

			*to++ = (char)strtoul(digits, NULL, 8);
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* The texts of "line PATH TEXT" and "network TEXT" may have blanks. */
static void write_item(struct tree *tree, char *line)
{
	char *path, *text;

	line += strspn(line, " \t");
	if (strncmp(line, "network ", 8) == 0) {
		add_line(tree, RECORD, line + 8);
		return;
	}
	if (strncmp(line, "line ", 5) != 0) {
		write_words(tree, line);
		return;
	}
	path = line + 5;
	text = path + strcspn(path, " ");
	if (*text)
		*text++ = '\0';
	take_escapes(path);
	take_escapes(text);
	add_line(tree, path, text);
}

void tree_write(const char *root, const char *text)
{
	struct tree tree = { .mounts = 0 };
	char *copy = strdup(text), *rest = copy, *line;

	must(!copy || !realpath(root, tree.root), root);
	while ((line = strsep(&rest, "\n")))
		write_item(&tree, line);
	free(copy);
}
