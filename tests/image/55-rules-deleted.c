/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host whose rules were deleted, file and all, gets an image as if there had been none. */
#include "expect.h"

static const struct image_spec spec = {
	.suite = "trixie",
	.files = { { .path = "etc/vfio-early.conf" } },
	.unpack = true,
};

static void image_does_nothing(void **state)
{
	struct image image;

	(void)state;
	expect_image(&spec, "image/55-rules-deleted", &image);
	expect_built(&image);
	expect_no_file(&image, "etc/vfio-early.conf");
	expect_no_file(&image, "etc/vfio-early.protected");
	expect_no_file(&image, "usr/lib/modules/*/kernel/drivers/vfio");
	expect_no_file(&image, "usr/lib/modules/*/updates/vfio-early");
	assert_false(image_said(&image, "vfio"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(image_does_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
