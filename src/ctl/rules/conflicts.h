/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else on this system decides which driver a PCI device gets. */
#ifndef VFIO_EARLY_RULES_CONFLICTS_H
#define VFIO_EARLY_RULES_CONFLICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/bounds.h"
#include "core/pci.h"
#include "core/rule.h"
#include "host/host.h"

enum conflict_kind {
	CONFLICT_IDS,       /* an ID in ids= of vfio-pci or another driver of VFIO */
	CONFLICT_DRIVERCTL, /* an override that driverctl(8) keeps */
	CONFLICT_UNRAID,    /* a device of Unraid's BIND= */
	CONFLICT_BLACKLIST, /* of a module */
	CONFLICT_SOFTDEP,   /* of a module, which loads vfio-pci before it */
	CONFLICT_BAD, /* one of the first three that is not valid, or has no rule for it
		       */
};

struct conflict {
	enum conflict_kind kind;
	char where[RULE_WHERE_MAX + 16];  /* "FILE:LINE" or "FILE" */
	char text[RULE_TEXT_MAX];         /* the ID, address or module, as it stands there */
	char driver[PCI_DRIVER_NAME_MAX]; /* that the device gets; "" where a module is named */
	struct rule rule;     /* that means the same devices, unless a module is named */
	const char *expected; /* of CONFLICT_BAD */
	char **aliases;       /* of that module: devices that it is for */
	size_t alias_count;
};

struct conflicts {
	struct conflict *list;
	size_t count;
	int error;
};

/*
 * Reads modprobe.d(5) as modprobe(8) does, vfio-pci.ids= on the kernel command line, and
 * /etc/driverctl.d. 0 or -errno; conflicts_free() in any case.
 */
int conflicts_read(struct conflicts *conflicts, const struct host *host);

/*
 * Reads one file, by a path of this process's own: of modprobe.d(5), or Unraid's vfio-pci.cfg. The
 * rest as above.
 */
int conflicts_read_file(struct conflicts *conflicts, const char *path);

/* Whether the device is one that the setting is about. */
bool conflicts_means(const struct conflict *conflict, const struct pci *pci,
		     const struct pci_device *device);

/* Whether the device gets a driver that the host uses it with, unlike those of VFIO, or pci-stub.
 */
bool conflicts_is_for_host(const struct conflict *conflict);

/* How that setting of the host is taken back for one device. */
const char *conflicts_fix(const struct conflict *conflict);

void conflicts_free(struct conflicts *conflicts);

/* What foreign.c has: devices as the settings of others write them, as rules. */

/*
 * Each fills the terms of *rule, so that it means the same devices. NULL, or what was expected;
 * then *rule is untouched.
 */

/*
 * One of ids= of vfio-pci, "vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]", as
 * vfio_pci_fill_ids() of the kernel takes it.
 */
const char *conflict_parse_id(const char *text, struct rule *rule);

/* One of Unraid's BIND=, "0000:03:00.0|8086:1533"; before 6.9 it was "03:00.0". */
const char *conflict_parse_bind(const char *text, struct rule *rule);

/* Whether a rule can have driver= with this name, as it is. */
bool conflict_is_driver(const char *name);

/* Prints such a rule with its driver= and optional, as a line. */
void conflict_print_rule(FILE *stream, const struct rule *rule);

#endif
