/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule sets attributes of one of two bound cards, before its driver is there. The kernel refuses
 * a method that a card lacks.
 *
 * vfio-earlyctl try opens a card as a VM does, and names what a kernel refuses: a host driver in
 * the group, no IOMMU backend, another process, interrupts that are not remapped.
 */
#include <unistd.h>

#include "cards.h"
#include "expect.h"

#define SPOILED "0000:04:00.0"
#define SPOILER "0000:05:00.0"

/* Ports that can't keep their cards apart share one group. */
#define GROUPED_PORT(n, address) MACHINE_PORT(n) ",addr=" address ",multifunction=on,disable-acs=on"

static struct image image;

static void build(const char *suite, const char *name)
{
	const struct image_spec spec = {
		.suite = suite,
		.rules = "02:00.0 reset_method=pm d3cold_allowed=0\n"
			 "03:00.0 reset_method=flr optional\n"
			 "04:00.0 reset_method=flr optional\n",
		.keep_system = true,
	};

	expect_image(&spec, name, &image);
	expect_built(&image);
}

static const char with_6_12[] =
	"$ cd /sys/bus/pci/devices; head -v 0000:0[24]:00.0/reset_method "
	"0000:0[24]:00.0/d3cold_allowed\n"
	"==> 0000:02:00.0/reset_method <==\npm\n\n"
	"==> 0000:04:00.0/reset_method <==\npm bus\n\n"
	"==> 0000:02:00.0/d3cold_allowed <==\n0\n\n"
	"==> 0000:04:00.0/d3cold_allowed <==\n1\n"
	"exit 0\n"
	"$ cut -f 1,3,7,8 /run/vfio-early/status\n"
	"address\tcode\tdetail\tsatisfied\n"
	"0000:02:00.0\tbound\t-\tyes\n"
	"0000:03:00.0\tbound\t-\tyes\n"
	"0000:04:00.0\tbound\tcan't be passed through alone if a host driver takes 0000:05:00.0 of the same "
	"IOMMU group (5); reset_method=flr: Invalid argument; it is pm bus\tno\n"
	"exit 0\n"
	"$ cd /sys/bus/pci/devices/0000:03:00.0; cat reset_method; echo default >reset_method; cat reset_method\n"
	"flr\nflr bus\n"
	"exit 0\n"
	"$ vfio-earlyctl try 01:00.0\n"
	"vfio-earlyctl: 01:00.0: Its driver is e1000e, not vfio-pci: it can't be passed through\n"
	" fix: Run 'vfio-earlyctl bind 01:00.0'; after a reboot, 'vfio-earlyctl status' tells why it isn't bound\n"
	"exit 2\n"
	"$ modprobe -r vfio_iommu_type1; vfio-earlyctl try 02:00.0\n"
	"vfio-earlyctl: 02:00.0: The kernel has no IOMMU backend loaded, so no VM can start: No such device\n"
	" fix: Run 'modprobe vfio_iommu_type1'\n"
	"exit 2\n"
	"$ modprobe vfio_iommu_type1; vfio-earlyctl try 02:00.0\n"
	"02:00.0: IOMMU group 8 is viable; the IOMMU takes it and maps memory\n"
	"02:00.0: It answers: BAR 0 128K, BAR 1 128K, BAR 2 32, BAR 3 16K, ROM 256K; interrupts: 1 INTx, 1 MSI, 5 MSI-X\n"
	"02:00.0: A VM can use it\n"
	"exit 0\n"
	"$ vfio-earlyctl try --read --reset 02:00.0\n"
	"02:00.0: IOMMU group 8 is viable; the IOMMU takes it and maps memory\n"
	"02:00.0: It answers: BAR 0 128K, BAR 1 128K, BAR 2 32, BAR 3 16K, ROM 256K; interrupts: 1 INTx, 1 MSI, 5 MSI-X\n"
	"vfio-earlyctl: 02:00.0: note: BAR 3 begins with ones: it may be empty, or the device doesn't answer there\n"
	"02:00.0: It was reset and answers\n"
	"02:00.0: A VM can use it\n"
	"exit 0\n"
	"$ vfio-earlyctl try 04:00.0\n"
	"vfio-earlyctl: 04:00.0: IOMMU group 5 is not viable: 05:00.0 is bound to e1000e\n"
	" fix: Bind the whole group to vfio-pci: 'vfio-earlyctl add --group 04:00.0'\n"
	"exit 2\n"
	"$ group=$(readlink /sys/bus/pci/devices/0000:02:00.0/iommu_group); exec 9<>/dev/vfio/${group##*/}; vfio-earlyctl try 02:00.0 2>&1 | sed 's/ [0-9]*)/ N)/'\n"
	"vfio-earlyctl: 02:00.0: It is open already: sh (process N) has /dev/vfio/8 open\n"
	" fix: Stop that VM first\n"
	"exit 0\n";

static void each_obstacle_is_named(void **state)
{
	static const struct machine machine = {
		.name = "boot/270-try/trixie",
		.root = image.disk,
		.devices = { MACHINE_PORT(1), "e1000e,bus=port1", MACHINE_PORT(2),
			     "e1000e,bus=port2", MACHINE_PORT(3),
			     "nvme,bus=port3,serial=1", GROUPED_PORT(4, "10.0"),
			     "e1000e,bus=port4", GROUPED_PORT(5, "10.1"), "e1000e,bus=port5" },
		.words = "-- udev try",
	};
	struct machine_run run;

	(void)state;
	build("trixie", machine.name);
	expect_boot_with(&machine, &image, &run);
	expect_driver(&run, SPOILER, "e1000e");
	expect_not_viable(&run, SPOILED);
	expect_transcript(&run, with_6_12);
	report_free(&run.report);
	unlink(image.disk);
}

static const char with_6_1[] =
	"$ vfio-earlyctl try 02:00.0\n"
	"vfio-earlyctl: 02:00.0: The IOMMU refuses its group: interrupts are not remapped, or the firmware reserves memory for a device of it (RMRR): Operation not permitted\n"
	" fix: Run 'vfio-earlyctl doctor' and 'dmesg | grep -i -e vfio -e rmrr', which tell which\n"
	"exit 2\n"
	"$ echo Y >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts; vfio-earlyctl try 02:00.0\n"
	"02:00.0: IOMMU group 7 is viable; the IOMMU takes it and maps memory\n"
	"02:00.0: It answers: BAR 0 128K, BAR 1 128K, BAR 2 32, BAR 3 16K, ROM 256K; interrupts: 1 INTx, 1 MSI, 5 MSI-X\n"
	"02:00.0: A VM can use it\n"
	"exit 0\n";

static void interrupts_are_named(void **state)
{
	static const struct machine machine = {
		.name = "boot/270-try/bookworm",
		.root = image.disk,
		.devices = THREE_CARDS,
		.words = "intremap=off -- udev try-unsafe",
	};
	struct machine_run run;

	(void)state;
	build("bookworm", machine.name);
	expect_boot_with(&machine, &image, &run);
	expect_transcript(&run, with_6_1);
	report_free(&run.report);
	unlink(image.disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_obstacle_is_named),
		cmocka_unit_test(interrupts_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
