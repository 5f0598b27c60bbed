/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One rule: what a line of vfio-early.conf(5) says, and the parser of such a line. */
#ifndef VFIO_EARLY_CORE_RULE_H
#define VFIO_EARLY_CORE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "core/bounds.h"

/* Terms say which devices a rule means; all terms of a rule must match. */
enum rule_term {
	RULE_PLACE = 1 << 0, /* an address, or a path */
	RULE_ID = 1 << 1,
	RULE_SLOT = 1 << 2,
	RULE_SERIAL = 1 << 3,
	RULE_CLASS = 1 << 4,
};

/* Terms that name where a card is (or which one it is): an ID beside them is a guard. */
#define RULE_LOCATES (RULE_PLACE | RULE_SLOT | RULE_SERIAL)

/* Options say what is done with them. */
enum rule_option {
	RULE_DRIVER = 1 << 0,
	RULE_GROUP = 1 << 1,
	RULE_FORCE = 1 << 2,
	RULE_OPTIONAL = 1 << 3,
	RULE_RESET_METHOD = 1 << 4,
	RULE_D3COLD_ALLOWED = 1 << 5,
};

/* Those that set an attribute of sysfs, by its name. */
#define RULE_SETTINGS (RULE_RESET_METHOD | RULE_D3COLD_ALLOWED)

#define RULE_DEFAULT_DRIVER "vfio-pci"
#define RULE_VARIANT_DRIVER "variant"

#define PCI_ID_ANY (-1)

struct pci_id {
	int32_t vendor, device, subvendor, subdevice; /* PCI_ID_ANY: any */
};

/*
 * Where a device sits: the address of a bridge, then device and function at each step below
 * it (Documentation/admin-guide/kernel-parameters.txt, <pci_dev>). No steps: the address is
 * the device's own. The last function may be PCI_FUNCTION_ANY.
 */
struct pci_place {
	struct pci_address start;
	unsigned int step_count;
	struct pci_step {
		uint8_t device;
		int8_t function;
	} steps[PCI_PATH_STEPS_MAX];
};

struct rule {
	bool exclude;
	unsigned int terms;   /* enum rule_term */
	unsigned int options; /* enum rule_option */
	struct pci_place place;
	struct pci_id id;
	char slot[PCI_SLOT_NAME_MAX];
	uint64_t serial;
	uint32_t class_value, class_mask; /* of the 24 bits of a class code */
	char driver[PCI_DRIVER_NAME_MAX];
	char text[RULE_TEXT_MAX]; /* the line, without comment, as much as fits */
	char note[RULE_NOTE_MAX]; /* the comment, without # and blanks around */
	char settings[RULE_SETTINGS_MAX]; /* "ATTRIBUTE=VALUE\n" each, as the line has them */
	const char *file;	  /* set by who reads the file; outlives the rule */
	unsigned int line;
};

/* What is wrong with a line. */
struct rule_error {
	size_t column;	      /* in bytes, from 1 */
	char found[40];	      /* quoted, or the word nothing */
	const char *expected; /* a constant */
};

/*
 * Reads one line, without its newline; it may hold any byte. Returns 1 and fills *rule (all
 * but file and line), 0 for a line without a rule, -EINVAL with *error for a bad one. *rule is
 * untouched unless 1 is returned.
 */
int rule_parse(const char *line, size_t length, struct rule *rule, struct rule_error *error);

/* Whether a word sets an attribute, "NAME=VALUE", whatever the value. */
bool rule_is_setting(const char *word);

/* The driver for the rule's devices. */
const char *rule_driver(const struct rule *rule);

/* Whether the rule names every function of a card rather than one function. */
bool rule_names_card(const struct rule *rule);

/* Writes "FILE:LINE" of a rule. Returns where. */
#define RULE_PLACE_MAX (RULE_WHERE_MAX + 16)
const char *rule_format_place(const struct rule *rule, char where[RULE_PLACE_MAX]);

#endif
