/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that make initramfs images: each is a file with a row. */
#ifndef VFIO_EARLY_IMAGE_BUILDER_H
#define VFIO_EARLY_IMAGE_BUILDER_H

#include "host/findings.h"
#include "host/host.h"
#include "host/modprobe.h"

struct contents;


/*
 * The command makes all images, as the kernel that boots next need not be the newest: the
 * bootloader may have another default. "update-initramfs -u -k all" (0.142 to 0.148.4) leaves out
 * kernels that have no image.
 */
struct builder {
	const char *const *programs; /* that are there where it is installed; ends with a NULL */
	const char *argv[5];         /* for run_program() */
	const char *command;         /* the same in one */
	const char *one, *first;     /* and a release: for its image, and where it has none yet */
	/* Files of an image that check_start() looks at, of which the first is in all; and a NULL.
	 */
	const char *const *files;
	/* Whether what starts the boot program is in the image, and does so before udev. */
	void (*check_start)(const struct contents *contents, struct findings *findings);
};

extern const struct builder builder_initramfs_tools, builder_dracut;

/* All, and a NULL. */
extern const struct builder *const builders[];

/* What makes the images of a host. Where nothing tells: initramfs-tools, here and below. */
const struct builder *builder_find(const struct host *host);

/*
 * Calls take for each word that dracut.conf(5) gives one of its variables, as "add_drivers+=", with
 * file and line, if dracut makes the images. Nothing is parsed as a shell would.
 */
void dracut_each_word(const struct host *host, const char *variable, modprobe_take *take,
		      void *context);

/* What made an image. */
const struct builder *builder_of_image(const struct contents *contents);

#endif
