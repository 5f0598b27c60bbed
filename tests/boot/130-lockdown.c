/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that is locked down, as it is under Secure Boot, loads signed modules alone and keeps
 * even root from its memory. Debian signs those of VFIO, and sysfs and VFIO stay open.
 */
#include "cards.h"
#include "expect.h"

static void chosen_card_is_usable(void **state)
{
	static const struct machine machine = {
		.name = "boot/130-lockdown",
		.image = { .suite = "trixie", .rules = "02:00.0\n" },
		.devices = THREE_CARDS,
		.words = "lockdown=integrity",
	};
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_console(&run, "Kernel is locked down from command line");
	expect_passed(&run, CARD_2);
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_3, "e1000e");
	report_free(&run.report);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(chosen_card_is_usable) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
