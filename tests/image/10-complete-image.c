/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image with rules has all that a boot takes, and the script comes before udev. */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define MODULES "usr/lib/modules/*/kernel/drivers/vfio/"
#define RULES   "02:00.0  # the middle one\n"

struct content {
	const char *name;
	struct image_spec spec;
	const char *const *files;
};

static const char *const bookworm_files[] = {
	MODULES "vfio.ko",         MODULES "vfio_iommu_type1.ko",  MODULES "vfio_virqfd.ko",
	MODULES "pci/vfio-pci.ko", MODULES "pci/vfio-pci-core.ko", NULL,
};

static const char *const trixie_files[] = {
	MODULES "vfio.ko.xz",
	MODULES "vfio_iommu_type1.ko.xz",
	MODULES "pci/vfio-pci.ko.xz",
	MODULES "pci/vfio-pci-core.ko.xz",
	NULL,
};

#define SPEC(suite_name)                                                                           \
	{                                                                                          \
		.suite = suite_name, .rules = RULES,                                               \
		.files = { { .path = "etc/vfio-early.conf.d/more.conf", .text = "03:00\n" } },     \
		.unpack = true,                                                                    \
	}

static struct content contents[] = {
	{ "image/10-complete-image/bookworm", SPEC("bookworm"), bookworm_files },
	{ "image/10-complete-image/trixie", SPEC("trixie"), trixie_files },
};

static void check_text(const struct image *image, const char *path, const char *expected)
{
	char *text = image_read(image, path);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void check_order(const struct image *image)
{
	char *order = image_read(image, "scripts/init-top/ORDER");
	const char *ours, *udev;

	assert_non_null(order);
	ours = strstr(order, "/scripts/init-top/00-vfio-early ");
	udev = strstr(order, "/scripts/init-top/udev ");
	assert_non_null(ours);
	assert_non_null(udev);
	assert_true(ours < udev);
	free(order);
}

static void has_all(void **state)
{
	const struct content *content = *state;
	struct image image;

	expect_image(&content->spec, content->name, &image);
	expect_built(&image);
	expect_file(&image, "usr/sbin/vfio-early");
	expect_file(&image, "scripts/init-top/00-vfio-early");
	expect_file(&image, "usr/lib/udev/rules.d/70-vfio-early.rules");
	check_order(&image);
	check_text(&image, "etc/vfio-early.conf", RULES);
	check_text(&image, "etc/vfio-early.conf.d/more.conf", "03:00\n");
	for (const char *const *file = content->files; *file; file++)
		expect_file(&image, *file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(has_all, &contents[0]),
		cmocka_unit_test_prestate(has_all, &contents[1]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
