/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that add would write, and why it would not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/match.h"
#include "core/rules.h"
#include "host/array.h"
#include "host/joined.h"
#include "look/device.h"
#include "rules/draft.h"

#define TAKE_ANYWAY                                                                                \
	"Choose a device that 'vfio-earlyctl list' shows as free; 'add --force' takes this one "   \
	"from the host"

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

/* An attribute for the rules that are to come. 0 or -ENOMEM; a finding where it is not valid. */
static int take_setting(struct draft *draft, const char *word)
{
	struct edit *edit = draft->edit;
	struct rule_error error;
	char *rule = NULL, *settings = NULL;
	int result = 0;

	if (asprintf(&settings, "%s %s", edit->settings ?: "", word) < 0 ||
	    asprintf(&rule, "class=00%s", settings) < 0)
		result = -ENOMEM;
	else if (rule_parse(rule, strlen(rule), &edit->wish, &error) < 0)
		findings_add(&draft->findings, FINDING_ERROR, NULL, "%s: found %s, expected %s",
			     word, error.found, error.expected);
	free(rule);
	free(edit->settings);
	edit->settings = settings;
	return result;
}

int draft_take(struct draft *draft, const char *name)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;
	char message[FIND_MESSAGE_MAX];
	struct rule_error error;
	struct rule rule;
	size_t *found = NULL, count = 0;
	int result;
	/* "01:00" or "slot=3" is for cards rather than functions. */
	bool names_card =
		rule_parse(name, strlen(name), &rule, &error) > 0 && rule_names_card(&rule);

	if (rule_is_setting(name))
		return take_setting(draft, name);
	result = edit_find(draft->edit, name, &found, &count, message);
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

static bool is_meant(const struct edit *edit, const struct pci_device *device)
{
	return edit->meant[device - edit->inventory.forecast.pci.devices];
}

/* Whether an operand means a device of the group. */
static bool is_group_meant(const struct edit *edit, int group)
{
	const struct pci *pci = &edit->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count && group >= 0; i++)
		if (edit->meant[i] && pci->devices[i].group == group)
			return true;
	return false;
}

/* Has the rule get options, unless they would count for other devices as well. 0 or -ENOMEM. */
static int change_rule(struct draft *draft, const struct rule *rule, unsigned int options,
		       const char *name)
{
	const struct plan *plan = &draft->edit->inventory.forecast.plan;
	const char *words = !(options & RULE_FORCE) ? "group"
			    : options & RULE_GROUP  ? "group force"
						    : "force";
	char where[RULE_PLACE_MAX], others[256] = "", address[PCI_ADDRESS_TEXT_MAX];
	size_t index = (size_t)(rule - draft->edit->inventory.forecast.rules.list);
	struct draft_change *change;

	for (size_t i = 0; i < plan->count; i++) {
		const struct pci_device *device = plan->rows[i].device;

		if (plan->rows[i].rule == rule && device && !is_meant(draft->edit, device) &&
		    (options & RULE_FORCE || !is_group_meant(draft->edit, device->group)))
			joined_add(others, sizeof(others),
				   device_address(&draft->edit->inventory, device, address));
	}
	if (others[0]) {
		findings_add(&draft->findings, FINDING_ERROR, name, "%s also takes %s",
			     rule_format_place(rule, where), others);
		findings_fix(&draft->findings, "To have all of them, add '%s' to that line", words);
		return 0;
	}
	for (size_t i = 0; i < draft->change_count; i++)
		if (draft->changes[i].rule == index) {
			draft->changes[i].options |= options;
			return 0;
		}
	change = array_add(draft->changes, draft->change_count);
	if (!change)
		return -ENOMEM;
	*change = (struct draft_change){ index, options };
	return 0;
}

