/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an initramfs image, as far as it counts for vfio-early. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/rules.h"
#include "core/text.h"
#include "host/array.h"
#include "image/builder.h"
#include "image/contents.h"

/* A link leads to a file that can come before it, so the archive is read once more for that. */
#define PASSES_MAX 3

/* "etc/modprobe.d/NAME.conf" */
static bool has_options(const char *path)
{
	const char *directory = strstr(path, "modprobe.d/"), *end = strrchr(path, '.');

	return directory && end && strcmp(end, ".conf") == 0 &&
	       (strncmp(path, "etc/", 4) == 0 || strncmp(path, "lib/", 4) == 0 ||
		strncmp(path, "usr/lib/", 8) == 0);
}

static bool is_wanted(const char *path)
{
	static const char *const wanted[] = { CONTENTS_PROGRAM, CONTENTS_PROTECTED,
					      CONTENTS_UNPROTECTED, &DIGEST_IMAGE[1], NULL };
	char absolute[PATH_MAX];

	for (size_t i = 0; builders[i]; i++)
		if (array_has(builders[i]->files, path))
			return true;
	return array_has(wanted, path) || has_options(path) ||
	       (host_path(absolute, "/%s", path) == 0 && rules_is_file(absolute));
}

/* Of "usr/lib/modules/KERNEL/REST" or the same without usr: REST; NULL for another path. */
static const char *skip_modules(const char *path, size_t *kernel_length)
{
	static const char directory[] = "lib/modules/";
	const char *slash;

	if (strncmp(path, "usr/", 4) == 0)
		path += 4;
	if (strncmp(path, directory, sizeof(directory) - 1) != 0)
		return NULL;
	path += sizeof(directory) - 1;
	slash = strchr(path, '/');
	if (!slash)
		return NULL;
	*kernel_length = (size_t)(slash - path);
	return slash + 1;
}

static struct contents_file *find_entry(const struct contents *contents, const char *path)
{
	for (size_t i = 0; i < contents->count; i++)
		if (strcmp(contents->files[i].path, path) == 0)
			return &contents->files[i];
	return NULL;
}

/* Where a link leads to, from the root of the image. False for one that leads out of it. */
static bool resolve(const struct contents_file *file, char path[PATH_MAX])
{
	char whole[PATH_MAX], *rest = whole, *part, *last;
	int slash = (int)(strrchr(file->path, '/') ? strrchr(file->path, '/') - file->path : 0);

	path[0] = '\0';
	if (host_path(whole, "%.*s/%s", file->link[0] == '/' ? 0 : slash, file->path, file->link) <
	    0)
		return false;
	while ((part = strsep(&rest, "/"))) {
		if (!part[0] || strcmp(part, ".") == 0)
			continue;
		last = strrchr(path, '/');
		if (strcmp(part, "..") == 0)
			*(last ? last : path) = '\0';
		else
			sprintf(path + strlen(path), "%s%s", path[0] ? "/" : "", part);
	}
	return path[0] != '\0';
}

const struct contents_file *contents_find(const struct contents *contents, const char *path)
{
	const struct contents_file *file = find_entry(contents, path);
	char target[PATH_MAX];

	for (int links = 0; file && file->link; links++) {
		if (links == PASSES_MAX || !resolve(file, target))
			return NULL;
		file = find_entry(contents, target);
	}
	return file && file->data ? file : NULL;
}

/* Whether some link that was seen leads to this path; with NULL, to a file that was not seen. */
static bool has_link(const struct contents *contents, const char *path)
{
	char target[PATH_MAX];

	for (size_t i = 0; i < contents->count; i++)
		if (contents->files[i].link && resolve(&contents->files[i], target) &&
		    (path ? strcmp(target, path) == 0 : !find_entry(contents, target)))
			return true;
	return false;
}

static bool wants(void *context, const char *path)
{
	size_t kernel_length;
	const char *rest = skip_modules(path, &kernel_length);

	if (rest)
		return strcmp(rest, "modules.builtin") == 0;
	return is_wanted(path) || has_link(context, path);
}

static void free_file(struct contents_file *file)
{
	free(file->path);
	free(file->link);
	free(file->data);
}

/* Of two files with one path the kernel leaves the later. */
static int keep(struct contents *contents, struct initramfs_file *from)
{
	struct contents_file *there = find_entry(contents, from->path);
	struct contents_file file = {
		.path = strdup(from->path),
		.link = from->link ? strdup(from->link) : NULL,
		.data = from->data,
		.length = from->length,
		.mode = from->mode,
	};

	from->data = NULL;
	if (there)
		free_file(there);
	else
		there = array_add(contents->files, contents->count);
	if (there)
		*there = file;
	else
		free_file(&file);
	return there && file.path && (file.link || !from->link) ? 0 : -ENOMEM;
}

