/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has the images of all kernels rebuilt. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bootloader/esp.h"
#include "command/command.h"
#include "command/rebuild.h"
#include "host/array.h"
#include "host/run.h"
#include "image/digest.h"

struct file {
	char name[PATH_MAX]; /* for people */
	struct stat was;
};

struct files {
	struct file *list;
	size_t count;
};

static void add_file(struct files *files, const char *where, const struct host *host,
		     const char *path)
{
	struct file *file;
	struct stat was;

	if (fstatat(host->directory, host_below(path), &was, 0) < 0)
		return;
	file = array_add(files->list, files->count);
	if (file && host_path(file->name, "%s%s", where, path) == 0)
		file->was = was;
}

/* No partition is kept open: while it is mounted read-only, nobody can write to it. */
static void find_files(struct files *files, const struct host *host)
{
	struct kernels kernels;
	struct esps esps;

	*files = (struct files){ .list = NULL };
	kernels_list(&kernels, host);
	esps_open(&esps, host);
	for (size_t n = 0; n < kernels.count; n++) {
		const char *release = kernels.list[n].release;
		char path[PATH_MAX], where[sizeof("ESP ABCD-1234: ")];

		if (kernels_image(&kernels.list[n], path) == 0)
			add_file(files, "", host, path);
		if (host_path(path, DIGEST_KERNELS "/%s.digest", release) == 0)
			add_file(files, "", host, path);
		if (host_path(path, DIGEST_KERNELS "/%s.protected", release) == 0)
			add_file(files, "", host, path);
		for (size_t i = 0; i < esps.count; i++) {
			const struct esp *esp = &esps.list[i];

			snprintf(where, sizeof(where), "ESP %s: ", esp->uuid);
			if (esp_find_copy(esp, release, path))
				add_file(files, where, &esp->files, path);
		}
	}
	esps_close(&esps);
	kernels_free(&kernels);
}

static const struct file *find(const struct files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->list[i].name, name) == 0)
			return &files->list[i];
	return NULL;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void tell(const struct files *before, const struct files *after)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct file *file = &after->list[i], *old = find(before, file->name);

		ctl_say("%s: %s", file->name,
			!old                             ? "new"
			: is_same(&old->was, &file->was) ? "not changed"
							 : "changed");
	}
	for (size_t i = 0; i < before->count; i++)
		if (!find(after, before->list[i].name))
			ctl_say("%s: removed", before->list[i].name);
}

int rebuild_run(const struct host *host)
{
	const struct builder *builder = builder_find(host);
	struct files before, after;
	int result;

	find_files(&before, host);
	result = run_program(host, builder->argv, stdout);
	if (result < 0 && result != -EXDEV)
		ctl_fail("%s: %s", builder->argv[0], strerror(-result));
	if (result > 0) {
		ctl_fail("%s: exit status %d", builder->argv[0], result);
		find_files(&after, host);
		tell(&before, &after);
		free(after.list);
	}
	free(before.list);
	return result;
}
