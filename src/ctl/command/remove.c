/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl remove: what add did, undone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "command/edit.h"
#include "host/array.h"
#include "host/joined.h"
#include "look/device.h"
#include "rules/file.h"
#include "term/options.h"
#include "term/shown.h"

static const char usage[] =
	"Usage: vfio-earlyctl remove [OPTION]... DEVICE...\n"
	"Removes the rules of these devices from whichever file they are in, so that the devices\n"
	"stay with their host drivers at the next boots. DEVICE is as for add, or how a rule begins\n"
	"whose device is absent.\n"
	"\n"
	"  -f, --force      even rules that are for other devices as well\n"
	"      --dry-run    print what would be removed, and change nothing\n"
	"  -u, --update     rebuild the images of all kernels afterwards\n"
	"      --file FILE  leave rules in other files alone\n"
	"  -h, --help       print this\n";

struct removal {
	struct edit *edit;
	struct rule *rules; /* to be removed */
	size_t count;
	bool refused; /* one must stay, so that nothing is changed */
	bool kept;    /* one can't be removed here */
};

/* Refuses to remove a rule that decides about devices that no operand means as well. */
static bool is_for_others(const struct removal *removal, const struct rule *rule, const char *where)
{
	const struct inventory *inventory = &removal->edit->inventory;
	const struct pci *pci = &inventory->forecast.pci;
	const struct plan *plan = &inventory->forecast.plan;
	const struct pci_device *meant = NULL;
	char address[PCI_ADDRESS_TEXT_MAX], others[256] = "";
	bool card = true;

	for (size_t i = 0; i < pci->count && !meant; i++)
		if (removal->edit->meant[i] && inventory_row(inventory, &pci->devices[i]) &&
		    inventory_row(inventory, &pci->devices[i])->rule == rule)
			meant = &pci->devices[i];
	for (size_t i = 0; i < plan->count; i++) {
		const struct pci_device *device = plan->rows[i].device;

		if (plan->rows[i].rule != rule || !device ||
		    removal->edit->meant[device - pci->devices])
			continue;
		joined_add(others, sizeof(others), device_address(inventory, device, address));
		card &= meant && pci_address_same_device(&device->address, &meant->address);
	}
	if (!others[0])
		return false;
	if (card) {
		*strrchr(device_address(inventory, meant, address), '.') = '\0';
		ctl_fail("%s: '%s' is for the whole card; run 'vfio-earlyctl remove %s'", where,
			 rule->text, address);
	} else {
		ctl_fail("%s: '%s' is for %s as well; name all of them, or use --force", where,
			 rule->text, others);
	}
	return true;
}

/* Notes the rule, or says why it stays. */
static int judge(struct removal *removal, const struct rule *rule)
{
	const struct edit *edit = removal->edit;
	char where[RULE_PLACE_MAX];
	struct rule *going;

	rule_format_place(rule, where);
	if (rule->file[0] != '/') {
		ctl_fail("%s: is on the kernel command line; remove it from the bootloader's "
			 "configuration",
			 where);
		removal->kept = true;
	} else if (edit->file && strcmp(edit->file, rule->file) != 0) {
		ctl_fail("%s: has a rule for it as well, and is not %s", where, edit->file);
		removal->kept = true;
	} else if (!edit->force && is_for_others(removal, rule, where)) {
		removal->refused = true;
	} else {
		going = array_add(removal->rules, removal->count);
		if (!going)
			return -ENOMEM;
		*going = *rule;
	}
	return 0;
}

/* Takes a rule out of the plan: what was behind it may decide now. */
static int take_rule(struct removal *removal, const struct rule *rule)
{
	struct inventory *inventory = &removal->edit->inventory;
	struct rules *rules = &inventory->forecast.rules;
	size_t index = (size_t)(rule - rules->list);
	int result = judge(removal, rule);

	rules->count--;
	memmove(&rules->list[index], &rules->list[index + 1],
		(rules->count - index) * sizeof(*rules->list));
	return result < 0 ? result : inventory_make_plan(inventory);
}

static int take_rules(struct removal *removal)
{
	const struct inventory *inventory = &removal->edit->inventory;
	int result = 0;

	for (size_t i = 0; i < inventory->forecast.pci.count && result == 0; i++) {
		const struct plan_row *row;

		while (removal->edit->meant[i] && result == 0 &&
		       (row = inventory_row(inventory, &inventory->forecast.pci.devices[i])) &&
		       !row->rule->exclude)
			result = take_rule(removal, row->rule);
	}
	return result;
}

/* A rule whose device is absent can be named by its own words, all or the first. */
static const struct rule *find_stale(const struct removal *removal, const char *name)
{
	const struct plan *plan = &removal->edit->inventory.forecast.plan;
	size_t length = strlen(name);

	for (size_t i = 0; i < plan->count && length > 0; i++) {
		const struct rule *rule = plan->rows[i].rule;

		if (!plan->rows[i].device && !rule->exclude &&
		    strncmp(rule->text, name, length) == 0 &&
		    (rule->text[length] == '\0' || rule->text[length] == ' '))
			return rule;
	}
	return NULL;
}

