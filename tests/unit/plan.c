/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules x devices -> decisions, on a host that fits on a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct pci_slot slots[] = {
	{ .same = &slots[1], .name = "3" },
	{ .name = "3-1" },
};

/*
 * Two identical cards of two functions below a port each, one of the ports a step further
 * down, a NIC in one group with a chipset's audio function, a VMD drive without a group.
 */
static struct pci_device devices[] = {
	{ .address = { 0, 0, 0x01, 0 },
	  .class = 0x060400,
	  .vendor = 0x8086,
	  .device = 0x1901,
	  .driver = "pcieport",
	  .group = 1,
	  .parent = -1 },
	{ .address = { 0, 0, 0x1c, 0 },
	  .class = 0x060400,
	  .vendor = 0x8086,
	  .device = 0xa338,
	  .driver = "pcieport",
	  .group = 2,
	  .parent = -1 },
	{ .address = { 0, 0, 0x1f, 0 },
	  .class = 0x060100,
	  .vendor = 0x8086,
	  .device = 0xa305,
	  .group = 9,
	  .parent = -1 },
	{ .address = { 0, 0, 0x1f, 3 },
	  .class = 0x040300,
	  .vendor = 0x8086,
	  .device = 0xa348,
	  .driver = "snd_hda_intel",
	  .group = 9,
	  .parent = -1 },
	{ .address = { 0, 0, 0x1f, 6 },
	  .class = 0x020000,
	  .vendor = 0x8086,
	  .device = 0x15bc,
	  .driver = "e1000e",
	  .group = 9,
	  .parent = -1 },
	{ .address = { 0, 1, 0, 0 },
	  .class = 0x030000,
	  .vendor = 0x10de,
	  .device = 0x1b81,
	  .subvendor = 0x1043,
	  .subdevice = 0x8599,
	  .driver = "nouveau",
	  .group = 1,
	  .parent = 0,
	  .slots = slots },
	{ .address = { 0, 1, 0, 1 },
	  .class = 0x040300,
	  .vendor = 0x10de,
	  .device = 0x10f0,
	  .group = 1,
	  .parent = 0,
	  .slots = slots },
	{ .address = { 0, 2, 0, 0 },
	  .class = 0x060400,
	  .vendor = 0x10b5,
	  .device = 0x8724,
	  .driver = "pcieport",
	  .group = 3,
	  .parent = 1 },
	{ .address = { 0, 3, 0, 0 },
	  .class = 0x030000,
	  .vendor = 0x10de,
	  .device = 0x1b81,
	  .subvendor = 0x1043,
	  .subdevice = 0x8600,
	  .driver = "vfio-pci",
	  .group = 4,
	  .parent = 7,
	  .has_serial = true,
	  .serial = 0x1122 },
	{ .address = { 0, 3, 0, 1 },
	  .class = 0x040300,
	  .vendor = 0x10de,
	  .device = 0x10f0,
	  .group = 4,
	  .parent = 7 },
	{ .address = { 0x10000, 0, 0, 0 },
	  .class = 0x010802,
	  .vendor = 0x144d,
	  .device = 0xa808,
	  .driver = "nvme",
	  .group = PCI_GROUP_NONE,
	  .parent = -1 },
};

static const struct pci host = { .devices = devices, .count = COUNT(devices) };

/* One row as "address code wanted line", joined by "; ". */
static void describe(const struct plan *plan, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];
		char address[PCI_ADDRESS_TEXT_MAX] = "-";

		if (row->device)
			pci_address_format(&row->device->address, address);
		text += sprintf(text, "%s%s %s %u", i ? "; " : "", address,
				outcome_name(row->outcome), row->rule->line);
	}
}

