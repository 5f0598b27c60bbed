/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the host that are changed together. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "host/array.h"
#include "host/replace.h"
#include "host/run.h"
#include "host/transaction.h"

#define LENGTH_MAX (64u << 20)

static int copy_text(struct transaction_text *copy, const struct transaction_text *text)
{
	copy->length = text->length;
	copy->data = malloc(text->length + 1);
	if (!copy->data)
		return -ENOMEM;
	memcpy(copy->data, text->data, text->length);
	copy->data[text->length] = '\0';
	return 0;
}

static void free_file(struct transaction_file *file)
{
	free(file->path);
	free(file->old.data);
	free(file->new.data);
	free(file->old_backup.data);
}

int transaction_add(struct transaction *transaction, const char *path, unsigned int flags,
		    const struct transaction_text *old, const struct transaction_text *new)
{
	struct transaction_file file = { .path = strdup(path), .flags = flags }, *added = NULL;
	int result = file.path ? copy_text(&file.new, new) : -ENOMEM;

	if (result == 0 && !(flags & TRANSACTION_NEW))
		result = copy_text(&file.old, old);
	if (result == 0)
		added = array_add(transaction->list, transaction->count);
	if (added)
		*added = file;
	else
		free_file(&file);
	return added ? 0 : -ENOMEM;
}

void transaction_free(struct transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++)
		free_file(&transaction->list[i]);
	free(transaction->list);
	transaction->list = NULL;
	transaction->count = 0;
}

/* Runs diff(1) on a file as it is and, as its input, as it will be. */
static int show_file(const struct host *host, const struct transaction_file *file)
{
	const char *label = file->old.data ? file->path : "/dev/null";
	cleanup_fd int new = memfd_create("new", MFD_CLOEXEC);
	char resolved[PATH_MAX], old[PATH_MAX];
	int result = new < 0 ? -errno : replace_write(new, file->new.data, file->new.length);

	if (result == 0 && lseek(new, 0, SEEK_SET) < 0)
		result = -errno;
	if (host_resolve(host, file->path, resolved) < 0)
		snprintf(resolved, sizeof(resolved), "%s", file->path);
	if (result == 0)
		result = host_outside(host, resolved, old);
	if (result < 0)
		return result;
	return run_own((const char *const[]){ "diff", "-uN", "--label", label, "--label",
					      file->path, old, "-", NULL },
		       new);
}

void transaction_show(const struct transaction *transaction, FILE *out)
{
	for (size_t i = 0; i < transaction->count; i++) {
		const struct transaction_file *file = &transaction->list[i];
		int result;

		fflush(out);
		result = show_file(transaction->host, file);
		/* That there is a difference, or an error of its own, diff(1) says itself. */
		if (result < 0)
			fprintf(out, "%s: changes not shown: 'diff' can't be run: %s\n", file->path,
				strerror(-result));
	}
}

/* No data if there is no such file. 0 or -errno. */
static int read_text(const struct transaction *transaction, const char *path,
		     struct transaction_text *text)
{
	int result = file_read_all(transaction->host->directory, host_below(path), LENGTH_MAX,
				   &text->data, &text->length);

	return result == -ENOENT ? 0 : result;
}

/* Whether the file has this text now; false if that cannot be told. */
static bool has_text(const struct transaction *transaction, const char *path,
		     const struct transaction_text *text)
{
	struct transaction_text found = { .data = NULL };
	bool same = read_text(transaction, path, &found) == 0 && !found.data == !text->data &&
		    found.length == text->length &&
		    (!found.data || memcmp(found.data, text->data, text->length) == 0);

	free(found.data);
	return same;
}

static int find_parent(const char *path, char parent[PATH_MAX])
{
	return host_path(parent, "%.*s", (int)(strrchr(path, '/') - path), path);
}

/* What a backup takes the place of, and whether the file is still what the change was made for. */
static int prepare(const struct transaction *transaction, struct transaction_file *file,
		   struct findings *done)
{
	int result = 0;

	if (!has_text(transaction, file->path, &file->old)) {
		findings_add(done, FINDING_ERROR, file->path,
			     "was changed meanwhile; nothing was changed");
		return -ESTALE;
	}
	if (file->flags & TRANSACTION_NEW)
		return 0;
	result = host_resolve(transaction->host, file->path, file->resolved);
	if (result == 0)
		result = host_path(file->backup, "%s" REPLACE_BACKUP_SUFFIX, file->resolved);
	if (result == 0)
		result = read_text(transaction, file->backup, &file->old_backup);
	if (result < 0)
		findings_add(done, FINDING_ERROR, file->path, "%s; nothing was changed",
			     strerror(-result));
	return result;
}

