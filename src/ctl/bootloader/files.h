/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that make up a kernel command line, in memory: read, changed in places, compared. */
#ifndef VFIO_EARLY_BOOTLOADER_FILES_H
#define VFIO_EARLY_BOOTLOADER_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "host/host.h"

/* What a message of whoever reads these files has room for. */
#define BOOT_MESSAGE_MAX 512

/* Writes a message as a printf, cut to its room. Returns result. */
int boot_say(char message[BOOT_MESSAGE_MAX], int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct bootfile {
	char *path; /* as the host has it */
	char *text; /* "" if there is no such file */
	size_t length;
	bool absent; /* there is none yet */
};

struct bootfiles {
	struct bootfile *list;
	size_t count;
};

/*
 * Reads the file, which may be missing, and puts it at the end of the list. 0, or -errno with a
 * message; -EINVAL if it has NUL bytes.
 */
int bootfiles_read(struct bootfiles *files, const struct host *host, const char *path,
		   char message[BOOT_MESSAGE_MAX]);

/* Puts a text at the end of the list, as if path had it. 0 or -ENOMEM. */
int bootfiles_add(struct bootfiles *files, const char *path, const char *text, size_t length);

void bootfiles_free(struct bootfiles *files);

/* The number of the line that an offset of the file is in. */
unsigned int bootfile_line(const struct bootfile *file, size_t offset);

/* Puts the text in the place of length bytes at offset. 0 or -ENOMEM. */
int bootfile_splice(struct bootfile *file, size_t offset, size_t length, const char *text);

#endif
