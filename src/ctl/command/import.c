/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl import: rules from what people used before. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "command/lock.h"
#include "command/look.h"
#include "command/refresh.h"
#include "core/file.h"
#include "core/match.h"
#include "host/joined.h"
#include "image/builder.h"
#include "look/device.h"
#include "look/inventory.h"
#include "rules/file.h"
#include "term/findings.h"
#include "term/options.h"
#include "term/shown.h"

/* Room for the addresses of a rule's devices; of more, the first are named. */
#define LIST_MAX 256

struct import {
	struct inventory inventory;
	struct conflicts conflicts;
	const char *file; /* NULL: look around */
	bool write;
	bool disable;
	bool incomplete; /* something was said that wants a look */
	bool *left_out;  /* one a rival */
	FILE *lines;     /* that are to be added */
	size_t added;
};

/* The devices that a rival means, but bridges, and what becomes of them without a new rule. */
struct meant {
	const struct pci_device *first;
	size_t count, bridges, virtual;
	size_t open;                     /* no rule is about them, and the host does without them */
	char open_list[LIST_MAX];        /* their addresses */
	char used_list[LIST_MAX];        /* of those that the host uses */
	char uses[LIST_MAX];             /* and what it lacks without them */
	const struct pci_device *needed; /* one that the host needs */
	const struct pci_device *other;  /* not the card that the guard wants */
	const struct rule *taken, *kept; /* rules about others of them, and exclusions */
};

static void look_at(const struct import *import, const struct rule *decides,
		    const struct pci_device *device, struct meant *meant)
{
	/* By a rule that means it, although the host needs it. */
	bool forced = decides && !decides->exclude && decides->options & RULE_FORCE;
	const char *use = inventory_use(&import->inventory, device);
	char address[PCI_ADDRESS_TEXT_MAX];

	if (!meant->first)
		meant->first = device;
	meant->count++;
	meant->virtual += device_is_virtual(&import->inventory, device);
	if (inventory_reason(&import->inventory, device) && !forced) {
		meant->needed = device;
	} else if (decides && decides->exclude) {
		meant->kept = decides;
	} else if (decides) {
		meant->taken = decides;
	} else {
		meant->open++;
		pci_address_format(&device->address, address);
		joined_add(meant->open_list, LIST_MAX, address);
		if (use) {
			joined_add(meant->used_list, LIST_MAX, address);
			joined_add(meant->uses, LIST_MAX, use);
		}
	}
}

/* 0 or -ENOMEM. */
static int find_meant(const struct import *import, const struct rule *rule, struct meant *meant)
{
	const struct forecast *forecast = &import->inventory.forecast;
	const struct pci *pci = &forecast->pci;
	struct plan plan;
	int result = plan_choose(&plan, &forecast->rules, pci);

	*meant = (struct meant){ .count = 0 };
	for (size_t i = 0; i < pci->count && result == 0; i++) {
		const struct pci_device *device = &pci->devices[i];
		enum match match = match_rule(rule, pci, device);

		if (match == MATCH_GUARD)
			meant->other = device;
		else if (match == MATCH_YES && pci_is_bridge(device))
			meant->bridges++;
		else if (match == MATCH_YES)
			look_at(import, plan.choices[i].rule, device, meant);
	}
	plan_free(&plan);
	return result;
}

/* Where no device is there, the rule itself tells. */
static const struct rule *find_same(const struct rules *rules, const struct rule *rule)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *other = &rules->list[i];

		if (other->terms == rule->terms && !other->exclude &&
		    memcmp(&other->id, &rule->id, sizeof(rule->id)) == 0 &&
		    pci_address_compare(&other->place.start, &rule->place.start) == 0 &&
		    other->place.step_count == 0 && other->class_value == rule->class_value &&
		    other->class_mask == rule->class_mask)
			return other;
	}
	return NULL;
}

