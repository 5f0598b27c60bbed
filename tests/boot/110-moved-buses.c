/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card is added, and the bus numbers behind it move: with the image from before, rules by path,
 * slot and serial number still hit, and a rule by address is stopped by its guard.
 */
#include "expect.h"

#define DISK_ID "1b36:0010"
#define CARD_ID "8086:10d3"

/* What the machine has before and after; the ports keep their places. */
#define OLD_DEVICES                                                                                \
	"pcie-root-port,id=port4,addr=4.0,chassis=4,slot=44", "e1000e,bus=port4",                  \
		"pcie-root-port,id=port5,addr=5.0,chassis=5,slot=45", "e1000e,bus=port5",          \
		"pcie-root-port,id=port6,addr=6.0,chassis=6,slot=46", "e1000e,bus=port6",          \
		"pcie-root-port,id=port7,addr=7.0,chassis=7,slot=47",                              \
		"nvme,bus=port7,serial=a,drive=data",                                              \
		"pcie-root-port,id=port8,addr=8.0,chassis=8,slot=48",                              \
		"e1000e,bus=port8,mac=52:54:00:00:00:08"

/* The third rule is what people write who do not know that bus numbers move. */
static const char rules[] = "00:04.0/00.0\n"
			    "slot=45\n"
			    "03:00.0\n"
			    "04:00.0 id=" DISK_ID "\n"
			    "serial=52-54-00-ff-ff-00-00-08\n";

static const struct machine before = {
	.name = "boot/110-moved-buses/before",
	.image = { .suite = "trixie", .rules = rules },
	.has_slots = true,
	.devices = { OLD_DEVICES },
};

/* A switch with two cards takes the buses 01 to 04. */
static const struct machine after = {
	.name = "boot/110-moved-buses/after",
	.has_slots = true,
	.devices = {
		"pcie-root-port,id=port3,addr=3.0,chassis=3,slot=43",
		"x3130-upstream,id=switch,bus=port3",
		"xio3130-downstream,id=down1,bus=switch,addr=0.0,chassis=50",
		"e1000e,bus=down1",
		"xio3130-downstream,id=down2,bus=switch,addr=1.0,chassis=51",
		"e1000e,bus=down2",
		OLD_DEVICES,
	},
};

static struct machine_run first, second;

static int boot_both(void **state)
{
	(void)state;
	expect_boot(&before, &first);
	expect_boot_with(&after, &first.image, &second);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	report_free(&first.report);
	report_free(&second.report);
	return 0;
}

static void expect_decided(const struct machine_run *run, const char *address, const char *rule)
{
	expect_passed(run, address);
	expect_status(run, address, "rule", rule);
}

static void all_rules_hit(void **state)
{
	(void)state;
	expect_decided(&first, "0000:01:00.0", "/etc/vfio-early.conf:1");
	expect_decided(&first, "0000:02:00.0", "/etc/vfio-early.conf:2");
	expect_decided(&first, "0000:03:00.0", "/etc/vfio-early.conf:3");
	expect_decided(&first, "0000:04:00.0", "/etc/vfio-early.conf:4");
	expect_decided(&first, "0000:05:00.0", "/etc/vfio-early.conf:5");
	expect_message(&first, 6, "summary: 5 bound, 0 not as configured, 0 invalid lines");
}

static void path_slot_and_serial_hit(void **state)
{
	(void)state;
	expect_decided(&second, "0000:05:00.0", "/etc/vfio-early.conf:1");
	expect_decided(&second, "0000:06:00.0", "/etc/vfio-early.conf:2");
	expect_decided(&second, "0000:09:00.0", "/etc/vfio-early.conf:5");
}

/* Neither what sits there now is taken, nor the disk that the rule once meant. */
static void guard_stops(void **state)
{
	(void)state;
	expect_kept(&second, "0000:04:00.0", "e1000e");
	expect_status(&second, "0000:04:00.0", "code", "guard-mismatch");
	expect_message(&second, 4, "found " CARD_ID ", expected " DISK_ID);
	expect_kept(&second, "0000:08:00.0", "nvme");
	expect_no_status(&second, "0000:08:00.0");
}

/* Without a guard, the rule takes the new card: the buses did move. */
static void rule_without_guard_errs(void **state)
{
	(void)state;
	expect_decided(&second, "0000:03:00.0", "/etc/vfio-early.conf:3");
	expect_kept(&second, "0000:07:00.0", "e1000e");
	expect_no_status(&second, "0000:07:00.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_rules_hit),
		cmocka_unit_test(path_slot_and_serial_hit),
		cmocka_unit_test(guard_stops),
		cmocka_unit_test(rule_without_guard_errs),
	};

	return cmocka_run_group_tests(tests, boot_both, clean_up);
}