/* Whether a rule decides for the device already, which then may be changed; says so, or why not. */
static int is_decided(struct draft *draft, const struct pci_device *device)
{
	const struct plan_row *row = inventory_row(&draft->edit->inventory, device);
	struct findings *findings = &draft->findings;
	unsigned int lacking;
	char where[RULE_PLACE_MAX], name[PCI_IDS_TEXT_MAX];

	/* The kernel command line may be another one at the next boot. */
	if (!row || row->outcome == OUTCOME_GUARD_MISMATCH || row->rule->file[0] != '/')
		return false;
	rule_format_place(row->rule, where);
	edit_describe(draft->edit, device, name);
	lacking =
		((draft->edit->group ? RULE_GROUP : 0u) | (draft->edit->force ? RULE_FORCE : 0u)) &
		~row->rule->options;
	if (row->rule->exclude) {
		findings_add(findings, FINDING_ERROR, NULL, "%s is excluded by %s", name, where);
		findings_fix(findings, "Remove that line");
	} else if (lacking) {
		return change_rule(draft, row->rule, lacking, name) < 0 ? -ENOMEM : true;
	} else if (strcmp(draft->edit->wish.settings, row->rule->settings) != 0 &&
		   draft->edit->settings) {
		findings_add(findings, FINDING_ERROR, NULL, "%s has a rule already: %s", name,
			     where);
		findings_fix(findings, "Write '%s' in that line", draft->edit->settings + 1);
	} else if (row->outcome == OUTCOME_PROTECTED) {
		findings_add(findings, FINDING_ERROR, NULL,
			     "%s is in use by the host, so %s has no effect: %s", name, where,
			     row->detail);
		findings_fix(findings, TAKE_ANYWAY);
	} else {
		findings_add(findings, FINDING_OK, NULL, "%s has a rule already: %s", name, where);
	}
	return true;
}

/* Whether a function of what is wanted needs a rule, or -ENOMEM. */
static int check_function(struct draft *draft, const struct pci_device *device)
{
	const char *reason = inventory_reason(&draft->edit->inventory, device);
	char name[PCI_IDS_TEXT_MAX];
	int decided;

	edit_describe(draft->edit, device, name);
	if (pci_is_bridge(device)) {
		findings_add(&draft->findings, FINDING_ERROR, NULL,
			     "%s is a bridge, and bridges are never bound", name);
		return false;
	}
	decided = is_decided(draft, device);
	if (decided != 0)
		return decided < 0 ? decided : false;
	if (reason && !draft->edit->force) {
		findings_add(&draft->findings, FINDING_ERROR, NULL, "%s is in use by the host: %s",
			     name, reason);
		findings_fix(&draft->findings, TAKE_ANYWAY);
	}
	return true;
}

static void refuse_kind(struct draft *draft, struct selector *selector, int error)
{
	static const char *const lacks[SELECTOR_KINDS] = {
		[SELECTOR_PATH] = "has no readable path",
		[SELECTOR_SLOT] = "is in no slot that the firmware names",
		[SELECTOR_SERIAL] = "has no serial number",
		[SELECTOR_ID] = "has no ID",
		[SELECTOR_ADDRESS] = "has no address",
	};
	struct findings *findings = &draft->findings;
	enum selector_kind kind = draft->edit->by;
	char text[SELECTOR_TEXT_MAX], others[SELECTOR_OTHERS_MAX];
	char name[PCI_IDS_TEXT_MAX];

	edit_describe(draft->edit, selector->device, name);
	strcpy(text, selector->text);
	strcpy(others, selector->others);
	if (error == -EEXIST)
		findings_add(findings, FINDING_ERROR, name, "'%s' also means %s", text, others);
	else if (kind == SELECTOR_SERIAL && draft->edit->inventory.serials_hidden)
		findings_add(findings, FINDING_ERROR, name, "only root can read serial numbers");
	else
		findings_add(findings, FINDING_ERROR, name, "%s", lacks[kind]);
	/* The most stable kind comes first. */
	for (enum selector_kind better = 0; better < SELECTOR_KINDS; better++)
		if (selector_format(selector, better) == 0) {
			findings_fix(findings, "Use '--by %s' (%s)", selector_names[better],
				     selector->text);
			break;
		}
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
	if (asprintf(&lines, "%s# %s %s: %s\n%s%s%s%s%s\n", draft->lines,
		     pci_address_format(&address, text),
		     pci_ids_class(names, wanted->device, class, sizeof(class)),
		     pci_ids_device(names, wanted->device, name, sizeof(name)), selector.text,
		     edit->group ? " group" : "", edit->force ? " force" : "",
		     device_is_virtual(&edit->inventory, wanted->device) ? " optional" : "",
		     edit->settings ?: "") < 0)
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

	draft->rules_before = draft->edit->inventory.forecast.rules.count;
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

		for (size_t n = 0; n < count && result == 0; n++) {
			int needs = check_function(draft, &first[n]);

			needed |= needs > 0;
			result = needs < 0 ? needs : 0;
		}
		if (needed && result == 0)
			result = add_want(draft, wanted);
	}
	return result;
}

