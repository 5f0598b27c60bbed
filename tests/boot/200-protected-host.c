/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule by ID names the model of the root disk, another that of the management card and of the one
 * with Corosync's link: with the list that the host makes, it comes up on its disk and with its
 * cards, while the others of the same models go to vfio-pci, one with an address as well.
 */
#include <unistd.h>

#include "expect.h"

#define DISK_1 "0000:01:00.0"
#define DISK_2 "0000:02:00.0"
#define CARD_1 "0000:03:00.0"
#define CARD_2 "0000:04:00.0"
#define CARD_3 "0000:05:00.0"

/*
 * Made where the host can't be seen, and on purpose nothing is protected in it. Its scripts take it
 * that they have waited for the root disk already.
 */
static const struct image_spec spec = {
	.suite = "trixie-full",
	.rules = "1b36:0010\n8086:10d3\n",
	.files = { { .path = "etc/fstab", .text = "" },
		   { .path = "etc/corosync/corosync.conf",
		     .text = "nodelist {\n"
			     "  node {\n    name: a\n    ring0_addr: 198.51.100.2\n  }\n"
			     "  node {\n    name: b\n    ring0_addr: 198.51.100.3\n  }\n}\n" },
		   { .path = "etc/initramfs-tools/scripts/local-premount/no-wait",
		     .text = "#!/bin/sh\n"
			     "[ \"$1\" = prereqs ] || echo starttime=-60 >>/conf/param.conf\n",
		     .executable = true } },
	.keep_system = true,
};

static struct image image;

/* What the guest puts its new initrd on comes last. */
#define DISKS                                                                                      \
	{                                                                                          \
		"boot/200-protected-host/new-initrd"                                               \
	}
#define DEVICES                                                                                    \
	{                                                                                          \
		MACHINE_PORT(1), MACHINE_PORT(2), MACHINE_PORT(3), MACHINE_PORT(4),                \
			MACHINE_PORT(5), "nvme,serial=a,bus=port1,drive=root",                     \
			"nvme,serial=b,bus=port2,drive=data", "e1000e,bus=port3",                  \
			"e1000e,bus=port4", "e1000e,bus=port5",                                    \
			"virtio-blk-pci,drive=disk0,serial=result",                                \
	}

static const struct machine lost = {
	.name = "boot/200-protected-host/lost",
	.root = image.disk,
	.disks = DISKS,
	.devices = DEVICES,
};

static const struct machine before = {
	.name = "boot/200-protected-host/before",
	.root = image.disk,
	.disks = DISKS,
	.devices = DEVICES,
	.words = "vfio_early=off -- bridge fill",
};

static const struct machine after = {
	.name = "boot/200-protected-host/after",
	.root = image.disk,
	.disks = DISKS,
	.devices = DEVICES,
	.words = "-- udev",
};

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/200-protected-host", &image);
	expect_built(&image);
	expect_said(&image, "an image that is built here protects nothing");
	return 0;
}

/* It is large. */
static int clean_up(void **state)
{
	(void)state;
	unlink(image.disk);
	return 0;
}

/* Without protection the test below would fail. */
static void unprotected_host_is_lost(void **state)
{
	struct machine_run run;

	(void)state;
	expect_no_boot(&lost, &image, &run);
	expect_console(&run, DISK_1 " 1b36:0010 bound");
	expect_console(&run, CARD_3 " 8086:10d3 bound");
	expect_console(&run, "LABEL=guest does not exist");
	report_free(&run.report);
}

/* The words that switched the program off this once do not affect previews. */
static void protected_host_comes_up(void **state)
{
	struct machine_run run;
	struct image updated;

	(void)state;
	expect_update(&before, &image, &run, &updated);
	expect_console(&run, DISK_1 " (1b36:0010) stays with the host, which uses it: "
				    "/ (ext4 on /dev/nvme");
	expect_console(&run, CARD_1 " (8086:10d3) stays with the host, which uses it: "
				    "IPv4 default route (br0)");
	expect_console(&run, CARD_2 " (8086:10d3) is in use by the host");
	report_free(&run.report);

	expect_boot_with(&after, &updated, &run);
	expect_protected(&run, DISK_1, "nvme",
			 "1b36:0010 protected, driver - (before: -), rule /etc/vfio-early.conf:1: "
			 "/ (ext4 on /dev/nvme");
	expect_passed(&run, DISK_2);
	expect_protected(&run, CARD_1, "e1000e",
			 "8086:10d3 protected, driver - (before: -), rule /etc/vfio-early.conf:2: "
			 "IPv4 default route (br0)");
	expect_passed(&run, CARD_2);
	expect_protected(&run, CARD_3, "e1000e",
			 "8086:10d3 protected, driver - (before: -), rule /etc/vfio-early.conf:2: "
			 "Corosync link (enp5s0)");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unprotected_host_is_lost),
		cmocka_unit_test(protected_host_comes_up),
	};

	return cmocka_run_group_tests(tests, build, clean_up);
}
