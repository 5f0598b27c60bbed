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
#include "host/transaction.h"

enum conflict_kind {
	CONFLICT_IDS,       /* an ID in ids= of vfio-pci or another driver of VFIO */
	CONFLICT_DRIVERCTL, /* an override that driverctl(8) keeps */
	CONFLICT_UNRAID,    /* a device of Unraid's BIND= */
	CONFLICT_WRITE, /* a script, udev rule or unit that writes driver_override or the like */
	CONFLICT_BLACKLIST, /* of a module */
	CONFLICT_BARRED,    /* a module of VFIO in module_blacklist=, which no one can load then */
	CONFLICT_SOFTDEP,   /* of a module, which loads vfio-pci before it */
	CONFLICT_ALIAS,   /* a pattern that stands for vfio-pci, which is loaded for such devices */
	CONFLICT_INSTALL, /* a command that stands in for loading a module of VFIO */
	CONFLICT_BAD,     /* what is not valid, or is no such setting and was meant as one */
};

struct conflict {
	enum conflict_kind kind;
	char where[RULE_WHERE_MAX + 16];  /* "FILE:LINE" or "FILE" */
	char text[RULE_TEXT_MAX];         /* the ID, address or module, as it stands there */
	char driver[PCI_DRIVER_NAME_MAX]; /* that the device gets; "" where a module is named */
	struct rule rule; /* that means the same devices, unless a module is named; no terms: none
			   * is known */
	const char *attribute; /* of CONFLICT_WRITE: what is written to */
	char word[64];         /* the name of the kernel's word that it is part of; "" if of none */
	bool idle;    /* it has no effect where it stands: a CONFLICT_BAD beside it tells why */
	bool passing; /* a word of this boot that the next one doesn't have */
	bool manual;  /* in a file that is changed by hand alone */
	bool late;    /* the module is loaded after rules were applied, unless one loads it */
	const char *expected; /* of CONFLICT_BAD */
	char **aliases;       /* of that module: devices that it is for */
	size_t alias_count;
};

struct conflicts {
	struct conflict *list;
	size_t count;
	int error;
};

/* A word of a kernel command line, and the file that has it. */
struct conflict_word {
	char where[RULE_WHERE_MAX + 16];
	char *text;
	bool passing; /* the next boot doesn't have it */
};

/*
 * Reads modprobe.d(5) as modprobe(8) does, and what it passes over; lists of modules; these words
 * of the kernel; /etc/driverctl.d; and scripts, udev rules and units that administrators write. 0
 * or -errno; conflicts_free() in any case.
 */
int conflicts_read(struct conflicts *conflicts, const struct host *host,
		   const struct conflict_word *words, size_t count);

/* The same of modprobe.d(5) alone. */
int conflicts_read_modprobe(struct conflicts *conflicts, const struct host *host);

/*
 * Reads one file, by a path of this process's own: of modprobe.d(5), a list of modules, or Unraid's
 * vfio-pci.cfg. The rest as above.
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

/*
 * Adds to a transaction what takes the chosen ones back, one bool a setting, all of a place or
 * none: a line becomes a comment with one of ours above it, and other options of its module stay on
 * a line of their own; an override of driverctl becomes empty. Not for words of the kernel, scripts
 * and Unraid's file. 0 or -errno.
 */
int conflicts_disable(const struct conflicts *conflicts, const bool *chosen,
		      struct transaction *transaction);

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

/* One of xen-pciback.hide=, or of driverctl: an address with its function. */
const char *conflict_parse_address(const char *text, struct rule *rule);

/* Whether a rule can have driver= with this name, as it is. */
bool conflict_is_driver(const char *name);

/* Prints such a rule with its driver= and optional, as a line. */
void conflict_print_rule(FILE *stream, const struct rule *rule);

/*
 * Adds what one word says, or as CONFLICT_BAD what is wrong about that; without parse, the rule has
 * no terms. where may have any byte: what import writes has it in a comment.
 */
void conflict_add(struct conflicts *conflicts, enum conflict_kind kind, const char *where,
		  const char *driver, const char *word,
		  const char *(*parse)(const char *text, struct rule *rule));

/* What settings.c has: the lines of modprobe.d(5), lists of modules, words of the kernel. */

/* A text of any of the formats of conflicts_read_file(), which is changed. */
void conflict_read_text(struct conflicts *conflicts, const char *path, char *text);

/* All files of modprobe.d(5), and those that were meant to be some. */
void conflict_read_modprobe(struct conflicts *conflicts, const struct host *host);

/* modules(5), modules-load.d(5) and the list of initramfs-tools. */
void conflict_read_lists(struct conflicts *conflicts, const struct host *host);

/* A word of the kernel; before it stands there, if it isn't NULL. */
void conflict_read_word(struct conflicts *conflicts, const struct conflict_word *word,
			const struct conflict_word *before);

/* What scripts.c has: files that write to sysfs. */

/*
 * Calls take for each device that such a file means, with the line that writes and what it writes
 * to, as "driver_override"; device is its address or ID, "" if that can't be told. Nothing is
 * parsed as a shell would.
 */
void conflict_each_write(const struct host *host,
			 void (*take)(void *context, const char *where, const char *file,
				      const char *device),
			 void *context);

#endif