/* Others of the group that stay with the host keep it from VMs. */
static void warn_group(struct draft *draft, int group)
{
	const struct inventory *inventory = &draft->edit->inventory;
	const struct pci *pci = &inventory->forecast.pci;
	char spoiled[256] = "", others[512] = "", text[PROTECT_REASON_MAX + 64];
	bool solvable = !draft->edit->group;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const char *reason = inventory_reason(inventory, device);
		char address[PCI_ADDRESS_TEXT_MAX];

		if (device->group != group || pci_is_bridge(device))
			continue;
		device_address(inventory, device, address);
		if (inventory_is_spoiled(inventory_row(inventory, device))) {
			joined_add(spoiled, sizeof(spoiled), address);
		} else if (reason) {
			snprintf(text, sizeof(text), "%s (in use by the host: %s)", address,
				 reason);
			joined_add(others, sizeof(others), text);
			solvable = false;
		} else if (device->driver) {
			snprintf(text, sizeof(text), "%s (%s)", address, device->driver);
			joined_add(others, sizeof(others), text);
		}
	}
	draft->shared |= solvable;
	findings_add(&draft->findings, FINDING_WARNING, NULL,
		     "%s can't be passed through alone: IOMMU group %d also has %s", spoiled, group,
		     others);
}

static void warn_row(struct draft *draft, const struct plan_row *row)
{
	char name[PCI_IDS_TEXT_MAX], where[RULE_PLACE_MAX], lack[DEVICE_TEXT_MAX];
	const char *what = row->wanted;

	if (row->outcome == OUTCOME_EXCLUDED)
		what = rule_format_place(row->rule, where);
	else if (row->detail[0] != '\0')
		what = row->detail;
	edit_describe(draft->edit, row->device, name);
	if (!inventory_is_taken(row))
		findings_add(&draft->findings, FINDING_WARNING, NULL,
			     "%s will not be bound at the next boot: %s: %s", name,
			     outcome_name(row->outcome), what);
	else if (row->level == LEVEL_WARNING && !row->spoiled)
		findings_add(&draft->findings, FINDING_WARNING, name, "%s", row->detail);
	if (inventory_is_taken(row) && device_lacks_setting(&draft->edit->inventory, row, lack))
		findings_add(&draft->findings, FINDING_WARNING, NULL, "%s %s", name, lack);
}

/* No reason to refuse it: the host boots, and can be reached, without what is only used. */
static void warn_use(struct draft *draft, const struct pci_device *device)
{
	const struct inventory *inventory = &draft->edit->inventory;
	const char *use = inventory_use(inventory, device);
	unsigned long virtual = device_read_number(inventory, device, "sriov_numvfs", 10);
	char name[PCI_IDS_TEXT_MAX];

	edit_describe(draft->edit, device, name);
	if (use)
		findings_add(&draft->findings, FINDING_WARNING, NULL, "%s " INVENTORY_USED, name,
			     use);
	if (virtual > 0) {
		findings_add(&draft->findings, FINDING_WARNING, NULL,
			     "Without its driver, %s has no virtual functions any more (%lu now)",
			     name, virtual);
		findings_fix(&draft->findings, "If these are meant, name them instead");
	}
	if (device_is_boot_console(inventory, device)) {
		findings_add(&draft->findings, FINDING_WARNING, NULL,
			     "%s shows the boot console, so the host's screen stays dark from the "
			     "next boot on",
			     name);
		findings_fix(&draft->findings, "Make sure that you can log in over the network");
	}
}

