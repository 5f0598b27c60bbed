/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without an IOMMU no card can be passed through: all stay with their host drivers. */
#include "cards.h"
#include "expect.h"

static const struct machine machine = {
	.name = "boot/210-without-iommu",
	.image = { .suite = "trixie", .rules = "02:00.0\n03:00.0 driver=pci-stub\n" },
	.devices = THREE_CARDS,
	.iommu = "none",
};

/* The stub needs no IOMMU: it shows that the program was at work. */
static void host_keeps_cards(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_kept(&run, CARD_1, "e1000e");
	expect_kept(&run, CARD_2, "e1000e");
	expect_status(&run, CARD_2, "code", "no-iommu");
	expect_message(&run, 3, "vfio-early: " CARD_2 " 8086:10d3 no-iommu");
	expect_driver(&run, CARD_3, "pci-stub");
	expect_status(&run, CARD_3, "code", "bound");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(host_keeps_cards) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
