/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the admin tool takes, on a described host after a boot, with an image of 100 MB that
 * update-initramfs made: it has all modules of the kernel, and is compressed by zstd. Processor
 * time, as what else the computer does is in the time until the end.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "files.h"
#include "image.h"
#include "parts.h"
#include "process.h"
#include "series.h"

#include "hosttree.h"
#include "tree.h"

#define HOST   "tests/look/desktop-booted"
#define INITRD "boot/initrd.img-6.1.0-28-amd64"
#define ROUNDS 7

static const struct {
	const char *name;
	double limit; /* in seconds */
} commands[] = {
	{ "image", 1 },
	{ "check", 0.3 },
	{ "status", 0.3 },
};

static int lay_host(const char *tree)
{
	char path[PATH_MAX], message[256];
	char *host = files_read(HOST "/host"), *above = files_read(HOST "/above");
	int result = host && above ? files_remove_tree(tree) : -ENOENT;

	result = result ?: files_make_parents(files_path(path, "%s/etc/x", tree));
	result = result ?: hosttree_write(host, tree, message, sizeof(message));
	if (result == 0)
		tree_write(tree, above);
	free(host);
	free(above);
	result = result ?: files_copy_tree(HOST "/root", tree);
	return result
		       ?: files_copy(HOST "/rules",
				     files_path(path, "%s/etc/vfio-early.conf", tree));
}

static int make_image(const char *path)
{
	static const struct image_spec spec = {
		.suite = "bookworm",
		.has_all_drivers = true,
		.rules = "0b:00\n",
		.settings = "COMPRESS=zstd\n",
		.files = { {
			.path = "/etc/initramfs-tools/hooks/all",
			.text = "#!/bin/sh\n"
				"[ \"$1\" = prereqs ] && exit 0\n"
				". /usr/share/initramfs-tools/hook-functions\n"
				"copy_modules_dir kernel\n",
			.executable = true,
		} },
	};
	struct image image;
	int result = image_build(&spec, "bench/tool/image", &image);

	if (result == 0 && !image.renewed)
		result = -EIO;
	return result ?: files_copy(image.initrd, path);
}

static int measure_command(struct table *table, const char *build, const char *tree, size_t i)
{
	char program[PATH_MAX];
	const char *const argv[] = { program, "--root", tree, commands[i].name, NULL };
	struct series whole = { .count = 0 }, cpu = { .count = 0 };
	struct process_time time;
	struct row *row;
	int result = 0;

	files_path(program, "%s/vfio-earlyctl", build);
	for (int round = 0; result == 0 && round < ROUNDS; round++) {
		result = process_time(argv, &time);
		if (result == 0 && time.status != 0 && time.status != 2)
			result = -EPROTO;
		series_add(&whole, (double)time.wall_ns / 1e6);
		series_add(&cpu, (double)time.cpu_ns / 1e6);
	}
	if (result < 0)
		return result;
	row = table_add(table, "tool", "desktop", commands[i].name);
	row_set(row, COLUMN_WHOLE, series_median(&whole));
	row_set(row, COLUMN_CPU, series_median(&cpu));
	table_add_goal(table, commands[i].name, "seconds of a processor", series_median(&cpu) / 1e3,
		       commands[i].limit);
	return 0;
}

int tool_measure(struct table *table)
{
	char build[PATH_MAX], tree[PATH_MAX], path[PATH_MAX], notes[PATH_MAX];
	struct stat status;
	int result = image_find_build(build);

	files_path(tree, "%s/tests/bench/tool/root", build);
	files_path(path, "%s/" INITRD, tree);
	result = result ?: lay_host(tree);
	result = result ?: make_image(path);
	/* What the hook notes of an image is newer than that. */
	result = result ?: files_copy_tree(HOST "/root/var", files_path(notes, "%s/var", tree));
	if (result == 0 && stat(path, &status))
		result = -errno;
	if (result == 0)
		row_set(table_add(table, "tool", "desktop", "size of the image"), COLUMN_BYTES,
			(double)status.st_size);
	for (size_t i = 0; result == 0 && i < sizeof(commands) / sizeof(commands[0]); i++)
		result = measure_command(table, build, tree, i);
	return result;
}
