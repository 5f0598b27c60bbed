/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As near to a host of Proxmox VE as Debian comes: OVMF starts systemd-boot from the first of two
 * EFI system partitions, which a stand-in for proxmox-boot-tool fills; a third one is gone,
 * and the second is full for a while. The newest kernel is broken and an older one is pinned. A
 * rule and a word are added, and the next boot has both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cards.h"
#include "command.h"
#include "expect.h"
#include "files.h"

#define NAME "boot/300-pinned-kernel"

#define WORDS                                                                                      \
	"root=LABEL=guest rw console=ttyS0 panic=1 init_on_alloc=0 no_timer_check cryptomgr.notests "

/* The stand-in reads the first line. */
static const char cmdline[] = WORDS "8250.nr_uarts=3 udev pinned\n";

static const char uuids[] = "AAAA-0001\nAAAA-0002\nAAAA-0003\n";

/* Without its pin, systemd-boot would start this one. */
static const char *const commands[] = {
	"update-initramfs -u -k all",
	"echo 'no kernel' >/boot/vmlinuz-9.9.9-1-pve",
	"echo 'no image' >/boot/initrd.img-9.9.9-1-pve",
	"mkdir -p /usr/lib/modules/9.9.9-1-pve /mnt/esp/EFI/BOOT /mnt/esp/EFI/systemd /mnt/esp/loader",
	"ls /boot/vmlinuz-6.* | sed 's/.*vmlinuz-//' >/etc/kernel/proxmox-boot-pin",
	"for to in BOOT/BOOTX64.EFI systemd/systemd-bootx64.efi; do "
	"cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi* /mnt/esp/EFI/$to; done",
	"echo timeout 0 >/mnt/esp/loader/loader.conf",
	"proxmox-boot-tool fill /mnt/esp",
	NULL,
};

static struct image image;

/* A partition of 64 MiB behind the first of the disk. */
static void make_esp(const char *name, const char *uuid)
{
	char disk[PATH_MAX], inside[PATH_MAX + 8], files[PATH_MAX];
	const char *const lines[][16] = {
		{ "truncate", "-s", "66M", disk },
		{ "sgdisk", "-n", "1:2048:133119", "-t", "1:ef00", disk },
		{ "mkfs.vfat", "-s", "1", "-F", "32", "-i", uuid, "--offset", "2048", disk,
		  "65536" },
		{ "sh", "-c", "exec mcopy -s -i \"$0\" \"$1\"/* ::", inside, files },
	};

	files_path(disk, "%s/%s", image.dir, name);
	files_path(files, "%s/esp", image.tree);
	snprintf(inside, sizeof(inside), "%s@@1M", disk);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(command_run(NULL, lines[i]), 0);
}

static int build(void **state)
{
	char *stand_in = files_read("tests/lib/proxmox-boot-tool");
	const struct image_spec spec = {
		.suite = "trixie-full",
		.rules = "03:00.0\n",
		.files = { { .path = "usr/sbin/proxmox-boot-tool",
			     .text = stand_in,
			     .executable = true },
			   { .path = "etc/kernel/cmdline", .text = cmdline },
			   { .path = "etc/kernel/proxmox-boot-uuids", .text = uuids },
			   { .path = "etc/initramfs-tools/modules",
			     .text = "vfat\nnls_cp437\nnls_ascii\n" } },
		.commands = commands,
		.keep_system = true,
	};

	(void)state;
	expect_image(&spec, NAME, &image);
	expect_built(&image);
	make_esp("esp1", "AAAA0001");
	make_esp("esp2", "AAAA0002");
	free(stand_in);
	return 0;
}

static int clean_up(void **state)
{
	char path[PATH_MAX];

	(void)state;
	unlink(image.disk);
	unlink(files_path(path, "%s/esp1", image.dir));
	unlink(files_path(path, "%s/esp2", image.dir));
	return 0;
}

