/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vfio-early(8) did at this boot: /run/vfio-early/status. */
#ifndef VFIO_EARLY_AUDIT_BOOTED_H
#define VFIO_EARLY_AUDIT_BOOTED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/pci.h"
#include "host/host.h"

#define BOOTED_STATUS "/run/vfio-early/status"

/* One line. Texts are as they stand there, but "" for "-". */
struct booted_row {
	const char *address, *id, *code, *driver, *previous, *rule, *detail;
	bool satisfied; /* the rule has what it wanted */
};

struct booted {
	struct booted_row *rows;
	size_t count;
	char *text; /* owns what rows point to */
};

/* 0; -ENOENT: it did not run, or had no rules; -EBADMSG: another text; or another -errno. */
int booted_read(struct booted *booted, const struct host *host);
void booted_free(struct booted *booted);

/* The device that a row is about as it is now: NULL if none is there. */
const struct pci_device *booted_device(const struct booted_row *row, const struct pci *pci);

/* Whether this boot bound the device of a row, or found it bound. */
bool booted_is_bound(const struct booted_row *row);

enum booted_change {
	BOOTED_SAME,
	BOOTED_LOST,  /* it was bound, and another driver or none has it now */
	BOOTED_SINCE, /* it was not bound, and a driver of VFIO has it now */
	BOOTED_GONE,
	BOOTED_OTHER, /* another card is there */
};

/* What has become of a row since. */
enum booted_change booted_compare(const struct booted_row *row, const struct pci *pci);

/* Whether the image that booted has the current rules. */
enum booted_rules {
	BOOTED_RULES_UNKNOWN, /* nothing was noted */
	BOOTED_RULES_CURRENT,
	BOOTED_RULES_CHANGED,
};

/* 0 or -errno: the current rules can't be read. */
int booted_compare_rules(const struct host *host, enum booted_rules *rules);

#endif