__attribute__((format(printf, 3, 4))) static void leave_out(struct import *import,
							    const struct conflict *conflict,
							    const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ctl_fail("%s: '%s' is left out: %s", conflict->where, conflict->text, text);
	import->left_out[conflict - import->conflicts.list] = true;
	import->incomplete = true;
}

/* Why no rule of it would do anything good. */
static bool refuse(struct import *import, const struct conflict *conflict,
		   const struct meant *meant)
{
	struct pci_ids *names = &import->inventory.names;
	/* Unraid's file is not this host's own. */
	const char *fix = conflict->kind == CONFLICT_UNRAID ? NULL : conflicts_fix(conflict);
	char where[RULE_PLACE_MAX], device[PCI_IDS_TEXT_MAX];

	if (!meant->needed && (meant->open > 0 || meant->taken))
		return false;
	/* Also where it means other devices as well. */
	if (meant->needed)
		leave_out(import, conflict, "the host needs %s: %s%s%s%s%s",
			  pci_ids_sentence(names, meant->needed, device, sizeof(device)),
			  inventory_reason(&import->inventory, meant->needed), fix ? "; " : "",
			  fix ? fix : "",
			  meant->open > 0 ? "; 'vfio-earlyctl add' makes rules for " : "",
			  meant->open_list);
	else if (meant->kept)
		leave_out(import, conflict, "the exclusion %s keeps it for the host",
			  rule_format_place(meant->kept, where));
	else if (meant->other)
		leave_out(import, conflict, "found %s there, which is another card",
			  pci_ids_sentence(names, meant->other, device, sizeof(device)));
	else if (meant->bridges > 0)
		leave_out(import, conflict, "bridges are never bound");
	return import->left_out[conflict - import->conflicts.list];
}

/*
 * As narrow as it can be: ids= and overrides of absent devices are no fault either. 0 or -ENOMEM.
 */
static int add_rule(struct import *import, const struct conflict *conflict,
		    const struct meant *meant)
{
	struct inventory *inventory = &import->inventory;
	bool seen = inventory->forecast.pci.count > 0;
	struct rule rule = conflict->rule;
	char name[PCI_IDS_TEXT_MAX];

	if (strcmp(conflict->driver, RULE_DEFAULT_DRIVER) != 0) {
		rule.options |= RULE_DRIVER;
		strcpy(rule.driver, conflict->driver);
	}
	if (meant->count > 0 && rule.terms == RULE_PLACE) {
		rule.terms |= RULE_ID;
		rule.id = (struct pci_id){ meant->first->vendor, meant->first->device, PCI_ID_ANY,
					   PCI_ID_ANY };
	}
	if (meant->count > 0) {
		fprintf(import->lines, "# %s (%s), from %s\n",
			pci_ids_device(&inventory->names, meant->first, name, sizeof(name)),
			meant->open_list, conflict->where);
	} else {
		rule.options |= seen ? RULE_OPTIONAL : 0;
		fprintf(import->lines, "# %s, from %s\n", seen ? "no such device now" : "not seen",
			conflict->where);
	}
	conflict_print_rule(import->lines, &rule);
	if (meant->uses[0] != '\0')
		ctl_fail("%s: '%s' means devices in use by the host (%s); without them the host "
			 "lacks %s",
			 conflict->where, conflict->text, meant->used_list, meant->uses);
	if (meant->virtual > 0 && meant->virtual < meant->count) {
		ctl_fail(
			"%s: '%s' means virtual functions and what makes them: taken as a whole, it "
			"makes none; name the functions by address, with 'optional'",
			conflict->where, conflict->text);
		import->incomplete = true;
	}
	import->added++;
	return rules_append(&inventory->forecast.rules, &rule);
}

