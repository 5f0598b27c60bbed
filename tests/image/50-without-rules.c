/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without rules the image has the program and no vfio module. */
#include "expect.h"

static const struct image_spec spec = {
	.suite = "trixie",
	.has_all_drivers = true,
	.unpack = true,
};

static void program_only(void **state)
{
	struct image image;

	(void)state;
	expect_image(&spec, "image/50-without-rules", &image);
	expect_built(&image);
	expect_file(&image, "usr/sbin/vfio-early");
	expect_no_file(&image, "usr/lib/modules/*/kernel/drivers/vfio*");
	expect_no_file(&image, "usr/lib/modules/*/updates/vfio-early");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(program_only) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
