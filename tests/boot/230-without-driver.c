/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image whose vfio-pci is missing: the host driver has the card as if there were no rule. */
#include "cards.h"
#include "expect.h"

static const struct machine machine = {
	.name = "boot/230-without-driver",
	.image = { .suite = "trixie",
		   .rules = "02:00.0\n",
		   .without_modules = "kernel/drivers/vfio/pci" },
	.devices = THREE_CARDS,
};

static void host_keeps_cards(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_said(&run.image, "has no driver vfio-pci");
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_2, "e1000e");
	expect_status(&run, CARD_2, "code", "no-driver");
	expect_message(&run, 3, "vfio-early: " CARD_2 " 8086:10d3 no-driver");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(host_keeps_cards) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
