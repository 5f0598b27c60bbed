/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framebuffer that the firmware left for the console. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bind/framebuffer.h"
#include "bind/sysfs.h"
#include "core/file.h"
#include "core/text.h"

/* The devices that drivers/firmware/sysfb.c makes. */
static const char *const platform_devices[] = {
	"efi-framebuffer.0",
	"simple-framebuffer.0",
	"vesa-framebuffer.0",
};

/* How names of the memory begin: by sysfb, and by efifb, simplefb and vesafb or their DRM drivers.
 */
static const char *const region_names[] = { "BOOTFB", "efifb", "efidrm", "simple", "vesa" };

static bool is_framebuffer(const struct text *name)
{
	for (size_t i = 0; i < sizeof(region_names) / sizeof(region_names[0]); i++) {
		struct text rest = *name;

		if (text_take_prefix(&rest, region_names[i]))
			return true;
	}
	return false;
}

/* "    e0000000-e0ffffff : NAME": takes the blanks, then all before the name. */
static size_t take_indent(struct text *line)
{
	const char *start = line->p;
	size_t indent;

	while (text_take_char(line, ' '))
		;
	indent = (size_t)(line->p - start);
	while (!text_at_end(line) && !text_take_prefix(line, " : "))
		line->p++;
	return indent;
}

const char *framebuffer_find(const char *string, const char *address)
{
	struct text text = { string, string + strlen(string) }, line;
	size_t inside = 0; /* indent of the device's region, plus one */
	const char *found = NULL;

	while (text_take_until(&text, '\n', &line)) {
		size_t indent = take_indent(&line);

		if (inside && indent < inside)
			inside = 0;
		if (text_equals(&line, address))
			inside = indent + 1;
		else if (inside && is_framebuffer(&line))
			found = line.p;
	}
	return found;
}

bool framebuffer_is_on(int root, const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], *text;
	size_t length;
	bool found;

	if (device->class >> 16 != 0x03)
		return false;
	/* Written by the kernel: it has an end, some 60 bytes for each BAR. */
	if (file_read_all(root, "proc/iomem", SIZE_MAX, &text, &length) < 0)
		return false;
	found = framebuffer_find(text, pci_address_format(&device->address, address));
	free(text);
	return found;
}

int framebuffer_release(int root)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(platform_devices) / sizeof(platform_devices[0]); i++) {
		int unbound = sysfs_unbind_platform(root, platform_devices[i]);

		if (unbound < 0 && unbound != -ENOENT)
			result = unbound;
	}
	return result;
}
