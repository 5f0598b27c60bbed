/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from sysfs: addresses, uevent texts, configuration space. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/pci.h"
#include "core/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void parses_addresses(void **state)
{
	static const char *const good[] = { "0000:00:00.0", "0000:ff:1f.7", "10000:e1:00.0",
					    "ffffffff:01:02.3" };
	static const char *const bad[] = { "",		   "0000:01:00",    "01:00.0",
					   "0000:01:00.8", "0000:01:20.0",  "0000:01:00.0 ",
					   "000:01:00.0",  "0000:1:00.0",   "0000:01:00.*",
					   "0000.01:00.0", "000000000:01:00.0", "0000:01:00.00" };
	struct pci_address address;
	char text[PCI_ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(pci_address_parse(good[i], &address));
		assert_string_equal(pci_address_format(&address, text), good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(pci_address_parse(bad[i], &address));
}

static void orders_addresses(void **state)
{
	static const char *const ordered[] = { "0000:00:00.0", "0000:00:00.1", "0000:00:01.0",
					       "0000:01:00.0", "0001:00:00.0", "10000:00:00.0",
					       "ffffffff:00:00.0" };

	(void)state;
	for (size_t i = 0; i < COUNT(ordered); i++) {
		for (size_t j = 0; j < COUNT(ordered); j++) {
			struct pci_address a, b;
			int order;

			assert_true(pci_address_parse(ordered[i], &a));
			assert_true(pci_address_parse(ordered[j], &b));
			order = pci_address_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void parses_uevents(void **state)
{
	struct pci_device device = { .class = 1 };
	char driver[PCI_DRIVER_NAME_MAX];

	(void)state;
	assert_true(pci_parse_uevent("DRIVER=e1000e\nPCI_CLASS=20000\nPCI_ID=8086:10D3\n"
				     "PCI_SUBSYS_ID=1AF4:0000\nPCI_SLOT_NAME=0000:02:00.0\n"
				     "MODALIAS=pci:v00008086d000010D3sv00001AF4sd00000000bc02sc00i00\n",
				     &device, driver));
	assert_string_equal(driver, "e1000e");
	assert_int_equal(device.class, 0x020000);
	assert_int_equal(device.vendor, 0x8086);
	assert_int_equal(device.device, 0x10d3);
	assert_int_equal(device.subvendor, 0x1af4);
	assert_int_equal(device.subdevice, 0);

	/* no driver; class 00; text without a last newline */
	assert_true(pci_parse_uevent("PCI_CLASS=0\nPCI_ID=10DE:1", &device, driver));
	assert_string_equal(driver, "");
	assert_int_equal(device.class, 0);
	assert_int_equal(device.device, 1);

	assert_false(pci_parse_uevent("", &device, driver));
	assert_false(pci_parse_uevent("PCI_CLASS=30000\n", &device, driver));
	assert_false(pci_parse_uevent("PCI_ID=8086:10D3\n", &device, driver));
	assert_false(pci_parse_uevent("PCI_CLASS=\nPCI_ID=8086:10D3\n", &device, driver));
	assert_false(pci_parse_uevent("PCI_CLASS=30000\nPCI_ID=8086\n", &device, driver));
	assert_false(pci_parse_uevent("PCI_CLASS=123456789\nPCI_ID=8086:10D3\n", &device, driver));
}

static void bounds_driver_names(void **state)
{
	char text[256] = "PCI_CLASS=0\nPCI_ID=1:2\nDRIVER=", driver[PCI_DRIVER_NAME_MAX];
	struct pci_device device;

	(void)state;
	memset(text + strlen(text), 'x', 200);
	assert_true(pci_parse_uevent(text, &device, driver));
	assert_int_equal(strlen(driver), PCI_DRIVER_NAME_MAX - 1);
}

static void put_dword(uint8_t *config, size_t offset, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		config[offset + (size_t)i] = (uint8_t)(value >> 8 * i);
}

static void finds_serials(void **state)
{
	uint8_t config[4096] = { 0 };
	uint64_t serial = 1;

	(void)state;
	assert_false(pci_find_serial(config, sizeof(config), &serial));

	/* AER at 100h, serial number at 140h; it reads 00-15-17-ff-ff-aa-bb-cc. */
	put_dword(config, 0x100, 0x14010001);
	put_dword(config, 0x140, 0x00010003);
	put_dword(config, 0x144, 0xffaabbcc);
	put_dword(config, 0x148, 0x001517ff);
	assert_true(pci_find_serial(config, sizeof(config), &serial));
	assert_int_equal(serial, 0x001517ffffaabbcc);

	/* a card that was never given one */
	put_dword(config, 0x144, 0);
	put_dword(config, 0x148, 0);
	assert_false(pci_find_serial(config, sizeof(config), &serial));

	/* cut off; in a circle; into the old configuration space; all ones */
	assert_false(pci_find_serial(config, 0x148, &serial));
	assert_false(pci_find_serial(config, 64, &serial));
	put_dword(config, 0x140, 0x10010001);
	assert_false(pci_find_serial(config, sizeof(config), &serial));
	put_dword(config, 0x140, 0x04010001);
	assert_false(pci_find_serial(config, sizeof(config), &serial));
	memset(config, 0xff, sizeof(config));
	assert_false(pci_find_serial(config, sizeof(config), &serial));

	/* a header in the last dword has no room for a number */
	memset(config, 0, sizeof(config));
	put_dword(config, 0x100, 0xffc10001);
	put_dword(config, 0xffc, 0x00010003);
	assert_false(pci_find_serial(config, sizeof(config), &serial));
}

static void copies_printable(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *copy; /* into 12 bytes */
	} table[] = {
		{ "", 0, "" },
		{ "abc", 3, "abc" },
		{ "abcdefghijk", 11, "abcdefghijk" },
		{ "abcdefghijkl", 12, "abcdefgh..." },
		{ "\0\n", 2, "\\x00\\x0a" },
		{ "abcd\xff\xff", 6, "abcd\\xff..." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct text text = { table[i].text, table[i].text + table[i].length };
		char copy[12];

		text_copy_printable(&text, copy, sizeof(copy));
		assert_string_equal(copy, table[i].copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_addresses),    cmocka_unit_test(orders_addresses),
		cmocka_unit_test(parses_uevents),      cmocka_unit_test(bounds_driver_names),
		cmocka_unit_test(finds_serials),       cmocka_unit_test(copies_printable),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
