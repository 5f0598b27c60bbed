/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that make up a kernel command line. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/files.h"
#include "core/file.h"
#include "host/array.h"

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
	char *copy = strdup(path);
	struct bootfile *file = copy && text ? array_add(files->list, files->count) : NULL;

	if (!file) {
		free(copy);
		free(text);
		return -ENOMEM;
	}
	*file = (struct bootfile){ .path = copy, .text = text, .length = length };
	return 0;
}

int bootfiles_read(struct bootfiles *files, const struct host *host, const char *path,
		   char message[BOOT_MESSAGE_MAX])
{
	char *text = NULL;
	size_t length = 0;
	int result = file_read_all(host->directory, host_below(path), FILE_MAX_LENGTH, &text, &length);
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

int bootfile_splice(struct bootfile *file, size_t offset, size_t length, const char *text)
{
	char *whole;
	int result = asprintf(&whole, "%.*s%s%s", (int)offset, file->text, text,
			      file->text + offset + length);

	if (result < 0)
		return -ENOMEM;
	free(file->text);
	file->text = whole;
	file->length = (size_t)result;
	return 0;
}
