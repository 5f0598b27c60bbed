/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installed, but without a rule, or with the file of rules deleted: the host boots, nothing is
 * bound, nothing is loaded, nothing is said.
 */
#include "cards.h"
#include "expect.h"

static const struct machine without_rules = {
	.name = "boot/60-without-rules/none",
	.image = { .suite = "trixie" },
	.devices = THREE_CARDS,
};

static const struct machine rules_deleted = {
	.name = "boot/60-without-rules/deleted",
	.image = { .suite = "trixie", .files = { { .path = "etc/vfio-early.conf" } } },
	.devices = THREE_CARDS,
};

static void expect_nothing(const struct machine *machine)
{
	struct machine_run run;

	expect_boot(machine, &run);
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_2, "e1000e");
	expect_kept(&run, CARD_3, "e1000e");
	assert_null(report_next_line(&run.report, "status", NULL));
	expect_no_message(&run, "vfio-early");
	expect_no_module(&run, "vfio");
	expect_no_module(&run, "vfio_pci");
	report_free(&run.report);
}

static void nothing_happens_without_rules(void **state)
{
	(void)state;
	expect_nothing(&without_rules);
}

static void nothing_happens_when_rules_are_gone(void **state)
{
	(void)state;
	expect_nothing(&rules_deleted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_without_rules),
		cmocka_unit_test(nothing_happens_when_rules_are_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
