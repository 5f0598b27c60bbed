/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an initramfs image, as far as it counts for vfio-early. */
#ifndef VFIO_EARLY_IMAGE_CONTENTS_H
#define VFIO_EARLY_IMAGE_CONTENTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/modprobe.h"
#include "image/digest.h"
#include "image/initramfs.h"

/* Paths in an image, without / at their start. */
#define CONTENTS_PROGRAM     "usr/sbin/vfio-early"
#define CONTENTS_PROTECTED   "etc/vfio-early.protected"
#define CONTENTS_UNPROTECTED "etc/vfio-early.unprotected"

struct contents_file {
	char *path;
	char *link; /* of a symbolic link, what it leads to */
	char *data;
	size_t length;
	mode_t mode;
};

struct contents {
	struct contents_file *files; /* those that count, by path */
	size_t count;
	char **modules; /* names with _ for -, those that are built in as well */
	size_t module_count;
	char kernel[NAME_MAX + 1]; /* release whose modules these are; "" if there are none */
};

/* Reads an image: a path of this process's own. 0, or -errno with a message. */
int contents_read(struct contents *contents, const char *path, char message[INITRAMFS_MESSAGE_MAX]);

void contents_free(struct contents *contents);

/* Finds a file with its content; where the path is a link, what it leads to. */
const struct contents_file *contents_find(const struct contents *contents, const char *path);

/* Whether the image has a module, or its kernel has it built in. - and _ are the same. */
bool contents_has_module(const struct contents *contents, const char *name);

/* As digest_each(), of the files of rules in the image; and the digest of those. */
void contents_each_rules(const struct contents *contents, digest_take *each, void *context);
void contents_digest(const struct contents *contents, char text[DIGEST_TEXT_MAX]);

/* As modprobe_read(), of the files in the image, whatever hides them. 0 or -ENOMEM. */
int contents_each_modprobe(const struct contents *contents, modprobe_take *each, void *context);

/* Writes the name of the module in a path such as kernel/drivers/x/y-z.ko.xz: y_z. */
bool contents_module_name(const char *path, size_t length, char name[NAME_MAX + 1]);

#endif
