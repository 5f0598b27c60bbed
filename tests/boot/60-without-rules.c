/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installed, but without a rule: the host boots, nothing is bound, nothing is loaded. */
#include "cards.h"
#include "expect.h"

static const struct machine machine = {
	.name = "boot/60-without-rules",
	.image = { .suite = "trixie" },
	.devices = THREE_CARDS,
};

static void nothing_happens(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_2, "e1000e");
	expect_kept(&run, CARD_3, "e1000e");
	expect_no_status(&run, CARD_2);
	expect_no_message(&run, "vfio-early");
	expect_no_module(&run, "vfio");
	expect_no_module(&run, "vfio_pci");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_happens) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