static const struct {
	const char *rules, *plan;
} table[] = {
	{ "01:00.0", "0000:01:00.0 would-bind 1" },
	{ "01:00", "0000:01:00.0 would-bind 1; 0000:01:00.1 would-bind 1" },
	{ "10de:1b81", "0000:01:00.0 would-bind 1; 0000:03:00.0 already-bound 1" },
	{ "10de:1b81:1043:8600", "0000:03:00.0 already-bound 1" },
	{ "10de:*\n!01:00", "0000:01:00.0 excluded 2; 0000:01:00.1 excluded 2; "
			    "0000:03:00.0 already-bound 1; 0000:03:00.1 would-bind 1" },
	/* the first rule decides, an exclusion anywhere beats it */
	{ "01:00.0\n10de:1b81", "0000:01:00.0 would-bind 1; 0000:03:00.0 already-bound 2" },
	{ "01:00.0\n01:00.0\n!01:00.0\n!01:00.0", "0000:01:00.0 excluded 3" },
	/* guards */
	{ "01:00.0 id=10de:1b81", "0000:01:00.0 would-bind 1" },
	{ "01:00.0 id=10de:1b80", "0000:01:00.0 guard-mismatch 1" },
	{ "01:00 id=10de:1b81", "0000:01:00.0 would-bind 1; 0000:01:00.1 would-bind 1" },
	{ "01:00 id=10de:10f0", "0000:01:00.0 would-bind 1; 0000:01:00.1 would-bind 1" },
	{ "01:00.1 id=10de:1b81", "0000:01:00.1 guard-mismatch 1" },
	{ "01:00.0 id=10de:1b80\n01:00.0", "0000:01:00.0 would-bind 2" },
	{ "!01:00.0 id=1234:5678", "0000:01:00.0 guard-mismatch 1" },
	{ "!01:00.0 id=1234:5678\n01:00.0", "0000:01:00.0 would-bind 2; - not-found 1" },
	{ "slot=3 id=1234:5678\n!01:00", "0000:01:00.0 excluded 2; 0000:01:00.1 excluded 2" },
	/* nothing there */
	{ "04:00.0", "- not-found 1" },
	{ "1234:5678\n01:00.0\nslot=4", "0000:01:00.0 would-bind 2; - not-found 1; - not-found 3" },
	{ "!04:00.0", "- not-found 1" },
	{ "01:00.0\n!01:00.0\n10de:1b80 optional", "0000:01:00.0 excluded 2; - not-found 3" },
	/* places */
	{ "00:01.0/00.0", "0000:01:00.0 would-bind 1" },
	{ "00:1c.0/00.0/00.*", "0000:03:00.0 already-bound 1; 0000:03:00.1 would-bind 1" },
	{ "00:1c.0/00.0", "0000:02:00.0 bridge 1" },
	{ "02:00.0/00.1", "0000:03:00.1 would-bind 1" },
	{ "00:1c.1/00.0/00.0", "- not-found 1" },
	{ "00:00.0/01.0", "- not-found 1" },
	{ "slot=3", "0000:01:00.0 would-bind 1; 0000:01:00.1 would-bind 1" },
	{ "slot=3-1 class=03", "0000:01:00.0 would-bind 1" },
	{ "slot=5", "- not-found 1" },
	{ "serial=00-00-00-00-00-00-11-22",
	  "0000:03:00.0 already-bound 1; 0000:03:00.1 would-bind 1" },
	{ "serial=00-00-00-00-00-00-00-00", "- not-found 1" },
	{ "class=03", "0000:01:00.0 would-bind 1; 0000:03:00.0 already-bound 1" },
	{ "class=0300 01:00", "0000:01:00.0 would-bind 1" },
	/* what cannot be bound */
	{ "00:01.0", "0000:00:01.0 bridge 1" },
	{ "00:1f.0", "0000:00:1f.0 bridge 1" },
	{ "10000:00:00.0", "10000:00:00.0 no-iommu 1" },
	{ "10000:00:00.0 driver=uio_pci_generic", "10000:00:00.0 would-bind 1" },
	{ "01:00.0 driver=nouveau", "0000:01:00.0 already-bound 1" },
	{ "03:00.0 driver=vfio_pci", "0000:03:00.0 already-bound 1" },
	/* groups */
	{ "00:1f.6 group", "0000:00:1f.3 would-bind 1; 0000:00:1f.6 would-bind 1" },
	{ "00:1f.6 group\n!00:1f.3", "0000:00:1f.3 excluded 2; 0000:00:1f.6 would-bind 1" },
	{ "00:1f.3\n00:1f.6 group", "0000:00:1f.3 would-bind 1; 0000:00:1f.6 would-bind 2" },
	{ "00:1f.6 group\n00:1f.3", "0000:00:1f.3 would-bind 1; 0000:00:1f.6 would-bind 1" },
	{ "00:1f.0 group",
	  "0000:00:1f.0 bridge 1; 0000:00:1f.3 would-bind 1; 0000:00:1f.6 would-bind 1" },
	{ "10000:00:00.0 group", "10000:00:00.0 no-iommu 1" },
};

