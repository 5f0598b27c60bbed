/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the kernel command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/parameters.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char problems[1024];

static void note_problem(void *context, const char *where, const char *message)
{
	size_t used = strlen(problems);

	(void)context;
	assert_true(used + strlen(where) + strlen(message) + 4 < sizeof(problems));
	sprintf(problems + used, "%s: %s\n", where, message);
}

/* Every rule as "+text" or "-text", with a blank behind. */
static void list_rules(const struct rules *rules, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < rules->count; i++)
		text += sprintf(text, "%c%s@%s:%u ", rules->list[i].exclude ? '-' : '+',
				rules->list[i].text, rules->list[i].file, rules->list[i].line);
}

static const struct {
	const char *text;
	const char *off_by;
	bool dry_run;
	unsigned int timeout;
	const char *rules;
	unsigned int bad;
	const char *problem; /* a part of what is said */
} table[] = {
	{ "", NULL, false, 10, "", 0, "" },
	{ "root=LABEL=x quiet vfio_earlybird=off novfio_early=off", NULL, false, 10, "", 0, "" },
	{ "vfio_early=off", "vfio_early=off", false, 10, "", 0, "" },
	{ "quiet vfio_early=off\n", "vfio_early=off", false, 10, "", 0, "" },
	{ "vfio-early=off", "vfio_early=off", false, 10, "", 0, "" },
	{ "\"vfio_early=off\"", "vfio_early=off", false, 10, "", 0, "" },
	{ "vfio_early=\"off\"", "vfio_early=off", false, 10, "", 0, "" },
	{ "vfio_early=dry-run vfio_early.timeout=3", NULL, true, 3, "", 0, "" },
	{ "-- vfio_early=off", NULL, false, 10, "", 0, "" },
	{ "init=/bin/sh \"a -- b\" vfio_early=off", "vfio_early=off", false, 10, "", 0, "" },
	{ "vfio_early=yes", NULL, false, 10, "", 1, "found \"yes\", expected on, off or dry-run" },
	{ "vfio_early=on", NULL, false, 10, "", 0, "" },
	{ "vfio_early=off vfio_early=on", NULL, false, 10, "", 0, "" },
	{ "vfio_early=on vfio_early=off", "vfio_early=off", false, 10, "", 0, "" },
	{ "vfio_early=on vfio_early=dry-run", NULL, true, 10, "", 0, "" },
	/* Words for recovery, which init reads behind "--", too. */
	{ "ro single", "single", false, 10, "", 0, "" },
	{ "s", "s", false, 10, "", 0, "" },
	{ "S quiet", "S", false, 10, "", 0, "" },
	{ "quiet 1 nomodeset", "1", false, 10, "", 0, "" },
	{ "-s", "-s", false, 10, "", 0, "" },
	{ "recovery nomodeset", "recovery", false, 10, "", 0, "" },
	{ "rescue", "rescue", false, 10, "", 0, "" },
	{ "rd.rescue", "rd.rescue", false, 10, "", 0, "" },
	{ "emergency", "emergency", false, 10, "", 0, "" },
	{ "-b\n", "-b", false, 10, "", 0, "" },
	{ "rd.emergency", "rd.emergency", false, 10, "", 0, "" },
	{ "systemd.unit=rescue.target", "systemd.unit=rescue.target", false, 10, "", 0, "" },
	{ "systemd.unit=emergency.target", "systemd.unit=emergency.target", false, 10, "", 0, "" },
	{ "rd.systemd.unit=rescue.target", "rd.systemd.unit=rescue.target", false, 10, "", 0, "" },
	{ "rd.systemd.unit=emergency.target", "rd.systemd.unit=emergency.target", false, 10, "", 0,
	  "" },
	{ "\"single\"", "single", false, 10, "", 0, "" },
	{ "systemd.unit=\"rescue.target\"", "systemd.unit=rescue.target", false, 10, "", 0, "" },
	{ "quiet -- single vfio_early.timeout=3", "single", false, 10, "", 0, "" },
	{ "emergency vfio_early.bind=01:00.0 s", "emergency", false, 10,
	  "+01:00.0@vfio_early.bind:1 ", 0, "" },
	{ "single vfio_early=off", "vfio_early=off", false, 10, "", 0, "" },
	{ "single vfio_early=on", NULL, false, 10, "", 0, "" },
	{ "vfio_early=on -- single", NULL, false, 10, "", 0, "" },
	{ "single -- vfio_early=on", "single", false, 10, "", 0, "" },
	{ "singles Single 11 -1 --s s= 1=1 emergency=1 x.single rd.single b rescue.target \"s 1\"",
	  NULL, false, 10, "", 0, "" },
	{ "systemd.unit=multi-user.target systemd.unit=rescue.targets systemd.unit= systemd.unit",
	  NULL, false, 10, "", 0, "" },
	{ "vfio_early", NULL, false, 10, "", 1, "found \"\"" },
	{ "vfio_early=", NULL, false, 10, "", 1, "found \"\"" },
	{ "vfio_early.bin=01:00.0", NULL, false, 10, "", 1, "vfio_early.bin=01:00.0" },
	{ "vfio_early.timeout=0", NULL, false, 10, "", 1, "1 to 600" },
	{ "vfio_early.timeout=601", NULL, false, 10, "", 1, "1 to 600" },
	{ "vfio_early.timeout=99999999999999999999", NULL, false, 10, "", 1, "1 to 600" },
	{ "vfio_early.timeout=5s", NULL, false, 10, "", 1, "1 to 600" },
	{ "vfio_early.timeout=-1", NULL, false, 10, "", 1, "1 to 600" },
	{ "vfio_early.bind=01:00.0", NULL, false, 10, "+01:00.0@vfio_early.bind:1 ", 0, "" },
	{ "vfio_early.bind=01:00,10de:1381,00:01.0/00.0,slot=3,serial=00-15-17-ff-ff-aa-bb-cc,class=03",
	  NULL, false, 10,
	  "+01:00@vfio_early.bind:1 +10de:1381@vfio_early.bind:2 +00:01.0/00.0@vfio_early.bind:3 "
	  "+slot=3@vfio_early.bind:4 +serial=00-15-17-ff-ff-aa-bb-cc@vfio_early.bind:5 "
	  "+class=03@vfio_early.bind:6 ",
	  0, "" },
	{ "vfio_early.bind=\"01:00.0 id=8086:1533,02:00 force\" vfio_early.skip=slot=3", NULL,
	  false, 10,
	  "+01:00.0 id=8086:1533@vfio_early.bind:1 +02:00 force@vfio_early.bind:2 "
	  "-slot=3@vfio_early.skip:1 ",
	  0, "" },
	{ "\"vfio_early.bind=01:00.0 optional\"", NULL, false, 10,
	  "+01:00.0 optional@vfio_early.bind:1 ", 0, "" },
	/* Never in part: the good ones of a bad word do not count, those of other words do. */
	{ "vfio_early.bind=01:00.0,02:00.9,03:00.0 vfio_early.skip=04:00.0", NULL, false, 10,
	  "-04:00.0@vfio_early.skip:1 ", 1, "vfio_early.bind:2:7: found \"9\"" },
	{ "vfio_early.bind=01:00.0,", NULL, false, 10, "", 1,
	  ":2:1: found nothing, expected a device" },
	{ "vfio_early.bind=,01:00.0", NULL, false, 10, "", 1,
	  ":1:1: found nothing, expected a device" },
	{ "vfio_early.bind=01:00.0#1", NULL, false, 10, "", 1,
	  "found 01:00.0#1, expected a device" },
	{ "vfio_early.bind=01:00.0,,02:00.0", NULL, false, 10, "", 1, "expected a device" },
	{ "vfio_early.bind=", NULL, false, 10, "", 1, "expected a device" },
	{ "vfio_early.bind", NULL, false, 10, "", 1, "expected a device" },
	{ "vfio_early.bind=!01:00.0", NULL, false, 10, "", 1, "found !01:00.0, expected a device" },
	{ "vfio_early.skip=\"01:00.0 force\"", NULL, false, 10, "", 1, "without options" },
	{ "vfio_early.bind=\"01:00.0", NULL, false, 10, "+01:00.0@vfio_early.bind:1 ", 0, "" },
};

