/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule that does not parse fails the build with its place, and the old image stays. */
#include "expect.h"

static const struct image_spec main_file = {
	.suite = "trixie",
	.rules = "02:00.0\n03:00.9\n",
};

static const struct image_spec more_files = {
	.suite = "bookworm",
	.rules = "02:00.0\n",
	.files = { { .path = "etc/vfio-early.conf.d/10-more.conf", .text = "# fine\nbananas\n" } },
};

static void refused_in_main_file(void **state)
{
	struct image image;

	(void)state;
	expect_image(&main_file, "image/20-bad-rule/main-file", &image);
	expect_refused(&image);
	expect_said(&image, "/etc/vfio-early.conf:2:");
}

static void refused_in_more_files(void **state)
{
	struct image image;

	(void)state;
	expect_image(&more_files, "image/20-bad-rule/more-files", &image);
	expect_refused(&image);
	expect_said(&image, "/etc/vfio-early.conf.d/10-more.conf:2:1:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_in_main_file),
		cmocka_unit_test(refused_in_more_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