/* 0 or -ENOMEM. */
static int take_conflict(struct import *import, const struct conflict *conflict)
{
	const struct rule *covering;
	char where[RULE_PLACE_MAX];
	struct meant meant;
	int result;

	if (conflict->kind == CONFLICT_BAD && conflict->idle) {
		ctl_fail("%s: found '%s', expected %s", conflict->where, conflict->text,
			 conflict->expected);
		import->incomplete = true;
		return 0;
	}
	if (conflict->kind == CONFLICT_BAD) {
		leave_out(import, conflict, "expected %s", conflict->expected);
		return 0;
	}
	if (conflict->kind == CONFLICT_WRITE && !conflict->rule.terms) {
		leave_out(import, conflict, "which devices it means can't be told");
		return 0;
	}
	if (!conflict->rule.terms ||
	    (conflict->kind == CONFLICT_DRIVERCTL && conflicts_is_for_host(conflict)))
		return 0;
	result = find_meant(import, &conflict->rule, &meant);
	if (result < 0 || refuse(import, conflict, &meant))
		return result;
	covering = meant.count > 0 ? meant.taken
				   : find_same(&import->inventory.forecast.rules, &conflict->rule);
	if (meant.open > 0 || !covering)
		return add_rule(import, conflict, &meant);
	if (covering->file)
		ctl_fail("%s: '%s' has a rule already: %s", conflict->where, conflict->text,
			 rule_format_place(covering, where));
	return 0;
}

static const char remove_override[] =
	"remove the file ('driverctl unset-override' would return the "
	"device to its host driver at once)";

/*
 * What to do with settings that are no longer needed: those of a place of which nothing is left
 * out. Rivals are sorted by it.
 */
static void print_removals(const struct import *import)
{
	static const char *const removals[] = {
		[CONFLICT_IDS] = "take out ids= of vfio-pci",
		[CONFLICT_DRIVERCTL] = remove_override,
		[CONFLICT_WRITE] = "remove what writes to driver_override or the like",
		[CONFLICT_BAD] = NULL,
	};
	const struct conflicts *conflicts = &import->conflicts;

	for (size_t i = 0, end; i < conflicts->count; i = end) {
		const struct conflict *first = &conflicts->list[i];
		bool whole =
			removals[first->kind] && !conflicts_is_for_host(first) && !first->passing;

		for (end = i; end < conflicts->count &&
			      strcmp(conflicts->list[end].where, first->where) == 0;
		     end++)
			whole &= !import->left_out[end];
		if (whole)
			ctl_fail("%s: unnecessary once an image with these rules has booted: %s",
				 first->where, removals[first->kind]);
	}
}

/* Whether a rule takes one of the devices that a setting is about. */
static bool is_covered(const struct import *import, const struct plan *plan,
		       const struct conflict *conflict)
{
	const struct pci *pci = &import->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (plan->choices[i].rule && !plan->choices[i].rule->exclude &&
		    conflicts_means(conflict, pci, &pci->devices[i]))
			return true;
	return false;
}

static bool may_disable(const struct import *import, const struct plan *plan,
			const struct conflict *conflict)
{
	if (import->left_out[conflict - import->conflicts.list] || conflict->manual)
		return false;
	switch (conflict->kind) {
	case CONFLICT_IDS:
		return true;
	case CONFLICT_DRIVERCTL:
		return !conflicts_is_for_host(conflict);
	case CONFLICT_BLACKLIST:
	case CONFLICT_SOFTDEP:
	case CONFLICT_ALIAS:
		return is_covered(import, plan, conflict);
	case CONFLICT_BARRED:
	case CONFLICT_INSTALL:
		return import->inventory.forecast.rules.count > 0;
	case CONFLICT_BAD:
		return conflict->idle;
	case CONFLICT_UNRAID:
	case CONFLICT_WRITE:
		break;
	}
	return false;
}

/* All settings of a place or none. */
static void choose_places(const struct import *import, const struct plan *plan, bool *chosen)
{
	const struct conflicts *conflicts = &import->conflicts;

	for (size_t i = 0, end; i < conflicts->count; i = end) {
		const struct conflict *first = &conflicts->list[i];
		bool all = true;

		for (end = i; end < conflicts->count &&
			      strcmp(conflicts->list[end].where, first->where) == 0 &&
			      strcmp(conflicts->list[end].word, first->word) == 0;
		     end++)
			all &= may_disable(import, plan, &conflicts->list[end]);
		for (size_t j = i; j < end; j++)
			chosen[j] = all && !first->passing;
	}
}

