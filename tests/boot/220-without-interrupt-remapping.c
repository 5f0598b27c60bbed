/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without interrupt remapping a card is bound, but VFIO refuses it unless told to take the risk. */
#include "cards.h"
#include "expect.h"

static const struct image_spec spec = { .suite = "trixie", .rules = "02:00.0\n" };

static const struct machine refused = {
	.name = "boot/220-without-interrupt-remapping/refused",
	.devices = THREE_CARDS,
	.words = "intremap=off",
};

static const struct machine allowed = {
	.name = "boot/220-without-interrupt-remapping/allowed",
	.devices = THREE_CARDS,
	.words = "intremap=off vfio_iommu_type1.allow_unsafe_interrupts=1",
};

static struct image image;

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/220-without-interrupt-remapping", &image);
	expect_built(&image);
	return 0;
}

static void refused_card_is_warned_of(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot_with(&refused, &image, &run);
	expect_kept(&run, CARD_1, "e1000e");
	expect_unsafe(&run, CARD_2);
	expect_status(&run, CARD_2, "code", "bound");
	expect_message(
		&run, 4,
		"rule /etc/vfio-early.conf:1: can't be passed through: interrupts are not remapped, "
		"and vfio_iommu_type1 has not allow_unsafe_interrupts=1");
	report_free(&run.report);
}

static void allowed_card_is_used(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot_with(&allowed, &image, &run);
	expect_kept(&run, CARD_1, "e1000e");
	expect_passed(&run, CARD_2);
	expect_no_message(&run, "passed through");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_card_is_warned_of),
		cmocka_unit_test(allowed_card_is_used),
	};

	return cmocka_run_group_tests(tests, build, NULL);
}
