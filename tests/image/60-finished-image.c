/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each image is looked into once it is finished: nothing is said of a good one and its rules are
 * noted; what a hook spoils is told, and the build goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define RULES "02:00.0  # the middle one\n"

#define HOOK(body)                                                                                 \
	{                                                                                          \
		.path = "etc/initramfs-tools/hooks/spoil", .executable = true,                     \
		.text = "#!/bin/sh\n"                                                              \
			"[ \"$1\" = prereqs ] && { echo vfio-early; exit 0; }\n" body "\n",        \
	}

/* Runs after ours, since its name comes later. */
#define SHOW                                                                                       \
	{                                                                                          \
		.path = "etc/initramfs/post-update.d/zz-show", .executable = true,                 \
		.text = "#!/bin/sh\necho noted $(cat /var/lib/vfio-early/$1.digest)\n"             \
	}

#define SPEC(suite_name, ...)                                                                      \
	{                                                                                          \
		.suite = suite_name, .rules = RULES, .files = { SHOW, __VA_ARGS__ },               \
		.unpack = true,                                                                    \
	}

#define COMPRESS(name)                                                                             \
	{                                                                                          \
		.path = "etc/initramfs-tools/conf.d/compress", .text = "COMPRESS=" name "\n"       \
	}

static const struct image_spec bookworm = SPEC("bookworm");
static const struct image_spec trixie = SPEC("trixie");

static const struct image_spec spoilt =
	SPEC("trixie", COMPRESS("gzip"),
	     HOOK("rm $DESTDIR/usr/sbin/vfio-early\n"
		  "echo '# more' >> $DESTDIR/etc/vfio-early.conf\n"));

static void check_quiet(const struct image_spec *spec, const char *name)
{
	struct image image;
	char *digest, noted[128];

	expect_image(spec, name, &image);
	expect_built(&image);
	assert_false(image_said(&image, "W: vfio-early: /boot/initrd.img-"));
	digest = image_read(&image, "etc/vfio-early.digest");
	assert_non_null(digest);
	assert_int_equal(strlen(digest), 65);
	snprintf(noted, sizeof(noted), "noted %s", digest);
	expect_said(&image, noted);
	free(digest);
}

static void quiet(void **state)
{
	(void)state;
	check_quiet(&bookworm, "image/60-finished-image/bookworm");
	check_quiet(&trixie, "image/60-finished-image/trixie");
}

static void told(void **state)
{
	struct image image;

	(void)state;
	expect_image(&spoilt, "image/60-finished-image/spoilt", &image);
	expect_built(&image);
	expect_said(&image, ": program: usr/sbin/vfio-early is missing\n");
	expect_said(&image, ": rules: /etc/vfio-early.conf has changed since the image was built\n");
	expect_said(&image, ": rules: etc/vfio-early.digest is not of these rules\n");
	expect_said(&image, "noted ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet),
		cmocka_unit_test(told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
