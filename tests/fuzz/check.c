/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of every rule and of every text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* The longest rule: a path of all steps, every term and option. */
#define CANONICAL_MAX 512

#define ALL_TERMS   (0u | RULE_PLACE | RULE_ID | RULE_SLOT | RULE_SERIAL | RULE_CLASS)
#define ALL_OPTIONS (0u | RULE_DRIVER | RULE_GROUP | RULE_FORCE | RULE_OPTIONAL)

void check_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

char *check_copy_bytes(const uint8_t *data, size_t size)
{
	char *copy = malloc(size);

	require(copy);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *check_copy_text(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	require(copy);
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

bool check_is_printable(const char *text)
{
	const char *p = text;

	while (*p >= ' ' && *p <= '~')
		p++;
	return p > text && !*p;
}

static void check_function(int8_t function)
{
	require(function == PCI_FUNCTION_ANY || (function >= 0 && function <= 7));
}

static void check_place(const struct pci_place *place)
{
	int8_t function = place->start.function;

	require(place->start.device <= 0x1f);
	check_function(function);
	require(place->step_count <= PCI_PATH_STEPS_MAX);
	for (unsigned int i = 0; i < place->step_count; i++) {
		/* Only the end of a path may mean all functions. */
		require(function != PCI_FUNCTION_ANY);
		require(place->steps[i].device <= 0x1f);
		function = place->steps[i].function;
		check_function(function);
	}
}

static void check_id(const struct pci_id *id)
{
	const int32_t parts[] = { id->vendor, id->device, id->subvendor, id->subdevice };
	int given = 0;

	for (int i = 0; i < 4; i++) {
		require(parts[i] == PCI_ID_ANY || (parts[i] >= 0 && parts[i] <= 0xffff));
		given += parts[i] != PCI_ID_ANY;
	}
	require(given > 0);
}

/* A name that becomes part of a path, or of a line with other names. */
static void check_name(const char *name, size_t size, const char *forbidden)
{
	require(memchr(name, '\0', size));
	require(check_is_printable(name));
	require(strcspn(name, forbidden) == strlen(name));
}

static void check_terms(const struct rule *rule)
{
	if (rule->terms & RULE_PLACE)
		check_place(&rule->place);
	if (rule->terms & RULE_ID)
		check_id(&rule->id);
	if (rule->terms & RULE_SLOT)
		check_name(rule->slot, sizeof(rule->slot), " /,");
	if (rule->terms & RULE_CLASS) {
		require(rule->class_mask == 0xff0000 || rule->class_mask == 0xffff00 ||
			rule->class_mask == 0xffffff);
		require((rule->class_value & ~rule->class_mask) == 0);
	}
}

void check_error(const struct rule_error *error, const char *line, size_t length)
{
	const char *at = line + error->column - 1;
	size_t found = strlen(error->found);

	require(error->column >= 1 && error->column <= length + 1);
	require(memchr(error->found, '\0', sizeof(error->found)));
	require(check_is_printable(error->found));
	require(check_is_printable(error->expected));
	if (strcmp(error->found, "nothing") == 0)
		return;
	require(found > 2 && error->found[0] == '"' && error->found[found - 1] == '"');
	require(error->column <= length);
	require(error->found[1] == (*at >= ' ' && *at <= '~' ? *at : '\\'));
}

static void __attribute__((format(printf, 2, 3))) add(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text + used, CANONICAL_MAX - used, format, arguments);
	va_end(arguments);
	require(length >= 0 && (size_t)length < CANONICAL_MAX - used);
}

static void add_function(char *text, int function)
{
	if (function == PCI_FUNCTION_ANY)
		add(text, ".*");
	else
		add(text, ".%d", function);
}

static void add_place(char *text, const struct pci_place *place)
{
	add(text, " %04x:%02x:%02x", (unsigned int)place->start.domain, place->start.bus,
	    place->start.device);
	add_function(text, place->start.function);
	for (unsigned int i = 0; i < place->step_count; i++) {
		add(text, "/%02x", place->steps[i].device);
		add_function(text, place->steps[i].function);
	}
}

static void add_id(char *text, const struct pci_id *id)
{
	const int32_t parts[] = { id->vendor, id->device, id->subvendor, id->subdevice };

	for (int i = 0; i < 4; i++) {
		add(text, i ? ":" : " id=");
		if (parts[i] == PCI_ID_ANY)
			add(text, "*");
		else
			add(text, "%04x", (unsigned int)parts[i]);
	}
}

static void add_serial(char *text, uint64_t serial)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		add(text, "%s%02x", shift == 56 ? " serial=" : "-",
		    (unsigned int)(serial >> shift & 0xff));
}

