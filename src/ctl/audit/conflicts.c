/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings elsewhere for the devices that rules name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "core/text.h"
#include "core/vfio.h"
#include "host/joined.h"

/* Those of the next boot with their files, then those that this boot alone has. */
static size_t list_words(const struct bootchange *boot, struct conflict_word *words)
{
	size_t count = 0;
	char where[PATH_MAX];

	for (size_t i = 0; i < boot->config.words.count; i++, count++) {
		words[count].text = boot->config.words.list[i].text;
		bootconfig_where(&boot->config, &boot->config.words.list[i], where);
		snprintf(words[count].where, sizeof(words[count].where), "%.*s", RULE_WHERE_MAX,
			 where);
	}
	for (size_t i = 0; i < boot->running.count; i++) {
		if (bootwords_find(&boot->config.words, boot->running.list[i].text) >= 0)
			continue;
		words[count].text = boot->running.list[i].text;
		words[count].passing = boot->loader && boot->config.files.count > 0 &&
				       bootwords_find(&boot->config.opaque, words[count].text) < 0;
		strcpy(words[count++].where, "/proc/cmdline");
	}
	return count;
}

int audit_read_conflicts(struct conflicts *conflicts, const struct host *host,
			 const struct bootchange *boot)
{
	size_t most = boot->config.words.count + boot->running.count;
	struct conflict_word *words = calloc(most + 1, sizeof(*words));
	int result =
		words ? conflicts_read(conflicts, host, words, list_words(boot, words)) : -ENOMEM;

	free(words);
	return result;
}

int audit_find_conflicts(struct conflicts *conflicts, const struct host *host)
{
	struct bootchange boot;
	char message[BOOT_MESSAGE_MAX];
	int result;

	/* Without a known bootloader, this boot's words are left. */
	bootchange_open(&boot, host, message);
	result = audit_read_conflicts(conflicts, host, &boot);
	bootchange_close(&boot);
	return result;
}

/* Which devices a setting means, and whether rules take them. */
struct meant {
	char taken[AUDIT_LIST_MAX], kept[AUDIT_LIST_MAX];
	const struct plan_row *row; /* the first of a device that is taken */
	bool excluded;              /* one that is kept */
	bool named;                 /* a rule is about one */
};

/* A device can have several modules: without nvidiafb, which Proxmox VE blacklists, it has nouveau.
 */
static bool has_other_driver(const struct conflict *conflict, const struct pci_device *device)
{
	return conflict->kind == CONFLICT_BLACKLIST && device->driver &&
	       !vfio_is_driver(device->driver) && !text_same_name(device->driver, conflict->text);
}

static void find_meant(const struct inventory *inventory, const struct conflict *conflict,
		       struct meant *meant)
{
	const struct pci *pci = &inventory->forecast.pci;

	*meant = (struct meant){ .row = NULL };
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const struct plan_row *row = inventory_row(inventory, device);
		char address[PCI_ADDRESS_TEXT_MAX];

		if (!conflicts_means(conflict, pci, device) || pci_is_bridge(device))
			continue;
		pci_address_format(&device->address, address);
		if (inventory_is_taken(row))
			joined_add(meant->taken, AUDIT_LIST_MAX, address);
		else if (!has_other_driver(conflict, device))
			joined_add(meant->kept, AUDIT_LIST_MAX, address);
		meant->excluded |= row && row->rule->exclude;
		meant->named |= row != NULL;
		if (inventory_is_taken(row) && !meant->row)
			meant->row = row;
	}
}

/* A word is no line of its own. */
static void fix_place(struct findings *findings, const struct conflict *conflict, const char *fix)
{
	if (conflict->word[0])
		findings_fix(findings, "Run 'vfio-earlyctl cmdline remove %s'", conflict->word);
	else
		findings_fix(findings, "%s", fix);
}

#define IMPORT "Run 'vfio-earlyctl import' to turn it into rules"

