/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image with rules has all that a boot takes, and the program comes before udev, without a
 * shell. VFIO's modules are not compressed in it, as far as something can decompress them.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"
#include "files.h"

#define MODULES "usr/lib/modules/*/kernel/drivers/vfio/"
#define PLAIN   "usr/lib/modules/*/updates/vfio-early/"
#define RULES   "02:00.0  # the middle one\n"

struct content {
	const char *name;
	struct image_spec spec;
	const char *const *files;
	const char *absent;
};

static const char *const bookworm_files[] = {
	MODULES "vfio.ko",         MODULES "vfio_iommu_type1.ko",  MODULES "vfio_virqfd.ko",
	MODULES "pci/vfio-pci.ko", MODULES "pci/vfio-pci-core.ko", NULL,
};

static const char *const trixie_files[] = {
	PLAIN "vfio.ko",          PLAIN "vfio_iommu_type1.ko", PLAIN "vfio-pci.ko",
	PLAIN "vfio-pci-core.ko", PLAIN "irqbypass.ko",        NULL,
};

static const char *const compressed_files[] = {
	MODULES "vfio.ko.xz",
	MODULES "vfio_iommu_type1.ko.xz",
	MODULES "pci/vfio-pci.ko.xz",
	MODULES "pci/vfio-pci-core.ko.xz",
	NULL,
};

#define SPEC(suite_name, ...)                                                                      \
	{                                                                                          \
		.suite = suite_name, .rules = RULES,                                               \
		.files = { { .path = "etc/vfio-early.conf.d/more.conf", .text = "03:00\n" },       \
			   __VA_ARGS__ },                                                          \
		.unpack = true, .settings = "BUSYBOX=n\n",                                         \
	}

static struct content contents[] = {
	{ "image/10-complete-image/bookworm", SPEC("bookworm"), bookworm_files, PLAIN "*" },
	{ "image/10-complete-image/trixie", SPEC("trixie"), trixie_files, MODULES "*.ko*" },
	{ "image/10-complete-image/compressed",
	  SPEC("trixie", { .path = "usr/bin/busybox", .moved = "usr/bin/away" }), compressed_files,
	  "usr/lib/modules/*/updates" },
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

static void check_link(const struct image *image)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	files_path(path, "%s/scripts/init-top/00-vfio-early", image->tree);
	length = readlink(path, target, sizeof(target) - 1);
	assert_true(length > 0);
	target[length] = '\0';
	assert_string_equal(target, "../../usr/sbin/vfio-early");
	expect_no_file(image, "scripts/00-vfio-early");
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
	check_link(&image);
	check_text(&image, "etc/vfio-early.conf", RULES);
	check_text(&image, "etc/vfio-early.conf.d/more.conf", "03:00\n");
	for (const char *const *file = content->files; *file; file++)
		expect_file(&image, *file);
	expect_no_file(&image, content->absent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(has_all, &contents[0]),
		cmocka_unit_test_prestate(has_all, &contents[1]),
		cmocka_unit_test_prestate(has_all, &contents[2]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