static int take_operand(struct removal *removal, const char *name)
{
	const struct rule *rule = find_stale(removal, name);
	char message[FIND_MESSAGE_MAX];
	size_t *found = NULL, count;
	int result;

	if (rule)
		return take_rule(removal, rule);
	result = edit_find(removal->edit, name, &found, &count, message);
	if (result < 0)
		ctl_fail("%s", message);
	free(found);
	return result;
}

static void print_unruled(struct edit *edit)
{
	const struct pci *pci = &edit->inventory.forecast.pci;

	for (size_t i = 0; i < pci->count; i++) {
		char name[PCI_IDS_TEXT_MAX];

		if (edit->meant[i])
			printf("%s has no rule\n", edit_describe(edit, &pci->devices[i], name));
	}
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule *one = a, *other = b;
	int order = strcmp(one->file, other->file);

	if (order == 0)
		order = one->line < other->line ? -1 : 1;
	return order;
}

/* The empty line that setup sets a rule apart with, which goes with the rule. */
static unsigned int begin(const struct rulesfile *file, unsigned int number)
{
	unsigned int first = rulesfile_begin(file, number);
	size_t length = 1;

	if (first > 1 && rulesfile_line(file, first - 1, &length) && length == 0 &&
	    (!rulesfile_line(file, number + 1, &length) || length == 0))
		first--;
	return first;
}

/* Rules of one file, by line: they are cut from the end, so that the numbers stay right. */
static int cut_rules(struct rulesfile *file, const struct rule *rules, size_t count, char **cut)
{
	size_t size, length;
	FILE *stream;

	for (size_t i = 0; i < count; i++)
		if (!rulesfile_has(file, &rules[i]))
			return -ESTALE;
	stream = open_memstream(cut, &size);
	if (!stream)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		for (unsigned int n = rulesfile_begin(file, rules[i].line); n <= rules[i].line;
		     n++) {
			const char *line = rulesfile_line(file, n, &length);

			fprintf(stream, "%.*s\n", (int)length, line);
		}
	if (fclose(stream))
		return -ENOMEM;
	while (count-- > 0) {
		unsigned int first = begin(file, rules[count].line);

		rulesfile_cut(file, first, rules[count].line - first + 1);
	}
	return 0;
}

static int edit_file(const struct edit *edit, const struct rule *rules, size_t count)
{
	struct rulesfile file;
	char *cut = NULL;
	int result = rulesfile_read(&file, &edit->inventory.host, rules[0].file);

	if (result == 0)
		result = cut_rules(&file, rules, count, &cut);
	if (result == 0 && !edit->dry_run)
		result = rulesfile_write(&file, &edit->inventory.host);
	if (result == -ESTALE)
		ctl_fail("%s: was changed meanwhile, and stays as it is; run this again",
			 rules[0].file);
	else if (result < 0)
		ctl_fail("%s: cannot be written: %s", rules[0].file, strerror(-result));
	else
		shown_print(stdout, SHOWN_LINES, "%s: %s:\n%s", rules[0].file,
			    edit->dry_run ? "would be removed" : "removed", cut);
	free(cut);
	rulesfile_free(&file);
	return result;
}

static int edit_files(struct removal *removal)
{
	size_t first = 0;
	int result = 0;

	if (removal->count > 1)
		qsort(removal->rules, removal->count, sizeof(*removal->rules), compare_rules);
	for (size_t i = 1; i <= removal->count && result == 0; i++) {
		if (i < removal->count &&
		    strcmp(removal->rules[i].file, removal->rules[first].file) == 0)
			continue;
		result = edit_file(removal->edit, &removal->rules[first], i - first);
		first = i;
	}
	return result;
}

static int finish(struct removal *removal)
{
	int status = removal->kept ? CTL_INCOMPLETE : CTL_OK, rebuilt;

	if (removal->refused) {
		ctl_fail("nothing was changed");
		return CTL_INCOMPLETE;
	}
	if (removal->count == 0 && !removal->kept)
		print_unruled(removal->edit);
	if (edit_files(removal) < 0)
		return CTL_INTERNAL;
	if (removal->count == 0 && !removal->edit->update)
		return status;
	rebuilt = edit_rebuild(removal->edit);
	return rebuilt == CTL_OK ? status : rebuilt;
}

static int remove_rules(struct edit *edit)
{
	struct removal removal = { .edit = edit };
	int status = CTL_INTERNAL;
	int result = 0;

	for (char *const *name = edit->operands; *name && result == 0; name++)
		result = take_operand(&removal, *name);
	if (result == 0) {
		result = take_rules(&removal);
		status = result < 0 ? ctl_fail("%s", strerror(-result)) : finish(&removal);
	}
	free(removal.rules);
	return status;
}

int command_remove(const struct ctl *ctl, int argc, char **argv)
{
	struct edit edit;
	int status = edit_open(&edit, ctl, argc, argv, usage, false);

	if (status == OPTIONS_RUN)
		status = remove_rules(&edit);
	edit_close(&edit);
	return status;
}