static int write_file(const struct transaction *transaction, struct transaction_file *file,
		      struct findings *done)
{
	int directory = transaction->host->directory, result = 0;
	bool new = file->flags &TRANSACTION_NEW;
	char parent[PATH_MAX];

	file->begun = true;
	/* The directory of a new file, if only that is missing. */
	if (new)
		result = find_parent(file->path, parent);
	if (new &&result == 0) {
		file->made_parent = mkdirat(directory, host_below(parent), 0755) == 0;
		result = file->made_parent || errno == EEXIST ? 0 : -errno;
	}
	if (result == 0)
		result = replace_file(transaction->host, file->path, file->new.data,
				      file->new.length, new ? 0 : REPLACE_BACKUP);
	if (result < 0)
		findings_add(done, FINDING_ERROR, file->path, "%s; nothing was changed",
			     strerror(-result));
	else if (new || file->flags & TRANSACTION_OURS)
		findings_add(done, FINDING_OK, file->path, new ? "new" : "changed");
	else
		findings_add(done, FINDING_OK, file->path, "changed, the old one is %s",
			     file->backup);
	return result;
}

int transaction_write(struct transaction *transaction, struct findings *done)
{
	int result = 0;

	for (size_t i = 0; i < transaction->count && result == 0; i++)
		result = prepare(transaction, &transaction->list[i], done);
	for (size_t i = 0; i < transaction->count && result == 0; i++)
		result = write_file(transaction, &transaction->list[i], done);
	if (result < 0)
		transaction_undo(transaction, done);
	return result;
}

/* Makes a file have a text again, from a copy of it if there is one. */
static int put_back(const struct transaction *transaction, const char *path, const char *copy,
		    const struct transaction_text *text)
{
	int directory = transaction->host->directory, result;
	char parent[PATH_MAX];
	cleanup_fd int fd = -1;

	if (has_text(transaction, path, text))
		return 0;
	if (text->data && !(copy && has_text(transaction, copy, text)))
		return replace_file(transaction->host, path, text->data, text->length, 0);
	result = text->data ? renameat(directory, host_below(copy), directory, host_below(path))
			    : unlinkat(directory, host_below(path), 0);
	if (result < 0)
		return -errno;
	/* A power cut must not bring the change back. */
	result = find_parent(path, parent);
	fd = result < 0 ? result : file_open(directory, parent[0] ? host_below(parent) : ".");
	if (fd < 0)
		return fd;
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int undo_file(const struct transaction *transaction, struct transaction_file *file)
{
	bool new = file->flags &TRANSACTION_NEW;
	char parent[PATH_MAX];
	int result = new ? put_back(transaction, file->path, NULL, &file->old)
			 : put_back(transaction, file->resolved, file->backup, &file->old);

	if (result < 0)
		return result;
	if (!new)
		return put_back(transaction, file->backup, NULL, &file->old_backup);
	if (file->made_parent && find_parent(file->path, parent) == 0)
		unlinkat(transaction->host->directory, host_below(parent), AT_REMOVEDIR);
	return 0;
}

int transaction_undo(struct transaction *transaction, struct findings *done)
{
	int failed = 0;

	for (size_t i = transaction->count; i-- > 0;) {
		struct transaction_file *file = &transaction->list[i];
		bool written = file->begun && !has_text(transaction, file->path, &file->old), kept;
		int result = file->begun ? undo_file(transaction, file) : 0;

		if (result < 0) {
			kept = file->backup[0] && has_text(transaction, file->backup, &file->old);
			findings_add(done, FINDING_ERROR, file->path, "cannot be put back: %s%s%s",
				     strerror(-result), kept ? "; the old one is " : "",
				     kept ? file->backup : "");
			failed = result;
		} else if (written) {
			findings_add(done, FINDING_OK, file->path, "restored");
		}
		file->begun = result < 0;
	}
	return failed;
}

void transaction_keep(const struct transaction *transaction, struct findings *done)
{
	for (size_t i = 0; i < transaction->count; i++) {
		const struct transaction_file *file = &transaction->list[i];
		int result = 0;

		if ((file->flags & (TRANSACTION_NEW | TRANSACTION_OURS)) == TRANSACTION_OURS)
			result = put_back(transaction, file->backup, NULL, &file->old_backup);
		if (result < 0)
			findings_add(done, FINDING_ERROR, file->backup, "is left over: %s",
				     strerror(-result));
	}
}
