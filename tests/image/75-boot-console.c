/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who builds an image is told that the screen will go dark, and of that card alone. */
#include "expect.h"

#define CARD(address, shown)                                                                       \
	{ .path = "sys/bus/pci/devices/" address "/uevent",                                        \
	  .text = "DRIVER=nouveau\nPCI_CLASS=30000\nPCI_ID=10DE:1B81\nPCI_SUBSYS_ID=1458:3701\n"   \
		  "PCI_SLOT_NAME=" address "\n" },                                                 \
	{                                                                                          \
		.path = "sys/bus/pci/devices/" address "/boot_vga", .text = shown                  \
	}

#define GROUP(number, address)                                                                     \
	"mkdir -p /sys/kernel/iommu_groups/" number " && ln -s /sys/kernel/iommu_groups/" number   \
	" /sys/bus/pci/devices/" address "/iommu_group"

static const char *const commands[] = {
	GROUP("1", "0000:02:00.0"),
	GROUP("2", "0000:03:00.0"),
	"update-initramfs -u",
	NULL,
};

static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "03:00.0\n02:00.0\n",
	.files = { CARD("0000:02:00.0", "1\n"), CARD("0000:03:00.0", "0\n") },
	.commands = commands,
};

static void told_of_one_card(void **state)
{
	struct image image;

	(void)state;
	expect_image(&spec, "image/75-boot-console", &image);
	expect_built(&image);
	expect_said(&image, "W: vfio-early: /etc/vfio-early.conf:2: 0000:02:00.0 (10de:1b81) shows "
			    "the boot console; the screen goes dark when it is taken\n");
	assert_false(image_said(&image, "0000:03:00.0 (10de:1b81)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(told_of_one_card) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
