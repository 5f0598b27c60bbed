/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `make install SBINDIR=/usr/local/sbin`: the image still has the program in /usr/sbin, and
 * the rule for hot-plugged devices looks for it there. 95-dracut is built so, too.
 */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static const struct image_spec spec = {
	.suite = "trixie",
	.stage = "stage-local",
	.rules = "02:00.0\n",
	.unpack = true,
};

static void image_is_as_ever(void **state)
{
	struct image image;
	char *rule;

	(void)state;
	expect_image(&spec, "image/90-programs-elsewhere", &image);
	expect_built(&image);
	expect_file(&image, "usr/sbin/vfio-early");
	rule = image_read(&image, "usr/lib/udev/rules.d/70-vfio-early.rules");
	assert_non_null(rule);
	assert_non_null(strstr(rule, "RUN+=\"/usr/sbin/vfio-early $kernel\""));
	free(rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(image_is_as_ever) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
