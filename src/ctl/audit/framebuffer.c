/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's framebuffer in the memory of a card, which no VM can map then. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "bind/framebuffer.h"
#include "bootloader/change.h"
#include "core/vfio.h"
#include "look/device.h"

#define OTHER_DISPLAY "Make another display the primary one in the firmware's setup"

/* A kernel whose platform device owns the memory, whatever driver that has; NULL: none is known. */
static const struct kernel *find_owner(const struct kernels *kernels, const struct host *host)
{
	for (size_t i = 0; i < kernels->count; i++) {
		const struct kernel *kernel = &kernels->list[i];
		char *config = NULL;
		bool owns = kernel->state != KERNEL_NO_IMAGE && !kernel->unbooted &&
			    kernels_read_config(host, kernel->release, &config) == 0 &&
			    strstr(config, "CONFIG_SYSFB_SIMPLEFB=y\n");

		free(config);
		if (owns)
			return kernel;
	}
	return NULL;
}

/* Its value is a list: "initcall_blacklist=algif_hash_init,sysfb_init". */
static bool has_word(const struct bootwords *words)
{
	long at = bootwords_find_name(words, FRAMEBUFFER_WORD, 0);

	for (; at >= 0; at = bootwords_find_name(words, FRAMEBUFFER_WORD, (size_t)at + 1))
		if (strstr(words->list[at].text, "sysfb_init"))
			return true;
	return false;
}

/* owner is NULL for a card that is bound. */
static void report(struct findings *findings, struct inventory *inventory,
		   const struct pci_device *device, const char *region, const struct kernel *owner)
{
	char name[PCI_IDS_SENTENCE_MAX], address[PCI_ADDRESS_TEXT_MAX], message[BOOT_MESSAGE_MAX];
	struct bootchange boot;
	bool configured;

	bootchange_open(&boot, &inventory->host, message);
	configured = has_word(&boot.config.words);
	pci_ids_sentence(&inventory->names, device, name, sizeof(name));
	pci_address_format(&device->address, address);
	if (has_word(&boot.running)) {
		findings_add(findings, FINDING_WARNING, NULL,
			     FRAMEBUFFER_WORD " is set, but '%.*s' holds memory of %s: a VM can't "
					      "map it",
			     (int)strcspn(region, "\n"), region, name);
		if (owner)
			findings_fix(findings, OTHER_DISPLAY);
		else
			findings_fix(findings,
				     OTHER_DISPLAY "; or have the host driver remove the "
						   "framebuffer: run 'vfio-earlyctl unbind %s', "
						   "then 'vfio-earlyctl bind %s'",
				     address, address);
	} else if (!owner) {
		findings_add(findings, FINDING_WARNING, NULL,
			     "The firmware's framebuffer is still in the memory of %s: a VM can't "
			     "map it",
			     name);
		findings_fix(findings, "%s",
			     configured ? "The next boot has " FRAMEBUFFER_WORD
					: "Run 'vfio-earlyctl cmdline add " FRAMEBUFFER_WORD
					  "', then reboot");
	} else if (!configured) {
		findings_add(findings, FINDING_WARNING, NULL,
			     "Kernel %s leaves the firmware's framebuffer in the memory of %s: a "
			     "VM can't map it",
			     owner->release, name);
		findings_fix(findings,
			     "Run 'vfio-earlyctl cmdline add " FRAMEBUFFER_WORD "', then reboot");
	}
	bootchange_close(&boot);
}

int audit_framebuffer(struct findings *findings, struct inventory *inventory,
		       const struct kernels *kernels, const struct pci_device *device)
{
	bool bound = device->driver && vfio_is_driver(device->driver);
	char address[PCI_ADDRESS_TEXT_MAX], *iomem = NULL;
	const struct kernel *owner = NULL;
	const char *region = NULL;
	int result = host_read_text(&inventory->host, "/proc/iomem", &iomem);

	if (result == 0)
		region = framebuffer_find(iomem, pci_address_format(&device->address, address));
	if (region && !bound && device->class >> 8 != 0x0300)
		owner = find_owner(kernels, &inventory->host);
	if (region && (bound || owner))
		report(findings, inventory, device, region, owner);
	free(iomem);
	return bound ? result : 0;
}
