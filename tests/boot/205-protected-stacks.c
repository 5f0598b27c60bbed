/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root file system is on LVM over RAID 1 of two disks, or on LUKS, and a rule by ID names the
 * disks' model: with the list that the host makes, it comes up on its disks, while
 * another of the same model goes to vfio-pci.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

#define DISK_1 "0000:01:00.0"
#define DISK_2 "0000:02:00.0"
#define DISK_3 "0000:03:00.0"

/*
 * With all that either root takes, and as it is built where the host can't be seen, without a list.
 * A boot with cryptopts= does not wait for LUKS.
 */
static const struct image_spec spec = {
	.suite = "trixie-full",
	.rules = "1b36:0010\n",
	.files = { { .path = "etc/keys/host.key", .text = "not so secret" },
		   { .path = "etc/cryptsetup-initramfs/conf-hook",
		     .text = "KEYFILE_PATTERN=/etc/keys/*.key\n" },
		   { .path = "etc/initramfs-tools/conf.d/umask", .text = "UMASK=0077\n" },
		   { .path = "etc/crypttab",
		     .text = "host UUID=5e1f0000-0000-4000-8000-000000000001 /etc/keys/host.key "
			     "luks,initramfs\n" },
		   { .path = "etc/mdadm/mdadm.conf",
		     .text = "ARRAY /dev/md0 UUID=5e1f0000:00004000:80000000:00000002\n" },
		   { .path = "etc/initramfs-tools/scripts/local-premount/no-wait",
		     .text = "#!/bin/sh\n"
			     "[ \"$1\" = prereqs ] && exit 0\n"
			     "read -r words < /proc/cmdline\n"
			     "case $words in *test-no-wait*)\n"
			     "echo starttime=-60 >>/conf/param.conf ;; esac\n",
		     .executable = true },
		   { .path = "etc/fstab", .text = "" } },
	.without_marker = true,
	.keep_system = true,
};

static struct image image;

/* What the guest puts its new initrd on comes last. */
#define LVM_DISKS(result)                                                                          \
	{                                                                                          \
		"boot/205-protected-stacks/lvm-a.img", "boot/205-protected-stacks/lvm-b.img",      \
			"boot/205-protected-stacks/lvm-c.img", result                              \
	}
#define LVM_DEVICES                                                                                \
	{                                                                                          \
		MACHINE_PORT(1), MACHINE_PORT(2), MACHINE_PORT(3),                                 \
			"nvme,serial=a,bus=port1,drive=disk0",                                     \
			"nvme,serial=b,bus=port2,drive=disk1",                                     \
			"nvme,serial=c,bus=port3,drive=disk2",                                     \
			"virtio-blk-pci,drive=disk3,serial=result",                                \
	}

static const struct machine lvm_before = {
	.name = "boot/205-protected-stacks/lvm-before",
	.root = image.disk,
	.disks = LVM_DISKS("boot/205-protected-stacks/lvm-new-initrd"),
	.devices = LVM_DEVICES,
	.words = "vfio_early=off cryptopts= -- lvm-on-md fill keep",
};

static const struct machine lvm_after = {
	.name = "boot/205-protected-stacks/lvm-after",
	.disks = LVM_DISKS("boot/205-protected-stacks/lvm-new-initrd"),
	.devices = LVM_DEVICES,
	.words = "cryptopts= root=/dev/mapper/host-root",
};

/* Then the volume group grows by the third disk. */
static const struct machine growing = {
	.name = "boot/205-protected-stacks/growing",
	.disks = LVM_DISKS("boot/205-protected-stacks/grown-new-initrd"),
	.devices = LVM_DEVICES,
	.words = "vfio_early=off cryptopts= root=/dev/mapper/host-root rw -- lvm-growth fill",
};

static const struct machine grown_lost = {
	.name = "boot/205-protected-stacks/grown-lost",
	.disks = LVM_DISKS("boot/205-protected-stacks/lvm-new-initrd"),
	.devices = LVM_DEVICES,
	.words = "cryptopts= root=/dev/mapper/host-root test-no-wait",
};

static const struct machine grown_after = {
	.name = "boot/205-protected-stacks/grown-after",
	.disks = LVM_DISKS("boot/205-protected-stacks/grown-new-initrd"),
	.devices = LVM_DEVICES,
	.words = "cryptopts= root=/dev/mapper/host-root",
};

