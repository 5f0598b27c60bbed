/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that make up a kernel command line. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/files.h"
#include "core/file.h"

/* /etc/default/grub has 1.5 KB; what is so much longer is something else. */
#define FILE_MAX_LENGTH (1u << 20)

int boot_say(char message[BOOT_MESSAGE_MAX], int result, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(message, BOOT_MESSAGE_MAX, format, arguments);
	va_end(arguments);
	if (length >= BOOT_MESSAGE_MAX)
		strcpy(message + BOOT_MESSAGE_MAX - sizeof("..."), "...");
	return result;
}

/* Takes over the text. */
static int append(struct bootfiles *files, const char *path, char *text, size_t length)
{
	struct bootfile *list = reallocarray(files->list, files->count + 1, sizeof(*list));
	char *copy = strdup(path);

	if (list)
		files->list = list;
	if (!list || !copy || !text) {
		free(copy);
		free(text);
		return -ENOMEM;
	}
	list[files->count++] = (struct bootfile){ .path = copy, .text = text, .length = length };
	return 0;
}

int bootfiles_read(struct bootfiles *files, const struct host *host, const char *path,
		   char message[BOOT_MESSAGE_MAX])
{
	char *text = NULL;
	size_t length = 0;
	int result = file_read_all(host->directory, path + 1, FILE_MAX_LENGTH, &text, &length);
	bool absent = result == -ENOENT;

	if (absent) {
		text = strdup("");
		result = 0;
	}
	if (result == 0 && text && strlen(text) != length) {
		free(text);
		return boot_say(message, -EINVAL, "%s: found a NUL byte, expected a text", path);
	}
	if (result < 0)
		return boot_say(message, result, "%s: %s", path, strerror(-result));
	result = append(files, path, text, length);
	if (result == 0)
		files->list[files->count - 1].absent = absent;
	return result;
}

int bootfiles_add(struct bootfiles *files, const char *path, const char *text, size_t length)
{
	return append(files, path, strndup(text, length), length);
}

void bootfiles_free(struct bootfiles *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->list[i].path);
		free(files->list[i].text);
	}
	free(files->list);
	*files = (struct bootfiles){ .list = NULL };
}

unsigned int bootfile_line(const struct bootfile *file, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset && i < file->length; i++)
		line += file->text[i] == '\n';
	return line;
}

bool splices_have(const struct splices *splices, size_t file, size_t offset)
{
	for (size_t i = 0; i < splices->count; i++) {
		const struct splice *splice = &splices->list[i];

		if (splice->length > 0 && splice->file == file && splice->offset == offset)
			return true;
	}
	return false;
}

int splices_add(struct splices *splices, size_t file, size_t offset, size_t length,
		const char *text)
{
	struct splice *list;
	char *copy = NULL;

	if (length > 0 && splices_have(splices, file, offset))
		return 0;
	list = reallocarray(splices->list, splices->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	splices->list = list;
	if (text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	list[splices->count++] = (struct splice){ file, offset, length, copy };
	return 0;
}

void splices_free(struct splices *splices)
{
	for (size_t i = 0; i < splices->count; i++)
		free(splices->list[i].text);
	free(splices->list);
	*splices = (struct splices){ .list = NULL };
}

/* Insertions come before what is taken away behind them. */
static bool is_behind(const struct splice *a, const struct splice *b)
{
	if (a->offset != b->offset)
		return a->offset > b->offset;
	return a->length > 0 && b->length == 0;
}

/* By insertion: there are few, mostly in order, and equal ones must stay as they are. */
static void sort(struct splices *splices)
{
	for (size_t i = 1; i < splices->count; i++) {
		struct splice moved = splices->list[i];
		size_t to = i;

		for (; to > 0 && is_behind(&splices->list[to - 1], &moved); to--)
			splices->list[to] = splices->list[to - 1];
		splices->list[to] = moved;
	}
}

static int print_changed(const struct splices *splices, const struct bootfile *file, size_t number,
			 FILE *stream)
{
	size_t at = 0;

	for (size_t i = 0; i < splices->count; i++) {
		const struct splice *splice = &splices->list[i];

		if (splice->file != number)
			continue;
		if (splice->offset < at || splice->offset + splice->length > file->length)
			return -EINVAL;
		fwrite(file->text + at, 1, splice->offset - at, stream);
		fputs(splice->text ? splice->text : "", stream);
		at = splice->offset + splice->length;
	}
	fwrite(file->text + at, 1, file->length - at, stream);
	return 0;
}

static int apply(const struct splices *splices, const struct bootfiles *files, size_t number,
		 struct bootfiles *changed)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	int result =
		stream ? print_changed(splices, &files->list[number], number, stream) : -ENOMEM;

	if (stream && (fclose(stream) != 0 || !text) && result == 0)
		result = -ENOMEM;
	if (result < 0) {
		free(text);
		return result;
	}
	result = append(changed, files->list[number].path, text, length);
	if (result == 0)
		changed->list[changed->count - 1].absent = files->list[number].absent;
	return result;
}

int splices_apply(struct splices *splices, const struct bootfiles *files, struct bootfiles *changed)
{
	int result = 0;

	sort(splices);
	for (size_t i = 0; i < files->count && result == 0; i++)
		result = apply(splices, files, i, changed);
	return result;
}
