/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules x devices -> a decision for each device. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/match.h"
#include "core/plan.h"
#include "core/text.h"
#include "core/vfio.h"

struct plan_text {
	struct plan_text *next;
	char text[];
};

const char *plan_keep(struct plan *plan, const char *text, const char *instead)
{
	struct plan_text *kept = plan->texts;

	if (kept && strcmp(kept->text, text) == 0)
		return kept->text;
	kept = malloc(sizeof(*kept) + strlen(text) + 1);
	if (!kept)
		return instead;
	strcpy(kept->text, text);
	kept->next = plan->texts;
	plan->texts = kept;
	return kept->text;
}

void plan_row_explain(struct plan *plan, struct plan_row *row, const char *format, ...)
{
	char detail[DETAIL_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	row->detail = plan_keep(plan, detail, "");
}

/* Exclusions beat every rule; otherwise the first that matches decides. */
static struct plan_choice choose(const struct rules *rules, const struct pci *pci,
				 const struct pci_device *device)
{
	struct plan_choice choice = { .rule = NULL };

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];
		bool excludes = rule->exclude;
		enum match match;

		if (choice.rule && !excludes)
			continue;
		match = match_rule(rule, pci, device);
		if (match == MATCH_YES)
			choice.rule = rule;
		else if (match == MATCH_GUARD && !choice.mismatch)
			choice.mismatch = rule;
		if (match == MATCH_YES && excludes)
			break;
	}
	return choice;
}

int plan_choose(struct plan *plan, const struct rules *rules, const struct pci *pci)
{
	*plan = (struct plan){ .choices = calloc(pci->count + 1, sizeof(*plan->choices)) };
	if (!plan->choices)
		return -ENOMEM;
	for (size_t i = 0; i < pci->count; i++)
		plan->choices[i] = choose(rules, pci, &pci->devices[i]);
	return 0;
}

bool plan_wants_group(const struct plan *plan, size_t index)
{
	const struct rule *rule = plan->choices[index].rule;

	return rule && !rule->exclude;
}

static void protect(struct plan *plan, const struct rule *entry, const struct pci *pci)
{
	bool found = false;

	for (size_t i = 0; i < pci->count && !found; i++)
		found = match_rule_place(entry, pci, &pci->devices[i]) &&
			match_rule_card(entry, pci, &pci->devices[i]);
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		struct plan_choice *choice = &plan->choices[i];
		enum plan_identity identity;

		if (match_rule_place(entry, pci, device))
			identity = found ? PLAN_THE_SAME : PLAN_REPLACED;
		else if (match_rule_serial(entry, pci, device))
			identity = PLAN_MOVED;
		else if (!found && match_rule_id(entry, device))
			identity = PLAN_OF_SAME_MODEL;
		else
			continue;
		if (choice->protects && choice->identity <= identity)
			continue;
		choice->protects = entry;
		choice->identity = identity;
	}
}

void plan_protect(struct plan *plan, const struct rules *list, const struct pci *pci)
{
	for (size_t i = 0; i < list->count; i++)
		protect(plan, &list->list[i], pci);
}

/* One more than the highest group number that was read. */
static size_t count_groups(const struct pci *pci)
{
	size_t count = 0;

	for (size_t i = 0; i < pci->count; i++)
		if (pci->devices[i].group >= (int)count)
			count = (size_t)pci->devices[i].group + 1;
	return count;
}

/* The rule with the lowest number that takes a whole group, for each group: by_group[group]. */
static const struct rule **collect_groups(const struct plan *plan, const struct pci *pci,
					  size_t *count)
{
	const struct rule **by_group;

	*count = count_groups(pci);
	by_group = calloc(*count + 1, sizeof(struct rule *));
	for (size_t i = 0; by_group && i < pci->count; i++) {
		const struct rule *rule = plan->choices[i].rule;
		int group = pci->devices[i].group;

		if (group < 0 || !rule || rule->exclude || !(rule->options & RULE_GROUP))
			continue;
		if (!by_group[group] || rule < by_group[group])
			by_group[group] = rule;
	}
	return by_group;
}

/* "group" makes a rule mean the other devices of the group, too, in the rule's own place. */
static int extend_groups(struct plan *plan, const struct pci *pci)
{
	size_t count;
	const struct rule **by_group = collect_groups(plan, pci, &count);

	if (!by_group)
		return -ENOMEM;
	for (size_t i = 0; i < pci->count; i++) {
		struct plan_choice *choice = &plan->choices[i];
		int group = pci->devices[i].group;
		const struct rule *rule = group >= 0 ? by_group[group] : NULL;

		if (!rule || pci_is_bridge(&pci->devices[i]))
			continue;
		if (choice->rule && (choice->rule->exclude || choice->rule <= rule))
			continue;
		choice->rule = rule;
		choice->by_group = true;
	}
	free(by_group);
	return 0;
}

