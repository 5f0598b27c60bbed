/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel without vfio-pci gets its image, with a warning: the host must still boot. */
#include "expect.h"

static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "02:00.0\n",
	.without_modules = "kernel/drivers/vfio",
	.unpack = true,
};

static void warned(void **state)
{
	struct image image;

	(void)state;
	expect_image(&spec, "image/30-kernel-without-vfio-pci", &image);
	expect_built(&image);
	expect_said(&image, "W: ");
	expect_said(&image, "vfio-pci");
	expect_file(&image, "usr/sbin/vfio-early");
	expect_no_file(&image, "usr/lib/modules/*/kernel/drivers/vfio*");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(warned) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
