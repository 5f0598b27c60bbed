/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the kernel command line. What it comes to is worked out a second time, with words
 * parted in place as the kernel does it, and both must agree.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/parameters.h"

struct argument {
	char *name;
	char *value; /* NULL without "=" */
};

struct expected {
	struct parameters parameters;
	struct rules rules;
	unsigned int bad;
};

/* What include/linux/ctype.h takes for one: Latin-1's no-break space, too. */
static bool is_space(char c)
{
	return c && strchr(" \t\n\v\f\r\xa0", c);
}

/* lib/cmdline.c, next_arg(); returns what follows. */
static char *take_argument(char *text, struct argument *argument)
{
	bool quoted = *text == '"', inside = quoted;
	char *equals = NULL, *end, *next;

	text += quoted;
	for (end = text; *end && (inside || !is_space(*end)); end++) {
		if (*end == '=' && !equals && end > text)
			equals = end;
		if (*end == '"')
			inside = !inside;
	}
	next = *end ? end + 1 : end;
	*end = '\0';
	*argument = (struct argument){ .name = text };
	if (equals) {
		*equals = '\0';
		argument->value = equals + 1;
	}
	if (argument->value && *argument->value == '"') {
		argument->value++;
		quoted = true;
	}
	if (quoted && end[-1] == '"')
		end[-1] = '\0';
	return next;
}

/* kernel/params.c, parameq() */
static bool is_named(const struct argument *argument, const char *name)
{
	const char *p = argument->name;

	for (; *p && *name; p++, name++)
		if ((*p == '-' ? '_' : *p) != *name)
			return false;
	return !*p && !*name;
}

static bool is_ours(const struct argument *argument)
{
	struct argument start = { .name = strndup(argument->name, strlen("vfio_early.")) };
	bool ours = is_named(&start, "vfio_early.");

	free(start.name);
	return ours;
}

static bool expect_mode(struct expected *expected, const char *value)
{
	bool on = value && strcmp(value, "on") == 0;

	if (on || (value && strcmp(value, "off") == 0)) {
		expected->parameters.on = on;
		expected->parameters.off_by = on ? NULL : "vfio_early=off";
	} else if (value && strcmp(value, "dry-run") == 0) {
		expected->parameters.dry_run = true;
	} else {
		return false;
	}
	return true;
}

static bool expect_timeout(struct expected *expected, const char *value)
{
	unsigned long seconds;

	if (!value || !*value || value[strspn(value, "0123456789")])
		return false;
	seconds = strtoul(value, NULL, 10);
	if (seconds < 1 || seconds > PARAMETERS_TIMEOUT_MAX)
		return false;
	expected->parameters.timeout = (unsigned int)seconds;
	return true;
}

static bool expect_selector(struct rules *rules, const char *text, const char *name, bool skip)
{
	struct rule_error error;
	struct rule rule;

	if (strchr(text, '#') || rule_parse(text, strlen(text), &rule, &error) != 1 || rule.exclude)
		return false;
	if (skip && rule.options)
		return false;
	rule.exclude = skip;
	rule.file = name;
	rule.line = rules->count ? rules->list[rules->count - 1].line + 1 : 1;
	require(rules_append(rules, &rule) == 0);
	return true;
}

/* All selectors, or none. */
static bool expect_selectors(struct expected *expected, char *value, const char *name, bool skip)
{
	struct rules rules = { .list = NULL };
	bool good = value != NULL;

	for (char *selector; good && (selector = strsep(&value, ","));)
		good = expect_selector(&rules, selector, name, skip);
	for (size_t i = 0; good && i < rules.count; i++)
		require(rules_append(&expected->rules, &rules.list[i]) == 0);
	rules_free(&rules);
	return good;
}

static bool expect_argument(struct expected *expected, const struct argument *argument)
{
	if (is_named(argument, "vfio_early"))
		return expect_mode(expected, argument->value);
	if (is_named(argument, "vfio_early.timeout"))
		return expect_timeout(expected, argument->value);
	if (is_named(argument, "vfio_early.bind"))
		return expect_selectors(expected, argument->value, "vfio_early.bind", false);
	if (is_named(argument, "vfio_early.skip"))
		return expect_selectors(expected, argument->value, "vfio_early.skip", true);
	return !is_ours(argument);
}

/* The first word without quotes, as systemd has it, is one of those for recovery. */
static const char *find_recovery(const char *text)
{
	static const char *const words[] = { "single",
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
					     "rd.systemd.unit=emergency.target" };
	char word[64];
	size_t length = 0;
	bool inside = false;

	for (; *text && (inside || !is_space(*text)) && length + 1 < sizeof(word); text++) {
		if (*text == '"')
			inside = !inside;
		else
			word[length++] = *text;
	}
	word[length] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return words[i];
	return NULL;
}

static void expect(struct expected *expected, char *text)
{
	const char *recovery = NULL;
	bool for_init = false;

	*expected = (struct expected){ .parameters.timeout = PARAMETERS_TIMEOUT_DEFAULT };
	while (*text) {
		struct argument argument;

		if (is_space(*text)) {
			text++;
			continue;
		}
		if (!recovery)
			recovery = find_recovery(text);
		text = take_argument(text, &argument);
		/* From here on the words are init's: kernel/params.c, parse_args(). */
		for_init |= !argument.value && strcmp(argument.name, "--") == 0;
		if (!for_init)
			expected->bad += !expect_argument(expected, &argument);
	}
	if (!expected->parameters.on && !expected->parameters.off_by)
		expected->parameters.off_by = recovery;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_expected(const struct expected *expected, const struct parameters *parameters,
			   const struct rules *rules)
{
	require(is_same(parameters->off_by, expected->parameters.off_by));
	require(parameters->dry_run == expected->parameters.dry_run);
	require(parameters->timeout == expected->parameters.timeout);
	require(rules->bad == expected->bad);
	require(rules->count == expected->rules.count);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i], *wanted = &expected->rules.list[i];

		check_same_rule(rule, wanted);
		require(strcmp(rule->file, wanted->file) == 0);
		require(rule->line == wanted->line);
	}
}

static void count_problem(void *context, const char *where, const char *message)
{
	unsigned int *count = context;

	require(check_is_printable(where) && check_is_printable(message));
	require(strstr(message, "found ") && strstr(message, ", expected "));
	(*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int problems = 0;
	struct rules rules = { .problem = count_problem, .context = &problems };
	struct expected expected;
	struct parameters parameters;
	char *copy = check_copy_bytes(data, size), *text = check_copy_text(data, size);
	bool is_kernels = strlen(text) == size; /* who has no NUL in it */

	require(parameters_parse(&parameters, &rules, copy, size) == 0);
	require(problems == rules.bad);
	require(parameters.timeout >= 1 && parameters.timeout <= PARAMETERS_TIMEOUT_MAX);
	for (size_t i = 0; i < rules.count; i++)
		check_rule(&rules.list[i]);
	expect(&expected, text);
	if (is_kernels)
		check_expected(&expected, &parameters, &rules);
	rules_free(&expected.rules);
	rules_free(&rules);
	free(copy);
	free(text);
	return 0;
}
