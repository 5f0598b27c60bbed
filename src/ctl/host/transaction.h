/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the host that are changed together, all or none. */
#ifndef VFIO_EARLY_HOST_TRANSACTION_H
#define VFIO_EARLY_HOST_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "host/findings.h"
#include "host/host.h"

enum transaction_flag {
	TRANSACTION_NEW = 1 << 0,  /* there is no such file yet */
	TRANSACTION_OURS = 1 << 1, /* no backup is kept of what people have from us alone */
};

/* A whole text; data is NULL where there is no file. */
struct transaction_text {
	char *data;
	size_t length;
};

struct transaction_file {
	char *path;
	unsigned int flags; /* enum transaction_flag */
	struct transaction_text old, new;
	bool made_parent;                   /* its directory is new as well */
	bool begun;                         /* it may have been written, and so may its backup */
	char resolved[PATH_MAX];            /* where links lead to */
	char backup[PATH_MAX];              /* beside that; "" for a file that is new */
	struct transaction_text old_backup; /* what has the backup's name before */
};

struct transaction {
	const struct host *host;
	struct transaction_file *list;
	size_t count;
};

/*
 * Notes what a file is to become, and what it is as far as the caller knows; copies the texts. 0
 * or -ENOMEM.
 */
int transaction_add(struct transaction *transaction, const char *path, unsigned int flags,
		    const struct transaction_text *old, const struct transaction_text *new);
void transaction_free(struct transaction *transaction);

/*
 * Shows how the files will change, by `diff -u`, whose output goes where ours goes; out, which is
 * flushed before, is told where that fails.
 */
void transaction_show(const struct transaction *transaction, FILE *out);

/*
 * Writes the files, each with a backup beside it until transaction_keep(). 0, or -errno with all as
 * it was, as far as that could be done: -ESTALE if a file is not what it was known as. Here and
 * below, done gets in this order what was done, as FINDING_OK, and what failed, as FINDING_ERROR,
 * each with the file.
 */
int transaction_write(struct transaction *transaction, struct findings *done);

/*
 * Makes the files what they were, backups included. It needs no room on the disk but for a backup
 * of earlier days. 0, or -errno if that failed for any.
 */
int transaction_undo(struct transaction *transaction, struct findings *done);

/* The changes stay: removes backups that are not kept. */
void transaction_keep(const struct transaction *transaction, struct findings *done);

#endif
