/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The package in real Debian systems, from its installation to its purge, and what each step
 * makes of the initramfs image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define RULE    "02:00.0  # written by the user\n"
#define DROP_IN "03:00\n"

#define PACKAGE "/media/vfio-early_*_amd64.deb"

/* The kernel that is there, and an older one. */
#define NEW "/boot/initrd.img-*-amd64"
#define OLD "5.10.0-old"

/* An image is built in a chroot, from which the host's devices can't be seen. */
#define UNPROTECTED "/etc/vfio-early.unprotected"

/* As dpkg calls it, where update-initramfs builds nothing; what it removes comes back. */
#define UPDATE_CONF "/etc/initramfs-tools/update-initramfs.conf"
#define KEPT        "/var/lib/vfio-early /etc/vfio-early.conf.d"
#define REFUSED(action)                                                                            \
	"sh /var/lib/dpkg/info/vfio-early.postrm " action " 2> /mnt/" action ".refused"

/* All files of the system but those that dpkg and initramfs-tools keep of any package. */
#define LIST(name)                                                                                 \
	"find / -xdev ! -path '/var/lib/dpkg/*' ! -path '/var/lib/initramfs-tools/*' "             \
	"! -path '/var/log/*' ! -path '/var/cache/*' ! -path '/boot/initrd*' ! -path '/tmp/*' "    \
	"! -path '/mnt/*' | sort > /mnt/" name ".files"

#define LOOK(name)                                                                                 \
	"unmkinitramfs " NEW " /mnt/" name " && cp /etc/vfio-early.conf /mnt/" name                \
	".conf && " LIST(name)

/* The same files under a later version. */
#define MAKE_NEXT                                                                                  \
	"dpkg-deb -R " PACKAGE " /tmp/next && sed -i 's/^Version: .*/&+next/' "                    \
	"/tmp/next/DEBIAN/control && dpkg-deb -Znone -b /tmp/next /tmp/next.deb"

static const char *const commands[] = {
	"ln -s $(ls /usr/lib/modules) /usr/lib/modules/" OLD
	" && cp /boot/config-* /boot/config-" OLD,
	"rm " UNPROTECTED,
	LIST("before"),
	"touch " UNPROTECTED,
	"dpkg-deb -c " PACKAGE " | grep /examples/ansible/playbook.yml",
	"dpkg -i " PACKAGE,
	LOOK("installed"),
	"printf '" RULE "' >> /etc/vfio-early.conf",
	"mkdir /etc/vfio-early.conf.d && printf '" DROP_IN "' > /etc/vfio-early.conf.d/more.conf",
	MAKE_NEXT,
	"dpkg -i /tmp/next.deb && dpkg-query -W vfio-early > /mnt/version",
	LOOK("upgraded"),
	"update-initramfs -c -k " OLD,
	"unmkinitramfs /boot/initrd.img-" OLD " /mnt/upgraded-old",
	"cp " UPDATE_CONF " /tmp && sed -i s/=yes/=no/ " UPDATE_CONF,
	"tar -cf /tmp/kept.tar " KEPT " 2> /dev/null",
	REFUSED("remove"),
	REFUSED("purge"),
	"tar -C / -xf /tmp/kept.tar && touch " UNPROTECTED,
	"cp /tmp/update-initramfs.conf " UPDATE_CONF,
	"dpkg -r vfio-early",
	LOOK("removed"),
	"unmkinitramfs /boot/initrd.img-" OLD " /mnt/removed-old",
	"ls -A /var/lib/vfio-early > /mnt/removed.notes",
	"mkdir /run/vfio-early && touch /run/vfio-early/status",
	"dpkg -P vfio-early",
	LIST("purged"),
	NULL,
};

/* Of the systems of this run. */
static struct image images[IMAGE_SYSTEMS];
static int image_count;

static void live_in(const char *system, struct image *image)
{
	const struct image_spec spec = {
		.suite = system,
		.commands = commands,
		.without_program = true,
	};
	char name[64];

	snprintf(name, sizeof(name), "package/10-life-of-a-package/%s", system);
	expect_image(&spec, name, image);
	expect_built(image);
}

static int live(void **state)
{
	const char *systems[IMAGE_SYSTEMS];

	(void)state;
	image_count = image_list_systems(systems);
	assert_true(image_count > 0);
	for (int i = 0; i < image_count; i++)
		live_in(systems[i], &images[i]);
	return 0;
}

