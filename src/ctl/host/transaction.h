/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the host that are changed together, all or none. What is done is said. */
#ifndef VFIO_EARLY_HOST_TRANSACTION_H
#define VFIO_EARLY_HOST_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "host/host.h"

enum batch_flag {
	BATCH_NEW = 1 << 0,  /* there is no such file yet */
	BATCH_OURS = 1 << 1, /* no backup is kept of what people have from us alone */
};

/* A whole text; data is NULL where there is no file. */
struct batch_text {
	char *data;
	size_t length;
};

struct batch_file {
	char *path;
	unsigned int flags; /* enum batch_flag */
	struct batch_text old, new;
	bool begun;                   /* it may have been written, and so may its backup */
	char resolved[PATH_MAX];      /* where links lead to */
	char backup[PATH_MAX];        /* beside that; "" for a file that is new */
	struct batch_text old_backup; /* what has the backup's name before */
};

struct batch {
	const struct host *host;
	struct batch_file *list;
	size_t count;
};

/*
 * Notes what a file is to become, and what it is as far as the caller knows; copies the texts. 0
 * or -ENOMEM.
 */
int batch_add(struct batch *batch, const char *path, unsigned int flags,
	      const struct batch_text *old, const struct batch_text *new);
void batch_free(struct batch *batch);

/* Prints on standard output how the files will change. */
void batch_show(const struct batch *batch);

/*
 * Writes the files, each with a backup beside it until batch_keep(). 0, or -errno after a message
 * with all as it was, as far as that could be done: -ESTALE if a file is not what it was known as.
 */
int batch_write(struct batch *batch);

/*
 * Makes the files what they were, backups included. It needs no room on the disk but for a backup
 * of earlier days. 0, or -errno after a message about each file for which that failed.
 */
int batch_undo(struct batch *batch);

/* The changes stay: removes backups that are not kept. */
void batch_keep(const struct batch *batch);

#endif
