/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image grows by, beyond the modules of vfio that any way of binding needs. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "files.h"
#include "image.h"
#include "initrd.h"
#include "parts.h"

static const struct image_spec with_program = {
	.suite = INITRD_SUITE,
	.has_all_drivers = true,
	.rules = "01:00.0\n",
};

/* A hook is what adds modules by hand and nothing else: a list of modules loads them, too. */
static const struct image_spec modules_only = {
	.suite = INITRD_SUITE,
	.has_all_drivers = true,
	.without_program = true,
	.files = { {
		.path = "/etc/initramfs-tools/hooks/vfio",
		.text = "#!/bin/sh\n"
			"[ \"$1\" = prereqs ] && exit 0\n"
			". /usr/share/initramfs-tools/hook-functions\n"
			"manual_add_modules vfio-pci vfio_iommu_type1\n",
		.executable = true,
	} },
};

static int measure_file(struct table *table, const char *subject, const char *path, double *bytes)
{
	struct stat status;

	if (stat(path, &status))
		return -errno;
	*bytes = (double)status.st_size;
	row_set(table_add(table, "size", "bytes", subject), COLUMN_BYTES, *bytes);
	return 0;
}

static int measure_image(struct table *table, const char *subject, const struct image_spec *spec,
			 const char *name, double *bytes)
{
	struct image image;
	int result = image_build(spec, name, &image);

	if (result == 0 && !image.renewed)
		result = -EIO;
	return result ?: measure_file(table, subject, image.initrd, bytes);
}

static int measure_program(struct table *table)
{
	char build[PATH_MAX], path[PATH_MAX];
	double bytes = 0;
	int result = image_find_build(build);

	files_path(path, "%s/vfio-early", build);
	result = result ?: measure_file(table, "program", path, &bytes);
	if (result == 0)
		table_add_goal(table, "size", "program, bytes", bytes, 65536);
	return result;
}

int size_measure(struct table *table)
{
	double with = 0, without = 0;
	int result = measure_program(table);

	result = result
			 ?: measure_image(table, "image, modules only", &modules_only,
					  "bench/modules", &without);
	result = result
			 ?: measure_image(table, "image, vfio-early", &with_program,
					  "bench/program", &with);
	if (result < 0)
		return result;
	row_set(table_add(table, "size", "bytes", "growth"), COLUMN_BYTES, with - without);
	table_add_goal(table, "size", "growth of the image, bytes", with - without, 49152);
	return 0;
}
