/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /var is in fstab, without nofail, on one of two identical disks, and a rule by ID matches both:
 * the host updates its own initramfs and comes up with /var, and the other disk is bound to
 * vfio-pci. With an image that protects nothing, systemd ends in emergency mode.
 */
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "expect.h"
#include "files.h"
#include "systemd.h"

#define DISK_1 "0000:01:00.0"
#define DISK_2 "0000:02:00.0"

#define VAR "boot/206-data-disk/var"

/* Emergency mode says that it is reached, and ends: root is locked, so nobody can log in. */
static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "1b36:0010\n",
	.files = { SYSTEMD_FILES,
		   { .path = "etc/fstab",
		     .text = "LABEL=guest / ext4 rw 0 0\nLABEL=var /var ext4 defaults 0 0\n" },
		   { .path = "etc/systemd/system/emergency.service.d/tell.conf",
		     .text = "[Service]\n"
			     "ExecStartPre=sh -c 'echo emergency mode is reached >/dev/ttyS0; "
			     "echo o >/proc/sysrq-trigger; sleep 60'\n" } },
	.keep_system = true,
};

static struct image image;

/* What the guest puts its new initrd on comes last. */
#define DISKS                                                                                      \
	{                                                                                          \
		VAR, "boot/206-data-disk/new-initrd"                                               \
	}
#define DEVICES                                                                                    \
	{                                                                                          \
		MACHINE_PORT(1), MACHINE_PORT(2), "nvme,serial=a,bus=port1,drive=disk0",           \
			"nvme,serial=b,bus=port2,drive=data", "virtio-blk-pci,drive=root",         \
			"virtio-blk-pci,drive=disk1,serial=result",                                \
	}

static const struct machine lost = {
	.name = "boot/206-data-disk/lost",
	.root = image.disk,
	.disks = DISKS,
	.devices = DEVICES,
	.words = "systemd.default_device_timeout_sec=10 " SYSTEMD("outcome"),
};

static const struct machine before = {
	.name = "boot/206-data-disk/before",
	.root = image.disk,
	.disks = DISKS,
	.devices = DEVICES,
	.words = "rw vfio_early=off -- fill",
};

static const struct machine after = {
	.name = "boot/206-data-disk/after",
	.root = image.disk,
	.disks = DISKS,
	.devices = DEVICES,
	.words = SYSTEMD("outcome"),
};

static void make_var(void)
{
	char build[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
	const char *argv[] = { "mke2fs", "-q", "-t", "ext4", "-L",   "var",
			       "-d",     from, "-F", to,     "256M", NULL };

	assert_int_equal(image_find_build(build), 0);
	files_path(from, "%s/roots/trixie/var", build);
	files_path(to, "%s/tests/" VAR, build);
	assert_int_equal(command_run(NULL, argv), 0);
}

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/206-data-disk", &image);
	expect_built(&image);
	make_var();
	return 0;
}

/* They are large. */
static int clean_up(void **state)
{
	char path[PATH_MAX];

	(void)state;
	files_path(path, "%s/var", image.dir);
	unlink(path);
	unlink(image.disk);
	return 0;
}

static void unprotected_host_ends_in_emergency_mode(void **state)
{
	struct machine_run run;

	(void)state;
	expect_no_boot(&lost, &image, &run);
	expect_console(&run, DISK_1 " 1b36:0010 bound");
	expect_console(&run, "emergency mode is reached");
	report_free(&run.report);
}

static void protected_host_comes_up(void **state)
{
	struct machine_run run;
	struct image updated;

	(void)state;
	expect_update(&before, &image, &run, &updated);
	report_free(&run.report);

	expect_boot_with(&after, &updated, &run);
	expect_protected(&run, DISK_1, "nvme",
			 "1b36:0010 protected, driver - (before: -), rule /etc/vfio-early.conf:1: "
			 "/var in fstab (ext4 on /dev/nvme");
	expect_passed(&run, DISK_2);
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unprotected_host_ends_in_emergency_mode),
		cmocka_unit_test(protected_host_comes_up),
	};

	return cmocka_run_group_tests(tests, build, clean_up);
}
