/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl protected: what the host stands on, as the boot program reads it. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "place.h"
#include "protect.h"

static void tell(void *context, enum protect_message kind, const char *text)
{
	(void)context;
	fprintf(stderr, "%s: %s\n", kind == PROTECT_WARNING ? "W" : "I", text);
}

/* PATH id=VVVV:DDDD:SSSS:ssss # ADDRESS REASON */
static int print_device(struct protect *protect, const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], place[PLACE_TEXT_MAX];
	int result = pci_read_parents(&protect->pci, device);

	if (result < 0)
		return result;
	printf("%s id=%04x:%04x:%04x:%04x # %s %s\n", place_format(&protect->pci, device, place),
	       device->vendor, device->device, device->subvendor, device->subdevice,
	       pci_address_format(&device->address, address),
	       protect->reasons[device - protect->pci.devices]);
	return 0;
}

static int print_devices(struct protect *protect)
{
	int result = 0;

	for (size_t i = 0; i < protect->pci.count && result == 0; i++)
		if (protect->reasons[i][0] != '\0')
			result = print_device(protect, &protect->pci.devices[i]);
	return result;
}

int command_protected(const struct ctl *ctl, int argc, char **argv)
{
	static const struct options options = {
		.usage = "Usage: vfio-earlyctl protected\n"
			 "Print the devices that the host itself stands on.\n",
	};
	struct protect protect = { .tell = tell };
	int result, status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	result = protect_find(&protect, ctl->root);
	if (result == 0 && !protect.hidden)
		result = print_devices(&protect);
	status = protect.incomplete ? CTL_INCOMPLETE : CTL_OK;
	protect_free(&protect);
	return result < 0 ? ctl_fail("%s: %s", ctl->root, strerror(-result)) : ctl_finish(status);
}
