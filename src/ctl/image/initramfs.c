/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initramfs images as the kernel unpacks them. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "core/text.h"
#include "image/initramfs.h"

/* Of what is wanted nothing is longer: modules.dep of a whole kernel has 600 KB. */
#define CONTENT_MAX (16u << 20)

/* And all of it together is not: an archive that unpacks to gigabytes is broken. */
#define CONTENTS_MAX (64u << 20)

/*
 * Documentation/driver-api/early-userspace/buffer-format.rst: the magic number and thirteen
 * numbers of eight hexadecimal digits; then the name with its NUL, and the content, each followed
 * by NULs up to a multiple of four bytes.
 */
#define MAGIC_LENGTH  6u
#define NUMBER_LENGTH 8u
#define HEADER_LENGTH (MAGIC_LENGTH + 13 * NUMBER_LENGTH)
#define LAST_NAME     "TRAILER!!!"

enum header_number { NUMBER_MODE = 1, NUMBER_LENGTH_OF_FILE = 6, NUMBER_LENGTH_OF_NAME = 11 };

/* An image in memory, and how far it has been read. */
struct source {
	const char *data;
	size_t size, offset;
	struct archive *archive; /* that begins at the offset, unpacked */
	size_t taken;            /* bytes of that */
	size_t entries, contents;
	char *message;
};

static int fail(const struct source *source, const char *text)
{
	snprintf(source->message, INITRAMFS_MESSAGE_MAX, "from byte %zu on: %s", source->offset,
		 text);
	return -EBADMSG;
}

/* libarchive does not have a text for every error. */
static int fail_archive(const struct source *source)
{
	const char *text = archive_error_string(source->archive);

	fail(source, text ? text : "cannot be unpacked");
	return archive_errno(source->archive) == ENOMEM ? -ENOMEM : -EBADMSG;
}

/* All of them; where buffer is NULL they are passed over. */
static int take_bytes(struct source *source, char *buffer, size_t length)
{
	char passed[4096];

	while (length > 0) {
		size_t part = buffer || length < sizeof(passed) ? length : sizeof(passed);
		la_ssize_t got = archive_read_data(source->archive, buffer ? buffer : passed, part);

		if (got == ARCHIVE_RETRY)
			continue;
		if (got < 0)
			return fail_archive(source);
		if (got == 0)
			return fail(source, source->taken < MAGIC_LENGTH
						    ? "found no cpio archive"
						    : "a file in it is cut short");
		buffer = buffer ? buffer + got : NULL;
		source->taken += (size_t)got;
		length -= (size_t)got;
	}
	return 0;
}

static bool get_number(const char *header, enum header_number number, uint32_t *value)
{
	const char *digits = header + MAGIC_LENGTH + (size_t)number * NUMBER_LENGTH;
	struct text text = { digits, digits + NUMBER_LENGTH };

	return text_take_hex(&text, NUMBER_LENGTH, value);
}

struct entry {
	uint32_t mode, length;
	char name[PATH_MAX + 1];
};

static int skip_padding(struct source *source)
{
	return take_bytes(source, NULL, -source->taken % 4);
}

/* As the kernel, which passes over names that are longer: nothing else writes such. */
static int read_string(struct source *source, size_t length, char string[PATH_MAX + 1])
{
	int result = length <= PATH_MAX ? take_bytes(source, string, length)
					: fail(source, "a name in it is longer than any path");

	if (result < 0)
		return result;
	string[length] = '\0';
	return skip_padding(source);
}

static int read_header(struct source *source, struct entry *entry)
{
	char header[HEADER_LENGTH];
	uint32_t name_length;
	int result = take_bytes(source, header, MAGIC_LENGTH);

	if (result == 0 && memcmp(header, "070701", MAGIC_LENGTH) != 0 &&
	    memcmp(header, "070702", MAGIC_LENGTH) != 0)
		return fail(source, "found no cpio archive");
	if (result == 0)
		result = take_bytes(source, header + MAGIC_LENGTH, HEADER_LENGTH - MAGIC_LENGTH);
	if (result < 0)
		return result;
	if (!get_number(header, NUMBER_MODE, &entry->mode) ||
	    !get_number(header, NUMBER_LENGTH_OF_FILE, &entry->length) ||
	    !get_number(header, NUMBER_LENGTH_OF_NAME, &name_length))
		return fail(source, "a header in it is not valid");
	return read_string(source, name_length, entry->name);
}

