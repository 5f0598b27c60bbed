/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without vfio-early all cards stay with the host: what other tests show is its doing. */
#include "cards.h"
#include "expect.h"

static const struct machine machine = {
	.name = "boot/10-control-without-program",
	.image = { .suite = "trixie", .without_program = true },
	.devices = THREE_CARDS,
};

static void all_cards_stay(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_2, "e1000e");
	expect_kept(&run, CARD_3, "e1000e");
	expect_no_module(&run, "vfio_pci");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_cards_stay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
