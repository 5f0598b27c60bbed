/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that makes initramfs images anew on a host. */
#ifndef VFIO_EARLY_IMAGE_BUILDER_H
#define VFIO_EARLY_IMAGE_BUILDER_H

#include "host/host.h"

/*
 * All images, as the kernel that boots next need not be the newest: the bootloader may have another
 * default. "update-initramfs -u -k all" (0.142 to 0.148.4) leaves out kernels that have no image.
 */
struct builder {
	const char *argv[5];     /* for run_program() */
	const char *command;     /* the same in one */
	const char *one, *first; /* and a release: for its image, and where it has none yet */
};

/* That of dracut where there is no other. */
const struct builder *builder_find(const struct host *host);

#endif