#define IMAGE(esp) "ESP " esp ": /EFI/proxmox/VERSION/initrd.img-VERSION"
#define IMAGES                                                                                     \
	"9.9.9-1-pve /boot/initrd.img-9.9.9-1-pve not noted no no",                                \
		"VERSION /boot/initrd.img-VERSION current yes yes"

static const char *const before[] = {
	"$ vfio-earlyctl check",
	"1 device will be bound at the next boot: 4 warnings, 1 note",
	"VERSION /boot/initrd.img-VERSION lacks devices yes yes",
	"$ vfio-earlyctl cmdline add iommu=pt",
	"+ proxmox-boot-tool refresh",
	"vfio-earlyctl: ESP AAAA-0003: No such file or directory, so what the next boot has cannot be "
	"told",
	"exit 2",
	"$ vfio-earlyctl add 02:00.0",
	"exit 0",
	"$ proxmox-boot-tool refresh",
	"exit 1",
	"$ vfio-earlyctl check",
	"All 2 devices will be bound after the images are rebuilt: 4 warnings, 1 note",
	IMAGE("AAAA-0002") ": warning: The copy that boots is shorter than /boot/initrd.img-VERSION",
	" fix: The partition is full: remove a kernel, as with 'apt autoremove', then run "
	"'proxmox-boot-tool refresh'",
	"$ proxmox-boot-tool refresh",
	"exit 0",
	"$ vfio-earlyctl check",
	"All 2 devices will be bound at the next boot: 3 warnings, 1 note",
	"ESP AAAA-0003: warning: The images on it can't be seen: No such file or directory",
	IMAGES,
	"$ vfio-earlyctl image $(uname -r)",
	IMAGE("AAAA-0001") " ok",
	"|-copy ok same as /boot/initrd.img-VERSION",
	IMAGE("AAAA-0002") " ok",
	"|-copy ok same as /boot/initrd.img-VERSION",
	"exit 0",
	NULL,
};

static const char *const after[] = {
	"$ cat /proc/cmdline",
	"initrd=\\EFI\\proxmox\\VERSION\\initrd.img-VERSION " WORDS
	"8250.nr_uarts=3 udev pinned iommu=pt",
	"$ vfio-earlyctl status",
	"All 2 devices are bound as configured: 2 warnings",
	IMAGES,
	NULL,
};

static void rule_and_word_take_effect_after_a_reboot(void **state)
{
	static const struct machine machine = {
		.name = NAME "/boot",
		.root = image.disk,
		.keeps_root = true,
		.starts_root = true,
		.uefi = true,
		.disks = { NAME "/esp1", NAME "/esp2", NAME "/result" },
		.devices = {
			"VGA,addr=1.0",
			"pcie-root-port,id=port1,chassis=1,slot=1,addr=2.0",
			"pcie-root-port,id=port2,chassis=2,slot=2,addr=3.0",
			"pcie-root-port,id=port3,chassis=3,slot=3,addr=4.0",
			"e1000e,bus=port1,romfile=", "e1000e,bus=port2,romfile=",
			"e1000e,bus=port3,romfile=",
			"virtio-blk-pci,addr=5.0,drive=disk0,bootindex=0",
			"virtio-blk-pci,addr=6.0,drive=disk1",
			"virtio-blk-pci,addr=7.0,drive=root",
			"virtio-blk-pci,addr=8.0,drive=disk2,serial=result",
		},
	};
	struct machine_run run;

	(void)state;
	expect_boot_with(&machine, &image, &run);
	expect_kept(&run, CARD_2, "e1000e");
	expect_passed(&run, CARD_3);
	expect_lines(&run, before);
	report_free(&run.report);

	expect_boot_with(&machine, &image, &run);
	expect_passed(&run, CARD_2);
	expect_passed(&run, CARD_3);
	expect_lines(&run, after);
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_and_word_take_effect_after_a_reboot),
	};

	return cmocka_run_group_tests(tests, build, clean_up);
}