void plan_row_set(struct plan_row *row, enum outcome outcome)
{
	bool may_miss = outcome == OUTCOME_NOT_FOUND && row->rule &&
			row->rule->options & RULE_OPTIONAL;

	row->outcome = outcome;
	row->level = LEVEL_INFO;
	if (!may_miss)
		row->level = outcome_level(outcome);
	row->satisfied = may_miss || outcome_satisfies(outcome);
}

static struct plan_row *add_row(struct plan *plan, const struct pci_device *device,
				const struct rule *rule, enum outcome outcome)
{
	struct plan_row *row = &plan->rows[plan->count++];

	*row = (struct plan_row){
		.device = device,
		.rule = rule,
		.wanted = "",
		.driver = device && device->driver ? device->driver : "",
		.detail = "",
	};
	plan_row_set(row, outcome);
	return row;
}

static bool is_vfio(const char *driver)
{
	return vfio_is_driver(driver) || strcmp(driver, RULE_VARIANT_DRIVER) == 0;
}

static enum outcome decide(const struct pci_device *device, const struct plan_choice *choice)
{
	const struct rule *rule = choice->rule;
	const char *wanted = rule_driver(rule);

	if (rule->exclude)
		return OUTCOME_EXCLUDED;
	if (pci_is_bridge(device))
		return OUTCOME_BRIDGE;
	if (device->driver && text_same_name(device->driver, wanted))
		return OUTCOME_ALREADY_BOUND;
	if (choice->protects && !(rule->options & RULE_FORCE))
		return OUTCOME_PROTECTED;
	if (is_vfio(wanted) && device->group < 0)
		return OUTCOME_NO_IOMMU;
	return OUTCOME_WOULD_BIND;
}

/* Appends the parts of an ID, all four only if the second pair means something. */
static void format_id(char *text, size_t size, const struct pci_id *id, bool with_subsystem)
{
	const int32_t parts[] = { id->vendor, id->device, id->subvendor, id->subdevice };
	size_t used = strlen(text);

	for (size_t i = 0; i < (with_subsystem ? 4 : 2) && used < size; i++) {
		const char *colon = i ? ":" : "";

		if (parts[i] == PCI_ID_ANY)
			snprintf(text + used, size - used, "%s*", colon);
		else
			snprintf(text + used, size - used, "%s%04x", colon, (unsigned int)parts[i]);
		used += strlen(text + used);
	}
}

static void describe_mismatch(struct plan *plan, struct plan_row *row)
{
	const struct pci_device *device = row->device;
	const struct pci_id *wanted = &row->rule->id;
	const struct pci_id found = { device->vendor, device->device, device->subvendor,
				      device->subdevice };
	bool with_subsystem = wanted->subvendor != PCI_ID_ANY || wanted->subdevice != PCI_ID_ANY;
	char detail[DETAIL_MAX] = "found ";

	format_id(detail, sizeof(detail), &found, with_subsystem);
	strcat(detail, ", expected ");
	format_id(detail, sizeof(detail), wanted, with_subsystem);
	row->detail = plan_keep(plan, detail, "");
}

/* The note is the address that the device had, a blank, and its use by the host. */
static void describe_protection(struct plan *plan, struct plan_row *row,
				const struct plan_choice *choice)
{
	static const char *const identities[] = {
		[PLAN_THE_SAME] = "",
		[PLAN_MOVED] = "moved: ",
		[PLAN_REPLACED] = "another card in the place of: ",
		[PLAN_OF_SAME_MODEL] = "may be what moved: ",
	};
	const char *note = choice->protects->note, *reason = strchr(note, ' ');
	const char *how = identities[choice->identity];

	if (row->outcome != OUTCOME_WOULD_BIND && row->outcome != OUTCOME_PROTECTED)
		return;
	if (row->outcome == OUTCOME_WOULD_BIND) {
		how = "forced, in use by the host: ";
		row->level = LEVEL_WARNING;
	}
	plan_row_explain(plan, row, "%s%s", how, reason ? reason + 1 : note);
}

static void add_device_row(struct plan *plan, const struct pci *pci, size_t index)
{
	const struct plan_choice *choice = &plan->choices[index];
	const struct pci_device *device = &pci->devices[index];
	struct plan_row *row;

	if (!choice->rule && !choice->mismatch)
		return;
	if (!choice->rule) {
		row = add_row(plan, device, choice->mismatch, OUTCOME_GUARD_MISMATCH);
		describe_mismatch(plan, row);
		return;
	}
	row = add_row(plan, device, choice->rule, decide(device, choice));
	if (choice->protects)
		describe_protection(plan, row, choice);
	row->wanted = rule_driver(choice->rule);
}

/* Whether the row decides on a driver for its device. */
static bool is_taken(const struct plan_row *row)
{
	return row->outcome == OUTCOME_WOULD_BIND || row->outcome == OUTCOME_ALREADY_BOUND;
}

