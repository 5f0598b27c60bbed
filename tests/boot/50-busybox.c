/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image with busybox, as on most hosts: other tests boot with nothing but the shell of klibc. */
#include "cards.h"
#include "expect.h"

static const struct machine machine = {
	.name = "boot/50-busybox",
	.image = { .suite = "trixie",
		   .rules = "02:00.0\n",
		   .settings = "BUSYBOX=y\n",
		   .unpack = true },
	.devices = THREE_CARDS,
};

static void chosen_card_goes(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_file(&run.image, "usr/bin/busybox");
	expect_passed(&run, CARD_2);
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_3, "e1000e");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(chosen_card_goes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
