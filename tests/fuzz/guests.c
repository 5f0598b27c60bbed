/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reading of guests: pci.cfg, and a file that is read as that of a VM, of a container
 * and of a VM of libvirt, with a line "=" between the two. Texts that are kept lie in what was
 * read.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vm/guests.h"

#define NODE "n1"

static void check_text(const struct text *text, const char *in)
{
	require(!text->p == !text->end);
	require(!text->p ||
		(text->p >= in && text->p <= text->end && text->end <= in + strlen(in)));
}

static void check_guest(const struct guest *guest)
{
	for (int i = 0; i < GUEST_KEYS + GUESTS_HOSTPCI_MAX; i++)
		check_text(&guest->values[i], guest->config);
	for (int i = 0; i < GUESTS_HOSTPCI_MAX; i++) {
		check_text(&guest->mappings[i], guest->config);
		require(!guest->mappings[i].p || guest->values[GUEST_KEYS + i].p);
		require(!(guest->primary >> i & 1) || guest->values[GUEST_KEYS + i].p);
	}
	require(memchr(guest->name, '\0', sizeof(guest->name)));
}

static void check_device(const struct guests *guests, const struct guest_device *device)
{
	const struct guest *guest = guests_find(guests, device->guest);
	char how[GUESTS_TEXT_MAX];

	require(guest && !guest->template);
	require(device->index <= GUESTS_HOSTPCI_MAX);
	require(device->index == GUESTS_HOSTPCI_MAX || guest->kind == GUEST_VM);
	require(device->address.device <= 0x1f);
	require(device->address.function >= PCI_FUNCTION_ANY && device->address.function <= 7);
	require(memchr(device->by, '\0', sizeof(device->by)));
	require(memchr(device->others, '\0', sizeof(device->others)));
	require(guests_format_how(device, how)[0]);
	if (guest->kind != GUEST_CONTAINER)
		require(guests_means(device, &device->address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = check_copy_text(data, size), *second = strstr(text, "\n=\n");
	struct guests guests = { .node = NODE };

	if (second)
		second[1] = '\0';
	second = second ? second + 3 : text;
	guests_parse_mappings(&guests, strdup(text));
	guests_parse(&guests, GUEST_VM, 100, strdup(second));
	guests_parse(&guests, GUEST_CONTAINER, 101, strdup(second));
	guests_parse(&guests, GUEST_LIBVIRT, GUESTS_LIBVIRT_FIRST, strdup(second));
	require(!guests.failed && guests.count == 3);
	for (size_t i = 0; i < guests.count; i++)
		check_guest(&guests.list[i]);
	for (size_t i = 0; i < guests.device_count; i++)
		check_device(&guests, &guests.devices[i]);
	for (size_t i = 0; i < guests.mapping_count; i++)
		if (guests.mappings[i].ours)
			check_text(&guests.mappings[i].path, guests.mappings_text);
	for (size_t i = 0; i < guests.dropped_count; i++)
		check_text(&guests.dropped[i].line, guests.list[0].config);
	guests_free(&guests);
	free(text);
	return 0;
}
