/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display that UEFI firmware drew on is given away whole, its memory included. vfio-pci has the
 * framebuffer's driver let go of it for class 0300 only; for class 0380 that is left to us. Where
 * the framebuffer's device owns the memory, as on kernels with SYSFB_SIMPLEFB, nobody can.
 */
#include <stdlib.h>

#include "expect.h"

#define DISPLAY "0000:00:01.0"

/* What the program does, but for letting go of the framebuffer. */
static const char plain_script[] =
	"#!/bin/sh\n"
	"case $1 in prereqs) exit ;; esac\n"
	"echo vfio-pci >/sys/bus/pci/devices/" DISPLAY "/driver_override\n"
	"modprobe vfio-pci\n"
	"modprobe vfio_iommu_type1\n";

static const char plain_hook[] = "#!/bin/sh\n"
				 "case $1 in prereqs) exit ;; esac\n"
				 ". /usr/share/initramfs-tools/hook-functions\n"
				 "manual_add_modules vfio-pci vfio_iommu_type1\n";

#define HOST_DRIVER                                                                                \
	{                                                                                          \
		.path = "etc/initramfs-tools/modules", .text = "bochs\n"                           \
	}

static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "00:01.0\n",
	.files = { HOST_DRIVER },
};

static struct image image;

static const struct machine vga = {
	.name = "boot/260-uefi-display/vga",
	.devices = { "VGA,addr=1.0" },
	.uefi = true,
};

static const struct machine other = {
	.name = "boot/260-uefi-display/other",
	.devices = { "bochs-display,addr=1.0" },
	.uefi = true,
};

static const struct machine other_old = {
	.name = "boot/260-uefi-display/other-old",
	.image = { .suite = "bookworm", .rules = "00:01.0\n", .files = { HOST_DRIVER } },
	.devices = { "bochs-display,addr=1.0" },
	.uefi = true,
};

static const char owner_script[] = "#!/bin/sh\n"
				   "case $1 in prereqs) exit ;; esac\n"
				   "insmod /etc/bootfb.ko\n";

static const char owner_hook[] = "#!/bin/sh\n"
				 "case $1 in prereqs) exit ;; esac\n"
				 ". /usr/share/initramfs-tools/hook-functions\n"
				 "copy_exec /sbin/insmod\n"
				 "copy_file module /etc/bootfb.ko\n";

/* What a kernel with SYSFB_SIMPLEFB has, which none of Debian's is: tests/boot/bootfb/. */
static const struct machine owned = {
	.name = "boot/260-uefi-display/owned",
	.image = { .suite = "bookworm",
		   .rules = "00:01.0\n",
		   .files = { { .path = "etc/bootfb.ko", .copied = "tests/boot/bootfb/bootfb.ko" },
			      { .path = "etc/initramfs-tools/scripts/init-top/00-bootfb",
				.text = owner_script,
				.executable = true },
			      { .path = "etc/initramfs-tools/hooks/bootfb",
				.text = owner_hook,
				.executable = true },
			      HOST_DRIVER } },
	.devices = { "bochs-display,addr=1.0" },
};

static const struct machine control = {
	.name = "boot/260-uefi-display/control",
	.image = { .suite = "bookworm",
		   .without_program = true,
		   .files = { { .path = "etc/initramfs-tools/scripts/init-top/00-plain",
				.text = plain_script,
				.executable = true },
			      { .path = "etc/initramfs-tools/hooks/plain",
				.text = plain_hook,
				.executable = true },
			      HOST_DRIVER } },
	.devices = { "bochs-display,addr=1.0" },
	.uefi = true,
};

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/260-uefi-display", &image);
	expect_built(&image);
	return 0;
}

static void expect_display_goes(struct machine_run *run, const char *class)
{
	struct report_device device;

	expect_passed(run, DISPLAY);
	assert_int_equal(report_find_device(&run->report, DISPLAY, &device), 0);
	assert_string_equal(device.class, class);
	report_free(&run->report);
}

static void vga_goes(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot_with(&vga, &image, &run);
	expect_display_goes(&run, "030000");
}

static void other_display_goes(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot_with(&other, &image, &run);
	expect_display_goes(&run, "038000");
}

static void other_display_goes_on_old_kernel(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&other_old, &run);
	assert_true(report_has_message(&run.report, 6, "summary: 1 bound, 0 not as configured"));
	expect_display_goes(&run, "038000");
}

/* The one before has the same kernel and card. */
static void memory_that_stays_is_told(void **state)
{
	struct machine_run run;
	char *satisfied;

	(void)state;
	expect_boot(&owned, &run);
	expect_driver(&run, DISPLAY, "vfio-pci");
	assert_true(report_lacks_bar(&run.report, DISPLAY));
	assert_true(report_has_message(
		&run.report, 4,
		"can't be passed through: the firmware's framebuffer is still in its memory; boot "
		"with initcall_blacklist=sysfb_init"));
	assert_true(report_has_message(&run.report, 4, "summary: 1 bound, 1 not as configured"));
	satisfied = report_status(&run.report, DISPLAY, "satisfied");
	assert_non_null(satisfied);
	assert_string_equal(satisfied, "no");
	free(satisfied);
	report_free(&run.report);
}

/* This is what letting go of the framebuffer is for. */
static void memory_is_held_otherwise(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&control, &run);
	expect_driver(&run, DISPLAY, "vfio-pci");
	assert_true(report_lacks_bar(&run.report, DISPLAY));
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vga_goes),
		cmocka_unit_test(other_display_goes),
		cmocka_unit_test(other_display_goes_on_old_kernel),
		cmocka_unit_test(memory_that_stays_is_told),
		cmocka_unit_test(memory_is_held_otherwise),
	};

	return cmocka_run_group_tests(tests, build, NULL);
}
