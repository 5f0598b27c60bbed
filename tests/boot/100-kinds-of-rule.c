/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One host, one rule of each kind: every rule hits its device, and nothing else. */
#include <stdio.h>

#include "expect.h"

#define UNKNOWN_ID "1234:5678"

#define BEHIND_SWITCH       "0000:03:00.0"
#define IN_SLOT             "0000:04:00.0"
#define WITH_SERIAL         "0000:05:00.0"
#define OTHER_SERIAL        "0000:06:00.0"
#define USB                 "0000:07:00.0"
#define USB_OF_OTHER_VENDOR "0000:08:00.0"
#define DISK_OF_SAME_VENDOR "0000:09:00.0"
#define HOTPLUG_BRIDGE      "0000:0a:00.0"
#define BEHIND_BRIDGE       "0000:0b:01.0"
#define FOR_STUB            "0000:0c:00.0"
#define SPARE               "0000:0d:00.0"
#define IN_GROUP_1          "0000:0e:00.0"
#define IN_GROUP_2          "0000:0f:00.0"
#define IN_SPOILED_GROUP    "0000:10:00.0"
#define SPOILER             "0000:11:00.0"
#define ISA_BRIDGE          "0000:00:1f.0"
#define BESIDE_ISA_BRIDGE   "0000:00:1f.2"

/* Ports that cannot keep their cards apart share one group, as on many processors. */
#define GROUPED_PORT(n, address) MACHINE_PORT(n) ",addr=" address ",multifunction=on,disable-acs=on"

/* A serial number is the card's MAC address with ff-ff in its middle. */
static const char rules[] = "00:01.0/00.0/01.0/00.0\n"
			    "slot=42 8086:*\n"
			    "serial=52-54-00-ff-ff-00-00-05\n"
			    "06:00.0 id=" UNKNOWN_ID "\n"
			    "class=0c03 1b36:*\n"
			    "0f:00.0 group\n"
			    "10:00.0\n"
			    "0b:01.0\n"
			    "00:1f.2 group\n"
			    "0c:00.0 driver=pci-stub\n"
			    "1e:00.0 optional\n"
			    "1f:00.0\n";

static const struct machine machine = {
	.name = "boot/100-kinds-of-rule",
	.image = { .suite = "trixie",
		   .rules = rules,
		   .files = { { .path = "etc/initramfs-tools/modules",
				.text = "ahci\ne1000\nlpc_ich\nxhci_pci\n" } } },
	.has_slots = true,
	.devices = {
		MACHINE_PORT(1),
		"x3130-upstream,id=switch,bus=port1",
		"xio3130-downstream,id=down,bus=switch,addr=1.0,chassis=50",
		"e1000e,bus=down",
		"pcie-root-port,id=port2,chassis=2,slot=42",
		"e1000e,bus=port2",
		MACHINE_PORT(3),
		"e1000e,bus=port3,mac=52:54:00:00:00:05",
		MACHINE_PORT(4),
		"e1000e,bus=port4,mac=52:54:00:00:00:06",
		MACHINE_PORT(5),
		"qemu-xhci,bus=port5",
		MACHINE_PORT(6),
		"nec-usb-xhci,bus=port6",
		MACHINE_PORT(7),
		"nvme,bus=port7,serial=a,drive=data",
		MACHINE_PORT(8),
		"pcie-pci-bridge,id=bridge,bus=port8",
		"e1000,bus=bridge,addr=1.0",
		MACHINE_PORT(9),
		"e1000e,bus=port9",
		MACHINE_PORT(10),
		"e1000e,bus=port10",
		GROUPED_PORT(11, "10.0"),
		"e1000e,bus=port11",
		GROUPED_PORT(12, "10.1"),
		"e1000e,bus=port12",
		GROUPED_PORT(13, "11.0"),
		"e1000e,bus=port13",
		GROUPED_PORT(14, "11.1"),
		"e1000e,bus=port14",
	},
};

static struct machine_run run;

static int boot(void **state)
{
	(void)state;
	expect_boot(&machine, &run);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	report_free(&run.report);
	return 0;
}

/* @address went to vfio-pci by the rule in this line. */
static void expect_decided(const char *address, int line)
{
	char rule[64];

	snprintf(rule, sizeof(rule), "/etc/vfio-early.conf:%d", line);
	expect_passed(&run, address);
	expect_status(&run, address, "rule", rule);
}

static void path_hits(void **state)
{
	(void)state;
	expect_decided(BEHIND_SWITCH, 1);
}

static void slot_hits(void **state)
{
	(void)state;
	expect_decided(IN_SLOT, 2);
}

