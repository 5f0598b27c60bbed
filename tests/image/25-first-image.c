/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's first image has no older one that could stay: with rules that are not valid it is
 * still built, binds nothing, and says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define IDLE "image binds nothing: the rules are not valid"

#define CHECK "vfio-earlyctl check > /mnt/check 2>&1 || :"

static const char *const initramfs_tools[] = {
	"update-initramfs -c -k $(ls /lib/modules)",
	CHECK,
	"unmkinitramfs /boot/initrd.img-* /mnt",
	NULL,
};

static const char *const dracut[] = {
	"touch /boot/vmlinuz-$(ls /lib/modules)",
	"dracut --force --no-hostonly /boot/initrd.img-$(ls /lib/modules) $(ls /lib/modules)",
	CHECK,
	"cd /mnt && lsinitrd --unpack /boot/initrd.img-*",
	NULL,
};

#define FIRST(suite_name, lines)                                                                   \
	{                                                                                          \
		.suite = suite_name, .rules = "02:00.0\n03:00.9\n", .commands = lines,             \
		.without_initrd = true,                                                            \
	}

static struct image_spec specs[] = {
	FIRST("bookworm", initramfs_tools),
	FIRST("trixie", initramfs_tools),
	FIRST("trixie-dracut", dracut),
};

static void expect_text(const struct image *image, const char *path, const char *text)
{
	char *found = image_read(image, path);

	assert_non_null(found);
	if (!strstr(found, text))
		fail_msg("%s has no \"%s\":\n%s", path, text, found);
	free(found);
}

static void is_built_and_binds_nothing(void **state)
{
	const struct image_spec *spec = *state;
	struct image image;
	char name[64];

	snprintf(name, sizeof(name), "image/25-first-image/%s", spec->suite);
	expect_image(spec, name, &image);
	expect_built(&image);
	expect_said(&image, "/etc/vfio-early.conf:2:");
	expect_said(&image, "vfio-early: this " IDLE "\n");
	expect_text(&image, "etc/vfio-early.protected", "# none: the rules are not valid\n");
	expect_file(&image, "usr/sbin/vfio-early");
	expect_text(&image, "check", IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(is_built_and_binds_nothing, &specs[0]),
		cmocka_unit_test_prestate(is_built_and_binds_nothing, &specs[1]),
		cmocka_unit_test_prestate(is_built_and_binds_nothing, &specs[2]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
