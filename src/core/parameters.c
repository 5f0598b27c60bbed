/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our words on the kernel command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/parameters.h"
#include "core/text.h"

/* What messages call it, and a place in one of its words. */
#define CMDLINE   "kernel command line"
#define PLACE_MAX 64

/* What a parser needs to know of its word, and what it fills. */
struct word {
	const char *name;
	struct text value;
	struct parameters *parameters;
	struct rules *rules;
};

static int bad_value(const struct word *word, const char *expected)
{
	char found[64];

	text_copy_printable(&word->value, found, sizeof(found));
	rules_report(word->rules, CMDLINE, "%s: found \"%s\", expected %s", word->name, found,
		     expected);
	return 0;
}

static int parse_mode(struct word *word)
{
	struct parameters *parameters = word->parameters;
	bool on = text_equals(&word->value, "on");

	if (on || text_equals(&word->value, "off")) {
		parameters->on = on;
		parameters->off_by = on ? NULL : "vfio_early=off";
	} else if (text_equals(&word->value, "dry-run")) {
		parameters->dry_run = true;
	} else {
		return bad_value(word, "on, off or dry-run");
	}
	return 0;
}

static int parse_timeout(struct word *word)
{
	struct text value = word->value;
	unsigned int seconds = 0;

	while (!text_at_end(&value) && *value.p >= '0' && *value.p <= '9' &&
	       seconds <= PARAMETERS_TIMEOUT_MAX)
		seconds = seconds * 10 + (unsigned int)(*value.p++ - '0');
	if (!text_at_end(&value) || seconds == 0 || seconds > PARAMETERS_TIMEOUT_MAX)
		return bad_value(word, "a number of seconds from 1 to 600");
	word->parameters->timeout = seconds;
	return 0;
}

/* One selector, with all that a rule may have but the exclamation mark and a comment. */
static bool parse_selector(struct word *word, unsigned int number, const struct text *selector,
			   struct rule *rule)
{
	struct rule_error error = { .column = 1, .expected = "a device" };
	char place[PLACE_MAX];
	int result = 0;

	if (!memchr(selector->p, '#', text_length(selector)))
		result = rule_parse(selector->p, text_length(selector), rule, &error);
	if (result > 0 && !rule->exclude) {
		rule->file = word->name;
		rule->line = number;
		return true;
	}
	if (result >= 0 && text_at_end(selector))
		strcpy(error.found, "nothing");
	else if (result >= 0)
		text_copy_printable(selector, error.found, sizeof(error.found));
	snprintf(place, sizeof(place), CMDLINE ": %s:%u:%zu", word->name, number, error.column);
	rules_report(word->rules, place, "found %s, expected %s", error.found, error.expected);
	return false;
}

/* Unlike text_take_until(), finds an empty selector at the end, too; then rest->p is NULL. */
static bool take_selector(struct text *rest, struct text *selector)
{
	const char *comma;

	if (!rest->p)
		return false;
	comma = memchr(rest->p, ',', text_length(rest));
	selector->p = rest->p;
	selector->end = comma ? comma : rest->end;
	rest->p = comma ? comma + 1 : NULL;
	return true;
}

/* Adds all selectors of a word as rules, or none. */
static int parse_selectors(struct word *word, bool exclude)
{
	size_t before = word->rules->count;
	struct text rest = word->value, selector;
	bool good = true;

	for (unsigned int number = 1; good && take_selector(&rest, &selector); number++) {
		struct rule rule;

		good = parse_selector(word, number, &selector, &rule);
		if (good && exclude && rule.options != 0) {
			bad_value(word, "devices without options");
			good = false;
		}
		if (!good)
			break;
		rule.exclude = exclude;
		if (rules_append(word->rules, &rule) < 0)
			return -ENOMEM;
	}
	if (!good)
		word->rules->count = before;
	return 0;
}

static int parse_bind(struct word *word)
{
	return parse_selectors(word, false);
}

static int parse_skip(struct word *word)
{
	return parse_selectors(word, true);
}

/*
 * The kernel compares whole names, as kernel/module/main.c, blacklisted(), has it, and the last such
 * word counts.
 */
