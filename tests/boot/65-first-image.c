/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's first image was built with a rule that is not valid: the host boots, nothing is bound,
 * not even by the rules that are valid, and the log says why.
 */
#include "cards.h"
#include "expect.h"

static const struct machine machine = {
	.name = "boot/65-first-image",
	.image = { .suite = "trixie", .rules = "01:00.0\n02:00.9\n", .without_initrd = true },
	.devices = THREE_CARDS,
};

static void nothing_is_bound(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_built(&run.image);
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_2, "e1000e");
	expect_kept(&run, CARD_3, "e1000e");
	expect_no_module(&run, "vfio_pci");
	expect_message(&run, 3, "/etc/vfio-early.conf:2:");
	expect_message(&run, 3,
		       "/etc/vfio-early.protected: the rules are not valid; nothing is bound");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_bound) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
