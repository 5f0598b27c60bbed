/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that add would write, and why it would not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/match.h"
#include "host/array.h"
#include "host/joined.h"
#include "look/device.h"
#include "rules/draft.h"

static int want(struct draft *draft, const struct pci_device *device, bool card)
{
	struct draft_want *wanted = array_add(draft->wants, draft->count);

	if (!wanted)
		return -ENOMEM;
	*wanted = (struct draft_want){ device, card };
	return 0;
}

/* Whether the name, "01:00" or "slot=3", is one for cards rather than functions. */
static bool names_card(const char *name)
{
	struct rule_error error;
	struct rule rule;

	return rule_parse(name, strlen(name), &rule, &error) > 0 && rule_names_card(&rule);
}

/* Whether one rule can have all functions of a card: they are all meant, and none is a bridge. */
static bool is_whole(const struct draft *draft, const struct pci_device *first, size_t count)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;

	for (size_t i = 0; i < count; i++)
		if (!draft->edit->meant[first - pci->devices + (ptrdiff_t)i] ||
		    pci_is_bridge(&first[i]))
			return false;
	return draft->edit->by != SELECTOR_ID;
}

int draft_take(struct draft *draft, const char *name)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;
	char message[FIND_MESSAGE_MAX];
	size_t *found = NULL, count = 0;
	int result = edit_find(draft->edit, name, &found, &count, message);
	bool card = result == 0 && names_card(name);

	if (result < 0)
		findings_add(&draft->findings, FINDING_ERROR, NULL, "%s", message);
	for (size_t i = 0; i < count && result == 0; i++) {
		const struct pci_device *device = &pci->devices[found[i]], *first;
		size_t functions = pci_card(pci, device, &first);

		if (!card || !is_whole(draft, first, functions))
			result = want(draft, device, false);
		else if (device == first)
			result = want(draft, device, true);
	}
	free(found);
	return result;
}

/* Options that were asked for, and that the rule that decides already lacks. */
static const char *get_lacking(const struct draft *draft, const struct rule *rule)
{
	if (draft->edit->group && !(rule->options & RULE_GROUP))
		return "group";
	if (draft->edit->force && !(rule->options & RULE_FORCE))
		return "force";
	return NULL;
}

/* Whether a rule decides for the device already; says so, or why that is in the way. */
static bool is_decided(struct draft *draft, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(&draft->edit->inventory, device);
	struct findings *findings = &draft->findings;
	const char *lacking;
	char where[RULE_PLACE_MAX], name[PCI_IDS_TEXT_MAX];

	/* The kernel command line may be another one at the next boot. */
	if (!row || row->outcome == OUTCOME_GUARD_MISMATCH || row->rule->file[0] != '/')
		return false;
	rule_format_place(row->rule, where);
	edit_describe(draft->edit, device, name);
	lacking = get_lacking(draft, row->rule);
	if (row->rule->exclude)
		findings_add(findings, FINDING_ERROR, name,
			     "%s keeps it for the host; take that line out first", where);
	else if (row->outcome == OUTCOME_PROTECTED)
		findings_add(findings, FINDING_ERROR, name,
			     "%s means it already, but the host stands on it: %s; write "
			     "'force' there to take it all the same",
			     where, row->detail);
	else if (lacking)
		findings_add(findings, FINDING_ERROR, name,
			     "%s takes it already, without '%s'; add the word there", where,
			     lacking);
	else
		findings_add(findings, FINDING_OK, name, "has a rule already: %s", where);
	return true;
}

/* Whether a function of what is wanted needs a rule. */
static bool check_function(struct draft *draft, const struct pci_device *device)
{
	const char *reason = inventory_reason(&draft->edit->inventory, device);
	char name[PCI_IDS_TEXT_MAX];

	edit_describe(draft->edit, device, name);
	if (pci_is_bridge(device)) {
		findings_add(&draft->findings, FINDING_ERROR, name,
			     "is a bridge, and bridges are never bound");
		return false;
	}
	if (is_decided(draft, device))
		return false;
	if (reason && !draft->edit->force)
		findings_add(&draft->findings, FINDING_ERROR, name,
			     "the host stands on it: %s; 'vfio-earlyctl add --force' adds it all "
			     "the same",
			     reason);
	return true;
}

static bool check_want(struct draft *draft, const struct draft_want *wanted)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;
	const struct pci_device *first = wanted->device;
	size_t count = wanted->card ? pci_card(pci, wanted->device, &first) : 1;
	bool needed = false;

	for (size_t i = 0; i < count; i++)
		needed |= check_function(draft, &first[i]);
	return needed;
}

/* The kinds that are tried for advice, the most stable first. */
static const char *find_better(struct selector *selector)
{
	for (enum selector_kind kind = 0; kind < SELECTOR_KINDS; kind++)
		if (selector_format(selector, kind) == 0)
			return selector_names[kind];
	return NULL;
}

