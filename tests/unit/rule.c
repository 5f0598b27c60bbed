/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar of one rule: what is read from good lines, what is said of bad ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ANY PCI_ID_ANY
#define ALL PCI_FUNCTION_ANY

/* A line may hold NUL bytes, so its length is that of the literal. */
#define LINE(literal) literal, sizeof(literal) - 1

static int parse(const char *line, size_t length, struct rule *rule, struct rule_error *error)
{
	/* On the heap and exactly as long as the line: a read behind its end is found. */
	char *copy = test_malloc(length);
	int result;

	memcpy(copy, line, length);
	result = rule_parse(copy, length, rule, error);
	test_free(copy);
	return result;
}

static void reads_places(void **state)
{
	static const struct {
		const char *line;
		size_t length;
		struct pci_address start;
		unsigned int step_count;
		struct pci_step steps[3];
	} table[] = {
		{ LINE("01:00.0"), { 0, 1, 0, 0 }, 0, { { 0 } } },
		{ LINE("0000:01:00.0"), { 0, 1, 0, 0 }, 0, { { 0 } } },
		{ LINE("ff:1f.7"), { 0, 0xff, 0x1f, 7 }, 0, { { 0 } } },
		{ LINE("FF:1F.7"), { 0, 0xff, 0x1f, 7 }, 0, { { 0 } } },
		{ LINE("10000:e1:00.0"), { 0x10000, 0xe1, 0, 0 }, 0, { { 0 } } },
		{ LINE("fffffffe:e1:00.0"), { 0xfffffffe, 0xe1, 0, 0 }, 0, { { 0 } } },
		{ LINE("01:00"), { 0, 1, 0, ALL }, 0, { { 0 } } },
		{ LINE("0000:01:00"), { 0, 1, 0, ALL }, 0, { { 0 } } },
		{ LINE("01:00.*"), { 0, 1, 0, ALL }, 0, { { 0 } } },
		{ LINE("\t 01:00.0 \t"), { 0, 1, 0, 0 }, 0, { { 0 } } },
		{ LINE("01:00.0\r"), { 0, 1, 0, 0 }, 0, { { 0 } } },
		{ LINE("01:00.0#comment"), { 0, 1, 0, 0 }, 0, { { 0 } } },
		{ LINE("01:00.0 # \0\x01\xff anything"), { 0, 1, 0, 0 }, 0, { { 0 } } },
		{ LINE("00:01.0/00.0"), { 0, 0, 1, 0 }, 1, { { 0, 0 } } },
		{ LINE("10000:00:1c.4/00.0/0a.3"), { 0x10000, 0, 0x1c, 4 }, 2, { { 0, 0 }, { 10, 3 } } },
		{ LINE("00:01.0/00"), { 0, 0, 1, 0 }, 1, { { 0, ALL } } },
		{ LINE("00:01.0/00.*"), { 0, 0, 1, 0 }, 1, { { 0, ALL } } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct rule rule;
		struct rule_error error;

		print_message("# %s\n", table[i].line);
		assert_int_equal(parse(table[i].line, table[i].length, &rule, &error), 1);
		assert_int_equal(rule.terms, RULE_PLACE);
		assert_memory_equal(&rule.place.start, &table[i].start, sizeof(table[i].start));
		assert_int_equal(rule.place.step_count, table[i].step_count);
		assert_memory_equal(rule.place.steps, table[i].steps, sizeof(table[i].steps));
	}
}

static void reads_ids(void **state)
{
	static const struct {
		const char *line;
		struct pci_id id;
	} table[] = {
		{ "10de:1381", { 0x10de, 0x1381, ANY, ANY } },
		{ "10DE:1381", { 0x10de, 0x1381, ANY, ANY } },
		{ "pci:10de:1381", { 0x10de, 0x1381, ANY, ANY } },
		{ "0000:0000", { 0, 0, ANY, ANY } },
		{ "*:1381", { ANY, 0x1381, ANY, ANY } },
		{ "10de:*", { 0x10de, ANY, ANY, ANY } },
		{ "pci:*:1381", { ANY, 0x1381, ANY, ANY } },
		{ "10de:1381:1043:8541", { 0x10de, 0x1381, 0x1043, 0x8541 } },
		{ "pci:10de:1381:1043:8541", { 0x10de, 0x1381, 0x1043, 0x8541 } },
		{ "*:*:1043:*", { ANY, ANY, 0x1043, ANY } },
		{ "*:*:*:8541", { ANY, ANY, ANY, 0x8541 } },
		{ "id=10de:1381", { 0x10de, 0x1381, ANY, ANY } },
		{ "id=pci:10de:1381:*:8541", { 0x10de, 0x1381, ANY, 0x8541 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct rule rule;
		struct rule_error error;

		print_message("# %s\n", table[i].line);
		assert_int_equal(parse(table[i].line, strlen(table[i].line), &rule, &error), 1);
		assert_int_equal(rule.terms, RULE_ID);
		assert_memory_equal(&rule.id, &table[i].id, sizeof(rule.id));
	}
}

static void reads_the_rest(void **state)
{
	static const char line[] = "! slot=12-1\tserial=00-15-17-ff-FF-aa-bb-cc class=0108 # x";
	static const char options[] = "00:01.0/00 10de:1381 driver=mlx5_vfio_pci group force optional";
	static const char settings[] = "01:00.0 d3cold_allowed=0 reset_method=device_specific,flr";
	struct rule rule;
	struct rule_error error;

	(void)state;
	assert_int_equal(parse(line, strlen(line), &rule, &error), 1);
	assert_true(rule.exclude);
	assert_int_equal(rule.terms, RULE_SLOT | RULE_SERIAL | RULE_CLASS);
	assert_string_equal(rule.slot, "12-1");
	assert_int_equal(rule.serial, 0x001517ffffaabbcc);
	assert_int_equal(rule.class_value, 0x010800);
	assert_int_equal(rule.class_mask, 0xffff00);
	assert_string_equal(rule_driver(&rule), "vfio-pci");
	assert_string_equal(rule.text, "! slot=12-1\\x09serial=00-15-17-ff-FF-aa-bb-cc class=0108");

	assert_int_equal(parse(options, strlen(options), &rule, &error), 1);
	assert_false(rule.exclude);
	assert_int_equal(rule.options, RULE_DRIVER | RULE_GROUP | RULE_FORCE | RULE_OPTIONAL);
	assert_string_equal(rule_driver(&rule), "mlx5_vfio_pci");
	assert_true(rule_names_card(&rule));

	assert_int_equal(parse(settings, strlen(settings), &rule, &error), 1);
	assert_int_equal(rule.options, RULE_RESET_METHOD | RULE_D3COLD_ALLOWED);
	assert_string_equal(rule.settings, "d3cold_allowed=0\nreset_method=device_specific,flr\n");
}

static void reads_classes(void **state)
{
	static const struct {
		const char *line;
		uint32_t value, mask;
	} table[] = {
		{ "class=03", 0x030000, 0xff0000 },
		{ "class=0300", 0x030000, 0xffff00 },
		{ "class=0c0330", 0x0c0330, 0xffffff },
		{ "class=FF", 0xff0000, 0xff0000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct rule rule;
		struct rule_error error;

		assert_int_equal(parse(table[i].line, strlen(table[i].line), &rule, &error), 1);
		assert_int_equal(rule.class_value, table[i].value);
		assert_int_equal(rule.class_mask, table[i].mask);
	}
}

static void passes_over_nothing(void **state)
{
	static const char *const lines[] = { "", " ", "\t \t", "\r", "#", "  # 01:00.9", "# \r", " \r" };

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct rule rule;
		struct rule_error error;

		assert_int_equal(parse(lines[i], strlen(lines[i]), &rule, &error), 0);
	}
}

/* Each with the column at which it goes wrong, what stands there, a part of what is expected. */
static const struct bad_line {
	const char *line;
	size_t length;
	size_t column;
	const char *found, *expected;
} bad_lines[] = {
	/* addresses */
	{ LINE("01:00.8"), 7, "\"8\"", "function number from 0 to 7" },
	{ LINE("01:00."), 7, "nothing", "function number" },
	{ LINE("01:00.00"), 8, "\"0\"", "end of the address" },
	{ LINE("01:00.0."), 8, "\".\"", "end of the address" },
	{ LINE("01:00.0:"), 8, "\":\"", "end of the address" },
	{ LINE("01:20.0"), 4, "\"20.0\"", "00 to 1f" },
	{ LINE("01:0.0"), 4, "\"0.0\"", "two hex digits" },
	{ LINE("01:000.0"), 4, "\"000.0\"", "two hex digits" },
	{ LINE("1:00.0"), 1, "\"1:00.0\"", "bus number of two hex digits" },
	{ LINE("001:00.0"), 1, "\"001:00.0\"", "bus number of two hex digits" },
	{ LINE("01:"), 4, "nothing", "device number" },
	{ LINE("01:.0"), 4, "\".0\"", "device number" },
	{ LINE("01"), 1, "\"01\"", "an address such as" },
	{ LINE("01.0"), 1, "\"01.0\"", "an address such as" },
	{ LINE(":01:00.0"), 1, "\":01:00.0\"", "an address such as" },
	{ LINE("0000:01"), 8, "nothing", "colon after the bus" },
	{ LINE("0000:1:00.0"), 6, "\"1:00.0\"", "four hex digits" },
	{ LINE("000:01:00.0"), 1, "\"000:01:00.0\"", "bus number of two hex digits" },
	{ LINE("123456789:01:00.0"), 1, "\"123456789:01:00.0\"", "4 to 8 hex digits" },
	{ LINE("0000:01:00.0:0"), 13, "\":0\"", "end of the address" },
	{ LINE("0x01:00.0"), 1, "\"0x01:00.0\"", "an address such as" },
	{ LINE("01:00.0,02:00.0"), 8, "\",02:00.0\"", "end of the address" },
	{ LINE("01:00-02"), 6, "\"-02\"", "end of the address" },
	{ LINE("0l:00.0"), 1, "\"0l:00.0\"", "an address such as" },
	{ LINE("*:00.0"), 3, "\"00.0\"", "four hex digits" },
	{ LINE("01:*.0"), 4, "\"*.0\"", "device number" },
	/* paths */
	{ LINE("00:01.0/"), 9, "nothing", "device number" },
	{ LINE("00:01.0//00.0"), 9, "\"/00.0\"", "device number" },
	{ LINE("00:01/00.0"), 6, "\"/00.0\"", "one function before /" },
	{ LINE("00:01.*/00.0"), 8, "\"/00.0\"", "one function before /" },
	{ LINE("00:01.0/00.*/00.0"), 13, "\"/00.0\"", "one function before /" },
	{ LINE("00:01.0/01:00.0"), 11, "\":00.0\"", "end of the address" },
	{ LINE("00:01.0/20.0"), 9, "\"20.0\"", "00 to 1f" },
	{ LINE("/00.0"), 1, "\"/00.0\"", "an address such as" },
	/* 1 + 17 steps */
	{ LINE("00:01.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0/00.0"
	       "/00.0"),
	  89, "\"00.0\"", "at most 16 steps" },
	/* IDs */
	{ LINE("10de:138"), 6, "\"138\"", "four hex digits" },
	{ LINE("10de:13811"), 6, "\"13811\"", "four hex digits" },
	{ LINE("10de:"), 6, "nothing", "bus number" },
	{ LINE("10de:1381:"), 11, "nothing", "four hex digits" },
	{ LINE("10de:1381:1043"), 15, "nothing", "subsystem device" },
	{ LINE("10de:1381:1043:8541:"), 20, "\":\"", "end of the ID" },
	{ LINE("10de:1381.0"), 10, "\".0\"", "end of the ID" },
	{ LINE("10dg:1381"), 1, "\"10dg:1381\"", "an address such as" },
	{ LINE("*:*"), 1, "\"*:*\"", "not match every device" },
	{ LINE("*:*:*:*"), 1, "\"*:*:*:*\"", "not match every device" },
	{ LINE("*"), 2, "nothing", "device ID" },
	{ LINE("**:1381"), 1, "\"**:1381\"", "" },
	{ LINE("pci:"), 5, "nothing", "four hex digits" },
	{ LINE("pci:10de"), 9, "nothing", "device ID" },
	{ LINE("pci:01:00.0"), 5, "\"01:00.0\"", "four hex digits" },
	{ LINE("id=01:00.0"), 4, "\"01:00.0\"", "four hex digits" },
	{ LINE("id="), 4, "nothing", "four hex digits" },
	{ LINE("id"), 1, "\"id\"", "an address such as" },
	/* other terms and options */
	{ LINE("slot="), 6, "nothing", "/sys/bus/pci/slots" },
	{ LINE("slot=a/b"), 7, "\"/b\"", "/sys/bus/pci/slots" },
	{ LINE("slot=12345678901234567890123456789012"), 6, "", "at most 31" },
	{ LINE("serial=00-15-17-ff-ff-aa-bb"), 28, "nothing", "dash" },
	{ LINE("serial=00-15-17-ff-ff-aa-bb-cc-dd"), 31, "\"-dd\"", "end of the serial" },
	{ LINE("serial=001517ffffaabbcc"), 8, "", "two hex digits" },
	{ LINE("class="), 7, "nothing", "2, 4 or 6" },
	{ LINE("class=3"), 7, "\"3\"", "2, 4 or 6" },
	{ LINE("class=03000000"), 7, "", "2, 4 or 6" },
	{ LINE("class=03xx"), 9, "\"xx\"", "end of the class" },
	{ LINE("01:00.0 driver="), 16, "nothing", "driver name" },
	{ LINE("01:00.0 driver=.."), 16, "\"..\"", "driver name" },
	{ LINE("01:00.0 driver=a/b"), 17, "\"/b\"", "letters" },
	{ LINE("01:00.0 driver"), 9, "\"driver\"", "an address such as" },
	{ LINE("01:00.0 group=1"), 9, "\"group=1\"", "an address such as" },
	{ LINE("01:00.0 Force"), 9, "\"Force\"", "an address such as" },
	{ LINE("01:00.0 bogus"), 9, "\"bogus\"", "an address such as" },
	/* whole rules */
	{ LINE("01:00.0 02:00.0"), 9, "\"02:00.0\"", "once in a rule" },
	{ LINE("01:00.0 00:01.0/00.0"), 9, "\"00:01.0/00.0\"", "once in a rule" },
	{ LINE("10de:1381 id=10de:1381"), 11, "\"id=10de:1381\"", "once in a rule" },
	{ LINE("01:00.0 force force"), 15, "\"force\"", "once in a rule" },
	{ LINE("01:00.0 reset_method="), 22, "nothing", "methods of reset" },
	{ LINE("01:00.0 reset_method=flr,"), 26, "nothing", "methods of reset" },
	{ LINE("01:00.0 reset_method=flr;bus"), 25, "\";bus\"", "a comma" },
	{ LINE("01:00.0 reset_method=flr reset_method=bus"), 26, "\"reset_method=bus\"", "once" },
	{ LINE("01:00.0 d3cold_allowed=yes"), 24, "\"yes\"", "0 or 1" },
	{ LINE("01:00.0 d3cold_allowed"), 9, "\"d3cold_allowed\"", "option" },
	{ LINE("!01:00.0 reset_method=flr"), 1, "\"!01:00.0 reset_method=flr\"", "without options" },
	{ LINE("01:00.0 reset_method=device_specific,af_flr,flr,cxl_bus,acpi,pm,bus,device_specific,"
	       "device_specific,device_specific"), 9, "\"reset_method=device_specific,af_fl...\"", "less than 96" },
	{ LINE("driver=vfio-pci"), 16, "nothing", "which device" },
	{ LINE("!"), 2, "nothing", "which device" },
	{ LINE("!!01:00.0"), 2, "\"!01:00.0\"", "an address such as" },
	{ LINE("!01:00.0 group"), 1, "\"!01:00.0 group\"", "exclusion without options" },
	{ LINE("01:00.0 !"), 9, "\"!\"", "an address such as" },
	/* what is not text */
	{ LINE("01:00.0\0"), 8, "\"\\x00\"", "end of the address" },
	{ LINE("\0" "01:00.0"), 1, "\"\\x0001:00.0\"", "an address such as" },
	{ LINE("\xef\xbb\xbf" "01:00.0"), 1, "\"\\xef\\xbb\\xbf01:00.0\"", "an address such as" },
	{ LINE("01:00.0\r\r"), 8, "\"\\x0d\"", "end of the address" },
	{ LINE("\x1b[31m"), 1, "\"\\x1b[31m\"", "an address such as" },
};

static void explains_bad_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_lines); i++) {
		const struct bad_line *bad = &bad_lines[i];
		struct rule rule = { .line = 77 };
		struct rule_error error = { 0 };

		print_message("# %s\n", bad->line);
		assert_int_equal(parse(bad->line, bad->length, &rule, &error), -EINVAL);
		print_message("#   :%zu: found %s, expected %s\n", error.column, error.found,
			      error.expected);
		assert_int_equal(error.column, bad->column);
		if (bad->found[0])
			assert_string_equal(error.found, bad->found);
		assert_non_null(strstr(error.expected, bad->expected));
		assert_int_equal(rule.line, 77);
	}
}

static void bounds_lines(void **state)
{
	static char line[1 << 20];
	struct rule rule;
	struct rule_error error;

	(void)state;
	memset(line, 'a', sizeof(line));
	assert_int_equal(parse(line, sizeof(line), &rule, &error), -EINVAL);
	assert_non_null(strstr(error.expected, "at most 1024 bytes"));
	assert_true(strlen(error.found) < sizeof(error.found));
	assert_non_null(strstr(error.found, "aaa..."));
	/* A comment may be as long as it likes. */
	memcpy(line, "01:00.0 #", 9);
	assert_int_equal(parse(line, sizeof(line), &rule, &error), 1);
	/* And blanks are no reason to refuse a line. */
	memset(line, ' ', sizeof(line));
	memcpy(line + sizeof(line) - 7, "01:00.0", 7);
	assert_int_equal(parse(line, sizeof(line), &rule, &error), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_places),	       cmocka_unit_test(reads_ids),
		cmocka_unit_test(reads_the_rest),      cmocka_unit_test(reads_classes),
		cmocka_unit_test(passes_over_nothing), cmocka_unit_test(explains_bad_lines),
		cmocka_unit_test(bounds_lines),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
