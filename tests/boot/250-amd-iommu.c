/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On a machine with AMD's IOMMU a card can be used. vfio-pci has the option that modprobe.d of the
 * host sets; the command there is not run.
 */
#include <stdlib.h>

#include "cards.h"
#include "expect.h"

static const struct machine machine = {
	.name = "boot/250-amd-iommu",
	.image = { .suite = "trixie",
		   .rules = "02:00.0\n",
		   .files = { { .path = "etc/modprobe.d/vfio.conf",
				.text = "options vfio-pci disable_idle_d3=1\n"
					"install vfio-pci /bin/false\n" } } },
	.devices = THREE_CARDS,
	.iommu = "amd-iommu,intremap=on",
};

static void chosen_card_goes(void **state)
{
	struct machine_run run;
	char *option;

	(void)state;
	expect_boot(&machine, &run);
	option = report_line(&run.report, "disable_idle_d3");
	assert_string_equal(option ?: "none", "Y");
	free(option);
	expect_message(
		&run, 4,
		"vfio-early: modprobe.d: 'install vfio_pci /bin/false' is not run; the module "
		"is loaded");
	expect_kept(&run, CARD_1, "e1000e");
	expect_passed(&run, CARD_2);
	expect_message(&run, 6, "vfio-early: " CARD_2 " 8086:10d3 bound");
	expect_kept(&run, CARD_3, "e1000e");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(chosen_card_goes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
