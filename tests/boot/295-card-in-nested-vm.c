/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a fresh Debian that GRUB starts, with two identical cards, to one of them in a virtual
 * machine that runs there. What was typed and printed is left in the file transcript.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"
#include "files.h"
#include "systemd.h"

#define CARD_1 "0000:01:00.0"
#define CARD_2 "0000:02:00.0"

#define NAME "boot/295-card-in-nested-vm"

static const struct image_spec spec = {
	.suite = "trixie-vm",
	.rules = "",
	.files = { SYSTEMD_FILES },
	.keep_system = true,
	/* Words that other machines of these tests have from machine.c. */
	.grub_words = "console=ttyS0 panic=1 init_on_alloc=0 no_timer_check "
		      "cryptomgr.notests 8250.nr_uarts=3 " SYSTEMD("card"),
};

static struct image image;

#define MACHINE(boot, start)                                                                       \
	{                                                                                          \
		.name = NAME "/" boot, .root = image.disk, .starts_root = true,                    \
		.keeps_root = true, .vm = start,                                                   \
		.devices = {                                                                       \
			MACHINE_PORT(1),                                                           \
			MACHINE_PORT(2),                                                           \
			"e1000e,bus=port1",                                                        \
			"e1000e,bus=port2",                                                        \
			"virtio-blk-pci,drive=root",                                               \
		},                                                                                 \
	}

static const struct machine before = MACHINE("before", NULL);
static const struct machine after = MACHINE("after", "| qemu-system-x86_64 ");

static int build(void **state)
{
	(void)state;
	expect_image(&spec, NAME, &image);
	expect_built(&image);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	unlink(image.disk);
	return 0;
}

/* Blanks squeezed; between these come lines that say nothing new. */
static const char *const prepared[] = {
	"$ vfio-earlyctl doctor -no CHECK,RESULT,FOUND",
	"iommu ok dmar0, 7 IOMMU groups of type DMA-FQ",
	"interrupts ok Interrupts are remapped",
	"bootloader ok GRUB: the running kernel has the words of its files",
	"exit 0",
	"$ vfio-earlyctl enable-iommu",
	"the IOMMU is on: 7 groups",
	"exit 0",
	"$ vfio-earlyctl cmdline add iommu=pt",
	"/etc/default/grub.d/zz-vfio-early.cfg: new",
	"+ update-grub",
	"Found initrd image: /boot/initrd.img-VERSION",
	"iommu=pt: the next boot has it",
	"exit 0",
	"$ vfio-earlyctl add --update 02:00.0",
	"/etc/vfio-early.conf: added:",
	"# " CARD_2 " Ethernet controller: Intel Corporation 82574L Gigabit Network Connection",
	"00:02.0/00.0 id=8086:10d3",
	"+ update-initramfs -u -k all",
	"exit 0",
	NULL,
};

static const char *const used[] = {
	"$ vfio-earlyctl status",
	"1 device is bound as configured",
	CARD_2 " 8086:10d3 Intel 82574L Gigabit Network Connection bound vfio-pci same "
	       "/etc/vfio-early.conf:2",
	"exit 0",
	"$ vfio-earlyctl doctor -no CHECK,RESULT,FOUND",
	"iommu ok dmar0, 7 IOMMU groups of type identity",
	"bootloader ok GRUB: the running kernel has the words of its files",
	"groups ok Devices reserved for VMs share no IOMMU group with devices of the host",
	"images ok The images of 1 kernel have the current rules",
	"exit 0",
	"$ vfio-earlyctl vm --for qemu 02:00.0",
	"-device pcie-root-port,id=vfio0,bus=pcie.0,chassis=100",
	"-device vfio-pci,host=" CARD_2 ",bus=vfio0,addr=0.0",
	"exit 0",
	"(qemu) info pci",
	" id \"vfio0\"",
	" Bus 1, device 0, function 0:",
	" Ethernet controller: PCI device 8086:10d3",
	" BAR0: 32 bit memory at 0xfe640000 [0xfe65ffff]",
	"(qemu) quit",
	"exit 0",
	NULL,
};

static void keep_transcript(const struct machine_run *first, const struct machine_run *second)
{
	char *first_text = report_transcript(&first->report, NULL);
	char *second_text = report_transcript(&second->report, NULL);
	char path[PATH_MAX], *text;

	assert_non_null(first_text);
	assert_non_null(second_text);
	assert_true(asprintf(&text, "%s$ systemctl reboot\n%s", first_text, second_text) > 0);
	files_path(path, "%s/transcript", image.dir);
	assert_int_equal(files_write(path, text), 0);
	free(text);
	free(second_text);
	free(first_text);
}

static void idle_card_comes_to_vm(void **state)
{
	struct machine_run first, second;

	(void)state;
	expect_boot_with(&before, &image, &first);
	expect_lines(&first, prepared);
	expect_boot_with(&after, &image, &second);
	keep_transcript(&first, &second);
	expect_lines(&second, used);
	expect_kept(&second, CARD_1, "e1000e");
	expect_passed(&second, CARD_2);
	report_free(&first.report);
	report_free(&second.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(idle_card_comes_to_vm) };

	return cmocka_run_group_tests(tests, build, clean_up);
}
