/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a kernel with SYSFB_SIMPLEFB does at its start: a platform device that owns the memory of the
 * firmware's framebuffer, on the first BAR of 00:01.0.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_data/simplefb.h>
#include <linux/platform_device.h>

static int __init bootfb_init(void)
{
	const struct simplefb_platform_data mode = { 640, 480, 640 * 4, "a8r8g8b8" };
	struct pci_dev *card = pci_get_domain_bus_and_slot(0, 0, PCI_DEVFN(1, 0));
	struct resource memory = { .name = "BOOTFB", .flags = IORESOURCE_MEM };

	if (!card)
		return -ENODEV;
	memory.start = pci_resource_start(card, 0);
	memory.end = memory.start + mode.stride * mode.height - 1;
	return PTR_ERR_OR_ZERO(platform_device_register_resndata(
		NULL, "simple-framebuffer", 0, &memory, 1, &mode, sizeof(mode)));
}

module_init(bootfb_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A framebuffer device that owns its memory");