static int parse_blacklist(struct word *word)
{
	static const char *const needed[] = { "vfio_pci", "vfio_pci_core", "vfio" };
	const char **barred = &word->parameters->barred;
	struct text name;

	*barred = NULL;
	while (text_take_until(&word->value, ',', &name))
		for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
			/* What others need as well weighs more. */
			if (text_equals(&name, needed[i]) && (!*barred || i > 0))
				*barred = needed[i];
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(struct word *word);
} words[] = {
	{ "vfio_early", parse_mode },
	{ "vfio_early.bind", parse_bind },
	{ "vfio_early.skip", parse_skip },
	{ "vfio_early.timeout", parse_timeout },
	{ "module_blacklist", parse_blacklist },
};

/* Takes name from the text, where the kernel takes - for _ as well. */
static bool take_name(struct text *text, const char *name)
{
	const char *p = text->p;

	for (; *name; name++, p++)
		if (p == text->end || (*p == '-' ? '_' : *p) != *name)
			return false;
	text->p = p;
	return true;
}

/* As include/linux/ctype.h has it: the no-break space of Latin-1, too. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0';
}

/* Takes a word; quotes protect blanks, and the text keeps them. */
static bool take_word(struct text *rest, struct text *word)
{
	bool quoted = false;

	while (!text_at_end(rest) && is_space(*rest->p))
		rest->p++;
	word->p = rest->p;
	for (; !text_at_end(rest); rest->p++) {
		if (*rest->p == '"')
			quoted = !quoted;
		if (is_space(*rest->p) && !quoted)
			break;
	}
	word->end = rest->p;
	return word->p != word->end;
}

/*
 * The kernel removes a quote at the front of a word and one at the front of a value, and if there
 * was either, one at the end. That at the front of the value is left to parse_word().
 */
static void strip_quotes(struct text *text)
{
	bool quoted = text_take_char(text, '"');
	const char *equals = memchr(text->p, '=', text_length(text));

	if (equals && equals > text->p && equals + 1 < text->end && equals[1] == '"')
		quoted = true;
	if (quoted && !text_at_end(text) && text->end[-1] == '"')
		text->end--;
}

static int parse_word(struct parameters *parameters, struct rules *rules, struct text text)
{
	struct word word = { .parameters = parameters, .rules = rules };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		word.value = text;
		word.name = words[i].name;
		if (!take_name(&word.value, word.name))
			continue;
		if (!text_at_end(&word.value) && !text_take_char(&word.value, '='))
			continue;
		text_take_char(&word.value, '"');
		return words[i].parse(&word);
	}
	word.name = "vfio_early";
	word.value = text;
	if (take_name(&text, "vfio_early."))
		return bad_value(&word, "vfio_early=, vfio_early.bind=, .skip= or .timeout=");
	return 0;
}

/*
 * By these a person asks init for less than a whole boot: systemd(1) and kernel-command-line(7),
 * sysvinit's init(8), and "recovery" of the boot menus of Ubuntu.
 */
static const char *const recovery_words[] = {
	"single",
	"s",
	"S",
	"1",
	"-s",
	"recovery",
	"rescue",
	"rd.rescue",
	"systemd.unit=rescue.target",
	"rd.systemd.unit=rescue.target",
	"emergency",
	"-b",
	"rd.emergency",
	"systemd.unit=emergency.target",
	"rd.systemd.unit=emergency.target",
};

/* Quotes are removed anywhere, as systemd does. */
static bool is_quoted(const struct text *text, const char *word)
{
	for (const char *p = text->p; p < text->end; p++)
		if (*p != '"' && (*word == '\0' || *p != *word++))
			return false;
	return *word == '\0';
}

static const char *find_recovery(const struct text *word)
{
	for (size_t i = 0; i < sizeof(recovery_words) / sizeof(recovery_words[0]); i++)
		if (is_quoted(word, recovery_words[i]))
			return recovery_words[i];
	return NULL;
}

int parameters_parse(struct parameters *parameters, struct rules *rules, const char *text,
		     size_t length)
{
	struct text rest = { text, text + length }, word;
	const char *recovery = NULL;
	bool for_init = false;
	int result = 0;

	*parameters = (struct parameters){ .timeout = PARAMETERS_TIMEOUT_DEFAULT };
	while (result == 0 && take_word(&rest, &word)) {
		if (!recovery)
			recovery = find_recovery(&word);
		strip_quotes(&word);
		for_init |= text_equals(&word, "--");
		if (!for_init)
			result = parse_word(parameters, rules, word);
	}
	if (!parameters->on && !parameters->off_by)
		parameters->off_by = recovery;
	return result;
}
