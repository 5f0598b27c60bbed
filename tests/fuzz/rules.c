/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the rules file, and what the rules of such a file make of a small host. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/match.h"
#include "core/plan.h"
#include "core/protections.h"
#include "core/report.h"
#include "core/rules.h"

static const struct pci_slot slots[] = {
	{ .same = &slots[1], .name = "3" },
	{ .name = "3-1" },
};

/*
 * Two like cards of two functions, one of them below a switch; a group of chipset functions;
 * two like disks, of which the host uses one; a disk behind VMD, without a group.
 */
static struct pci_device devices[] = {
	{ .address = { 0, 0, 0x01, 0 }, .class = 0x060400, .vendor = 0x8086, .device = 0x1901,
	  .driver = "pcieport", .group = 1, .parent = PCI_NO_PARENT },
	{ .address = { 0, 0, 0x1c, 0 }, .class = 0x060400, .vendor = 0x8086, .device = 0xa338,
	  .driver = "pcieport", .group = 2, .parent = PCI_NO_PARENT },
	{ .address = { 0, 0, 0x1f, 0 }, .class = 0x060100, .vendor = 0x8086, .device = 0xa305,
	  .group = 9, .parent = PCI_NO_PARENT },
	{ .address = { 0, 0, 0x1f, 3 }, .class = 0x040300, .vendor = 0x8086, .device = 0xa348,
	  .driver = "snd_hda_intel", .group = 9, .parent = PCI_NO_PARENT },
	{ .address = { 0, 0, 0x1f, 6 }, .class = 0x020000, .vendor = 0x8086, .device = 0x15bc,
	  .driver = "e1000e", .group = 9, .parent = PCI_NO_PARENT },
	{ .address = { 0, 1, 0, 0 }, .class = 0x030000, .vendor = 0x10de, .device = 0x1b81,
	  .subvendor = 0x1043, .subdevice = 0x8599, .driver = "nouveau", .group = 1,
	  .parent = 0, .slots = slots },
	{ .address = { 0, 1, 0, 1 }, .class = 0x040300, .vendor = 0x10de, .device = 0x10f0,
	  .group = 1, .parent = 0, .slots = slots },
	{ .address = { 0, 2, 0, 0 }, .class = 0x060400, .vendor = 0x10b5, .device = 0x8724,
	  .driver = "pcieport", .group = 3, .parent = 1 },
	{ .address = { 0, 3, 0, 0 }, .class = 0x030000, .vendor = 0x10de, .device = 0x1b81,
	  .subvendor = 0x1043, .subdevice = 0x8600, .driver = "vfio-pci", .group = 4, .parent = 7,
	  .has_serial = true, .serial = 0x1122334455667788 },
	{ .address = { 0, 3, 0, 1 }, .class = 0x040300, .vendor = 0x10de, .device = 0x10f0,
	  .group = 4, .parent = 7 },
	{ .address = { 0, 4, 0, 0 }, .class = 0x010802, .vendor = 0x144d, .device = 0xa808,
	  .driver = "nvme", .group = 5, .parent = 7 },
	{ .address = { 0, 5, 0, 0 }, .class = 0x010802, .vendor = 0x144d, .device = 0xa808,
	  .driver = "nvme", .group = 6, .parent = 7 },
	{ .address = { 0x10000, 1, 0, 0 }, .class = 0x010802, .vendor = 0x144d, .device = 0xa808,
	  .driver = "nvme", .group = PCI_GROUP_NONE, .parent = PCI_NO_PARENT },
};

static const struct pci host = {
	.devices = devices,
	.count = sizeof(devices) / sizeof(devices[0]),
};

static const char host_uses[] = "0000:04:00.0 id=144d:a808 # 0000:04:00.0 / on nvme0n1p2\n";

/* The longest name that a file below RULES_DIRECTORY can have, with what a report must not hold. */
static void make_long_name(char *name, size_t size)
{
	int used = snprintf(name, size, "%s/a\tb\nc\xff", RULES_DIRECTORY);

	memset(name + used, 'x', size - (size_t)used);
	strcpy(name + size - sizeof(".conf"), ".conf");
}

/* What a text comes to when each of its lines is read alone. */
struct lines {
	struct rules rules;
	char *errors; /* of each bad line what a message ends in, and a newline */
	size_t errors_length;
	const char *next_error;
	unsigned int bad;
};

