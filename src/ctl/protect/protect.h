/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI functions that the host uses: its disks and its way to the network. */
#ifndef VFIO_EARLY_PROTECT_PROTECT_H
#define VFIO_EARLY_PROTECT_PROTECT_H

#include <stdbool.h>

#include "core/pci.h"

/* What is kept of the reasons of one function. */
#define PROTECT_REASON_MAX 80

/* How much the host depends on a use. */
enum protect_grade {
	PROTECT_NEEDED, /* without it the host does not boot completely, or is out of reach */
	PROTECT_USED,   /* anything else that would be missing */
};

enum protect_message {
	PROTECT_NOTE,    /* good to know */
	PROTECT_WARNING, /* something may be unprotected */
};

struct protect {
	struct pci pci;
	char (*reasons)[PROTECT_REASON_MAX + 1]; /* one a function of pci; empty: not needed */
	char (*uses)[PROTECT_REASON_MAX + 1];    /* the same for what else would be missing */
	bool hidden;     /* the host can't be seen from here: nothing is known of it */
	bool incomplete; /* something that is there could not be followed */
	/* Told of notes and warnings in a sentence without newline; NULL: nobody is. */
	void (*tell)(void *context, enum protect_message kind, const char *text);
	void *context;
};

/*
 * Finds what the host below the directory root uses; all but tell and context is filled
 * from scratch. 0 or -errno; the caller frees *protect in either case.
 */
int protect_find(struct protect *protect, const char *root);

void protect_free(struct protect *protect);

#endif
