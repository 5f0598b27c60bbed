/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser of one rule.
 *
 *   line    = [ "!" ] word { blank word } [ "#" comment ]
 *   word    = place | id | name "=" value | flag
 *   place   = [ domain ":" ] bus ":" device [ "." ( function | "*" ) ]
 *           | [ domain ":" ] bus ":" device "." function
 *             { "/" device "." function } "/" device [ "." ( function | "*" ) ]
 *   id      = [ "pci:" ] part ":" part [ ":" part ":" part ]
 *   part    = 4 hex digits | "*"
 *
 * domain has 4 to 8 hex digits, bus and device 2, function is 0 to 7: so a place and an ID
 * never look alike. What else there is stands in the table of words below.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/rule.h"
#include "core/text.h"

/*
 * A parser takes what it understands from the front of a word. It returns NULL when it
 * understood, or what it expected at the place where it stopped.
 */
typedef const char *word_parser(struct text *value, struct rule *rule);

struct word {
	const char *name; /* of "name=value" if parse is there, of a flag if not */
	unsigned int term, option;
	word_parser *parse;
};

static word_parser parse_id, parse_slot, parse_serial, parse_class, parse_driver, parse_methods,
	parse_switch;

static const struct word words[] = {
	{ "id", RULE_ID, 0, parse_id },
	{ "slot", RULE_SLOT, 0, parse_slot },
	{ "serial", RULE_SERIAL, 0, parse_serial },
	{ "class", RULE_CLASS, 0, parse_class },
	{ "driver", 0, RULE_DRIVER, parse_driver },
	{ "group", 0, RULE_GROUP, NULL },
	{ "force", 0, RULE_FORCE, NULL },
	{ "optional", 0, RULE_OPTIONAL, NULL },
	{ "reset_method", 0, RULE_RESET_METHOD, parse_methods },
	{ "d3cold_allowed", 0, RULE_D3COLD_ALLOWED, parse_switch },
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* device [ "." ( function | "*" ) ] */
static const char *parse_step(struct text *value, uint8_t *device, int8_t *function)
{
	uint32_t number;

	if (text_count_hex(value) != 2)
		return "a device number of two hex digits, 00 to 1f";
	text_take_hex(value, 2, &number);
	if (number > 0x1f) {
		value->p -= 2;
		return "a device number from 00 to 1f";
	}
	*device = (uint8_t)number;
	*function = PCI_FUNCTION_ANY;
	if (!text_take_char(value, '.'))
		return NULL;
	if (text_take_char(value, '*'))
		return NULL;
	if (text_at_end(value) || *value->p < '0' || *value->p > '7')
		return "a function number from 0 to 7, or *";
	*function = (int8_t)(*value->p++ - '0');
	return NULL;
}

/* { "/" step }; function is that of the step before. */
static const char *parse_steps(struct text *value, struct pci_place *place)
{
	int8_t function = place->start.function;

	while (text_take_char(value, '/')) {
		struct pci_step *step = &place->steps[place->step_count];
		const char *expected;

		if (function == PCI_FUNCTION_ANY) {
			value->p--;
			return "one function before /: only the end of a path may name all";
		}
		if (place->step_count == PCI_PATH_STEPS_MAX)
			return "at most 16 steps in a path";
		expected = parse_step(value, &step->device, &step->function);
		if (expected)
			return expected;
		function = step->function;
		place->step_count++;
	}
	return NULL;
}

static const char *parse_place(struct text *value, struct rule *rule)
{
	struct pci_place *place = &rule->place;
	const char *expected;
	uint32_t bus;
	size_t digits = text_count_hex(value);

	if (digits >= 4) {
		if (digits > 8)
			return "a domain of 4 to 8 hex digits";
		text_take_hex(value, digits, &place->start.domain);
		if (!text_take_char(value, ':'))
			return "a colon after the domain";
	}
	if (!text_take_hex(value, 2, &bus))
		return "a bus number of two hex digits";
	place->start.bus = (uint8_t)bus;
	if (!text_take_char(value, ':'))
		return "a colon after the bus number";
	expected = parse_step(value, &place->start.device, &place->start.function);
	if (expected)
		return expected;
	expected = parse_steps(value, place);
	if (expected)
		return expected;
	return text_at_end(value) ? NULL : "the end of the address";
}

static bool take_id_part(struct text *value, int32_t *part)
{
	uint32_t number;

	if (text_take_char(value, '*')) {
		*part = PCI_ID_ANY;
		return true;
	}
	if (!text_take_hex(value, 4, &number))
		return false;
	*part = (int32_t)number;
	return true;
}

static const char *parse_id(struct text *value, struct rule *rule)
{
	struct pci_id id = { PCI_ID_ANY, PCI_ID_ANY, PCI_ID_ANY, PCI_ID_ANY };
	int32_t *parts[] = { &id.vendor, &id.device, &id.subvendor, &id.subdevice };
	const char *start = value->p;
	size_t count = 0;

	text_take_prefix(value, "pci:");
	do {
		if (!take_id_part(value, parts[count]))
			return "four hex digits, or *";
		count++;
	} while (count < 4 && text_take_char(value, ':'));
	if (count == 1)
		return "a colon and a device ID";
	if (count == 3)
		return "a colon and a subsystem device ID";
	if (!text_at_end(value))
		return "the end of the ID";
	if (id.vendor < 0 && id.device < 0 && id.subvendor < 0 && id.subdevice < 0) {
		value->p = start;
		return "an ID that does not match every device";
	}
	rule->id = id;
	return NULL;
}

/* The kernel's slot names are free text; blanks, commas and # have a meaning here. */
static const char *parse_slot(struct text *value, struct rule *rule)
{
	size_t length = text_length(value);

	if (length == 0)
		return "a name from /sys/bus/pci/slots";
	if (length >= sizeof(rule->slot))
		return "a slot name of at most 31 characters";
	for (; !text_at_end(value); value->p++)
		if (*value->p <= ' ' || *value->p > '~' || *value->p == '/' || *value->p == ',')
			return "a name from /sys/bus/pci/slots";
	memcpy(rule->slot, value->end - length, length);
	rule->slot[length] = '\0';
	return NULL;
}

/* As lspci -v prints it, most significant byte first: 00-15-17-ff-ff-aa-bb-cc */
static const char *parse_serial(struct text *value, struct rule *rule)
{
	uint64_t serial = 0;

	for (int i = 0; i < 8; i++) {
		uint32_t byte;

		if (i > 0 && !text_take_char(value, '-'))
			return "a dash between the bytes of a serial number";
		if (!text_take_hex(value, 2, &byte))
			return "eight bytes of two hex digits each";
		serial = serial << 8 | byte;
	}
	if (!text_at_end(value))
		return "the end of the serial number";
	rule->serial = serial;
	return NULL;
}

static const char *parse_class(struct text *value, struct rule *rule)
{
	size_t digits = text_count_hex(value);
	unsigned int rest;

	if (digits != 2 && digits != 4 && digits != 6)
		return "a class code of 2, 4 or 6 hex digits";
	text_take_hex(value, digits, &rule->class_value);
	if (!text_at_end(value))
		return "the end of the class code";
	rest = 24 - 4 * (unsigned int)digits;
	rule->class_value <<= rest;
	rule->class_mask = 0xffffffu << rest & 0xffffffu;
	return NULL;
}

static bool is_driver_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '+';
}

