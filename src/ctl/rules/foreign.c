/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices as the settings of others write them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/foreign.h"

#define ID_FIELDS   6
#define KERNEL_ANY  0xffffffffu /* PCI_ANY_ID */
#define CLASS_DIGIT 0xfu

/* The kernel's %x takes any number of digits, and 0x before them. */
static const char *take_fields(const char *text, uint32_t fields[ID_FIELDS], size_t *count)
{
	static const char expected[] = "hexadecimal vendor:device[:subvendor[:subdevice[:class"
				       "[:class_mask]]]]";

	for (*count = 0; *count < ID_FIELDS; text++) {
		unsigned long value;
		char *end;

		if (!isxdigit((unsigned char)*text))
			return expected;
		value = strtoul(text, &end, 16);
		if (value > UINT32_MAX)
			return expected;
		fields[(*count)++] = (uint32_t)value;
		text = end;
		if (*text != ':')
			break;
	}
	return *text == '\0' && *count >= 2 ? NULL : expected;
}

static const char *convert_id(const uint32_t fields[4], struct rule *rule)
{
	int32_t *const parts[] = { &rule->id.vendor, &rule->id.device, &rule->id.subvendor,
				   &rule->id.subdevice };

	for (size_t i = 0; i < 4; i++) {
		if (fields[i] != KERNEL_ANY && fields[i] > 0xffff)
			return "IDs of at most four digits";
		*parts[i] = fields[i] == KERNEL_ANY ? PCI_ID_ANY : (int32_t)fields[i];
		if (*parts[i] != PCI_ID_ANY)
			rule->terms |= RULE_ID;
	}
	return NULL;
}

/* A rule's class is a prefix. Without a mask, no class is compared. */
static const char *convert_class(uint32_t value, uint32_t mask, struct rule *rule)
{
	if (mask == 0)
		return NULL;
	if (mask >> 24 != 0 && value >> 24 != 0)
		return "a class of at most six digits";
	mask &= 0xffffff;
	if (mask != 0xff0000 && mask != 0xffff00 && mask != 0xffffff)
		return "a class_mask of ff0000, ffff00 or ffffff";
	rule->terms |= RULE_CLASS;
	rule->class_mask = mask;
	rule->class_value = value & mask;
	return NULL;
}

const char *conflict_parse_id(const char *text, struct rule *rule)
{
	uint32_t fields[ID_FIELDS] = { 0, 0, KERNEL_ANY, KERNEL_ANY, 0, 0 };
	struct rule parsed = { .terms = 0 };
	size_t count;
	const char *expected = take_fields(text, fields, &count);

	if (!expected)
		expected = convert_id(fields, &parsed);
	if (!expected)
		expected = convert_class(fields[4], fields[5], &parsed);
	if (!expected && parsed.terms == 0)
		expected = "an ID that does not mean every device";
	if (!expected)
		*rule = parsed;
	return expected;
}

const char *conflict_parse_bind(const char *text, struct rule *rule)
{
	static const char expected[] = "an address with its function, or ADDRESS|VENDOR:DEVICE";
	const char *bar = strchr(text, '|');
	struct rule_error error;
	char line[RULE_TEXT_MAX];
	struct rule parsed;
	int length = snprintf(line, sizeof(line), "%.*s%s%s",
			      bar ? (int)(bar - text) : (int)strlen(text), text, bar ? " id=" : "",
			      bar ? bar + 1 : "");

	if (length < 0 || (size_t)length >= sizeof(line) ||
	    rule_parse(line, (size_t)length, &parsed, &error) <= 0)
		return expected;
	if (parsed.exclude || parsed.terms != (RULE_PLACE | (bar ? RULE_ID : 0u)) ||
	    rule_names_card(&parsed) || parsed.place.step_count > 0)
		return expected;
	*rule = parsed;
	return NULL;
}

bool conflict_is_driver(const char *name)
{
	char line[RULE_TEXT_MAX];
	struct rule_error error;
	struct rule rule;
	int length = snprintf(line, sizeof(line), "00:00.0 driver=%s", name);

	return length > 0 && (size_t)length < sizeof(line) &&
	       rule_parse(line, (size_t)length, &rule, &error) > 0 &&
	       strcmp(rule.driver, name) == 0;
}

static void print_part(FILE *stream, const char *before, int32_t part)
{
	if (part == PCI_ID_ANY)
		fprintf(stream, "%s*", before);
	else
		fprintf(stream, "%s%04x", before, (unsigned int)part);
}

static void print_id(FILE *stream, const struct pci_id *id)
{
	print_part(stream, "", id->vendor);
	print_part(stream, ":", id->device);
	if (id->subvendor == PCI_ID_ANY && id->subdevice == PCI_ID_ANY)
		return;
	print_part(stream, ":", id->subvendor);
	print_part(stream, ":", id->subdevice);
}

static void print_class(FILE *stream, const struct rule *rule)
{
	int digits = 6;

	for (uint32_t mask = rule->class_mask; !(mask & CLASS_DIGIT); mask >>= 4)
		digits--;
	fprintf(stream, "class=%0*x", digits, (unsigned int)rule->class_value >> (24 - 4 * digits));
}

void conflict_print_rule(FILE *stream, const struct rule *rule)
{
	char address[PCI_ADDRESS_TEXT_MAX];
	const char *before = "";

	if (rule->terms & RULE_PLACE) {
		fputs(pci_address_format(&rule->place.start, address), stream);
		before = rule->terms & RULE_ID ? " id=" : " ";
	}
	if (rule->terms & RULE_ID) {
		fputs(before, stream);
		print_id(stream, &rule->id);
		before = " ";
	}
	if (rule->terms & RULE_CLASS) {
		fputs(before, stream);
		print_class(stream, rule);
	}
	if (rule->options & RULE_DRIVER)
		fprintf(stream, " driver=%s", rule->driver);
	if (rule->options & RULE_OPTIONAL)
		fputs(" optional", stream);
	fputc('\n', stream);
}
