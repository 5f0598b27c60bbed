/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Debian that starts under Secure Boot as most do: the firmware has Microsoft's keys, one of
 * which signed shim, and Debian signed GRUB, the kernel and its modules. Nobody signed the image.
 * What else is not signed, or was changed, is there, too, and is refused in the same boot.
 */
#include <unistd.h>

#include "cards.h"
#include "expect.h"

#define NAME "boot/135-secure-boot"

/* The folder `esp` is the EFI system partition; the firmware tries `refused` before it. */
#define ESP     "/mnt/esp/EFI"
#define REFUSED "/mnt/refused/EFI"

/* As on any Debian, GRUB finds the rest on the root's disk. What fails does not end a script. */
static const char on_esp[] = "search --set=root --label guest\n"
			     "configfile ($root)/boot/grub/grub.cfg\n"
			     "halt\n";

static const char on_root[] = "linux /boot/changed\n"
			      "linux /vmlinuz root=LABEL=guest ro console=ttyS0 panic=1 "
			      "init_on_alloc=0 no_timer_check cryptomgr.notests -- locked-down\n"
			      "initrd /initrd.img\n"
			      "boot\n"
			      "halt\n";

static const char *const commands[] = {
	/* This module has no signature then: the kernel knows one by a file's last 28 bytes. */
	"cd /usr/lib/modules/*/kernel/drivers/pci && busybox unxz pci-stub.ko.xz",
	"truncate -s -28 /usr/lib/modules/*/kernel/drivers/pci/pci-stub.ko",
	"depmod $(ls /usr/lib/modules)",

	"update-initramfs -u -k all",
	"ln -s boot/initrd.img-* /initrd.img",
	"cp /vmlinuz /boot/changed",
	"printf 'not what was signed' | dd of=/boot/changed bs=1M seek=6 conv=notrunc status=none",

	"cd /usr/lib/shim && install -D shimx64.efi.signed " ESP "/boot/bootx64.efi",
	"cd /usr/lib/grub/x86_64-efi-signed && install grubx64.efi.signed " ESP "/boot/grubx64.efi",
	"install -D /boot/grub/esp.cfg " ESP "/debian/grub.cfg",
	/* Debian's key is shim's, not the firmware's. Were it started, it would go on as well. */
	"install -D " ESP "/boot/grubx64.efi " REFUSED "/boot/bootx64.efi",
	"install -D " ESP "/debian/grub.cfg " REFUSED "/debian/grub.cfg",
	NULL,
};

static const struct image_spec spec = {
	.suite = "trixie-vm",
	.rules = "02:00.0\n"
		 "03:00.0 driver=pci-stub\n",
	.files = { { .path = "boot/grub/esp.cfg", .text = on_esp },
		   { .path = "boot/grub/grub.cfg", .text = on_root } },
	.commands = commands,
	.keep_system = true,
};

static struct image image;
static struct machine_run run;

/* This firmware sees no disk but those that it is to try. */
static const struct machine machine = {
	.name = NAME,
	.secure_boot = true,
	.root = image.disk,
	.starts_root = true,
	.folders = { "refused", "esp" },
	.devices = {
		MACHINE_PORT(1),
		MACHINE_PORT(2),
		MACHINE_PORT(3),
		"e1000e,bus=port1",
		"e1000e,bus=port2",
		"e1000e,bus=port3",
		"virtio-blk-pci,addr=4.0,drive=folder0,bootindex=0",
		"virtio-blk-pci,addr=5.0,drive=folder1,bootindex=1",
		"virtio-blk-pci,addr=6.0,drive=root,bootindex=2",
	},
};

static int boot(void **state)
{
	(void)state;
	expect_image(&spec, NAME, &image);
	expect_built(&image);
	expect_boot_with(&machine, &image, &run);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	report_free(&run.report);
	unlink(image.disk);
	return 0;
}

static void firmware_refuses_unknown_key(void **state)
{
	(void)state;
	expect_console(&run, "Pci(0x4,0x0): Access Denied");
}

static void shim_refuses_changed_kernel(void **state)
{
	(void)state;
	expect_console(&run, "error: bad shim signature.");
}

static void kernel_is_locked_down(void **state)
{
	(void)state;
	expect_console(&run, "secureboot: Secure boot enabled");
	expect_console(&run, "Kernel is locked down from EFI Secure Boot");
}

static void chosen_card_is_usable(void **state)
{
	(void)state;
	expect_passed(&run, CARD_2);
	expect_untouched(&run, CARD_2, "e1000e");
	expect_message(&run, 6, CARD_2 " 8086:10d3 bound, driver vfio-pci (before: -)");
	expect_message(&run, 4, "summary: 1 bound, 1 not as configured");
}

static void card_of_unsigned_driver_stays(void **state)
{
	(void)state;
	expect_kept(&run, CARD_3, "e1000e");
	expect_status(&run, CARD_3, "code", "probe-failed");
	expect_message(&run, 3, "loading its module: Key was rejected by service");
}

static void other_card_can_be_lent_and_read(void **state)
{
	static const char *const lines[] = {
		"$ vfio-earlyctl bind 01:00.0",
		CARD_1 ": bound to vfio-pci (before: e1000e)",
		"exit 0",
		"$ vfio-earlyctl unbind 01:00.0",
		CARD_1 ": returned to e1000e (before: vfio-pci)",
		"exit 0",
		"$ vfio-earlyctl rom 01:00.0",
		"exit 0",
		NULL,
	};

	(void)state;
	expect_lines(&run, lines);
	expect_kept(&run, CARD_1, "e1000e");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(firmware_refuses_unknown_key),
		cmocka_unit_test(shim_refuses_changed_kernel),
		cmocka_unit_test(kernel_is_locked_down),
		cmocka_unit_test(chosen_card_is_usable),
		cmocka_unit_test(card_of_unsigned_driver_stays),
		cmocka_unit_test(other_card_can_be_lent_and_read),
	};

	return cmocka_run_group_tests(tests, boot, clean_up);
}
