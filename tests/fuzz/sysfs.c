/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the readers of what the kernel shows of devices. The first byte says which, the rest is
 * what it reads.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bind/framebuffer.h"
#include "check.h"

/* Not only what pci.h promises: the small texts of sysfs are read by functions of its own. */
#include "core/pci.c" /* NOLINT(bugprone-suspicious-include) */

static void check_driver(const char *driver)
{
	require(memchr(driver, '\0', PCI_DRIVER_NAME_MAX));
	require(!strchr(driver, '\n'));
}

/* What was read is read again from a text that holds nothing else. */
static void check_uevent_again(const struct pci_device *device, const char *driver)
{
	struct pci_device again = { .class = 0 };
	char text[256], again_driver[PCI_DRIVER_NAME_MAX];

	snprintf(text, sizeof(text),
		 "DRIVER=%s\nPCI_CLASS=%04X\nPCI_ID=%04X:%04X\n"
		 "PCI_SUBSYS_ID=%04X:%04X\n",
		 driver, (unsigned int)device->class, device->vendor, device->device,
		 device->subvendor, device->subdevice);
	require(pci_parse_uevent(text, &again, again_driver));
	require(strcmp(driver, again_driver) == 0);
	require(device->class == again.class);
	require(device->vendor == again.vendor && device->device == again.device);
	require(device->subvendor == again.subvendor && device->subdevice == again.subdevice);
}

static void fuzz_uevent(const uint8_t *data, size_t size)
{
	char *text = check_copy_text(data, size), driver[PCI_DRIVER_NAME_MAX];
	struct pci_device device = { .class = 0 };
	bool good = pci_parse_uevent(text, &device, driver);

	check_driver(driver);
	if (good) {
		require(device.class <= 0xffffff);
		require(strstr(text, "PCI_CLASS=") && strstr(text, "PCI_ID="));
		check_uevent_again(&device, driver);
	}
	free(text);
}

/* Goes through the list as pci_find_serial() does, but knows a circle by where it has been. */
static size_t find_capability(const uint8_t *config, size_t size, unsigned int wanted)
{
	bool seen[0x1000] = { false };
	size_t offset = 0x100;

	while (offset >= 0x100 && offset + 12 <= size && !seen[offset]) {
		unsigned int id = config[offset] | config[offset + 1] << 8;
		unsigned int rest = config[offset + 2] | config[offset + 3] << 8;

		if ((id == 0 && rest == 0) || (id == 0xffff && rest == 0xffff))
			return 0;
		if (id == wanted)
			return offset;
		seen[offset] = true;
		offset = rest >> 4 & 0xffc;
	}
	return 0;
}

static void fuzz_config(const uint8_t *data, size_t size)
{
	uint8_t *config = (uint8_t *)check_copy_bytes(data, size);
	uint64_t serial = 1, expected = 0;
	size_t offset = find_capability(config, size, 0x0003);

	for (int i = 7; offset && i >= 0; i--)
		expected = expected << 8 | config[offset + 4 + (size_t)i];
	require(pci_find_serial(config, size, &serial) ==
		(offset != 0 && expected != 0 && expected != UINT64_MAX));
	require(serial == (offset ? expected : 1));
	free(config);
}

static void fuzz_address(const uint8_t *data, size_t size)
{
	static const struct pci_address untouched = { 1, 2, 3, 4 };
	char *text = check_copy_text(data, size), again[PCI_ADDRESS_TEXT_MAX];
	struct pci_address address = untouched;

	if (pci_address_parse(text, &address)) {
		require(address.device <= 0x1f && address.function >= 0 && address.function <= 7);
		/* More leading zeros than sysfs writes are no other domain. */
		pci_address_format(&address, again);
		require(strlen(text) >= strlen(again));
		require(strcasecmp(text + strlen(text) - strlen(again), again) == 0);
		require(strspn(text, "0") >= strlen(text) - strlen(again));
	} else {
		require(pci_address_compare(&address, &untouched) == 0);
	}
	free(text);
}

static void fuzz_slot_address(const uint8_t *data, size_t size)
{
	char *text = check_copy_text(data, size), whole[64];
	struct pci_address address, expected;
	bool good = parse_slot_address(text, &address);
	size_t length = strcspn(text, "\n");

	if (good) {
		require(length < sizeof(whole) - sizeof(".0"));
		snprintf(whole, sizeof(whole), "%.*s.0", (int)length, text);
		require(pci_address_parse(whole, &expected));
		require(pci_address_compare(&address, &expected) == 0);
	}
	free(text);
}

static void fuzz_group(const uint8_t *data, size_t size)
{
	char *text = check_copy_text(data, size);
	int group = parse_group(text);

	/* A group number is the size of a table. */
	require(group == PCI_GROUP_NONE || (group >= 0 && group <= PCI_GROUP_MAX));
	require(group == PCI_GROUP_NONE || strtol(text, NULL, 10) == group);
	free(text);
}

/* The device whose address is this whole part of a path; PCI_NO_PARENT for any other part. */
static int find_part(const struct pci *pci, const char *part)
{
	struct pci_address address;

	for (size_t i = 0; pci_address_parse(part, &address) && i < pci->count; i++)
		if (pci_address_compare(&address, &pci->devices[i].address) == 0)
			return (int)i;
	return PCI_NO_PARENT;
}

/* Parts of a path with devices in them: each is the parent of the next. */
static void fuzz_link(const uint8_t *data, size_t size)
{
	struct pci_device devices[] = {
		{ .address = { 0, 0, 0, 0 }, .parent = PCI_NO_PARENT },
		{ .address = { 0, 0, 1, 0 }, .parent = PCI_NO_PARENT },
		{ .address = { 0, 1, 0, 0 }, .parent = PCI_NO_PARENT },
		{ .address = { 0x10000000, 1, 0, 7 }, .parent = PCI_NO_PARENT },
	};
	int parents[] = { PCI_NO_PARENT, PCI_NO_PARENT, PCI_NO_PARENT, PCI_NO_PARENT };
	struct pci pci = { .devices = devices, .count = sizeof(devices) / sizeof(devices[0]) };
	char *text = check_copy_text(data, size), *rest = text, *part;
	int above = PCI_NO_PARENT;

	set_parents(&pci, text);
	while ((part = strsep(&rest, "/"))) {
		int device = find_part(&pci, part);

		/* A root bus is below what it is in, if that is a device. */
		if (strncmp(part, "pci", 3) == 0)
			continue;
		if (device != PCI_NO_PARENT && above != PCI_NO_PARENT)
			parents[device] = above;
		above = device;
	}
	for (size_t i = 0; i < pci.count; i++)
		require(devices[i].parent == parents[i]);
	free(text);
}

static void fuzz_iomem(const uint8_t *data, size_t size)
{
	static const char address[] = "0000:01:00.0";
	char *text = check_copy_text(data, size);

	if (framebuffer_find(text, address)) {
		const char *region = strstr(text, address);

		require(region && strchr(region, '\n'));
		require(strstr(region, "BOOTFB") || strstr(region, "efi") ||
			strstr(region, "simple") || strstr(region, "vesa"));
	}
	free(text);
}

/* By the digits 0 to 6; other first bytes come to one of them, too. */
static void (*const readers[])(const uint8_t *data, size_t size) = {
	fuzz_uevent, fuzz_config, fuzz_address, fuzz_slot_address,
	fuzz_group,  fuzz_link,   fuzz_iomem,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t count = sizeof(readers) / sizeof(readers[0]);

	if (size > 0)
		readers[(size_t)(data[0] + count - '0' % count) % count](data + 1, size - 1);
	return 0;
}