static int take_entry(struct source *source, const struct entry *entry,
		      const struct initramfs_reader *reader)
{
	struct initramfs_file file = { .path = entry->name, .mode = entry->mode };
	char link[PATH_MAX + 1];
	int result;

	source->entries++;
	while (file.path[0] == '/' || (file.path[0] == '.' && file.path[1] == '/'))
		file.path++;
	if (S_ISLNK(file.mode)) {
		result = read_string(source, entry->length, link);
		file.link = link;
	} else if (S_ISREG(file.mode) && entry->length <= CONTENT_MAX &&
		   reader->wants(reader->context, file.path)) {
		source->contents += entry->length;
		if (source->contents > CONTENTS_MAX)
			return fail(source, "files in it are larger than any of an image");
		file.length = entry->length;
		file.data = malloc(file.length + 1);
		if (!file.data)
			return -ENOMEM;
		file.data[file.length] = '\0';
		result = take_bytes(source, file.data, file.length);
	} else {
		result = take_bytes(source, NULL, entry->length);
	}
	if (result == 0)
		result = skip_padding(source);
	if (result == 0)
		result = reader->take(reader->context, &file);
	free(file.data);
	return result;
}

static int take_entries(struct source *source, const struct initramfs_reader *reader)
{
	struct entry entry;
	int result;

	do {
		result = read_header(source, &entry);
		if (result == 0 && strcmp(entry.name, LAST_NAME) == 0)
			return 0;
		if (result == 0)
			result = take_entry(source, &entry, reader);
	} while (result == 0);
	return result;
}

static uint32_t get_bytes(const char *at, size_t count)
{
	uint32_t value = 0;

	while (count-- > 0)
		value = value << 8 | (uint8_t)at[count];
	return value;
}

/*
 * The length of the frame of zstd (RFC 8878) that the bytes begin with; 0: of none, or cut. The
 * kernel goes on behind it, with the next archive; libarchive takes only another frame there.
 */
static size_t measure_frame(const char *data, size_t size)
{
	static const uint8_t of_content[] = { 0, 2, 4, 8 }, of_dictionary[] = { 0, 1, 2, 4 };
	uint32_t descriptor = size > 5 ? (uint8_t)data[4] : 0, block = 0;
	bool single = descriptor >> 5 & 1;
	size_t at = 5 + (descriptor < 0x40 ? 1u : of_content[descriptor >> 6] + (single ? 0u : 1u)) +
		    of_dictionary[descriptor & 3];

	if (size < 4 || memcmp(data, "\x28\xb5\x2f\xfd", 4) != 0)
		return 0;
	/* Each block has a bit for the last, two for its kind, and its length; 1: a byte repeated. */
	while (!(block & 1)) {
		if (at > size || size - at < 3)
			return 0;
		block = get_bytes(data + at, 3);
		at += 3 + ((block >> 1 & 3) == 1 ? 1 : block >> 3);
	}
	at += descriptor & 4; /* a checksum */
	return at <= size ? at : 0;
}

/*
 * libarchive only unpacks: its reader of cpio (3.8) takes as much memory for a name as the header
 * claims, and has no text for what is cut.
 */
static int read_archive(struct source *source, const struct initramfs_reader *reader)
{
	size_t rest = source->size - source->offset;
	size_t frame = measure_frame(source->data + source->offset, rest);
	struct archive_entry *whole;
	int result;

	source->archive = archive_read_new();
	source->taken = 0;
	if (!source->archive)
		return -ENOMEM;
	archive_read_support_filter_all(source->archive);
	archive_read_support_format_raw(source->archive);
	if (archive_read_open_memory(source->archive, source->data + source->offset,
				     frame ? frame : rest) < ARCHIVE_WARN ||
	    archive_read_next_header(source->archive, &whole) < ARCHIVE_WARN)
		result = fail_archive(source);
	else if (source->offset % 4 && archive_filter_count(source->archive) == 1)
		result = fail(source, "not at a multiple of four, where the kernel takes no cpio");
	else
		result = take_entries(source, reader);
	/* Of another compressed archive nobody knows where it ends, so it is the last. */
	if (result == 0 && archive_filter_count(source->archive) > 1)
		source->offset += frame ? frame : rest;
	else if (result == 0)
		source->offset += source->taken;
	while (source->offset < source->size && source->data[source->offset] == '\0')
		source->offset++;
	archive_read_free(source->archive);
	return result;
}

int initramfs_read(int fd, const struct initramfs_reader *reader,
		   char message[INITRAMFS_MESSAGE_MAX])
{
	struct source source = { .message = message };
	struct stat status;
	size_t before;
	void *data;
	int result;

	message[0] = '\0';
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	source.size = (size_t)status.st_size;
	if (source.size == 0) {
		snprintf(message, INITRAMFS_MESSAGE_MAX, "it is empty");
		return -EBADMSG;
	}
	data = mmap(NULL, source.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	source.data = data;
	do {
		before = source.offset;
		result = read_archive(&source, reader);
	} while (result == 0 && source.offset > before && source.offset < source.size);
	if (result == 0 && source.entries == 0) {
		snprintf(message, INITRAMFS_MESSAGE_MAX, "there are no files in it");
		result = -EBADMSG;
	}
	munmap(data, source.size);
	return result;
}