#define LUKS_DISKS                                                                                 \
	{                                                                                          \
		"boot/205-protected-stacks/luks-a.img",                                            \
			"boot/205-protected-stacks/luks-new-initrd"                                \
	}
#define LUKS_DEVICES                                                                               \
	{                                                                                          \
		MACHINE_PORT(1), MACHINE_PORT(2), "nvme,serial=a,bus=port1,drive=disk0",           \
			"nvme,serial=b,bus=port2,drive=data",                                      \
			"virtio-blk-pci,drive=disk1,serial=result",                                \
	}

static const struct machine luks_before = {
	.name = "boot/205-protected-stacks/luks-before",
	.root = image.disk,
	.disks = LUKS_DISKS,
	.devices = LUKS_DEVICES,
	.words = "vfio_early=off cryptopts= -- luks fill",
};

static const struct machine luks_after = {
	.name = "boot/205-protected-stacks/luks-after",
	.disks = LUKS_DISKS,
	.devices = LUKS_DEVICES,
	.words = "root=/dev/mapper/host",
};

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/205-protected-stacks", &image);
	expect_built(&image);
	return 0;
}

/* They are large. */
static void drop_disks(const struct machine *machine)
{
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < MACHINE_DISKS && machine->disks[i]; i++) {
		snprintf(path, sizeof(path), "%s%s", image.dir, strrchr(machine->disks[i], '/'));
		unlink(path);
	}
}

static int clean_up(void **state)
{
	(void)state;
	drop_disks(&lvm_before);
	drop_disks(&luks_before);
	unlink(image.disk);
	return 0;
}

/* The image of before takes the new disk; one that is built after that does not. */
static void volume_group_grows(const struct image *before, const char *says)
{
	static const char *const lines[] = {
		"/boot/initrd.img-VERSION: warning: The image's list lacks devices that the host "
		"needs now: " DISK_3 " (/ (ext4 on /dev/mapper/host-root))",
		NULL,
	};
	struct machine_run run;
	struct image grown;

	expect_update(&growing, before, &run, &grown);
	expect_lines(&run, lines);
	report_free(&run.report);

	expect_no_boot(&grown_lost, before, &run);
	expect_console(&run, DISK_3 " 1b36:0010 bound");
	report_free(&run.report);

	expect_boot_with(&grown_after, &grown, &run);
	expect_root(&run, "/dev/mapper/host-root");
	expect_protected(&run, DISK_3, "nvme", says);
	report_free(&run.report);
}

static void root_on_lvm_on_md(void **state)
{
	static const char says[] =
		"1b36:0010 protected, driver - (before: -), rule /etc/vfio-early.conf:1: "
		"/ (ext4 on /dev/mapper/host-root)";
	struct machine_run run;
	struct image updated;

	(void)state;
	expect_update(&lvm_before, &image, &run, &updated);
	expect_console(&run, DISK_1 " (1b36:0010) stays with the host, which uses it: "
				    "/ (ext4 on /dev/mapper/host-root)");
	report_free(&run.report);

	expect_boot_with(&lvm_after, &updated, &run);
	expect_root(&run, "/dev/mapper/host-root");
	expect_protected(&run, DISK_1, "nvme", says);
	expect_protected(&run, DISK_2, "nvme", says);
	expect_passed(&run, DISK_3);
	report_free(&run.report);
	volume_group_grows(&updated, says);
}

static void root_on_luks(void **state)
{
	struct machine_run run;
	struct image updated;

	(void)state;
	expect_update(&luks_before, &image, &run, &updated);
	expect_console(&run, DISK_1 " (1b36:0010) stays with the host, which uses it: "
				    "/ (ext4 on /dev/mapper/host)");
	report_free(&run.report);

	expect_boot_with(&luks_after, &updated, &run);
	expect_root(&run, "/dev/mapper/host");
	expect_protected(&run, DISK_1, "nvme",
			 "1b36:0010 protected, driver - (before: -), rule /etc/vfio-early.conf:1: "
			 "/ (ext4 on /dev/mapper/host)");
	expect_passed(&run, DISK_2);
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_on_lvm_on_md),
		cmocka_unit_test(root_on_luks),
	};

	return cmocka_run_group_tests(tests, build, clean_up);
}
