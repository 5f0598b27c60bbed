/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image, and over it the runner, the contenders and what they are told. */
#include "initrd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpio.h"
#include "files.h"
#include "image.h"

#define PLACEHOLDER "@DEVICES@"

static const char *const scripts[] = { "shell", "driverctl", "driverctl-set", "ids", "protected" };

/* What comes from the build directory; the runner takes the place of our script. */
static const struct program {
	const char *name;
	const char *built;
} programs[] = {
	{ "scripts/init-top/00-vfio-early", "tests/bench/guest/runner" },
	{ "bench/step", "stage/usr/share/initramfs-tools/scripts/init-top/00-vfio-early" },
};

static char *fill_in(const char *text, const char *devices)
{
	const char *at = strstr(text, PLACEHOLDER);
	char *result;

	if (!at)
		return strdup(text);
	if (asprintf(&result, "%.*s%s%s", (int)(at - text), text, devices,
		     at + strlen(PLACEHOLDER)) < 0)
		return NULL;
	return result;
}

static char *join_lines(const char *lines)
{
	char *text = strdup(lines);

	for (char *c = text; c && *c; c++)
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
	return text;
}

static int add_script(FILE *archive, const char *name, const char *devices)
{
	char source[PATH_MAX], target[PATH_MAX], *text, *script = NULL;
	int result;

	files_path(source, INITRD_SOURCE "/%s", name);
	files_path(target, "bench/%s", name);
	text = files_read(source);
	script = text ? fill_in(text, devices) : NULL;
	result = script ? cpio_add_text(archive, target, 0755, script) : -ENOENT;
	free(text);
	free(script);
	return result;
}

static int add_program(FILE *archive, const char *build, const struct program *program)
{
	char path[PATH_MAX];

	files_path(path, "%s/%s", build, program->built);
	return cpio_add_file(archive, program->name, 0755, path);
}

static int add_programs(FILE *archive, const struct initrd *initrd)
{
	static const char *const floors[] = { "floor", "floor-plain" };
	char build[PATH_MAX], path[PATH_MAX];
	int result = image_find_build(build);

	for (size_t i = 0; result == 0 && i < sizeof(programs) / sizeof(programs[0]); i++)
		result = add_program(archive, build, &programs[i]);
	files_path(path, "%s/roots/%s/usr/lib/klibc/bin/sh", build, initrd->suite);
	result = result ?: cpio_add_file(archive, "bench/sh-klibc", 0755, path);
	for (size_t i = 0; result == 0 && i < sizeof(floors) / sizeof(floors[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "bench/%s", floors[i]);
		files_path(path, "%s/tests/bench/%s-%s-%d", build, floors[i], initrd->suite,
			   initrd->count);
		result = cpio_add_file(archive, name, 0755, path);
	}
	files_path(path, INITRD_SOURCE "/rules-%d", initrd->count);
	return result ?: cpio_add_file(archive, "bench/rules", 0644, path);
}

/* The floor's compressed modules, which the image has in another form: a path a line. */
static int add_modules(FILE *archive, const char *suite)
{
	char build[PATH_MAX], path[PATH_MAX], *text = NULL, *rest, *line;
	int result = image_find_build(build);

	files_path(path, "%s/tests/bench/modules-%s", build, suite);
	if (result == 0 && !(rest = text = files_read(path)))
		result = -ENOENT;
	while (result == 0 && (line = strsep(&rest, "\n")) && line[0]) {
		files_path(path, "%s/roots/%s%s", build, suite, line);
		result = cpio_add_file(archive, line + 1, 0644, path);
	}
	free(text);
	return result;
}

static int add_all(FILE *archive, const struct initrd *initrd)
{
	char *devices = join_lines(initrd->addresses);
	int result = devices ? 0 : -ENOMEM;

	result = result ?: cpio_copy(archive, initrd->image);
	result = result ?: cpio_add_directory(archive, "bench");
	result = result ?: cpio_add_text(archive, "bench/addresses", 0644, initrd->addresses);
	result = result ?: add_modules(archive, initrd->suite);
	result = result ?: cpio_add_text(archive, "bench/devices", 0644, devices);
	result = result ?: cpio_add_text(archive, "bench/options", 0644, initrd->options);
	result = result ?: add_programs(archive, initrd);
	for (size_t i = 0; result == 0 && i < sizeof(scripts) / sizeof(scripts[0]); i++)
		result = add_script(archive, scripts[i], devices);
	free(devices);
	return result ?: cpio_end(archive);
}

int initrd_write(const char *path, const struct initrd *initrd)
{
	FILE *archive = fopen(path, "we");
	int result;

	if (!archive)
		return -errno;
	result = add_all(archive, initrd);
	if (fclose(archive) && result == 0)
		result = -errno;
	return result;
}