static const char *parse_driver(struct text *value, struct rule *rule)
{
	const char *start = value->p;
	size_t length = text_length(value);

	if (length >= sizeof(rule->driver))
		return "a driver name of at most 63 characters";
	for (; !text_at_end(value); value->p++)
		if (!is_driver_character(*value->p))
			return "a driver name of letters, digits, - and _";
	/* "." and ".." would lead out of the directory of drivers. */
	if (length == 0 || *start == '.') {
		value->p = start;
		return "a driver name, such as vfio-pci, or variant";
	}
	memcpy(rule->driver, start, length);
	rule->driver[length] = '\0';
	return NULL;
}

/* "device_specific,flr" (reset_method_store() of the kernel, since 5.15). */
static const char *parse_methods(struct text *value, struct rule *rule)
{
	(void)rule;
	do {
		const char *start = value->p;

		while (!text_at_end(value) &&
		       (*value->p == '_' || (*value->p >= 'a' && *value->p <= 'z')))
			value->p++;
		if (value->p == start)
			return "methods of reset, such as device_specific,flr";
	} while (text_take_char(value, ','));
	return text_at_end(value) ? NULL : "a comma between methods of reset";
}

static const char *parse_switch(struct text *value, struct rule *rule)
{
	(void)rule;
	if (text_length(value) != 1 || (*value->p != '0' && *value->p != '1'))
		return "0 or 1";
	return NULL;
}

