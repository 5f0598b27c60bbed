/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI devices in the XML of libvirt's VMs (formatdomain, "Host device assignment"). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/array.h"
#include "vm/guests.h"

/* Comments become blanks; libvirt writes every file with one at its start. */
static void blank_comments(char *text)
{
	char *end;

	while ((text = strstr(text, "<!--")) && (end = strstr(text, "-->"))) {
		memset(text, ' ', (size_t)(end + 3 - text));
		text = end;
	}
}

/* The part of the text from start up to end, of which both are there; false if not. */
static bool take_between(const char **text, const char *start, const char *end, struct text *part)
{
	const char *p = strstr(*text, start), *q = p ? strstr(p, end) : NULL;

	if (!q)
		return false;
	*part = (struct text){ p + strlen(start), q };
	*text = q;
	return part->p <= q;
}

/* A number such as bus='0x0b', in the first address of the device's source. */
static bool read_number(const struct text *source, const char *name, unsigned long *value)
{
	char start[16];
	const char *p;

	for (int quote = 0; quote < 2; quote++) {
		snprintf(start, sizeof(start), " %s=%c", name, "'\""[quote]);
		p = memmem(source->p, text_length(source), start, strlen(start));
		if (p) {
			*value = strtoul(p + strlen(start), NULL, 0);
			return true;
		}
	}
	return false;
}

void libvirt_parse(struct guests *guests, struct guest *guest)
{
	struct guest_device device = { .guest = guest->id,
				       .index = GUESTS_HOSTPCI_MAX,
				       .by = "hostdev" };
	unsigned long domain, bus, slot, function;
	struct text part;
	const char *rest;

	blank_comments(guest->config);
	rest = guest->config;
	if (take_between(&rest, "<name>", "</name>", &part))
		snprintf(guest->name, sizeof(guest->name), "%.*s", (int)text_length(&part), part.p);
	while (take_between(&rest, "<hostdev", "</hostdev>", &part)) {
		const char *source = memmem(part.p, text_length(&part), "<source", 7);

		if (!source || (!memmem(part.p, text_length(&part), "type='pci'", 10) &&
				!memmem(part.p, text_length(&part), "type=\"pci\"", 10)))
			continue;
		device.kept = !memmem(part.p, text_length(&part), "managed='yes'", 13) &&
			      !memmem(part.p, text_length(&part), "managed=\"yes\"", 13);
		part = (struct text){ source, part.end };
		domain = 0;
		read_number(&part, "domain", &domain);
		if (!read_number(&part, "bus", &bus) || !read_number(&part, "slot", &slot) ||
		    !read_number(&part, "function", &function) || domain > UINT32_MAX ||
		    bus > 0xff || slot > 0x1f || function > 7)
			continue;
		device.address = (struct pci_address){ (uint32_t)domain, (uint8_t)bus,
						       (uint8_t)slot, (int8_t)function };
		if (!guests_add(guests, &device))
			return;
	}
}