/* Words of one name can only be removed together, wherever they are. */
static void choose_words(const struct conflicts *conflicts, bool *chosen)
{
	for (size_t i = 0; i < conflicts->count; i++) {
		const char *word = conflicts->list[i].word;

		for (size_t j = 0; word[0] && j < conflicts->count; j++)
			chosen[i] &= chosen[j] || conflicts->list[j].passing ||
				     !bootword_has_name(word, conflicts->list[j].word);
	}
}

/* Words go through the bootloader's files, which are refreshed. */
static int disable_words(struct import *import, const bool *chosen)
{
	const struct conflicts *conflicts = &import->conflicts;
	struct bootchange change;
	char message[BOOT_MESSAGE_MAX];
	const char *last = "";
	int result = bootchange_open(&change, &import->inventory.host, message);
	int status = CTL_OK;

	if (result < 0)
		ctl_fail("%s", message);
	for (size_t i = 0; i < conflicts->count && result == 0; i++) {
		const char *word = conflicts->list[i].word;

		if (chosen[i] && word[0] && strcmp(word, last) != 0)
			result = bootchange_remove(&change, last = word);
	}
	findings_report(&change.said);
	if (result == 0)
		status = refresh_apply(&change, !import->write, true);
	bootchange_close(&change);
	return result < 0 ? CTL_INTERNAL : status;
}

static int disable_lines(struct import *import, bool *chosen)
{
	const struct conflicts *conflicts = &import->conflicts;
	struct transaction transaction = { .host = &import->inventory.host };
	struct findings done = { .topic = NULL };
	bool has_words = false;
	int result, status = CTL_OK;

	for (size_t i = 0; i < conflicts->count; i++)
		has_words |= chosen[i] && conflicts->list[i].word[0];
	if (has_words)
		status = disable_words(import, chosen);
	for (size_t i = 0; i < conflicts->count; i++)
		chosen[i] &= !conflicts->list[i].word[0];
	result = conflicts_disable(conflicts, chosen, &transaction);
	if (result < 0)
		ctl_fail("settings: %s; none was disabled", strerror(-result));
	else
		transaction_show(&transaction, stdout);
	if (result == 0 && import->write) {
		result = transaction_write(&transaction, &done);
		findings_report(&done);
	}
	if (result == 0 && import->write)
		refresh_tell_undo(&transaction, NULL);
	findings_free(&done);
	transaction_free(&transaction);
	return result < 0 ? CTL_INTERNAL : status;
}

static int disable_all(struct import *import)
{
	const struct forecast *forecast = &import->inventory.forecast;
	bool *chosen = calloc(import->conflicts.count + 1, sizeof(*chosen));
	struct plan plan;
	int status = CTL_INTERNAL,
	    result = chosen ? plan_choose(&plan, &forecast->rules, &forecast->pci) : -ENOMEM;

	if (result == 0) {
		choose_places(import, &plan, chosen);
		choose_words(&import->conflicts, chosen);
		status = disable_lines(import, chosen);
		plan_free(&plan);
	} else {
		ctl_fail("%s", strerror(-result));
	}
	free(chosen);
	return status;
}

static int add_lines(const struct import *import, const char *lines)
{
	int result = 0;

	if (import->added == 0) {
		ctl_fail("nothing to add");
		return 0;
	}
	if (import->write)
		result = rulesfile_add(&import->inventory.host, RULES_FILE, lines);
	if (result < 0) {
		ctl_fail(RULES_FILE ": %s; nothing was added", strerror(-result));
		return result;
	}
	shown_print(stdout, SHOWN_LINES, "%s", lines);
	fflush(stdout);
	if (import->write)
		ctl_fail(RULES_FILE ": %zu rule%s added; run '%s'", import->added,
			 import->added == 1 ? "" : "s",
			 builder_find(&import->inventory.host)->command);
	else
		ctl_fail(
			"nothing was changed; 'vfio-earlyctl import --write' adds %s to " RULES_FILE,
			import->added == 1 ? "this rule" : "these rules");
	return 0;
}