static const char *keep_setting(const struct text *word, struct rule *rule)
{
	size_t used = strlen(rule->settings), length = text_length(word);

	if (used + length + 2 > sizeof(rule->settings))
		return "less than 96 bytes of attributes";
	memcpy(rule->settings + used, word->p, length);
	strcpy(rule->settings + used + length, "\n");
	return NULL;
}

/* Finds the table entry of "name=value" or of a flag; leaves in *value what it parses. */
static const struct word *find_word(struct text *value)
{
	struct text name = { value->p, value->end };
	const char *equals = memchr(value->p, '=', text_length(value));

	if (equals)
		name.end = equals;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((equals != NULL) != (words[i].parse != NULL))
			continue;
		if (!text_equals(&name, words[i].name))
			continue;
		value->p = equals ? equals + 1 : value->end;
		return &words[i];
	}
	return NULL;
}

/* An ID has four digits or a * before its first colon, and not two characters after it. */
static bool looks_like_id(struct text value)
{
	struct text part;

	if (text_take_prefix(&value, "pci:"))
		return true;
	if (!text_take_until(&value, ':', &part))
		return false;
	if (text_equals(&part, "*"))
		return true;
	if (text_length(&part) != 4 || text_count_hex(&part) != 4 || text_at_end(&value))
		return false;
	return !text_take_until(&value, ':', &part) || text_length(&part) != 2;
}

static bool looks_like_place(struct text value)
{
	return text_count_hex(&value) > 0 && memchr(value.p, ':', text_length(&value)) &&
	       value.p[text_count_hex(&value)] == ':';
}

/* Parses one word into *rule. On failure value->p is where it went wrong. */
static const char *parse_word(struct text *value, struct rule *rule)
{
	static const struct word positional_id = { NULL, RULE_ID, 0, parse_id };
	static const struct word positional_place = { NULL, RULE_PLACE, 0, parse_place };
	const char *start = value->p;
	const struct text whole = *value;
	const struct word *word = find_word(value);
	const char *expected;

	if (!word && looks_like_id(*value))
		word = &positional_id;
	if (!word && looks_like_place(*value))
		word = &positional_place;
	if (!word)
		return "an address such as 01:00.0, an ID such as 10de:1381, or a term or option "
		       "of vfio-early.conf(5)";
	if (rule->terms & word->term || rule->options & word->option) {
		value->p = start;
		return "each kind of term and option once in a rule";
	}
	expected = word->parse ? word->parse(value, rule) : NULL;
	if (!expected && word->option & RULE_SETTINGS) {
		expected = keep_setting(&whole, rule);
		if (expected)
			value->p = start;
	}
	if (expected)
		return expected;
	rule->terms |= word->term;
	rule->options |= word->option;
	return NULL;
}