/* The kernel takes the last such word, and whole names. */
static const struct {
	const char *text, *barred;
} blacklists[] = {
	{ "quiet", "" },
	{ "module_blacklist=nouveau,vfio_pci", "vfio_pci" },
	{ "module-blacklist=vfio_pci", "vfio_pci" },
	{ "module_blacklist=vfio-pci,vfio_pcie,my_vfio", "" },
	{ "module_blacklist=vfio_pci,vfio", "vfio" },
	{ "module_blacklist=vfio,vfio_pci", "vfio" },
	{ "module_blacklist=vfio_pci_core,vfio_pci", "vfio_pci_core" },
	{ "module_blacklist=vfio_pci module_blacklist=nouveau", "" },
	{ "modprobe.blacklist=vfio_pci", "" },
	{ "-- module_blacklist=vfio_pci", "" },
};

static void reads_blacklists(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(blacklists); i++) {
		struct rules rules = { .problem = note_problem };
		struct parameters parameters;

		print_message("# %s\n", blacklists[i].text);
		assert_int_equal(parameters_parse(&parameters, &rules, blacklists[i].text,
						  strlen(blacklists[i].text)),
				 0);
		assert_string_equal(parameters.barred ?: "", blacklists[i].barred);
		rules_free(&rules);
	}
}

static void reads_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct rules rules = { .problem = note_problem };
		struct parameters parameters;
		size_t length = strlen(table[i].text);
		char *copy = test_malloc(length), text[1024];

		print_message("# %s\n", table[i].text);
		problems[0] = '\0';
		memcpy(copy, table[i].text, length);
		assert_int_equal(parameters_parse(&parameters, &rules, copy, length), 0);
		test_free(copy);
		assert_string_equal(parameters.off_by ?: "", table[i].off_by ?: "");
		assert_int_equal(parameters.dry_run, table[i].dry_run);
		assert_int_equal(parameters.timeout, table[i].timeout);
		list_rules(&rules, text);
		assert_string_equal(text, table[i].rules);
		print_message("# bad: %s\n", problems);
		assert_int_equal(rules.bad, table[i].bad);
		assert_non_null(strstr(problems, table[i].problem));
		assert_int_equal(problems[0] != '\0', table[i].bad != 0);
		rules_free(&rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_words),
					    cmocka_unit_test(reads_blacklists) };

	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
