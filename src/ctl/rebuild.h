/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that makes initramfs images anew on a host. */
#ifndef VFIO_EARLY_CTL_REBUILD_H
#define VFIO_EARLY_CTL_REBUILD_H

#include "host.h"

struct rebuild {
	const char *argv[4];     /* for run_program(): the newest kernel's image, at least */
	const char *command;     /* the same in one */
	const char *all;         /* for the images of all kernels */
	const char *one, *first; /* and a release: for its image, and where it has none yet */
};

/* That of dracut where there is no other. */
const struct rebuild *rebuild_find(const struct host *host);

#endif
