/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Initramfs images as the kernel unpacks them: cpio archives one behind the other, the last of
 * them compressed as a rule. Debian puts microcode before, and since initramfs-tools 0.148
 * compressed modules, too. The only place that sees libarchive.
 */
#ifndef VFIO_EARLY_IMAGE_INITRAMFS_H
#define VFIO_EARLY_IMAGE_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define INITRAMFS_MESSAGE_MAX 160

/* What follows an archive that is compressed, but not by zstd, is not looked at. */
struct initramfs_file {
	const char *path; /* without / at its start */
	mode_t mode;
	const char *link; /* where a symbolic link points to; NULL for other files */
	char *data; /* NULL unless it was wanted; a caller that keeps it sets it to NULL. A NUL follows it
		     */
	size_t length;
};

struct initramfs_reader {
	/* Whether the content of this file is wanted. */
	bool (*wants)(void *context, const char *path);
	/* Told of every file. 0 or -errno, which ends the reading. */
	int (*take)(void *context, struct initramfs_file *file);
	void *context;
};

/* Reads the image in an open file. 0, or -errno with a message. */
int initramfs_read(int fd, const struct initramfs_reader *reader,
		   char message[INITRAMFS_MESSAGE_MAX]);

#endif
