/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules x devices -> a decision for each device. Pure: no file access, no output. The boot
 * program and all previews use this, so a preview can't differ from the boot.
 */
#ifndef VFIO_EARLY_CORE_PLAN_H
#define VFIO_EARLY_CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/bounds.h"
#include "core/outcome.h"
#include "core/pci.h"
#include "core/rules.h"

/* How an entry of the list of devices in use by the host means a device; the first is the surest. */
enum plan_identity {
	PLAN_THE_SAME,	   /* it is in the entry's place, and the same card */
	PLAN_MOVED,	   /* it has the entry's serial number */
	PLAN_REPLACED,	   /* it is in the entry's place, and another card */
	PLAN_OF_SAME_MODEL, /* it has the entry's ID, and the card is not in its place */
};

/* What rules say of a device, before its group is known. */
struct plan_choice {
	const struct rule *rule;     /* that decides; NULL if none does */
	const struct rule *mismatch; /* first whose guard does not match */
	const struct rule *protects; /* entry that says that the host uses the device */
	enum plan_identity identity; /* how the entry means the device */
	bool by_group;		     /* the rule matches another device of the group */
};

/* The decision for a device or a rule; once it is carried out, the result. */
struct plan_row {
	const struct pci_device *device; /* NULL: nothing answers the rule */
	const struct rule *rule;
	const char *wanted; /* driver that its rule names; "" for none, as with the next ones */
	const char *driver; /* its driver now, or after the boot */
	const char *detail;
	enum outcome outcome : 8;
	enum level level : 8;
	bool satisfied;
	bool spoiled; /* others of its group stay with the host, so it can't be passed through */
};

struct plan {
	struct plan_choice *choices; /* one a device, in the order of pci->devices */
	struct plan_row *rows;	     /* by address, then rules without a device */
	size_t count;
	struct plan_text *texts; /* owns what plan_keep() returned, the latest first */
};

/*
 * First half: which rule decides for which device. The groups of the devices for which
 * plan_wants_group() is true are then to be read (pci_read_group()). 0 or -ENOMEM; the caller
 * frees *plan in either case.
 */
int plan_choose(struct plan *plan, const struct rules *rules, const struct pci *pci);

/* Whether the second half needs the IOMMU group of pci->devices[index]. */
bool plan_wants_group(const struct plan *plan, size_t index);

/*
 * Between the halves: marks the devices that the host uses, as vfio-earlyctl(8) found them when
 * the image was built. Each entry of list is a rule with a path, an ID, a serial number if the
 * card has one, and a note "ADDRESS REASON". The entry's place is marked whatever is there, and
 * its serial number wherever it is. Unless the same card is still there, every device with its ID
 * is marked as well. The parents and serial numbers that the entries ask for must have been read.
 */
void plan_protect(struct plan *plan, const struct rules *list, const struct pci *pci);

/*
 * Second half: the rows. A device that is to be bound has OUTCOME_WOULD_BIND.
 * before_drivers: host drivers are still to come, so a device without one may get one.
 * 0 or -ENOMEM.
 */
int plan_settle(struct plan *plan, const struct rules *rules, const struct pci *pci,
		bool before_drivers);

/* Sets outcome, level and satisfied of a row together. */
void plan_row_set(struct plan_row *row, enum outcome outcome);

/*
 * Returns a copy of the text, which is the plan's, or "instead" if there is no memory. Thousands of
 * rows in a row can have the same text: of these there is one copy.
 */
const char *plan_keep(struct plan *plan, const char *text, const char *instead);

/* Sets the detail of a row, as far as there is memory. */
void plan_row_explain(struct plan *plan, struct plan_row *row, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void plan_free(struct plan *plan);

#endif
