/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image of dracut has all that a boot takes, options of modprobe.d among it, and VFIO's modules
 * are not compressed; vfio-earlyctl sees that it has, and whether it has the current rules, noted or
 * not. So it is with `make install SBINDIR=/usr/local/sbin`: the image still has the program in
 * /usr/sbin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define CTL    "/usr/local/sbin/vfio-earlyctl"
#define NEEDED CTL " facts | grep update_needed"

static const char *const commands[] = {
	"dracut --force --no-hostonly $(ls -d /boot/initrd.img-*) $(ls /usr/lib/modules)",
	"echo noted $(cat /var/lib/vfio-early/*.digest)",
	CTL " image -rno NAME,STATE || :",
	CTL " doctor -no CHECK,RESULT,FOUND | tr -s ' ' | grep '^options '",
	"echo by note: $(" NEEDED ")",
	"rm /var/lib/vfio-early/*.digest",
	"echo by image: $(" NEEDED ")",
	"echo 03:00.0 >> /etc/vfio-early.conf",
	"echo then: $(" NEEDED ")",
	CTL " check | grep -A1 '^/boot' || :",
	"cd /mnt && lsinitrd --unpack /boot/initrd.img-*",
	NULL,
};

static const struct image_spec spec = {
	.suite = "trixie-dracut",
	.has_all_drivers = true,
	.stage = "stage-local",
	.rules = "02:00.0\n",
	.files = { { .path = "etc/modprobe.d/vfio.conf",
		     .text = "options vfio-pci disable_vga=1\n" } },
	.commands = commands,
};

static struct image image;

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "image/95-dracut", &image);
	expect_built(&image);
	return 0;
}

static void check_udev_rule(void)
{
	char *rule = image_read(&image, "usr/lib/udev/rules.d/70-vfio-early.rules");

	assert_non_null(rule);
	assert_non_null(strstr(rule, "RUN+=\"/usr/sbin/vfio-early $kernel\""));
	free(rule);
}

static void has_all(void **state)
{
	(void)state;
	check_udev_rule();
	expect_file(&image, "usr/sbin/vfio-early");
	expect_file(&image, "var/lib/dracut/hooks/pre-udev/00-vfio-early.sh");
	expect_file(&image, "etc/vfio-early.unprotected");
	expect_no_file(&image, "etc/vfio-early.protected");
	expect_file(&image, "etc/modprobe.d/vfio.conf");
	expect_file(&image, "usr/lib/modules/*/updates/vfio-early/vfio-pci.ko");
	expect_no_file(&image, "usr/lib/modules/*/kernel/drivers/vfio/*.ko*");
}

/* In a chroot the host can't be seen; a file says on purpose that the image protects nothing. */
static void is_seen_to_have_it(void **state)
{
	(void)state;
	expect_said(&image, "program ok\nscript ok\nrules ok\nprotected ok\nmodules ok\n");
	expect_said(&image, "options ok disable_vga=1 is in all images, as in modprobe.d");
}

static void stale_one_is_seen(void **state)
{
	char *digest = image_read(&image, "etc/vfio-early.digest");
	char noted[128];

	(void)state;
	assert_non_null(digest);
	snprintf(noted, sizeof(noted), "noted %s", digest);
	free(digest);
	expect_said(&image, noted);
	expect_said(&image, "by note: \"update_needed\": false,\n");
	expect_said(&image, "by image: \"update_needed\": false,\n");
	expect_said(&image, "then: \"update_needed\": true,\n");
	expect_said(&image, ": warning: The rules have changed since the image was built\n");
	expect_said(&image, "  fix: Run 'dracut --force --kver 6.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_all),
		cmocka_unit_test(is_seen_to_have_it),
		cmocka_unit_test(stale_one_is_seen),
	};

	return cmocka_run_group_tests(tests, build, NULL);
}