static bool is_untouched(const struct rule *rule, const struct rule *before)
{
	return memcmp(rule, before, sizeof(*rule)) == 0;
}

static void read_line(struct lines *lines, FILE *errors, const uint8_t *data, size_t length,
		      unsigned int number)
{
	struct rule_error error;
	struct rule rule, before;
	char *line = check_copy_bytes(data, length);
	int result;

	memset(&before, 0x5a, sizeof(before));
	memcpy(&rule, &before, sizeof(rule));
	result = rule_parse(line, length, &rule, &error);
	require(result == 1 || result == 0 || result == -EINVAL);
	require(result == 1 || is_untouched(&rule, &before));
	if (result == -EINVAL) {
		check_error(&error, line, length);
		fprintf(errors, ":%u:%zu: found %s, expected %s\n", number, error.column,
			error.found, error.expected);
		lines->bad++;
	}
	free(line);
	if (result != 1)
		return;
	check_rule(&rule);
	rule.line = number;
	require(rules_append(&lines->rules, &rule) == 0);
}

static void read_lines(struct lines *lines, const uint8_t *data, size_t size)
{
	FILE *errors = open_memstream(&lines->errors, &lines->errors_length);

	require(errors);
	for (unsigned int number = 1; size > 0; number++) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t length = newline ? (size_t)(newline - data) : size;

		read_line(lines, errors, data, length, number);
		length += newline != NULL;
		data += length;
		size -= length;
	}
	fclose(errors);
	lines->next_error = lines->errors;
}

static void free_lines(struct lines *lines)
{
	rules_free(&lines->rules);
	free(lines->errors);
}

/* Every message is whole, and on one line; context is lines->next_error. */
static void check_problem(void *context, const char *where, const char *message)
{
	const char **error = context;
	size_t length = strcspn(*error, "\n");
	char *whole;

	require(check_is_printable(where) && check_is_printable(message));
	require(asprintf(&whole, "%s: %s", where, message) > 0);
	require(length > 0 && strlen(whole) > length);
	require(memcmp(whole + strlen(whole) - length, *error, length) == 0);
	free(whole);
	*error += length + 1;
}

static void check_rules(const struct rules *rules, const struct lines *lines)
{
	require(*lines->next_error == '\0');
	require(rules->bad == lines->bad);
	require(rules->count == lines->rules.count);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];

		check_same_rule(rule, &lines->rules.list[i]);
		require(rule->line == lines->rules.list[i].line);
		require(check_is_printable(rule->file));
	}
}

static size_t count_character(const char *text, char c)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == c;
	return count;
}

/* Eight fields, none of them empty, and nothing else that a reader could take for an end. */
static void check_row_text(const struct plan_row *row)
{
	char line[REPORT_LINE_MAX];
	size_t length;

	require(report_format_row(row, line) == line);
	length = strlen(line);
	require(length > 0 && line[length - 1] == '\n');
	line[length - 1] = '\0';
	require(count_character(line, '\t') == 7);
	require(line[0] != '\t' && line[length - 2] != '\t' && !strstr(line, "\t\t"));
	for (char *p = line; *p; p++)
		if (*p == '\t')
			*p = ' ';
	require(check_is_printable(line));

	/* Cut short, it would not end in what was found out last. */
	require(check_is_printable(report_format_message(row, line)));
	length = strlen(row->detail);
	require(strlen(line) > length && strcmp(line + strlen(line) - length, row->detail) == 0);
}

/* Whether the card that the rule wants is where it says, or the rule does not care. */
static bool is_guard_kept(const struct rule *rule, const struct pci_device *device)
{
	const struct pci_device *card;
	size_t count = pci_card(&host, device, &card);
	bool kept = !(rule->terms & RULE_ID) || match_rule_id(rule, device);

	for (size_t i = 0; rule_names_card(rule) && i < count; i++)
		kept |= match_rule_id(rule, &card[i]);
	return kept;
}