static void add_class(char *text, uint32_t value, uint32_t mask)
{
	int digits = mask == 0xff0000 ? 2 : mask == 0xffff00 ? 4 : 6;

	add(text, " class=%0*x", digits, (unsigned int)value >> (24 - 4 * digits));
}

/* Writes the rule from its fields alone, in one fixed order and spelling. */
static void write_canonical(const struct rule *rule, char text[CANONICAL_MAX])
{
	text[0] = '\0';
	if (rule->exclude)
		add(text, "!");
	if (rule->terms & RULE_PLACE)
		add_place(text, &rule->place);
	if (rule->terms & RULE_ID)
		add_id(text, &rule->id);
	if (rule->terms & RULE_SLOT)
		add(text, " slot=%s", rule->slot);
	if (rule->terms & RULE_SERIAL)
		add_serial(text, rule->serial);
	if (rule->terms & RULE_CLASS)
		add_class(text, rule->class_value, rule->class_mask);
	if (rule->options & RULE_DRIVER)
		add(text, " driver=%s", rule->driver);
	if (rule->options & RULE_GROUP)
		add(text, " group");
	if (rule->options & RULE_FORCE)
		add(text, " force");
	if (rule->options & RULE_OPTIONAL)
		add(text, " optional");
}

static bool is_same_place(const struct pci_place *a, const struct pci_place *b)
{
	bool same = pci_address_compare(&a->start, &b->start) == 0;

	same &= a->step_count == b->step_count;
	for (unsigned int i = 0; same && i < a->step_count; i++)
		same = a->steps[i].device == b->steps[i].device &&
		       a->steps[i].function == b->steps[i].function;
	return same;
}

static void check_same_meaning(const struct rule *a, const struct rule *b)
{
	require(a->exclude == b->exclude && a->terms == b->terms && a->options == b->options);
	require(is_same_place(&a->place, &b->place));
	require(a->id.vendor == b->id.vendor && a->id.device == b->id.device);
	require(a->id.subvendor == b->id.subvendor && a->id.subdevice == b->id.subdevice);
	require(strcmp(a->slot, b->slot) == 0);
	require(a->serial == b->serial);
	require(a->class_value == b->class_value && a->class_mask == b->class_mask);
	require(strcmp(a->driver, b->driver) == 0);
}

void check_same_rule(const struct rule *a, const struct rule *b)
{
	check_same_meaning(a, b);
	require(strcmp(a->text, b->text) == 0);
	require(strcmp(a->note, b->note) == 0);
}

void check_rule(const struct rule *rule)
{
	char text[CANONICAL_MAX];
	struct rule_error error;
	struct rule parsed;

	require(rule->terms != 0 && (rule->terms & ~ALL_TERMS) == 0);
	require((rule->options & ~ALL_OPTIONS) == 0);
	require(!rule->exclude || rule->options == 0);
	check_terms(rule);
	check_name(rule_driver(rule), sizeof(rule->driver), " /,=#");
	require(rule_driver(rule)[0] != '.');
	check_name(rule->text, sizeof(rule->text), "");
	if (rule->note[0])
		check_name(rule->note, sizeof(rule->note), "");

	write_canonical(rule, text);
	require(rule_parse(text, strlen(text), &parsed, &error) == 1);
	check_same_meaning(&parsed, rule);
}
