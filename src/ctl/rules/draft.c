/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that add would write, and why it would not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/match.h"
#include "core/rules.h"
#include "host/array.h"
#include "look/device.h"
#include "rules/draft.h"

const char *edit_path(const struct edit *edit)
{
	return edit->file ? edit->file : RULES_FILE;
}

int edit_find(struct edit *edit, const char *name, size_t **found, size_t *count,
	      char message[FIND_MESSAGE_MAX])
{
	struct inventory *inventory = &edit->inventory;
	int result =
		find_by_name(&inventory->forecast, &inventory->host, name, found, count, message);

	for (size_t i = 0; result == 0 && i < *count; i++)
		edit->meant[(*found)[i]] = true;
	return result;
}

const char *edit_describe(struct edit *edit, const struct pci_device *device,
			  char text[PCI_IDS_TEXT_MAX])
{
	return pci_ids_sentence(&edit->inventory.names, device, text, PCI_IDS_TEXT_MAX);
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
	struct rule_error error;
	struct rule rule;
	size_t *found = NULL, count = 0;
	int result = edit_find(draft->edit, name, &found, &count, message);
	/* "01:00" or "slot=3" is for cards rather than functions. */
	bool names_card =
		rule_parse(name, strlen(name), &rule, &error) > 0 && rule_names_card(&rule);

	if (result < 0)
		findings_add(&draft->findings, FINDING_ERROR, NULL, "%s", message);
	for (size_t i = 0; i < count && result == 0; i++) {
		const struct pci_device *device = &pci->devices[found[i]], *first;
		size_t functions = pci_card(pci, device, &first);
		bool whole = names_card && is_whole(draft, first, functions);
		struct draft_want *want;

		if (whole && device != first)
			continue;
		want = array_add(draft->wants, draft->count);
		if (want)
			*want = (struct draft_want){ device, whole };
		else
			result = -ENOMEM;
	}
	free(found);
	return result;
}