static void make_plan(const char *text, bool before_drivers, struct rules *rules, struct plan *plan)
{
	assert_int_equal(rules_parse(rules, "t", text, strlen(text)), 0);
	assert_int_equal(rules->bad, 0);
	assert_int_equal(plan_choose(plan, rules, &host), 0);
	assert_int_equal(plan_settle(plan, rules, &host, before_drivers), 0);
}

static void plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct rules rules = { .count = 0 };
		struct plan plan;
		char text[1024];

		print_message("# %s\n", table[i].rules);
		make_plan(table[i].rules, false, &rules, &plan);
		describe(&plan, text);
		assert_string_equal(text, table[i].plan);
		plan_free(&plan);
		rules_free(&rules);
	}
}

/* Who is named as the one that keeps a group from a VM; "" for nobody. */
static const struct {
	const char *rules;
	bool before_drivers;
	const char *detail; /* of the first row */
	enum level level;
} groups[] = {
	{ "00:1f.6", false,
	  "can't be passed through alone: 0000:00:1f.3 is in the same IOMMU group (9) and stays with snd_hda_intel",
	  LEVEL_WARNING },
	{ "00:1f.6 group", false, "", LEVEL_INFO },
	{ "01:00.0\n01:00.1 driver=snd_hda_intel", true,
	  "can't be passed through alone if a host driver takes 0000:01:00.1 of the same IOMMU group (1)",
	  LEVEL_WARNING },
	{ "01:00.0 driver=nouveau\n", true, "", LEVEL_INFO },
	{ "01:00.0", false, "",
	  LEVEL_INFO }, /* the audio function has no driver, the port no matter */
	{ "01:00.0", true,
	  "can't be passed through alone if a host driver takes 0000:01:00.1 of the same IOMMU group (1)",
	  LEVEL_WARNING },
	{ "01:00", true, "", LEVEL_INFO },
};

static void warns_of_groups(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(groups); i++) {
		struct rules rules = { .count = 0 };
		struct plan plan;

		print_message("# %s\n", groups[i].rules);
		make_plan(groups[i].rules, groups[i].before_drivers, &rules, &plan);
		assert_string_equal(plan.rows[0].detail, groups[i].detail);
		assert_int_equal(plan.rows[0].level, groups[i].level);
		plan_free(&plan);
		rules_free(&rules);
	}
}

static void says_what_differs(void **state)
{
	struct rules rules = { .count = 0 };
	struct plan plan;

	(void)state;
	make_plan("01:00.0 id=10de:1b80\n03:00.0 10de:*:1043:8599\n04:00.0 optional", false, &rules,
		  &plan);
	assert_string_equal(plan.rows[0].detail, "found 10de:1b81, expected 10de:1b80");
	assert_string_equal(plan.rows[1].detail,
			    "found 10de:1b81:1043:8600, expected 10de:*:1043:8599");
	assert_false(plan.rows[1].satisfied);
	assert_string_equal(plan.rows[2].detail, "04:00.0 optional");
	assert_true(plan.rows[2].satisfied);
	assert_int_equal(plan.rows[2].level, LEVEL_INFO);
	plan_free(&plan);
	rules_free(&rules);
}

