/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices as the settings of others write them, as rules. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/conflicts.h"

#define ID_FIELDS  6
#define KERNEL_ANY 0xffffffffu /* PCI_ANY_ID */

/* The kernel's %x takes any number of digits, and 0x before them. */
static bool take_fields(const char *text, uint32_t fields[ID_FIELDS])
{
	size_t count = 0;

	for (; count < ID_FIELDS; text++) {
		unsigned long value;
		char *end;

		if (!isxdigit((unsigned char)*text))
			return false;
		value = strtoul(text, &end, 16);
		if (value > UINT32_MAX)
			return false;
		fields[count++] = (uint32_t)value;
		text = end;
		if (*text != ':')
			break;
	}
	return *text == '\0' && count >= 2;
}

const char *conflict_parse_id(const char *text, struct rule *rule)
{
	uint32_t fields[ID_FIELDS] = { 0, 0, KERNEL_ANY, KERNEL_ANY, 0, 0 };
	struct rule parsed = { .terms = 0 };
	uint32_t class, mask;
	int32_t *const parts[] = { &parsed.id.vendor, &parsed.id.device, &parsed.id.subvendor,
				   &parsed.id.subdevice };

	if (!take_fields(text, fields))
		return "hexadecimal vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]";
	for (size_t i = 0; i < 4; i++) {
		if (fields[i] != KERNEL_ANY && fields[i] > 0xffff)
			return "IDs of at most four digits";
		*parts[i] = fields[i] == KERNEL_ANY ? PCI_ID_ANY : (int32_t)fields[i];
		if (*parts[i] != PCI_ID_ANY)
			parsed.terms |= RULE_ID;
	}
	/* A rule's class is a prefix. Without a mask, no class is compared. */
	class = fields[4];
	mask = fields[5];
	if (mask >> 24 != 0 && class >> 24 != 0)
		return "a class of at most six digits";
	if (mask != 0) {
		mask &= 0xffffff;
		if (mask != 0xff0000 && mask != 0xffff00 && mask != 0xffffff)
			return "a class_mask of ff0000, ffff00 or ffffff";
		parsed.terms |= RULE_CLASS;
		parsed.class_mask = mask;
		parsed.class_value = class & mask;
	}
	if (parsed.terms == 0)
		return "an ID that does not mean every device";
	*rule = parsed;
	return NULL;
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

const char *conflict_parse_address(const char *text, struct rule *rule)
{
	if (!pci_address_parse(text, &rule->place.start))
		return "an address such as 0000:01:00.0";
	rule->terms = RULE_PLACE;
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

void conflict_print_rule(FILE *stream, const struct rule *rule)
{
	const struct pci_id *id = &rule->id;
	const int32_t parts[] = { id->vendor, id->device, id->subvendor, id->subdevice };
	size_t count = id->subvendor == PCI_ID_ANY && id->subdevice == PCI_ID_ANY ? 2 : 4;
	char address[PCI_ADDRESS_TEXT_MAX];
	const char *before = "";
	int digits = 6;

	if (rule->terms & RULE_PLACE) {
		fputs(pci_address_format(&rule->place.start, address), stream);
		before = rule->terms & RULE_ID ? " id=" : " ";
	}
	for (size_t i = 0; i < count && rule->terms & RULE_ID; i++, before = ":")
		if (parts[i] == PCI_ID_ANY)
			fprintf(stream, "%s*", before);
		else
			fprintf(stream, "%s%04x", before, (unsigned int)parts[i]);
	if (rule->terms & RULE_CLASS) {
		for (uint32_t mask = rule->class_mask; !(mask & 0xf); mask >>= 4)
			digits--;
		fprintf(stream, "%sclass=%0*x", rule->terms & ~(unsigned)RULE_CLASS ? " " : "",
			digits, (unsigned int)rule->class_value >> (24 - 4 * digits));
	}
	if (rule->options & RULE_DRIVER)
		fprintf(stream, " driver=%s", rule->driver);
	if (rule->options & RULE_OPTIONAL)
		fputs(" optional", stream);
	fputc('\n', stream);
}