/* What no rules may bring about, and what is said only with a reason. */
static void check_row(const struct plan_row *row, const struct plan_choice *choice,
		      const struct rules *rules)
{
	const struct pci_device *device = row->device;

	if (row->outcome == OUTCOME_WOULD_BIND) {
		require(!pci_is_bridge(device));
		require(!row->rule->exclude);
		require(device->group >= 0 || strcmp(row->wanted, RULE_DEFAULT_DRIVER) != 0);
		require(!choice->protects || row->rule->options & RULE_FORCE);
		require(choice->by_group || is_guard_kept(row->rule, device));
		for (size_t i = 0; i < rules->count; i++)
			require(!rules->list[i].exclude ||
				match_rule(&rules->list[i], &host, device) != MATCH_YES);
	}
	require((row->outcome == OUTCOME_EXCLUDED) == (row->rule->exclude &&
		match_rule(row->rule, &host, device) == MATCH_YES));
	require(row->outcome != OUTCOME_PROTECTED || choice->protects);
	require(row->outcome != OUTCOME_GUARD_MISMATCH ||
		match_rule(row->rule, &host, device) == MATCH_GUARD);
}

static void check_unanswered(const struct plan_row *row)
{
	require(row->outcome == OUTCOME_NOT_FOUND);
	for (size_t i = 0; i < host.count; i++)
		require(match_rule(row->rule, &host, &host.devices[i]) != MATCH_YES);
}

/* Devices come first and in their order, each once; then rules in theirs. */
static void check_plan(const struct plan *plan, const struct rules *rules)
{
	const struct plan_row *before = NULL;

	for (size_t i = 0; i < plan->count; before = &plan->rows[i++]) {
		const struct plan_row *row = &plan->rows[i];

		require(row->rule >= rules->list && row->rule < rules->list + rules->count);
		check_row_text(row);
		if (row->device) {
			require(!before || (before->device && before->device < row->device));
			check_row(row, &plan->choices[row->device - devices], rules);
		} else {
			require(!before || before->device || before->rule < row->rule);
			check_unanswered(row);
		}
	}
}

static void check_report(const struct plan *plan, const struct rules *rules)
{
	const struct report report = { plan->rows, plan->count };
	enum report_status status = report_status(&report, rules);
	char line[REPORT_LINE_MAX];
	enum level level;

	require(check_is_printable(report_format_summary(&report, rules, &level, line)));
	require((status == REPORT_BAD_RULES) == (rules->bad > 0));
	require((status == REPORT_OK) == (level == LEVEL_INFO));
}

static void plan_host(const struct rules *rules, const struct rules *protections,
		      bool before_drivers)
{
	struct plan plan;

	require(plan_choose(&plan, rules, &host) == 0);
	plan_protect(&plan, protections, &host);
	require(plan_settle(&plan, rules, &host, before_drivers) == 0);
	check_plan(&plan, rules);
	check_report(&plan, rules);
	plan_free(&plan);
}

/* Of what bytes ever: a list is whole, or there is a reason why it is none. */
static void check_list(const char *text, size_t size)
{
	char why[PROTECTIONS_WHY_MAX], last[64];
	struct rules list = { .list = NULL };
	int result = protections_parse(&list, "protected", text, size, why);
	int length = snprintf(last, sizeof(last), PROTECTIONS_COUNT "%zu\n", list.count);

	require(result == 0 || result == -EBADMSG);
	if (result < 0)
		require(why[0] && check_is_printable(why));
	else
		require(!list.bad && size >= (size_t)length &&
			memcmp(text + size - length, last, (size_t)length) == 0);
	rules_free(&list);
}

/*
 * Every other length of input goes under an odd name, with its rules as the list of protected
 * devices as well, which is a text of the same grammar.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char long_name[sizeof(RULES_DIRECTORY) + 256];
	bool odd = size % 2;
	struct lines lines = { .bad = 0 };
	struct rules rules = { .problem = check_problem, .context = &lines.next_error };
	struct rules protections = { .list = NULL };
	char *text = check_copy_bytes(data, size);

	make_long_name(long_name, sizeof(long_name));
	require(rules_parse(&protections, "protected", host_uses, strlen(host_uses)) == 0);
	read_lines(&lines, data, size);
	require(rules_parse(&rules, odd ? long_name : RULES_FILE, text, size) == 0);
	check_rules(&rules, &lines);
	check_list(text, size);
	plan_host(&rules, odd ? &rules : &protections, size % 4 < 2);
	rules_free(&rules);
	rules_free(&protections);
	free_lines(&lines);
	free(text);
	return 0;
}