static const struct {
	const char *protections, *rules, *plan;
	const char *detail; /* of the first row */
} protections[] = {
	/* at its path; the twin is free */
	{ "00:01.0/00.0 id=10de:1b81 # 0000:01:00.0 / (ext4 on /dev/x)", "10de:1b81",
	  "0000:01:00.0 protected 1; 0000:03:00.0 already-bound 1", "/ (ext4 on /dev/x)" },
	/* whatever bus numbers were then */
	{ "00:01.0/00.0 id=10de:1b81 # 0000:77:00.0 swap", "01:00.0", "0000:01:00.0 protected 1",
	  "swap" },
	{ "00:01.0/00.0 id=10de:1b81 # 0000:01:00.0 /", "01:00.0 force",
	  "0000:01:00.0 would-bind 1", "forced, in use by the host: /" },
	{ "00:01.0/00.0 id=10de:1b81 # 0000:01:00.0 /", "01:00.0\n!01:00.0",
	  "0000:01:00.0 excluded 2", "" },
	/* not at its path any more: every card of the model is spared */
	{ "00:02.0/00.0 id=10de:1b81 # 0000:01:00.0 /", "01:00.0\n03:00.0",
	  "0000:01:00.0 protected 1; 0000:03:00.0 already-bound 2", "may be what moved: /" },
	/* another card at the path, and none of the model */
	{ "00:01.0/00.0 id=10de:1b82 # 0000:01:00.0 /", "01:00.0", "0000:01:00.0 protected 1",
	  "another card in the place of: /" },
	/* another card of the model, by its number; where it has none, it is the same one */
	{ "03:00.0 id=10de:1b81 serial=00-00-00-00-00-00-33-44 # 0000:03:00.0 /",
	  "03:00.0 driver=pci-stub\n01:00.0",
	  "0000:01:00.0 protected 2; 0000:03:00.0 protected 1", "may be what moved: /" },
	{ "01:00.0 id=10de:1b81 serial=00-00-00-00-00-00-33-44 # 0000:01:00.0 /",
	  "01:00.0\n03:00.0 driver=pci-stub",
	  "0000:01:00.0 protected 1; 0000:03:00.0 would-bind 2", "/" },
	/* the number is elsewhere, on a card whose ID is another one now, but on no other function */
	{ "00:1f.6 id=8086:15bc serial=00-00-00-00-00-00-11-22 # 0000:00:1f.6 /",
	  "03:00 driver=pci-stub", "0000:03:00.0 would-bind 1; 0000:03:00.1 would-bind 1", "" },
	{ "00:02.0 id=10de:1380 serial=00-00-00-00-00-00-11-22 # 0000:00:02.0 /",
	  "03:00 driver=pci-stub", "0000:03:00.0 protected 1; 0000:03:00.1 would-bind 1",
	  "moved: /" },
	/* by subsystem */
	{ "00:02.0/00.0 id=10de:1b81:1043:8600 # 0000:01:00.0 /", "01:00.0",
	  "0000:01:00.0 would-bind 1", "" },
	/* a group takes what is not protected, and says who spoils it */
	{ "00:1f.6 id=8086:15bc # 0000:00:1f.6 default route (eno1)", "00:1f.3 group",
	  "0000:00:1f.3 would-bind 1; 0000:00:1f.6 protected 1",
	  "can't be passed through alone: 0000:00:1f.6 is in the same IOMMU group (9) and stays with e1000e" },
	/* it matters more that the host loses it */
	{ "00:1f.3 id=8086:a348 # 0000:00:1f.3 swap", "00:1f.3 force", "0000:00:1f.3 would-bind 1",
	  "forced, in use by the host: swap" },
};

static void protects(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(protections); i++) {
		struct rules rules = { .count = 0 }, list = { .count = 0 };
		const char *rule = protections[i].rules, *entry = protections[i].protections;
		struct plan plan;
		char text[1024];

		print_message("# %s: %s\n", entry, rule);
		assert_int_equal(rules_parse(&list, "p", entry, strlen(entry)), 0);
		assert_int_equal(rules_parse(&rules, "t", rule, strlen(rule)), 0);
		assert_int_equal(plan_choose(&plan, &rules, &host), 0);
		plan_protect(&plan, &list, &host);
		assert_int_equal(plan_settle(&plan, &rules, &host, false), 0);
		describe(&plan, text);
		assert_string_equal(text, protections[i].plan);
		assert_string_equal(plan.rows[0].detail, protections[i].detail);
		plan_free(&plan);
		rules_free(&rules);
		rules_free(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(warns_of_groups),
		cmocka_unit_test(protects),
		cmocka_unit_test(says_what_differs),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