static void audit_ids(struct findings *findings, const struct inventory *inventory,
		      const struct conflict *conflict, const struct meant *meant)
{
	if (conflict->late && inventory->forecast.rules.count > 0) {
		bool lost = meant->kept[0] != '\0';

		findings_add(
			findings, lost ? FINDING_WARNING : FINDING_NOTE, conflict->where,
			"ids=%s no longer takes %s: a rule has vfio-pci loaded before, without "
			"this option",
			conflict->text, lost ? meant->kept : "a device");
		findings_fix(findings, lost ? IMPORT : "Remove the line");
	} else if (meant->kept[0] != '\0' && meant->row) {
		findings_add(findings, FINDING_WARNING, conflict->where,
			     "ids=%s takes every card of this model, also %s, which no rule names",
			     conflict->text, meant->kept);
		fix_place(findings, conflict, "Remove it");
	} else if (meant->kept[0] != '\0') {
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "ids=%s takes %s, which no rule names", conflict->text, meant->kept);
		findings_fix(findings, IMPORT);
	} else {
		findings_add(
			findings, FINDING_NOTE, conflict->where,
			"ids=%s is unnecessary beside the rules, and also takes any card of this "
			"model that is added later",
			conflict->text);
		fix_place(findings, conflict, "Remove it");
	}
}

static void audit_driverctl(struct findings *findings, const struct conflict *conflict,
			    const struct meant *meant)
{
	if (meant->row && strcmp(meant->row->driver, conflict->driver) != 0) {
		findings_add(findings, FINDING_WARNING, conflict->where,
			     "driverctl binds %s to %s when the system is up", conflict->text,
			     conflict->driver);
		findings_fix(findings, "Run 'driverctl unset-override %s'", conflict->text);
	} else if (meant->row) {
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "The override is unnecessary beside the rules");
		findings_fix(findings,
			     "Remove the file; 'driverctl unset-override' would return %s to its "
			     "host driver at once",
			     conflict->text);
	} else if (meant->kept[0] != '\0' && vfio_is_driver(conflict->driver)) {
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "driverctl binds %s to %s when the system is up, and no rule does",
			     conflict->text, conflict->driver);
		findings_fix(findings, IMPORT);
	}
}

static void audit_blacklist(struct findings *findings, const struct conflict *conflict,
			    const struct meant *meant)
{
	if (!meant->row && (meant->named || meant->kept[0] == '\0'))
		return;
	if (!meant->row) {
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "Without the module %s, %s has no host driver, and no rule binds it to "
			     "vfio-pci",
			     conflict->text, meant->kept);
		findings_fix(findings, "If a VM is to have it, run 'vfio-earlyctl add DEVICE'");
		return;
	}
	if (meant->kept[0] != '\0')
		findings_add(findings, FINDING_WARNING, conflict->where,
			     "Without the module %s, %s has no host driver, although no rule names "
			     "it",
			     conflict->text, meant->kept);
	else
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "The blacklist is unnecessary: %s doesn't get %s anyway",
			     conflict->text, meant->taken);
	fix_place(findings, conflict, "Remove the line: rules don't need it");
}

static void audit_softdep(struct findings *findings, const struct conflict *conflict,
			  const struct meant *meant)
{
	if (!meant->row)
		return;
	if (conflict->kind == CONFLICT_ALIAS)
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "The alias is unnecessary: rules have vfio-pci loaded before");
	else
		findings_add(
			findings, FINDING_NOTE, conflict->where,
			"The softdep of %s is unnecessary: rules are applied before it is loaded",
			conflict->text);
	findings_fix(findings, "Remove the line");
}

/* It may run before the rules or after them, and nothing here can tell whether it does at all. */
static void audit_write(struct findings *findings, const struct conflict *conflict,
			const struct meant *meant)
{
	if (!conflict->rule.terms) {
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "This line writes to %s; which devices it means can't be told",
			     conflict->attribute);
		findings_fix(findings, "Compare it with the rules, which make it unnecessary");
	} else if (meant->kept[0] != '\0') {
		findings_add(findings, FINDING_WARNING, conflict->where,
			     "This line writes to %s for %s, which %s", conflict->attribute,
			     meant->kept,
			     meant->excluded ? "an exclusion keeps for the host" : "no rule names");
		findings_fix(findings, meant->excluded ? "Remove it" : IMPORT);
	} else if (meant->row) {
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "This line writes to %s for %s, which a rule takes already",
			     conflict->attribute, meant->taken);
		findings_fix(findings, "Remove it: rules don't need it");
	}
}

