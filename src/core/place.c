/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a PCI function sits, as a rule names it. */
#include <stdio.h>
#include <string.h>

#include "core/place.h"

const char *place_format(const struct pci *pci, const struct pci_device *device,
			 char text[PLACE_TEXT_MAX])
{
	const struct pci_address *steps[PCI_PATH_STEPS_MAX];
	size_t count = 0, used;

	while (device->parent != PCI_NO_PARENT && count < PCI_PATH_STEPS_MAX) {
		steps[count++] = &device->address;
		device = &pci->devices[device->parent];
	}
	used = strlen(pci_address_format(&device->address, text));
	while (count-- > 0)
		used += (size_t)snprintf(text + used, PLACE_TEXT_MAX - used, "/%02x.%x",
					 steps[count]->device,
					 (unsigned int)steps[count]->function);
	return text;
}