bool contents_module_name(const char *path, size_t length, char name[NAME_MAX + 1])
{
	const char *slash = memrchr(path, '/', length), *base = slash ? slash + 1 : path;
	const char *end = memmem(base, length - (size_t)(base - path), ".ko", 3);
	size_t used = 0;

	if (!end || end == base || end - base > NAME_MAX)
		return false;
	for (; base < end; base++)
		name[used++] = *base == '-' ? '_' : *base;
	name[used] = '\0';
	return true;
}

static int add_module(struct contents *contents, const char *path, size_t length)
{
	char name[NAME_MAX + 1], **module;

	if (!contents_module_name(path, length, name))
		return 0;
	module = array_add(contents->modules, contents->module_count);
	return module && (*module = strdup(name)) ? 0 : -ENOMEM;
}

static int take(void *context, struct initramfs_file *file)
{
	struct contents *contents = context;
	size_t length = 0;
	const char *rest = skip_modules(file->path, &length);
	struct text builtin, line;
	int result = 0;

	if (!rest)
		return is_wanted(file->path) || file->data ? keep(contents, file) : 0;
	if (length <= NAME_MAX && !contents->kernel[0]) {
		memcpy(contents->kernel, rest - 1 - length, length);
		contents->kernel[length] = '\0';
	}
	if (!file->data)
		return add_module(contents, rest, strlen(rest));
	builtin = (struct text){ file->data, file->data + file->length };
	while (result == 0 && text_take_until(&builtin, '\n', &line))
		result = add_module(contents, line.p, text_length(&line));
	return result;
}

static void forget_modules(struct contents *contents)
{
	while (contents->module_count > 0)
		free(contents->modules[--contents->module_count]);
	free(contents->modules);
	contents->modules = NULL;
}

/* The order of rules_each_file(). */
static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct contents_file *)a)->path,
		      ((const struct contents_file *)b)->path);
}

int contents_read(struct contents *contents, const char *path, char message[INITRAMFS_MESSAGE_MAX])
{
	const struct initramfs_reader reader = { wants, take, contents };
	cleanup_fd int fd = file_open(AT_FDCWD, path);
	int result = fd < 0 ? fd : 0, passes = 0;

	*contents = (struct contents){ .count = 0 };
	message[0] = '\0';
	while (result == 0 && passes < PASSES_MAX && (passes == 0 || has_link(contents, NULL))) {
		forget_modules(contents);
		result = initramfs_read(fd, &reader, message);
		passes++;
	}
	if (result == 0 && contents->count > 1)
		qsort(contents->files, contents->count, sizeof(*contents->files), compare_files);
	if (result < 0 && !message[0])
		snprintf(message, INITRAMFS_MESSAGE_MAX, "%s", strerror(-result));
	return result;
}

void contents_free(struct contents *contents)
{
	for (size_t i = 0; i < contents->count; i++)
		free_file(&contents->files[i]);
	free(contents->files);
	forget_modules(contents);
	*contents = (struct contents){ .count = 0 };
}

bool contents_has_module(const struct contents *contents, const char *name)
{
	for (size_t i = 0; i < contents->module_count; i++)
		if (text_same_name(contents->modules[i], name))
			return true;
	return false;
}

void contents_each_rules(const struct contents *contents, digest_take *each, void *context)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < contents->count; i++) {
		const struct contents_file *file = contents_find(contents, contents->files[i].path);

		if (file && host_path(path, "/%s", contents->files[i].path) == 0 &&
		    rules_is_file(path))
			each(context, path, file->data, file->length);
	}
}

void contents_digest(const struct contents *contents, char text[DIGEST_TEXT_MAX])
{
	SHA2_CTX digest;

	SHA256Init(&digest);
	contents_each_rules(contents, digest_add, &digest);
	SHA256End(&digest, text);
}

int contents_each_modprobe(const struct contents *contents, modprobe_take *each, void *context)
{
	for (size_t i = 0; i < contents->count; i++) {
		const char *path = contents->files[i].path;
		const struct contents_file *file =
			has_options(path) ? contents_find(contents, path) : NULL;
		char *text = file ? strdup(file->data) : NULL;

		if (file && !text)
			return -ENOMEM;
		if (text)
			modprobe_parse(path, text, each, context);
		free(text);
	}
	return 0;
}