static void audit_module(struct findings *findings, const struct inventory *inventory,
			 const struct conflict *conflict)
{
	bool matters = inventory->forecast.rules.count > 0;

	if (conflict->kind == CONFLICT_BARRED) {
		findings_add(findings, matters ? FINDING_ERROR : FINDING_WARNING, conflict->where,
			     "module_blacklist= has %s, so the kernel never loads it: no device "
			     "can be bound to vfio-pci",
			     conflict->text);
		findings_fix(findings, "Run 'vfio-earlyctl cmdline remove module_blacklist', then "
				       "reboot");
	} else if (matters) {
		findings_add(findings, FINDING_NOTE, conflict->where,
			     "vfio-early loads %s itself and doesn't run this command, which "
			     "replaces loading the module for all others",
			     conflict->text);
		fix_place(findings, conflict, "Remove the line: rules don't need it");
	}
}

/*
 * Devices in use by the host that ids= or driverctl takes, and no rule. True if the host needs one:
 * then nothing else matters.
 */
static bool audit_host(struct findings *findings, struct inventory *inventory,
		       const struct conflict *conflict)
{
	const struct pci *pci = &inventory->forecast.pci;
	bool ids = conflict->kind == CONFLICT_IDS, needed = false;
	const char *what = ids                                ? "ids="
			   : conflict->kind == CONFLICT_WRITE ? "This line with "
							      : "The override ";
	const char *which = conflict->kind == CONFLICT_DRIVERCTL ? conflict->driver
			    : conflict->kind == CONFLICT_WRITE   ? conflict->attribute
								 : conflict->text;
	char name[PCI_IDS_SENTENCE_MAX];

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const char *reason = inventory_reason(inventory, device),
			   *use = inventory_use(inventory, device);

		if (!conflicts_means(conflict, pci, device) ||
		    inventory_is_taken(inventory_row(inventory, device)))
			continue;
		pci_ids_sentence(&inventory->names, device, name, sizeof(name));
		if (reason) {
			findings_add(findings, FINDING_WARNING, conflict->where,
				     "%s%s takes %s, which is in use by the host: %s", what, which,
				     name, reason);
			findings_fix(findings, "%s",
				     ids ? "Remove that ID from the line"
				     : conflict->kind == CONFLICT_WRITE ? "Remove it"
									: "Remove the file");
		} else if (use) {
			findings_add(findings, FINDING_WARNING, conflict->where,
				     "%s%s takes %s, which " INVENTORY_USED, what, which, name,
				     use);
		}
		needed |= reason != NULL;
	}
	return needed;
}

void audit_conflicts(struct findings *findings, struct inventory *inventory,
		     const struct conflicts *conflicts)
{
	for (size_t i = 0; i < conflicts->count; i++) {
		const struct conflict *conflict = &conflicts->list[i];
		struct meant meant;

		/* Of what is nearly right, the one finding tells. */
		if (conflict->passing || (conflict->idle && conflict->kind != CONFLICT_BAD))
			continue;
		if (conflict->kind == CONFLICT_BAD) {
			findings_add(findings, FINDING_NOTE, conflict->where,
				     "Found '%s', expected %s", conflict->text, conflict->expected);
			continue;
		}
		if (conflict->rule.terms && !conflicts_is_for_host(conflict) &&
		    audit_host(findings, inventory, conflict))
			continue;
		find_meant(inventory, conflict, &meant);
		if (conflict->kind == CONFLICT_IDS)
			audit_ids(findings, inventory, conflict, &meant);
		else if (conflict->kind == CONFLICT_DRIVERCTL)
			audit_driverctl(findings, conflict, &meant);
		else if (conflict->kind == CONFLICT_SOFTDEP || conflict->kind == CONFLICT_ALIAS)
			audit_softdep(findings, conflict, &meant);
		else if (conflict->kind == CONFLICT_WRITE)
			audit_write(findings, conflict, &meant);
		else if (conflict->kind == CONFLICT_BLACKLIST)
			audit_blacklist(findings, conflict, &meant);
		else
			audit_module(findings, inventory, conflict);
	}
}
