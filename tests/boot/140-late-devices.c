/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come after the boot pass get what the rules say: a card that is plugged in while
 * the image runs, one when the host runs, and a virtual function that a driver made, all of which
 * host drivers that are loaded take first. What has no rule stays, and so does the function that
 * the virtual ones are of.
 */
#include "cards.h"
#include "expect.h"

#define DISK     "0000:03:00.0"
#define VIRTUAL  "0000:03:00.1"
#define VIRTUAL2 "0000:03:00.2"
#define CARD_4   "0000:04:00.0"
#define CARD_5   "0000:05:00.0"

static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "02:00.0 optional  # comes while the image runs\n"
		 "04:00.0           # comes later\n"
		 "03:00.1 group     # virtual\n",
	.files = { {
		.path = "etc/initramfs-tools/scripts/init-premount/arrival",
		.executable = true,
		.text = "#!/bin/sh\n"
			"[ \"$1\" = prereqs ] && exit\n"
			"{ echo '{\"execute\":\"qmp_capabilities\"}'\n"
			"echo '{\"execute\":\"device_add\",\"arguments\":"
			"{\"driver\":\"e1000e\",\"bus\":\"port2\"}}'; } > /dev/ttyS2\n"
			"while ! [ -e /sys/bus/pci/devices/" CARD_2 " ]; do sleep 0.1; done\n"
			"udevadm settle\n"
			"echo \"arrival: $(readlink /sys/bus/pci/devices/" CARD_2 "/driver)\"\n",
	} },
	.keep_system = true,
};

static struct machine machine = {
	.name = "boot/140-late-devices/boot",
	.devices = { MACHINE_PORT(1), MACHINE_PORT(2), MACHINE_PORT(3), MACHINE_PORT(4),
		     MACHINE_PORT(5), "e1000e,bus=port1", "nvme-subsys,id=subsys",
		     "nvme,bus=port3,subsys=subsys,serial=a,sriov_max_vfs=4,sriov_vq_flexible=8,"
		     "sriov_vi_flexible=4,max_ioqpairs=16,msix_qsize=18" },
	.has_monitor = true,
	.words = "-- arrivals",
};

static struct machine_run run;

static int boot(void **state)
{
	static struct image image;

	(void)state;
	expect_image(&spec, "boot/140-late-devices", &image);
	expect_built(&image);
	machine.root = image.disk;
	expect_boot_with(&machine, &image, &run);
	return 0;
}

static void rules_hold_while_the_image_runs(void **state)
{
	(void)state;
	expect_console(&run, "arrival: ../../../../bus/pci/drivers/vfio-pci");
	expect_passed(&run, CARD_2);
}

static void rules_hold_when_the_host_runs(void **state)
{
	(void)state;
	expect_passed(&run, CARD_4);
	expect_status(&run, CARD_4, "rule", "/etc/vfio-early.conf:2");
	expect_message(&run, 6, CARD_4 " 8086:10d3 bound");
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_5, "e1000e");
	expect_no_status(&run, CARD_5);
}

static void virtual_function_comes_alone(void **state)
{
	(void)state;
	expect_passed(&run, VIRTUAL);
	expect_status(&run, VIRTUAL, "rule", "/etc/vfio-early.conf:3");
	expect_kept(&run, DISK, "nvme");
	expect_no_status(&run, DISK);
	expect_no_status(&run, VIRTUAL2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_hold_while_the_image_runs),
		cmocka_unit_test(rules_hold_when_the_host_runs),
		cmocka_unit_test(virtual_function_comes_alone),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