static void serial_hits(void **state)
{
	(void)state;
	expect_decided(WITH_SERIAL, 3);
}

static void guard_stops(void **state)
{
	(void)state;
	expect_kept(&run, OTHER_SERIAL, "e1000e");
	expect_status(&run, OTHER_SERIAL, "code", "guard-mismatch");
	expect_status(&run, OTHER_SERIAL, "detail", "found 8086:10d3, expected " UNKNOWN_ID);
	expect_message(&run, 4, OTHER_SERIAL " 8086:10d3 guard-mismatch");
}

/* The other vendor's controller has the class only, the disk the vendor only. */
static void class_and_vendor_hit(void **state)
{
	(void)state;
	expect_decided(USB, 5);
	expect_kept(&run, USB_OF_OTHER_VENDOR, "xhci_hcd");
	expect_no_status(&run, USB_OF_OTHER_VENDOR);
	expect_kept(&run, DISK_OF_SAME_VENDOR, "nvme");
	expect_no_status(&run, DISK_OF_SAME_VENDOR);
}

static void expect_same_group(const char *one, const char *other)
{
	struct report_device first, second;

	assert_int_equal(report_find_device(&run.report, one, &first), 0);
	assert_int_equal(report_find_device(&run.report, other, &second), 0);
	assert_string_not_equal(first.group, "-");
	assert_string_equal(first.group, second.group);
}

static void whole_group_goes(void **state)
{
	(void)state;
	expect_same_group(IN_GROUP_1, IN_GROUP_2);
	expect_decided(IN_GROUP_1, 6);
	expect_decided(IN_GROUP_2, 6);
	expect_message(&run, 6, IN_GROUP_1);
}

/* Bound, but of no use: the warning must be true. */
static void spoiled_group_is_told(void **state)
{
	(void)state;
	expect_same_group(IN_SPOILED_GROUP, SPOILER);
	expect_status(&run, IN_SPOILED_GROUP, "code", "bound");
	expect_not_viable(&run, IN_SPOILED_GROUP);
	expect_kept(&run, SPOILER, "e1000e");
	expect_message(&run, 4, "can't be passed through alone if a host driver takes " SPOILER);
}

/* Only some drivers of bridges leave the group to VFIO; these two are not among them. */
static void spoiling_bridges_are_told(void **state)
{
	(void)state;
	expect_driver(&run, HOTPLUG_BRIDGE, "shpchp");
	expect_same_group(BEHIND_BRIDGE, HOTPLUG_BRIDGE);
	expect_not_viable(&run, BEHIND_BRIDGE);
	expect_message(&run, 4, "alone: " HOTPLUG_BRIDGE " is in the same IOMMU group");
	expect_message(&run, 4, "stays with shpchp");

	expect_driver(&run, ISA_BRIDGE, "lpc_ich");
	expect_same_group(BESIDE_ISA_BRIDGE, ISA_BRIDGE);
	expect_not_viable(&run, BESIDE_ISA_BRIDGE);
	expect_message(&run, 4, "if a host driver takes " ISA_BRIDGE);
}

static void other_driver_takes(void **state)
{
	(void)state;
	expect_driver(&run, FOR_STUB, "pci-stub");
	expect_status(&run, FOR_STUB, "code", "bound");
	expect_status(&run, FOR_STUB, "driver", "pci-stub");
}

static void absent_devices_are_told(void **state)
{
	(void)state;
	expect_status(&run, "0000:1e:00.0", "code", "not-found");
	expect_message(&run, 6, "0000:1e:00.0 - not-found");
	expect_status(&run, "0000:1f:00.0", "code", "not-found");
	expect_message(&run, 4, "0000:1f:00.0 - not-found");
}

static void others_are_left_alone(void **state)
{
	(void)state;
	expect_kept(&run, SPARE, "e1000e");
	expect_no_status(&run, SPARE);
	expect_kept(&run, "0000:00:01.0", "pcieport");
	expect_message(&run, 4, "summary: 11 bound, 2 not as configured, 0 invalid lines");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_hits),
		cmocka_unit_test(slot_hits),
		cmocka_unit_test(serial_hits),
		cmocka_unit_test(guard_stops),
		cmocka_unit_test(class_and_vendor_hit),
		cmocka_unit_test(whole_group_goes),
		cmocka_unit_test(spoiled_group_is_told),
		cmocka_unit_test(spoiling_bridges_are_told),
		cmocka_unit_test(other_driver_takes),
		cmocka_unit_test(absent_devices_are_told),
		cmocka_unit_test(others_are_left_alone),
	};

	return cmocka_run_group_tests(tests, boot, clean_up);
}
