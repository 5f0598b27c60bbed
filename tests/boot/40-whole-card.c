/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule for a whole card takes all its functions, and nothing of the same model elsewhere. */
#include "expect.h"

static const struct machine machine = {
	.name = "boot/40-whole-card",
	.image = { .suite = "trixie",
		   .rules = "08:00\n",
		   .files = { { .path = "etc/initramfs-tools/modules", .text = "xhci_pci\n" } } },
	.devices = {
		MACHINE_PORT(1), MACHINE_PORT(2), MACHINE_PORT(3), MACHINE_PORT(4),
		MACHINE_PORT(5), MACHINE_PORT(6), MACHINE_PORT(7), MACHINE_PORT(8),
		"e1000e,bus=port7",
		"e1000e,bus=port8,addr=0.0,multifunction=on",
		"e1000e,bus=port8,addr=0.1",
		"qemu-xhci,bus=port8,addr=0.2",
	},
};

static void all_functions_go(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_kept(&run, "0000:07:00.0", "e1000e");
	expect_passed(&run, "0000:08:00.0");
	expect_passed(&run, "0000:08:00.1");
	expect_passed(&run, "0000:08:00.2");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_functions_go) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
