/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initramfs images as the kernel unpacks them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "image/initramfs.h"

/* Of what is wanted nothing is longer: modules.dep of a whole kernel has 600 KB. */
#define CONTENT_MAX (16 << 20)

/* An image in memory, and how far it has been read. */
struct source {
	const char *data;
	size_t size, offset;
	size_t entries;
	char *message;
};

static int fail(const struct source *source, struct archive *archive)
{
	snprintf(source->message, INITRAMFS_MESSAGE_MAX, "from byte %zu on: %s", source->offset,
		 archive_error_string(archive));
	return archive_errno(archive) == ENOMEM ? -ENOMEM : -EBADMSG;
}

static int read_content(const struct source *source, struct archive *archive, size_t length,
			char **content)
{
	la_ssize_t got;

	*content = malloc(length + 1);
	if (!*content)
		return -ENOMEM;
	got = archive_read_data(archive, *content, length);
	if (got >= 0 && (size_t)got == length) {
		(*content)[length] = '\0';
		return 0;
	}
	free(*content);
	*content = NULL;
	if (got < 0)
		return fail(source, archive);
	snprintf(source->message, INITRAMFS_MESSAGE_MAX, "a file in it is cut short");
	return -EBADMSG;
}

static const char *strip(const char *path)
{
	while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return path;
}

static int take_entry(struct source *source, struct archive *archive, struct archive_entry *entry,
		      const struct initramfs_reader *reader)
{
	const char *path = archive_entry_pathname(entry);
	struct initramfs_file file = {
		.path = path ? strip(path) : "",
		.mode = archive_entry_mode(entry),
		.link = archive_entry_symlink(entry),
	};
	la_int64_t size = archive_entry_size(entry);
	char *content = NULL;
	int result = 0;

	source->entries++;
	if (S_ISREG(file.mode) && size <= CONTENT_MAX && reader->wants(reader->context, file.path))
		result = read_content(source, archive, (size_t)size, &content);
	file.data = content;
	file.length = content ? (size_t)size : 0;
	if (result == 0)
		result = reader->take(reader->context, &file);
	free(content);
	return result;
}

static int take_entries(struct source *source, struct archive *archive,
			const struct initramfs_reader *reader)
{
	struct archive_entry *entry;
	int result, read;

	for (;;) {
		read = archive_read_next_header(archive, &entry);
		if (read == ARCHIVE_EOF)
			return 0;
		if (read == ARCHIVE_RETRY)
			continue;
		if (read < ARCHIVE_WARN)
			return fail(source, archive);
		result = take_entry(source, archive, entry, reader);
		if (result < 0)
			return result;
	}
}

/* Of a compressed archive nobody knows where it ends, so it is the last. */
static void advance(struct source *source, struct archive *archive)
{
	if (archive_filter_count(archive) > 1)
		source->offset = source->size;
	else
		source->offset += (size_t)archive_filter_bytes(archive, 0);
	while (source->offset < source->size && source->data[source->offset] == '\0')
		source->offset++;
}

static int read_archive(struct source *source, const struct initramfs_reader *reader)
{
	struct archive *archive = archive_read_new();
	int result;

	if (!archive)
		return -ENOMEM;
	archive_read_support_filter_all(archive);
	archive_read_support_format_cpio(archive);
	if (archive_read_open_memory(archive, source->data + source->offset,
				     source->size - source->offset) < ARCHIVE_WARN)
		result = fail(source, archive);
	else
		result = take_entries(source, archive, reader);
	if (result == 0)
		advance(source, archive);
	archive_read_free(archive);
	return result;
}

static int read_all(struct source *source, const struct initramfs_reader *reader)
{
	size_t before;
	int result = 0;

	do {
		before = source->offset;
		result = read_archive(source, reader);
	} while (result == 0 && source->offset > before && source->offset < source->size);
	if (result == 0 && source->entries == 0) {
		snprintf(source->message, INITRAMFS_MESSAGE_MAX, "there are no files in it");
		result = -EBADMSG;
	}
	return result;
}

int initramfs_read(int fd, const struct initramfs_reader *reader,
		   char message[INITRAMFS_MESSAGE_MAX])
{
	struct source source = { .message = message };
	struct stat status;
	void *data;
	int result;

	message[0] = '\0';
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	source.size = (size_t)status.st_size;
	data = source.size ? mmap(NULL, source.size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	if (data == MAP_FAILED)
		return -errno;
	source.data = data;
	if (source.size == 0)
		snprintf(message, INITRAMFS_MESSAGE_MAX, "it is empty");
	result = source.size ? read_all(&source, reader) : -EBADMSG;
	if (data)
		munmap(data, source.size);
	return result;
}
