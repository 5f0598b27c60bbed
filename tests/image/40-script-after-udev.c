/* SPDX-License-Identifier: GPL-2.0-or-later */
/* If the boot script would come after udev, the build fails and the old image stays. */
#include "expect.h"

#define SCRIPTS "usr/share/initramfs-tools/scripts/init-top/"

#define SPEC(suite_name)                                                                           \
	{                                                                                          \
		.suite = suite_name, .rules = "02:00.0\n",                                         \
		.files = { { .path = SCRIPTS "00-vfio-early", .moved = SCRIPTS "vfio-early" } },   \
	}

static const struct image_spec bookworm = SPEC("bookworm");
static const struct image_spec trixie = SPEC("trixie");

static void refused_on_bookworm(void **state)
{
	struct image image;

	(void)state;
	expect_image(&bookworm, "image/40-script-after-udev/bookworm", &image);
	expect_refused(&image);
	expect_said(&image, "udev");
}

static void refused_on_trixie(void **state)
{
	struct image image;

	(void)state;
	expect_image(&trixie, "image/40-script-after-udev/trixie", &image);
	expect_refused(&image);
	expect_said(&image, "udev");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_on_bookworm),
		cmocka_unit_test(refused_on_trixie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