static void list_others(const struct selector *selector, char *text, size_t size)
{
	const struct pci *pci = selector->pci;
	struct rule_error error;
	struct rule rule;

	text[0] = '\0';
	if (rule_parse(selector->text, strlen(selector->text), &rule, &error) <= 0)
		return;
	for (size_t i = 0; i < pci->count; i++) {
		char address[PCI_ADDRESS_TEXT_MAX];

		if (selector->meant[i] || match_rule(&rule, pci, &pci->devices[i]) != MATCH_YES)
			continue;
		joined_add(text, size, pci_address_format(&pci->devices[i].address, address));
	}
}

static void refuse_kind(struct draft *draft, struct selector *selector, int error)
{
	static const char *const lacks[SELECTOR_KINDS] = {
		[SELECTOR_PATH] = "has no path that could be read",
		[SELECTOR_SLOT] = "is in no slot that the firmware tells of",
		[SELECTOR_SERIAL] = "has no serial number",
		[SELECTOR_ID] = "has no ID",
		[SELECTOR_ADDRESS] = "has no address",
	};
	struct findings *findings = &draft->findings;
	enum selector_kind kind = draft->edit->by;
	char text[SELECTOR_TEXT_MAX], others[256], advice[SELECTOR_TEXT_MAX + 32] = "";
	char name[PCI_IDS_TEXT_MAX];
	const char *better;

	edit_describe(draft->edit, selector->device, name);
	strcpy(text, selector->text);
	list_others(selector, others, sizeof(others));
	better = find_better(selector);
	if (better)
		snprintf(advice, sizeof(advice), "; '--by %s' would do: %s", better,
			 selector->text);
	if (error == -EEXIST)
		findings_add(findings, FINDING_ERROR, name, "'%s' also means %s%s", text, others,
			     advice);
	else if (kind == SELECTOR_SERIAL && draft->edit->inventory.serials_hidden)
		findings_add(findings, FINDING_ERROR, name, "only root may see serial numbers%s",
			     advice);
	else
		findings_add(findings, FINDING_ERROR, name, "%s%s", lacks[kind], advice);
}

/*
 * As lspci -D has it, so that a person and remove know it again. Virtual functions come after the
 * boot pass, which is no fault.
 */
static int format_lines(const struct draft *draft, const struct draft_want *wanted,
			const char *terms, char **lines)
{
	struct pci_ids *names = &draft->edit->inventory.names;
	struct pci_address address = wanted->device->address;
	char text[PCI_ADDRESS_TEXT_MAX], class[PCI_IDS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];

	if (wanted->card)
		address.function = PCI_FUNCTION_ANY;
	return asprintf(lines, "# %s %s: %s\n%s%s%s%s\n", pci_address_format(&address, text),
			pci_ids_class(names, wanted->device, class, sizeof(class)),
			pci_ids_device(names, wanted->device, name, sizeof(name)), terms,
			draft->edit->group ? " group" : "", draft->edit->force ? " force" : "",
			device_is_virtual(&draft->edit->inventory, wanted->device) ? " optional"
										   : "") < 0
		       ? -ENOMEM
		       : 0;
}

/* One rule by ID can be for several devices. */
static int append(struct draft *draft, const char *lines)
{
	char *longer;

	if (strstr(draft->lines, strchr(lines, '\n')))
		return 0;
	longer = realloc(draft->lines, strlen(draft->lines) + strlen(lines) + 1);
	if (!longer)
		return -ENOMEM;
	draft->lines = strcat(longer, lines);
	return 0;
}

static int add_want(struct draft *draft, const struct draft_want *wanted)
{
	struct selector selector = {
		.pci = &draft->edit->inventory.forecast.pci,
		.device = wanted->device,
		.card = wanted->card,
		.meant = draft->edit->meant,
	};
	char *lines;
	int result = selector_format(&selector, draft->edit->by);

	if (result < 0) {
		refuse_kind(draft, &selector, result);
		return 0;
	}
	if (format_lines(draft, wanted, selector.text, &lines) < 0)
		return -ENOMEM;
	result = append(draft, lines);
	free(lines);
	return result;
}

/* A function of a card that is wanted as a whole, or what was named before. */
static bool is_covered(const struct draft *draft, size_t index)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;
	const struct draft_want *wanted = &draft->wants[index];
	const struct pci_device *card, *first;

	pci_card(pci, wanted->device, &card);
	for (size_t i = 0; i < draft->count; i++) {
		const struct draft_want *other = &draft->wants[i];

		pci_card(pci, other->device, &first);
		if (first != card)
			continue;
		if (other->card > wanted->card)
			return true;
		if (i < index && other->card == wanted->card && other->device == wanted->device)
			return true;
	}
	return false;
}

static void drop_covered(struct draft *draft)
{
	size_t kept = 0;

	for (size_t i = 0; i < draft->count; i++)
		if (!is_covered(draft, i))
			draft->wants[kept++] = draft->wants[i];
	draft->count = kept;
}

int draft_make(struct draft *draft)
{
	int result = 0;

	draft->lines = strdup("");
	if (!draft->lines)
		return -ENOMEM;
	drop_covered(draft);
	for (size_t i = 0; i < draft->count && result == 0; i++)
		if (check_want(draft, &draft->wants[i]))
			result = add_want(draft, &draft->wants[i]);
	return result;
}

void draft_free(struct draft *draft)
{
	free(draft->wants);
	free(draft->lines);
	findings_free(&draft->findings);
}