/* Of this run are the rest of the groups of named devices as well. */
static bool is_new(const struct draft *draft, const struct rule *rule)
{
	size_t index = (size_t)(rule - draft->edit->inventory.forecast.rules.list);

	for (size_t i = 0; i < draft->change_count; i++)
		if (draft->changes[i].rule == index)
			return true;
	return index >= draft->rules_before;
}

int draft_foretell(struct draft *draft)
{
	struct edit *edit = draft->edit;
	struct inventory *inventory = &edit->inventory;
	struct rules *rules = &inventory->forecast.rules;
	const struct plan *plan = &inventory->forecast.plan;
	int result = rules_parse(rules, edit_path(edit), draft->lines, strlen(draft->lines)), group;

	for (size_t i = 0; i < draft->change_count; i++)
		rules->list[draft->changes[i].rule].options |= draft->changes[i].options;
	if (result == 0)
		result = inventory_make_plan(inventory);
	if (result < 0)
		return result;
	group = PCI_GROUP_NONE; /* the last one that was warned of */
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (!row->device || (!is_meant(edit, row->device) && !is_new(draft, row->rule)))
			continue;
		warn_row(draft, row);
		if (row->spoiled && row->device->group > group)
			warn_group(draft, group = row->device->group);
		/* Without an IOMMU now, a boot with it takes the device. */
		if (row->outcome == OUTCOME_WOULD_BIND || row->outcome == OUTCOME_NO_IOMMU)
			warn_use(draft, row->device);
	}
	if (inventory_lacks_iommu(inventory))
		findings_add(&draft->findings, FINDING_WARNING, NULL, INVENTORY_NO_IOMMU);
	return 0;
}

int draft_undo(struct draft *draft)
{
	struct rules *rules = &draft->edit->inventory.forecast.rules;

	rules->count = draft->rules_before;
	for (size_t i = 0; i < draft->change_count; i++)
		rules->list[draft->changes[i].rule].options &= ~draft->changes[i].options;
	draft_free(draft);
	return inventory_make_plan(&draft->edit->inventory);
}

void draft_warn_uses(struct draft *draft)
{
	const struct pci *pci = &draft->edit->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (draft->edit->meant[i])
			warn_use(draft, &pci->devices[i]);
}

static const struct rule *get_changed(const struct draft *draft, size_t index)
{
	return &draft->edit->inventory.forecast.rules.list[draft->changes[index].rule];
}

const char *draft_file(const struct draft *draft, size_t index)
{
	const char *last = draft->lines[0] ? edit_path(draft->edit) : NULL;

	for (size_t i = 0; i < draft->change_count; i++) {
		const char *path = get_changed(draft, i)->file;
		size_t before = 0;

		while (strcmp(get_changed(draft, before)->file, path) != 0)
			before++;
		if (before == i && index-- == 0)
			return path;
		if (last && strcmp(last, path) == 0)
			last = NULL;
	}
	return index == 0 ? last : NULL;
}

int draft_apply(const struct draft *draft, struct rulesfile *file, bool apart)
{
	int result = 0;

	for (size_t i = 0; i < draft->change_count && result == 0; i++) {
		const struct rule *rule = get_changed(draft, i);
		unsigned int options = draft->changes[i].options;

		if (strcmp(rule->file, file->path) != 0)
			continue;
		result = rulesfile_has(file, rule) ? 0 : -ESTALE;
		if (result == 0 && options & RULE_GROUP)
			result = rulesfile_add_word(file, rule->line, "group");
		if (result == 0 && options & RULE_FORCE)
			result = rulesfile_add_word(file, rule->line, "force");
	}
	if (result < 0 || !draft->lines[0] || strcmp(edit_path(draft->edit), file->path) != 0)
		return result;
	if (apart && file->length > 0)
		result = rulesfile_append(file, "\n");
	return result < 0 ? result : rulesfile_append(file, draft->lines);
}

void draft_free(struct draft *draft)
{
	free(draft->wants);
	free(draft->changes);
	free(draft->lines);
	findings_free(&draft->findings);
	*draft = (struct draft){ .edit = draft->edit };
}
