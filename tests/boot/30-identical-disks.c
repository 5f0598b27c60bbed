/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of two identical NVMe disks one has the root file system, the other goes to vfio-pci. */
#include "expect.h"

#define DISK_1 "0000:01:00.0"
#define DISK_2 "0000:02:00.0"

/* Linux may call either disk nvme0; only the address tells which is which. */
static const struct machine root_first = {
	.name = "boot/30-identical-disks/root-first",
	.image = { .suite = "trixie", .rules = "02:00.0\n" },
	.devices = { MACHINE_PORT(1), MACHINE_PORT(2), "nvme,serial=a,bus=port1,drive=root",
		     "nvme,serial=b,bus=port2,drive=data" },
};

static const struct machine root_second = {
	.name = "boot/30-identical-disks/root-second",
	.image = { .suite = "trixie", .rules = "01:00.0\n" },
	.devices = { MACHINE_PORT(1), MACHINE_PORT(2), "nvme,serial=a,bus=port1,drive=data",
		     "nvme,serial=b,bus=port2,drive=root" },
};

static void root_on_first(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&root_first, &run);
	expect_kept(&run, DISK_1, "nvme");
	expect_passed(&run, DISK_2);
	report_free(&run.report);
}

static void root_on_second(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&root_second, &run);
	expect_passed(&run, DISK_1);
	expect_kept(&run, DISK_2, "nvme");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_on_first),
		cmocka_unit_test(root_on_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
