/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI functions that the host uses: its disks and its way to the network. */
#ifndef VFIO_EARLY_PROTECT_PROTECT_H
#define VFIO_EARLY_PROTECT_PROTECT_H

#include <stdbool.h>

#include "core/pci.h"
#include "core/plan.h"

/* What is kept of the uses of one function in a sentence, and of one of them. */
#define PROTECT_REASON_MAX 80
#define PROTECT_USE_MAX    (PROTECT_REASON_MAX - (sizeof(", ...") - 1))

/* How much the host depends on a use. */
enum protect_grade {
	PROTECT_NEEDED, /* without it the host does not boot completely, or is out of reach */
	PROTECT_USED,   /* anything else that would be missing */
};

/* What people have a word of their own for. */
enum protect_kind {
	PROTECT_OTHER,
	PROTECT_ROOT,
	PROTECT_NETWORK, /* a default route, or what stands in for one */
};

/* What the host uses something for. Both texts are printable ASCII, and cut with "...". */
struct protect_use {
	enum protect_kind kind;
	char what[PROTECT_USE_MAX + 1]; /* "/" */
	char text[PROTECT_USE_MAX + 1]; /* in full: "/ (ext4 on /dev/sda2)" */
};

/* One use of one function. */
struct protect_entry {
	size_t device; /* in pci.devices */
	enum protect_grade grade;
	struct protect_use use;
};

enum protect_message {
	PROTECT_NOTE,    /* good to know */
	PROTECT_WARNING, /* something may be unprotected */
};

struct protect {
	struct pci pci; /* serial numbers are those of what is needed, where they tell it apart */
	struct protect_entry *list; /* what is needed is not used as well */
	size_t count;
	/* The same as a list in a sentence, one a function of pci; empty: none. */
	char (*reasons)[PROTECT_REASON_MAX + 1]; /* of what is needed */
	char (*uses)[PROTECT_REASON_MAX + 1];    /* of what else would be missing */
	bool hidden;      /* the host can't be seen from here: nothing is known of it */
	bool unprotected; /* and images that are built there protect nothing, on purpose */
	bool incomplete;  /* something that is there could not be followed */
	/* Told of notes and warnings in a sentence without newline; NULL: nobody is. */
	void (*tell)(void *context, enum protect_message kind, const char *text);
	void *context;
};

/*
 * Finds what the host below the directory root uses; all but tell and context is filled
 * from scratch. 0 or -errno; the caller frees *protect in either case.
 */
int protect_find(struct protect *protect, const char *root);

/*
 * A needed device of another card that a boot can't tell from this device, which is not needed, if
 * they are swapped: they have the same ID, and it has no serial number. NULL: none.
 */
const struct pci_device *protect_find_twin(const struct protect *protect,
					   const struct pci_device *device);

/*
 * What a boot with a list of devices in use by the host, and without rules, protects: each device's
 * choice in *plan has the entry. Reads the bridges above all devices; the caller has read the serial
 * numbers that matter. 0 or -ENOMEM; plan_free() in either case.
 */
int protect_apply_list(struct plan *plan, const struct rules *list, struct pci *pci);

void protect_free(struct protect *protect);

#endif