/* Bridges that no driver takes, or none but pcieport. Below an ISA bridge (0601) there is one. */
static bool is_driverless_bridge(const struct pci_device *device)
{
	return device->class >> 8 == 0x0600 || device->class >> 8 == 0x0604;
}

/*
 * Whether a device with this driver (NULL: none yet) keeps its whole group from a VM. Since 5.19
 * each driver does that says not of itself that it leaves DMA alone (driver_managed_dma); of
 * those that come with the kernel and hold bridges, shpchp does not say so.
 */
static bool spoils_group(const struct pci_device *device, const char *driver, bool before_drivers)
{
	static const char *const harmless[] = { "pcieport", "pci-stub" };

	if (!driver)
		return before_drivers && !is_driverless_bridge(device);
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (text_same_name(driver, harmless[i]))
			return false;
	return !is_vfio(driver);
}

/* The first device of each group that stays with a host driver: spoilers[group]. */
static const struct pci_device **collect_spoilers(const struct plan *plan, const struct pci *pci,
						  bool before_drivers, size_t *count)
{
	const struct pci_device **spoilers;
	size_t row = 0;

	*count = count_groups(pci);
	spoilers = calloc(*count + 1, sizeof(struct pci_device *));
	for (size_t i = 0; spoilers && i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const char *driver = device->driver;

		while (row < plan->count && plan->rows[row].device < device)
			row++;
		if (row < plan->count && plan->rows[row].device == device &&
		    is_taken(&plan->rows[row]))
			driver = plan->rows[row].wanted;
		if (device->group >= 0 && !spoilers[device->group] &&
		    spoils_group(device, driver, before_drivers))
			spoilers[device->group] = device;
	}
	return spoilers;
}

/* That the host loses the device is the worse news: it stays in detail. */
static void warn_of_spoiler(struct plan *plan, struct plan_row *row,
			    const struct pci_device *spoiler)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	row->level = LEVEL_WARNING;
	row->spoiled = true;
	if (row->detail[0])
		return;
	pci_address_format(&spoiler->address, address);
	if (spoiler->driver)
		plan_row_explain(
			plan, row,
			"can't be passed through alone: %s is in the same IOMMU group (%d) "
			"and stays with %.24s",
			address, spoiler->group, spoiler->driver);
	else
		plan_row_explain(plan, row,
				 "can't be passed through alone if a host driver takes %s of the "
				 "same IOMMU group (%d)",
				 address, spoiler->group);
}

static int check_groups(struct plan *plan, const struct pci *pci, bool before_drivers)
{
	size_t count;
	const struct pci_device **spoilers = collect_spoilers(plan, pci, before_drivers, &count);

	if (!spoilers)
		return -ENOMEM;
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_row *row = &plan->rows[i];

		if (is_taken(row) && is_vfio(row->wanted) && row->device->group >= 0 &&
		    spoilers[row->device->group])
			warn_of_spoiler(plan, row, spoilers[row->device->group]);
	}
	free(spoilers);
	return 0;
}

/*
 * Whether the rule matches any device, even one that another rule decides. Two rules for either of
 * two cards in one place are no mistake, so a guard that doesn't match is not reported where
 * another rule decides. An exclusion whose guard doesn't match protects nothing, and is reported.
 */
static bool is_answered(const struct plan *plan, const struct rule *rule, const struct pci *pci)
{
	for (size_t i = 0; i < pci->count; i++)
		if (plan->choices[i].rule == rule ||
		    (!plan->choices[i].rule && plan->choices[i].mismatch == rule))
			return true;
	for (size_t i = 0; i < pci->count; i++) {
		enum match match = match_rule(rule, pci, &pci->devices[i]);

		if (match == MATCH_YES || (match == MATCH_GUARD && !rule->exclude))
			return true;
	}
	return false;
}

static void add_unanswered(struct plan *plan, const struct rules *rules, const struct pci *pci)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];

		if (!is_answered(plan, rule, pci))
			add_row(plan, NULL, rule, OUTCOME_NOT_FOUND)->detail = rule->text;
	}
}

int plan_settle(struct plan *plan, const struct rules *rules, const struct pci *pci,
		bool before_drivers)
{
	int result = extend_groups(plan, pci);

	if (result < 0)
		return result;
	/* At most these; the kernel gives no memory for rows that are never written. */
	plan->rows = malloc((pci->count + rules->count + 1) * sizeof(*plan->rows));
	if (!plan->rows)
		return -ENOMEM;
	plan->count = 0;
	for (size_t i = 0; i < pci->count; i++)
		add_device_row(plan, pci, i);
	result = check_groups(plan, pci, before_drivers);
	if (result == 0)
		add_unanswered(plan, rules, pci);
	return result;
}

void plan_free(struct plan *plan)
{
	while (plan->texts) {
		struct plan_text *next = plan->texts->next;

		free(plan->texts);
		plan->texts = next;
	}
	free(plan->choices);
	free(plan->rows);
}