static int import_all(struct import *import)
{
	char *lines = NULL;
	size_t length;
	int result = 0;

	import->lines = open_memstream(&lines, &length);
	import->left_out = calloc(import->conflicts.count + 1, sizeof(*import->left_out));
	if (!import->lines || !import->left_out)
		result = -ENOMEM;
	for (size_t i = 0; i < import->conflicts.count && result == 0; i++)
		result = take_conflict(import, &import->conflicts.list[i]);
	if (import->lines && fclose(import->lines) != 0 && result == 0)
		result = -ENOMEM;
	if (result < 0)
		ctl_fail("%s", strerror(-result));
	else
		result = add_lines(import, lines);
	if (result == 0 && !import->disable)
		print_removals(import);
	free(lines);
	return result;
}

static int run_import(struct import *import, const struct ctl *ctl)
{
	const struct inventory *inventory = &import->inventory;
	const char *file = import->file;
	int result = look_at_host(&import->inventory, ctl, INVENTORY_PROTECT);

	if (result < 0)
		return CTL_INTERNAL;
	findings_tell(&inventory->findings, FINDING_ERROR);
	findings_tell(&inventory->findings, FINDING_WARNING);
	if (import->write && inventory->forecast.rules.bad)
		return CTL_BAD_RULES;
	result = file ? conflicts_read_file(&import->conflicts, file)
		      : audit_find_conflicts(&import->conflicts, &inventory->host);
	if (result < 0)
		return ctl_fail("%s: %s", file ? file : "settings", strerror(-result));
	if (file && import->conflicts.count == 0) {
		ctl_fail("%s: found no BIND= and no ids= of vfio-pci", file);
		import->incomplete = true;
	}
	if (import_all(import) < 0)
		return CTL_INTERNAL;
	if (inventory->forecast.rules.bad)
		return CTL_BAD_RULES;
	if (import->disable && (result = disable_all(import)) != CTL_OK)
		return result;
	return import->incomplete || findings_count(&inventory->findings, FINDING_WARNING) > 0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}

static const char usage[] =
	"Usage: vfio-earlyctl import [--write] [--disable] [FILE]\n"
	"Makes rules of other ways to bind devices to vfio-pci, and prints those that are not\n"
	"there yet: ids= in modprobe.d, in lists of modules and on the kernel command line,\n"
	"/etc/driverctl.d, and scripts, udev rules and units that write to driver_override.\n"
	"With FILE: of that alone, which is Unraid's vfio-pci.cfg, a file of modprobe.d or a\n"
	"list of modules.\n"
	"\n"
	"      --disable  show the lines and kernel words that these rules replace; with\n"
	"                 --write, take them back: each file keeps a backup\n"
	"  -w, --write    add the rules to " RULES_FILE "\n"
	"  -h, --help     print this\n";

static const char statuses[] =
	"0, 1 usage or internal error, 2 something was left out or could not be\n"
	"seen, 3 a line of the rules is not valid.";

int command_import(const struct ctl *ctl, int argc, char **argv)
{
	struct import import = { .write = false };
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries =
			(const struct options_entry[]){ { '\0', "disable", .set = &import.disable },
							{ 'w', "write", .set = &import.write },
							{} },
		.operands_max = 1,
	};
	int lock = -1, status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	import.file = argv[0];
	if (import.file && import.disable)
		return ctl_fail(
			"--disable: found a FILE, expected none: only settings of this host "
			"can be taken back");
	/* Before the rules are read, so that what they cover is what is written to. */
	if (import.write && (lock = lock_root(ctl->root)) < 0)
		return CTL_INTERNAL;
	status = run_import(&import, ctl);
	free(import.left_out);
	conflicts_free(&import.conflicts);
	inventory_close(&import.inventory);
	file_close(&lock);
	return status;
}
