/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of modprobe.d are in the image, where vfio-pci is loaded, and doctor says whether they
 * are.
 */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define OPTIONS                                                                                    \
	"options vfio-pci disable_vga=1 disable_idle_d3=1\n"                                       \
	"options vfio_iommu_type1 allow_unsafe_interrupts=1\n"

/* Runs when the image is finished. */
#define DOCTOR                                                                                     \
	{                                                                                          \
		.path = "etc/initramfs/post-update.d/zz-doctor", .executable = true,               \
		.text = "#!/bin/sh\n"                                                              \
			"vfio-earlyctl doctor -no CHECK,RESULT,WHERE,FOUND | tr -s ' ' | "         \
			"grep '^options '\n",                                                      \
	}

#define SPEC(suite_name, ...)                                                                      \
	{                                                                                          \
		.suite = suite_name, .rules = "02:00.0\n", .unpack = true,                         \
		.files = { DOCTOR,                                                                 \
			   { .path = "etc/modprobe.d/vfio.conf", .text = OPTIONS },                \
			   __VA_ARGS__ },                                                          \
	}

/* mkinitramfs does not look there, modprobe(8) does. */
#define ELSEWHERE                                                                                  \
	{                                                                                          \
		.path = "usr/local/lib/modprobe.d/more.conf",                                      \
		.text = "options vfio_pci nointxmask=1\n",                                         \
	}

static const struct image_spec bookworm = SPEC("bookworm");
static const struct image_spec trixie = SPEC("trixie");
static const struct image_spec elsewhere = SPEC("trixie", ELSEWHERE);

static void check_options(const struct image_spec *spec, const char *name, struct image *image)
{
	char *text;

	expect_image(spec, name, image);
	expect_built(image);
	text = image_read(image, "etc/modprobe.d/vfio.conf");
	assert_non_null(text);
	assert_string_equal(text, OPTIONS);
	free(text);
}

static void has_options(void **state)
{
	struct image image;

	(void)state;
	check_options(&bookworm, "image/80-module-options/bookworm", &image);
	expect_said(
		&image,
		"options ok disable_vga=1 and other options are in all images, as in modprobe.d");
	check_options(&trixie, "image/80-module-options/trixie", &image);
	expect_said(
		&image,
		"options ok disable_vga=1 and other options are in all images, as in modprobe.d");
}

static void lacks_option(void **state)
{
	struct image image;

	(void)state;
	check_options(&elsewhere, "image/80-module-options/elsewhere", &image);
	expect_said(&image, "options warning /usr/local/lib/modprobe.d/more.conf:1 nointxmask=1 of "
			    "vfio_pci is not in the image of kernel ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_options),
		cmocka_unit_test(lacks_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