static void expect_text(const struct image *image, const char *path, const char *text)
{
	char *found = image_read(image, path);

	assert_non_null(found);
	if (!strstr(found, text))
		fail_msg("%s has no \"%s\":\n%s", path, text, found);
	free(found);
}

static void expect_same(const struct image *image, const char *one_path, const char *other_path)
{
	char *one = image_read(image, one_path);
	char *other = image_read(image, other_path);

	assert_non_null(one);
	assert_non_null(other);
	assert_string_equal(one, other);
	free(one);
	free(other);
}

static void installed_is_in_the_image(void **state)
{
	(void)state;
	for (int i = 0; i < image_count; i++) {
		const struct image *image = &images[i];

		expect_file(image, "installed/usr/sbin/vfio-early");
		expect_file(image, "installed/scripts/init-top/00-vfio-early");
		expect_same(image, "installed/etc/vfio-early.conf", "installed.conf");
		expect_no_file(image, "installed/usr/lib/modules/*/kernel/drivers/vfio/pci");
		expect_no_file(image, "installed/usr/lib/modules/*/updates/vfio-early");
		expect_text(image, "installed.files", "/usr/sbin/vfio-earlyctl\n");
		expect_text(image, "installed.files",
			    "/multi-user.target.wants/vfio-early-result.service\n");
	}
}

static void upgraded_keeps_rules_and_has_them_in_the_image(void **state)
{
	(void)state;
	for (int i = 0; i < image_count; i++) {
		const struct image *image = &images[i];

		expect_text(image, "version", "+next");
		expect_text(image, "upgraded.conf", RULE);
		expect_same(image, "upgraded/etc/vfio-early.conf", "upgraded.conf");
		expect_text(image, "upgraded/etc/vfio-early.conf.d/more.conf", DROP_IN);
		expect_file(image,
			    strncmp(image->version, "6.1.", 4) == 0
				    ? "upgraded/usr/lib/modules/*/kernel/drivers/vfio/pci/*"
				    : "upgraded/usr/lib/modules/*/updates/vfio-early/vfio-pci.ko");
		expect_text(image, "upgraded.files", "/var/lib/vfio-early/");
	}
}

static void removed_is_not_in_the_image_and_leaves_rules(void **state)
{
	(void)state;
	for (int i = 0; i < image_count; i++) {
		const struct image *image = &images[i];

		expect_file(image, "removed/scripts/init-top/udev");
		expect_no_file(image, "removed/usr/sbin/vfio-early");
		expect_no_file(image, "removed/scripts/init-top/00-vfio-early");
		expect_no_file(image, "removed/etc/vfio-early.conf");
		expect_text(image, "removed.conf", RULE);
	}
}

/* A note that stays would tell of that image when the package is installed again. */
static void removed_is_in_no_older_image(void **state)
{
	(void)state;
	for (int i = 0; i < image_count; i++) {
		const struct image *image = &images[i];
		char *notes = image_read(image, "removed.notes");

		expect_file(image, "upgraded-old/usr/sbin/vfio-early");
		expect_file(image, "removed-old/scripts/init-top/udev");
		expect_no_file(image, "removed-old/usr/sbin/vfio-early");
		assert_non_null(notes);
		assert_string_equal(notes, "");
		free(notes);
	}
}

static void what_could_not_be_rebuilt_is_named(void **state)
{
	static const char *const texts[] = { "remove.refused", "purge.refused" };

	(void)state;
	for (int i = 0; i < image_count; i++) {
		for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
			expect_text(&images[i], texts[n],
				    "W: vfio-early: /boot/initrd.img-" OLD
				    " was not rebuilt: it still has vfio-early and its rules\n");
			expect_text(&images[i], texts[n], "-amd64 was not rebuilt: ");
		}
	}
}

static void purged_leaves_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < image_count; i++)
		expect_same(&images[i], "purged.files", "before.files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(installed_is_in_the_image),
		cmocka_unit_test(upgraded_keeps_rules_and_has_them_in_the_image),
		cmocka_unit_test(removed_is_not_in_the_image_and_leaves_rules),
		cmocka_unit_test(removed_is_in_no_older_image),
		cmocka_unit_test(what_could_not_be_rebuilt_is_named),
		cmocka_unit_test(purged_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, live, NULL);
}
