/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes the kernel command line of the next boot, and makes sure of it. */
#ifndef VFIO_EARLY_BOOTLOADER_CHANGE_H
#define VFIO_EARLY_BOOTLOADER_CHANGE_H

#include "bootloader/entries.h"
#include "host/transaction.h"

/* What becomes of another word for the same parameter when one is added. */
enum bootchange_mode {
	BOOTCHANGE_REFUSE, /* then nothing is changed */
	BOOTCHANGE_REPLACE,
	BOOTCHANGE_APPEND, /* it stays; the kernel takes both, or the last */
};

struct bootchange {
	const struct host *host;
	struct bootloader bootloader;
	struct bootconfig config, changed; /* as the files are, and as they become */
	struct bootwords running;
	struct bootedit *edits;
	size_t edit_count;
	struct bootwant *wants;
	size_t want_count;
	bool dry_run;
};

/*
 * Finds the bootloader and reads what its files say. 0, or -errno with a message.
 * bootchange_close() in any case.
 */
int bootchange_open(struct bootchange *change, const struct host *host,
		    char message[BOOT_MESSAGE_MAX]);
void bootchange_close(struct bootchange *change);

/*
 * Plan to add a word, or to take it away; without "=", a word stands for all with this name. What
 * is so already is said. The word must outlive the change. 0 or -errno after a message.
 */
int bootchange_add(struct bootchange *change, const char *word, enum bootchange_mode mode);
int bootchange_remove(struct bootchange *change, const char *word);

/*
 * Writes the files, each with a backup, runs what puts them into effect, and looks whether it did.
 * With dry_run it shows what it would do. Returns the exit status, CTL_INCOMPLETE if the files are
 * as wanted, but that the next boot is cannot be said.
 */
int bootchange_apply(struct bootchange *change);

/*
 * The same in parts, for a change that comes with others. What the files become: 0 or -errno after
 * a message. A new /etc/kernel/cmdline gets what the running kernel has about its root.
 */
int bootchange_fill(struct bootchange *change, struct transaction *transaction);

/* Whether something must be run to put the files into effect: some change, or did so before. */
bool bootchange_needs_refresh(const struct bootchange *change);

/* After bootchange_fill(): whether that does no harm. As bootsafe_check(), after a message. */
int bootchange_check(const struct bootchange *change);

/* Runs it, and looks whether it did. As bootchange_apply(). */
int bootchange_refresh(const struct bootchange *change);

#endif
