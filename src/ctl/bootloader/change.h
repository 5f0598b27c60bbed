/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes the kernel command line of the next boot, and makes sure of it. */
#ifndef VFIO_EARLY_BOOTLOADER_CHANGE_H
#define VFIO_EARLY_BOOTLOADER_CHANGE_H

#include "bootloader/bootloader.h"
#include "host/transaction.h"

/* What becomes of another word for the same parameter when one is added. */
enum bootchange_mode {
	BOOTCHANGE_REFUSE, /* then nothing is changed */
	BOOTCHANGE_REPLACE,
	BOOTCHANGE_APPEND, /* it stays; the kernel takes both, or the last */
};

struct bootchange {
	const struct host *host;
	const struct bootloader *loader;   /* NULL: it could not be told */
	char reason[BOOT_MESSAGE_MAX];     /* how that was decided */
	struct bootconfig config, changed; /* as the files are, and as they become */
	struct bootwords running;
	int running_error; /* -errno: these could not be read; without them nothing is lacking */
	struct bootedit *edits;
	size_t edit_count;
	struct bootwant *wants;
	size_t want_count;
	/* What is already set or was confirmed, as FINDING_OK, and what was refused. */
	struct findings said;
};

/*
 * Finds the bootloader and reads what its files say. 0, or -errno with a message.
 * bootchange_close() in any case.
 */
int bootchange_open(struct bootchange *change, const struct host *host,
		    char message[BOOT_MESSAGE_MAX]);
void bootchange_close(struct bootchange *change);

/*
 * Plan to add a word, or to take it away; without "=", a word stands for all with this name. The
 * word must outlive the change. Here and below, 0, or -errno with an error in said.
 */
int bootchange_add(struct bootchange *change, const char *word, enum bootchange_mode mode);
int bootchange_remove(struct bootchange *change, const char *word);

/* What the files become. A new /etc/kernel/cmdline gets what the running kernel has about its root.
 */
int bootchange_fill(struct bootchange *change, struct transaction *transaction);

/* Whether something must be run to put the files into effect: some change, or did so before. */
bool bootchange_needs_refresh(const struct bootchange *change);

/* After bootchange_fill(): whether a refresh does no harm, as bootsafe_check(). */
int bootchange_check(struct bootchange *change);

/* Whether the next boot is as wanted. */
int bootchange_confirm(struct bootchange *change);

#endif
