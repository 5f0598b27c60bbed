/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the host that are changed together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "core/file.h"
#include "host/diff.h"
#include "host/replace.h"
#include "host/transaction.h"

#define LENGTH_MAX (64u << 20)

static int copy_text(struct batch_text *copy, const struct batch_text *text)
{
	copy->length = text->length;
	copy->data = malloc(text->length + 1);
	if (!copy->data)
		return -ENOMEM;
	memcpy(copy->data, text->data, text->length);
	copy->data[text->length] = '\0';
	return 0;
}

static void free_file(struct batch_file *file)
{
	free(file->path);
	free(file->old.data);
	free(file->new.data);
	free(file->old_backup.data);
}

int batch_add(struct batch *batch, const char *path, unsigned int flags,
	      const struct batch_text *old, const struct batch_text *new)
{
	struct batch_file *list = reallocarray(batch->list, batch->count + 1, sizeof(*list)), *file;
	int result;

	if (!list)
		return -ENOMEM;
	batch->list = list;
	file = &list[batch->count];
	*file = (struct batch_file){ .path = strdup(path), .flags = flags };
	result = file->path ? copy_text(&file->new, new) : -ENOMEM;
	if (result == 0 && !(flags & BATCH_NEW))
		result = copy_text(&file->old, old);
	if (result < 0)
		free_file(file);
	else
		batch->count++;
	return result;
}

void batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		free_file(&batch->list[i]);
	free(batch->list);
	batch->list = NULL;
	batch->count = 0;
}

void batch_show(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		diff_print(stdout, batch->list[i].path, batch->list[i].old.data,
			   batch->list[i].new.data);
}

/* No data if there is no such file. 0 or -errno. */
static int read_text(const struct batch *batch, const char *path, struct batch_text *text)
{
	int result = file_read_all(batch->host->directory, path + 1, LENGTH_MAX, &text->data,
				   &text->length);

	return result == -ENOENT ? 0 : result;
}

static bool is_same(const struct batch_text *a, const struct batch_text *b)
{
	if (!a->data || !b->data)
		return !a->data && !b->data;
	return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

/* Whether the file has this text now; false if that cannot be told. */
static bool has_text(const struct batch *batch, const char *path, const struct batch_text *text)
{
	struct batch_text found = { .data = NULL };
	bool same = read_text(batch, path, &found) == 0 && is_same(&found, text);

	free(found.data);
	return same;
}

/* What a backup takes the place of, and whether the file is still what the change was made for. */
static int prepare(const struct batch *batch, struct batch_file *file)
{
	int result = 0;

	if (!has_text(batch, file->path, &file->old)) {
		ctl_fail("%s: was changed meanwhile; nothing was changed", file->path);
		return -ESTALE;
	}
	if (file->flags & BATCH_NEW)
		return 0;
	result = host_resolve(batch->host, file->path, file->resolved);
	if (result == 0)
		result = host_path(file->backup, "%s" REPLACE_BACKUP_SUFFIX, file->resolved);
	if (result == 0)
		result = read_text(batch, file->backup, &file->old_backup);
	if (result < 0)
		ctl_fail("%s: %s; nothing was changed", file->path, strerror(-result));
	return result;
}

static int write_file(const struct batch *batch, struct batch_file *file)
{
	unsigned int flags = file->flags & BATCH_NEW ? 0 : REPLACE_BACKUP;
	int result;

	file->begun = true;
	result = replace_file(batch->host, file->path, file->new.data, file->new.length, flags);
	if (result < 0)
		ctl_fail("%s: %s; nothing was changed", file->path, strerror(-result));
	else if (file->flags & BATCH_NEW)
		printf("%s: new\n", file->path);
	else if (file->flags & BATCH_OURS)
		printf("%s: changed\n", file->path);
	else
		printf("%s: changed, the old one is %s\n", file->path, file->backup);
	return result;
}

int batch_write(struct batch *batch)
{
	int result = 0;

	for (size_t i = 0; i < batch->count && result == 0; i++)
		result = prepare(batch, &batch->list[i]);
	for (size_t i = 0; i < batch->count && result == 0; i++)
		result = write_file(batch, &batch->list[i]);
	if (result < 0)
		batch_undo(batch);
	return result;
}

/* A power cut must not bring a change back. */
static int sync_parent(const struct batch *batch, const char *path)
{
	char parent[PATH_MAX];
	int result = host_path(parent, "%.*s/.", (int)(strrchr(path, '/') - path), path);
	cleanup_fd int fd = result < 0 ? result : file_open(batch->host->directory, parent + 1);

	if (fd < 0)
		return fd;
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int remove_file(const struct batch *batch, const char *path)
{
	if (unlinkat(batch->host->directory, path + 1, 0) < 0)
		return -errno;
	return sync_parent(batch, path);
}

static int rename_file(const struct batch *batch, const char *from, const char *to)
{
	int directory = batch->host->directory;

	if (renameat(directory, from + 1, directory, to + 1) < 0)
		return -errno;
	return sync_parent(batch, to);
}

/* Makes a file have a text again, from a copy of it if there is one. */
static int put_back(const struct batch *batch, const char *path, const char *copy,
		    const struct batch_text *text)
{
	if (has_text(batch, path, text))
		return 0;
	if (!text->data)
		return remove_file(batch, path);
	if (copy && has_text(batch, copy, text))
		return rename_file(batch, copy, path);
	return replace_file(batch->host, path, text->data, text->length, 0);
}

static int undo_file(const struct batch *batch, struct batch_file *file)
{
	int result;

	if (file->flags & BATCH_NEW)
		return put_back(batch, file->path, NULL, &file->old);
	result = put_back(batch, file->resolved, file->backup, &file->old);
	return result < 0 ? result : put_back(batch, file->backup, NULL, &file->old_backup);
}

static void fail_undo(const struct batch *batch, const struct batch_file *file, int error)
{
	bool kept = file->backup[0] && has_text(batch, file->backup, &file->old);

	ctl_fail("%s: cannot be put back: %s%s%s", file->path, strerror(-error),
		 kept ? "; the old one is " : "", kept ? file->backup : "");
}

int batch_undo(struct batch *batch)
{
	int failed = 0;

	for (size_t i = batch->count; i-- > 0;) {
		struct batch_file *file = &batch->list[i];
		bool written = file->begun && !has_text(batch, file->path, &file->old);
		int result = file->begun ? undo_file(batch, file) : 0;

		if (result < 0) {
			fail_undo(batch, file, result);
			failed = result;
		} else if (written) {
			printf("%s: as it was again\n", file->path);
		}
		file->begun = result < 0;
	}
	return failed;
}

void batch_keep(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_file *file = &batch->list[i];
		int result = 0;

		if ((file->flags & (BATCH_NEW | BATCH_OURS)) == BATCH_OURS)
			result = put_back(batch, file->backup, NULL, &file->old_backup);
		if (result < 0)
			ctl_fail("%s: is left over: %s", file->backup, strerror(-result));
	}
}