/* Whether a rule decides for the device already; says so, or why that is in the way. */
static bool is_decided(struct draft *draft, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(&draft->edit->inventory, device);
	struct findings *findings = &draft->findings;
	const char *lacking = NULL;
	char where[RULE_PLACE_MAX], name[PCI_IDS_TEXT_MAX];

	/* The kernel command line may be another one at the next boot. */
	if (!row || row->outcome == OUTCOME_GUARD_MISMATCH || row->rule->file[0] != '/')
		return false;
	rule_format_place(row->rule, where);
	edit_describe(draft->edit, device, name);
	if (draft->edit->group && !(row->rule->options & RULE_GROUP))
		lacking = "group";
	else if (draft->edit->force && !(row->rule->options & RULE_FORCE))
		lacking = "force";
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
	char text[SELECTOR_TEXT_MAX], others[SELECTOR_OTHERS_MAX];
	char advice[SELECTOR_TEXT_MAX + 32] = "", name[PCI_IDS_TEXT_MAX];

	edit_describe(draft->edit, selector->device, name);
	strcpy(text, selector->text);
	strcpy(others, selector->others);
	/* The most stable kind comes first. */
	for (enum selector_kind better = 0; better < SELECTOR_KINDS && !advice[0]; better++)
		if (selector_format(selector, better) == 0)
			snprintf(advice, sizeof(advice), "; '--by %s' would do: %s",
				 selector_names[better], selector->text);
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
 * The comment is as lspci -D has it, so that a person and remove know it again. Virtual functions
 * come after the boot pass, which is no fault.
 */
static int add_want(struct draft *draft, const struct draft_want *wanted)
{
	struct edit *edit = draft->edit;
	struct selector selector = {
		.pci = &edit->inventory.forecast.pci,
		.device = wanted->device,
		.card = wanted->card,
		.meant = edit->meant,
	};
	struct pci_ids *names = &edit->inventory.names;
	struct pci_address address = wanted->device->address;
	char text[PCI_ADDRESS_TEXT_MAX], class[PCI_IDS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];
	char *lines;
	int result = selector_format(&selector, edit->by);

	if (result < 0) {
		refuse_kind(draft, &selector, result);
		return 0;
	}
	if (wanted->card)
		address.function = PCI_FUNCTION_ANY;
	if (asprintf(&lines, "%s# %s %s: %s\n%s%s%s%s\n", draft->lines,
		     pci_address_format(&address, text),
		     pci_ids_class(names, wanted->device, class, sizeof(class)),
		     pci_ids_device(names, wanted->device, name, sizeof(name)), selector.text,
		     edit->group ? " group" : "", edit->force ? " force" : "",
		     device_is_virtual(&edit->inventory, wanted->device) ? " optional" : "") < 0)
		return -ENOMEM;
	/* One rule by ID can be for several devices. */
	if (strstr(draft->lines, strchr(lines + strlen(draft->lines), '\n'))) {
		free(lines);
	} else {
		free(draft->lines);
		draft->lines = lines;
	}
	return 0;
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

int draft_make(struct draft *draft)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;
	size_t kept = 0;
	int result = 0;

	draft->lines = strdup("");
	if (!draft->lines)
		return -ENOMEM;
	for (size_t i = 0; i < draft->count; i++)
		if (!is_covered(draft, i))
			draft->wants[kept++] = draft->wants[i];
	draft->count = kept;
	for (size_t i = 0; i < kept && result == 0; i++) {
		const struct draft_want *wanted = &draft->wants[i];
		const struct pci_device *first = wanted->device;
		size_t count = wanted->card ? pci_card(pci, first, &first) : 1;
		bool needed = false;

		for (size_t n = 0; n < count; n++)
			needed |= check_function(draft, &first[n]);
		if (needed)
			result = add_want(draft, wanted);
	}
	return result;
}

static void warn_row(struct draft *draft, const struct plan_row *row)
{
	char name[PCI_IDS_TEXT_MAX], where[RULE_PLACE_MAX];
	const char *what = row->wanted;
	bool hint = inventory_is_spoiled(row) && !draft->edit->group;

	if (row->outcome == OUTCOME_EXCLUDED)
		what = rule_format_place(row->rule, where);
	else if (row->detail[0] != '\0')
		what = row->detail;
	edit_describe(draft->edit, row->device, name);
	if (!inventory_is_taken(row))
		findings_add(&draft->findings, FINDING_WARNING, name,
			     "the next boot will not bind it: %s: %s", outcome_name(row->outcome),
			     what);
	else if (row->level == LEVEL_WARNING)
		findings_add(&draft->findings, FINDING_WARNING, name, "%s%s", row->detail,
			     hint ? "; --group takes the rest of the group, too" : "");
}

/* No reason to refuse it: the host boots, and can be reached, without what is only used. */
static void warn_use(struct draft *draft, const struct pci_device *device)
{
	const char *use = inventory_use(&draft->edit->inventory, device);
	char name[PCI_IDS_TEXT_MAX];

	if (use)
		findings_add(&draft->findings, FINDING_WARNING, NULL, "%s " INVENTORY_USED,
			     edit_describe(draft->edit, device, name), use);
}

int draft_foretell(struct draft *draft)
{
	struct inventory *inventory = &draft->edit->inventory;
	struct rules *rules = &inventory->forecast.rules;
	const struct plan *plan = &inventory->forecast.plan;
	size_t before = rules->count;
	int result = rules_parse(rules, edit_path(draft->edit), draft->lines, strlen(draft->lines));

	if (result == 0)
		result = inventory_make_plan(inventory);
	if (result < 0)
		return result;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		/* Of this run are those that were named, and the rest of their groups. */
		if (!row->device ||
		    (!draft->edit->meant[row->device - inventory->forecast.pci.devices] &&
		     row->rule < rules->list + before))
			continue;
		warn_row(draft, row);
		/* Without an IOMMU now, a boot with it takes the device. */
		if (row->outcome == OUTCOME_WOULD_BIND || row->outcome == OUTCOME_NO_IOMMU)
			warn_use(draft, row->device);
	}
	if (inventory_lacks_iommu(inventory))
		findings_add(&draft->findings, FINDING_WARNING, NULL, INVENTORY_NO_IOMMU);
	return 0;
}

void draft_warn_uses(struct draft *draft)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (draft->edit->meant[i])
			warn_use(draft, &pci->devices[i]);
}

void draft_free(struct draft *draft)
{
	free(draft->wants);
	free(draft->lines);
	findings_free(&draft->findings);
}
