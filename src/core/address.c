/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses. */
#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "core/text.h"

bool pci_address_parse(const char *string, struct pci_address *address)
{
	struct text text = { string, string + strlen(string) };
	size_t digits = text_count_hex(&text);
	uint32_t domain, bus, device, function;

	/* Domains have four digits or more: VMD's start at 10000. */
	if (digits < 4 || digits > 8)
		return false;
	if (!text_take_hex(&text, digits, &domain) || !text_take_char(&text, ':') ||
	    !text_take_hex(&text, 2, &bus) || !text_take_char(&text, ':') ||
	    !text_take_hex(&text, 2, &device) || !text_take_char(&text, '.') ||
	    !text_take_hex(&text, 1, &function) || !text_at_end(&text))
		return false;
	if (device > 0x1f || function > 7)
		return false;
	*address = (struct pci_address){ domain, (uint8_t)bus, (uint8_t)device, (int8_t)function };
	return true;
}

const char *pci_address_format(const struct pci_address *address, char text[PCI_ADDRESS_TEXT_MAX])
{
	char function = '*';

	if (address->function != PCI_FUNCTION_ANY)
		function = (char)('0' + address->function);
	snprintf(text, PCI_ADDRESS_TEXT_MAX, "%04x:%02x:%02x.%c", (unsigned int)address->domain,
		 address->bus, address->device, function);
	return text;
}

int pci_address_compare(const struct pci_address *a, const struct pci_address *b)
{
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	if (a->bus != b->bus)
		return a->bus - b->bus;
	if (a->device != b->device)
		return a->device - b->device;
	return a->function - b->function;
}

bool pci_address_same_device(const struct pci_address *a, const struct pci_address *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->device == b->device;
}
