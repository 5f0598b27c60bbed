/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host boots with the image that installing the package made, and has its cards taken. */
#include "cards.h"
#include "expect.h"

static const char *const install[] = { "dpkg -i /media/vfio-early_*_amd64.deb", NULL };

/* The image of trixie is as on a new Debian; check-matrix has all releases so. */
#define HOST(suite_name, all_drivers)                                                              \
	{                                                                                          \
		.name = "package/30-boots/" suite_name,                                            \
		.image = { .suite = suite_name,                                                    \
			   .has_all_drivers = all_drivers,                                         \
			   .files = { { .path = "etc/vfio-early.conf.d/card.conf",                 \
					.text = "02:00.0\n" } },                                   \
			   .commands = install,                                                    \
			   .without_program = true },                                              \
		.devices = THREE_CARDS,                                                            \
	}

static struct machine hosts[] = { HOST("bookworm", false), HOST("trixie", true) };

static void the_middle_card_is_taken(void **state)
{
	struct machine_run run;

	expect_boot(*state, &run);
	expect_built(&run.image);
	expect_kept(&run, CARD_1, "e1000e");
	expect_passed(&run, CARD_2);
	expect_status(&run, CARD_2, "rule", "/etc/vfio-early.conf.d/card.conf:1");
	expect_kept(&run, CARD_3, "e1000e");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(the_middle_card_is_taken, &hosts[0]),
		cmocka_unit_test_prestate(the_middle_card_is_taken, &hosts[1]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