static int fail(struct rule_error *error, const char *line, const struct text *at,
		const char *expected)
{
	error->column = (size_t)(at->p - line) + 1;
	error->expected = expected;
	if (text_at_end(at)) {
		snprintf(error->found, sizeof(error->found), "nothing");
	} else {
		char copy[sizeof(error->found) - 2];

		text_copy_printable(at, copy, sizeof(copy));
		snprintf(error->found, sizeof(error->found), "\"%s\"", copy);
	}
	return -EINVAL;
}

/* Takes blanks, then a word: it ends before the next blank. */
static bool take_word(struct text *rest, struct text *word)
{
	while (!text_at_end(rest) && is_blank(*rest->p))
		rest->p++;
	word->p = rest->p;
	while (!text_at_end(rest) && !is_blank(*rest->p))
		rest->p++;
	word->end = rest->p;
	return word->p != word->end;
}

static void trim_blanks(struct text *text)
{
	while (!text_at_end(text) && is_blank(*text->p))
		text->p++;
	while (!text_at_end(text) && is_blank(text->end[-1]))
		text->end--;
}

/* Parts rule and comment, without blanks around and the carriage return of a CRLF line end. */
static void split(const char *line, size_t length, struct text *text, struct text *note)
{
	const char *comment = memchr(line, '#', length);

	if (length > 0 && line[length - 1] == '\r')
		length--;
	*text = (struct text){ line, comment ? comment : line + length };
	*note = (struct text){ comment ? comment + 1 : line + length, line + length };
	if (note->p > note->end)
		note->p = note->end;
	trim_blanks(text);
	trim_blanks(note);
}

static int check_whole(const struct rule *rule, const char *line, const struct text *text,
		       struct rule_error *error)
{
	struct text end = { text->end, text->end };

	if (rule->terms == 0)
		return fail(error, line, &end, "a term that says which device is meant");
	if (rule->exclude && rule->options != 0)
		return fail(error, line, text, "an exclusion without options");
	return 1;
}

int rule_parse(const char *line, size_t length, struct rule *rule, struct rule_error *error)
{
	struct rule parsed = { .terms = 0 };
	struct text text, note, rest, word;
	int result;

	split(line, length, &text, &note);
	rest = text;
	if (text_at_end(&text))
		return 0;
	if (text_length(&text) > RULE_LINE_MAX)
		return fail(error, line, &text, "a rule of at most 1024 bytes");
	parsed.exclude = text_take_char(&rest, '!');
	while (take_word(&rest, &word)) {
		const char *expected = parse_word(&word, &parsed);

		if (expected)
			return fail(error, line, &word, expected);
	}
	result = check_whole(&parsed, line, &text, error);
	if (result < 0)
		return result;
	text_copy_printable(&text, parsed.text, sizeof(parsed.text));
	text_copy_printable(&note, parsed.note, sizeof(parsed.note));
	*rule = parsed;
	return 1;
}

bool rule_is_setting(const char *text)
{
	struct text value = { text, text + strlen(text) };
	const struct word *word = find_word(&value);

	return word && word->option & RULE_SETTINGS;
}

const char *rule_driver(const struct rule *rule)
{
	return rule->options & RULE_DRIVER ? rule->driver : RULE_DEFAULT_DRIVER;
}

bool rule_names_card(const struct rule *rule)
{
	const struct pci_place *place = &rule->place;

	if (!(rule->terms & RULE_PLACE))
		return rule->terms & (RULE_SLOT | RULE_SERIAL);
	if (place->step_count == 0)
		return place->start.function == PCI_FUNCTION_ANY;
	return place->steps[place->step_count - 1].function == PCI_FUNCTION_ANY;
}

const char *rule_format_place(const struct rule *rule, char where[RULE_PLACE_MAX])
{
	snprintf(where, RULE_PLACE_MAX, "%.*s:%u", RULE_WHERE_MAX, rule->file, rule->line);
	return where;
}
