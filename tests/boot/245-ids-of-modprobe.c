/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An option ids= that was left in modprobe.d names the model of two disks, and a card. It did
 * nothing as long as vfio-pci was loaded late; now that a rule has it loaded first, it takes what
 * it can, but not devices in use by the host.
 */
#include "expect.h"

#define DISK_1 "0000:01:00.0"
#define DISK_2 "0000:02:00.0"
#define CARD   "0000:03:00.0"

/* What a host would find that has its root on the first disk. */
static const char protecting_hook[] =
	"#!/bin/sh\n"
	"case $1 in prereqs) echo vfio-early; exit ;; esac\n"
	"printf '%s\\n' '0000:00:01.0/00.0 id=1b36:0010 # " DISK_1 " / (ext4 on /dev/nvme0n1)' "
	"'# entries: 1' >\"$DESTDIR/etc/vfio-early.protected\"\n";

static const struct machine machine = {
	.name = "boot/245-ids-of-modprobe",
	.image = { .suite = "trixie",
		   .rules = "02:00.0\n",
		   .files = { { .path = "etc/modprobe.d/vfio.conf",
				.text = "options vfio-pci ids=1b36:0010,8086:10d3\n" },
			      { .path = "etc/initramfs-tools/hooks/zz-protect",
				.text = protecting_hook,
				.executable = true } } },
	.devices = { MACHINE_PORT(1), MACHINE_PORT(2), MACHINE_PORT(3),
		     "nvme,serial=a,bus=port1,drive=root", "nvme,serial=b,bus=port2,drive=data",
		     "e1000e,bus=port3" },
};

static void root_disk_stays(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_kept(&run, DISK_1, "nvme");
	expect_message(&run, 4,
		       "vfio-early: devices of the host taken back from ids= of vfio-pci: 1");
	expect_passed(&run, DISK_2);
	expect_driver(&run, CARD, "vfio-pci");
	expect_no_status(&run, CARD);
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(root_disk_stays) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
