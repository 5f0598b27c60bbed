/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `make install SBINDIR=/usr/local/sbin`: the image has the program in /usr/sbin all the same, and
 * what starts it in there, at boot and for late devices, looks for it there.
 */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

static const struct image_spec initramfs_tools = {
	.suite = "trixie",
	.stage = "stage-local",
	.rules = "02:00.0\n",
	.unpack = true,
};

static const char *const commands[] = {
	"dracut --force --no-hostonly $(ls -d /boot/initrd.img-*) $(ls /usr/lib/modules)",
	"cd /mnt && lsinitrd --unpack /boot/initrd.img-*",
	NULL,
};

static const struct image_spec dracut = {
	.suite = "trixie-dracut",
	.stage = "stage-local",
	.rules = "02:00.0\n",
	.commands = commands,
};

static void check_starts(const struct image *image, const char *path, const char *command)
{
	char *text = image_read(image, path);

	assert_non_null(text);
	if (!strstr(text, command))
		fail_msg("%s has no %s:\n%s", path, command, text);
	free(text);
}

static void check_image(const struct image_spec *spec, const char *name, const char *script,
			const char *command)
{
	struct image image;

	expect_image(spec, name, &image);
	expect_built(&image);
	expect_file(&image, "usr/sbin/vfio-early");
	check_starts(&image, script, command);
	check_starts(&image, "usr/lib/udev/rules.d/70-vfio-early.rules",
		     "RUN+=\"/usr/sbin/vfio-early $kernel\"");
}

static void with_initramfs_tools(void **state)
{
	(void)state;
	check_image(&initramfs_tools, "image/90-programs-elsewhere/initramfs-tools",
		    "scripts/init-top/00-vfio-early", "exec /usr/sbin/vfio-early\n");
}

static void with_dracut(void **state)
{
	(void)state;
	check_image(&dracut, "image/90-programs-elsewhere/dracut",
		    "usr/lib/dracut/hooks/pre-udev/00-vfio-early.sh", "\n/usr/sbin/vfio-early ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_initramfs_tools),
		cmocka_unit_test(with_dracut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
