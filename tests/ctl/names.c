/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that people give devices, and what is said of those that no device has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pci/pci.h>

#include "look/find.h"
#include "look/inventory.h"

#include "files.h"
#include "hosttree.h"
#include "tree.h"
#include "run.h"

static const char above[] =
	"disk nvme0n1 259:0 0000:01:00.0/nvme/nvme0\n"
	"part nvme0n1p1 259:1 nvme0n1\n"
	"disk dm-0 254:0 virtual\n"
	"disk sda 8:0 0000:02:00.1/ata1/host0\n"
	"net enp5s0 0000:05:00.0\n"
	"net br0 virtual\n"
	"link dev/disk/by-id/nvme-Samsung ../../nvme0n1\n"
	"line dev/nvme0n1 -\n"
	"link sys/class/nvme/nvme0 ../../devices/pci0000:00/0000:00:01.1/0000:01:00.0/nvme/nvme0\n"
	"line sys/devices/pci0000:00/0000:00:03.1/0000:0a:00.0/drm/card0/dev 226:0\n"
	"line sys/devices/pci0000:00/0000:00:03.1/0000:0a:00.0/drm/renderD128/dev 226:128\n"
	"link sys/class/drm/card0 ../../devices/pci0000:00/0000:00:03.1/0000:0a:00.0/drm/card0\n"
	"link sys/class/drm/renderD128 "
	"../../devices/pci0000:00/0000:00:03.1/0000:0a:00.0/drm/renderD128\n"
	"line sys/devices/pci0000:00/0000:00:03.1/0000:0a:00.1/sound/card0/id HDMI\n"
	"link sys/class/sound/card0 ../../devices/pci0000:00/0000:00:03.1/0000:0a:00.1/sound/card0\n"
	"line sys/devices/pci0000:00/0000:00:03.2/0000:0b:00.1/sound/card1/id HDMI_1\n"
	"link sys/class/sound/card1 ../../devices/pci0000:00/0000:00:03.2/0000:0b:00.1/sound/card1\n"
	/* A disk of a multipath subsystem, on the controller at 01:00.0. */
	"disk nvme7n1 259:7 virtual/nvme-subsystem/nvme-subsys7\n"
	"link sys/devices/virtual/nvme-subsystem/nvme-subsys7/nvme0 "
	"../../../pci0000:00/0000:00:01.1/0000:01:00.0/nvme/nvme0\n";

static const struct {
	const char *name;
	int result;
	const char *answer; /* addresses, or the message */
} cases[] = {
	{ "0a:00.0", 0, "0000:0a:00.0" },
	{ "0000:0a:00.0", 0, "0000:0a:00.0" },
	{ " 0a:00.0 ", 0, "0000:0a:00.0" },
	{ "0a:00", 0, "0000:0a:00.0 0000:0a:00.1" },
	{ "0a:00.*", 0, "0000:0a:00.0 0000:0a:00.1" },
	{ "10de:1b81", 0, "0000:0a:00.0 0000:0b:00.0" },
	{ "00:03.2/00.1", 0, "0000:0b:00.1" },
	{ "serial=2c-4d-54-ff-ff-d1-0a-7e", 0, "0000:05:00.0" },
	{ "class=0108", 0, "0000:01:00.0" },
	{ "0b:00 id=10de:1b81", 0, "0000:0b:00.0 0000:0b:00.1" },
	/* lspci, lspci -nn, -D, -n and -m */
	{ "0b:00.0 VGA compatible controller: NVIDIA Corporation GP104 (rev a1)", 0,
	  "0000:0b:00.0" },
	{ "0b:00.0 VGA compatible controller [0300]: NVIDIA Corporation GP104 [10de:1b81]", 0,
	  "0000:0b:00.0" },
	{ "0000:0b:00.0 PCI bridge: Intel Corporation Root Port #1", 0, "0000:0b:00.0" },
	{ "0b:00.0 0300: 10de:1b81 (rev a1)", 0, "0000:0b:00.0" },
	{ "0b:00.0 \"VGA compatible controller\" \"NVIDIA Corporation\" \"GP104\"", 0,
	  "0000:0b:00.0" },
	/* the kernel's own */
	{ "nvme0n1", 0, "0000:01:00.0" },
	{ "nvme0n1p1", 0, "0000:01:00.0" },
	{ "nvme0", 0, "0000:01:00.0" },
	{ "nvme7n1", 0, "0000:01:00.0" },
	{ "sda", 0, "0000:02:00.1" },
	{ "enp5s0", 0, "0000:05:00.0" },
	{ " enp5s0\t", 0, "0000:05:00.0" },
	{ "card0", 0, "0000:0a:00.0" },
	{ "renderD128", 0, "0000:0a:00.0" },
	{ "card1", 0, "0000:0b:00.1" },
	{ "/dev/nvme0n1", 0, "0000:01:00.0" },
	{ "/dev/disk/by-id/nvme-Samsung", 0, "0000:01:00.0" },
	{ "/dev/dri/card0", 0, "0000:0a:00.0" },
	{ "/sys/class/sound/card0", 0, "0000:0a:00.1" },
	{ "/sys/bus/pci/devices/0000:0a:00.1", 0, "0000:0a:00.1" },
	/* none */
	{ "0d:00.0", -ENOENT,
	  "0d:00.0: no such device; did you mean 01:00.0 (Samsung SM981/PM981/PM983), "
	  "02:00.0 (AMD X370 Series Chipset USB 3.1), 05:00.0 (Intel I211 Gigabit)?" },
	{ "0a:00.2", -ENOENT,
	  "0a:00.2: no such device; did you mean 0a:00.0 (GeForce GTX 1070), 0a:00.1 (NVIDIA "
	  "GP104)?" },
	{ "10de:1b82", -ENOENT,
	  "10de:1b82: no such device; did you mean 10de:1b81 (GeForce GTX 1070)?" },
	{ "0b:00 id=10de:ffff", -ENOENT,
	  "0b:00 id=10de:ffff: no such device; 'vfio-earlyctl list' shows them" },
	{ "enp6s0", -ENOENT, "enp6s0: no such device; did you mean enp5s0?" },
	{ "nvme1n1", -ENOENT, "nvme1n1: no such device; did you mean nvme0n1, nvme7n1?" },
	{ "geforce gtx", -ENOENT,
	  "geforce gtx: no such device; did you mean 0a:00.0 (GeForce GTX 1070), 0b:00.0 (GeForce "
	  "GTX 1070)?" },
	{ "GP104", -ENOENT,
	  "GP104: no such device; did you mean 0a:00.0 (GeForce GTX 1070), 0a:00.1 (NVIDIA GP104), "
	  "0b:00.0 (GeForce GTX 1070)?" },
	{ "x", -ENOENT, "x: no such device; 'vfio-earlyctl list' shows them" },
	{ "", -EINVAL, "found an empty name, expected a device; 'vfio-earlyctl list' shows them" },
	{ " \t", -EINVAL,
	  "found an empty name, expected a device; 'vfio-earlyctl list' shows them" },
	{ "br0", -ENOENT, "br0: no such device; 'vfio-earlyctl list' shows them" },
	{ "dm-0", -ENOENT, "dm-0: no such device; 'vfio-earlyctl list' shows them" },
	{ "..", -ENOENT, "..: no such device; 'vfio-earlyctl list' shows them" },
	{ "../class/net/enp5s0", -ENOENT,
	  "../class/net/enp5s0: no such device; 'vfio-earlyctl list' shows them" },
	{ "/", -ENOENT, "/: no such device; 'vfio-earlyctl list' shows them" },
	{ "e\tth\n", -ENOENT, "e\\x09th\\x0a: no such device; 'vfio-earlyctl list' shows them" },
	/* no names */
	{ "0a:00.9", -EINVAL,
	  "0a:00.9: found \"9\", expected a function number from 0 to 7, or *" },
	{ "0a:00.0 id=10de:zzzz", -EINVAL,
	  "0a:00.0 id=10de:zzzz: found \"zzzz\", expected four hex digits, or *" },
	{ "0a:00\n", -EINVAL, "0a:00\\x0a: found \"\\x0a\", expected the end of the address" },
	{ "10de:1b81 force", -EINVAL,
	  "10de:1b81 force: found an option or !, expected terms that name a device" },
	{ "!0a:00.0", -EINVAL,
	  "!0a:00.0: found an option or !, expected terms that name a device" },
};

static struct inventory inventory;

static void format_found(char *text, size_t size, const size_t *found, size_t count)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct pci_device *device = &inventory.forecast.pci.devices[found[i]];

		assert_true(strlen(text) + sizeof(address) + 1 < size);
		sprintf(text + strlen(text), "%s%s", i ? " " : "",
			pci_address_format(&device->address, address));
	}
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char message[FIND_MESSAGE_MAX] = "", text[512];
		size_t *found = NULL, count = 0;
		int result = find_by_name(&inventory.forecast, &inventory.host, cases[i].name,
					  &found, &count, message);

		format_found(text, sizeof(text), found, count);
		if (result != cases[i].result ||
		    strcmp(result ? message : text, cases[i].answer) != 0)
			fail_msg("\"%s\": %d, \"%s\", expected %d, \"%s\"", cases[i].name, result,
				 result ? message : text, cases[i].result, cases[i].answer);
		assert_true(result == 0 || (!found && count == 0));
		free(found);
	}
}

static void test_long_name(void **state)
{
	char name[4096], message[FIND_MESSAGE_MAX] = "";
	size_t *found = NULL, count = 0;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(
		find_by_name(&inventory.forecast, &inventory.host, name, &found, &count, message),
		-ENOENT);
	name[200] = ':';
	assert_int_equal(
		find_by_name(&inventory.forecast, &inventory.host, name, &found, &count, message),
		-EINVAL);
	assert_null(found);
}

/* libpci ends the process at a bad line, and has no other way back from that than a jump. */
static void test_bad_ids(void **state)
{
	static const struct {
		const char *opened, *later, *name;
	} files[] = {
		{ "10de  NVIDIA Corporation\n\t1b81  GP104\nno line of pci.ids\n", NULL,
		  "NVIDIA Corporation GP104" },
		{ "no line of pci.ids\n10de  NVIDIA Corporation\n", NULL, "Device 10de:1b81" },
		/* Nothing may be read again: the way back has gone. */
		{ "# empty\n", "no line of pci.ids\n", "Device 10de:1b81" },
	};
	const struct pci_device device = { .vendor = 0x10de, .device = 0x1b81 };
	const struct pci_device card = { .vendor = 0x10de, .device = 0x1b81, .class = 0x030000 };
	struct host host;
	struct pci_ids names;
	char work[PATH_MAX], path[PATH_MAX], text[PCI_IDS_TEXT_MAX];

	(void)state;
	run_work("bad-ids", work);
	files_path(path, "%s/usr/share/misc/pci.ids", work);
	files_make_parents(path);
	assert_int_equal(host_open(&host, work), 0);
	/* Without one, that of this machine is read. */
	unlink(path);
	assert_int_equal(pci_ids_open(&names, &host), 0);
	assert_string_equal(pci_ids_model(&names, &card, text, sizeof(text)), "GeForce GTX 1070");
	pci_ids_close(&names);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(files_write(path, files[i].opened), 0);
		assert_int_equal(pci_ids_open(&names, &host), 0);
		if (files[i].later)
			assert_int_equal(files_write(path, files[i].later), 0);
		assert_string_equal(pci_ids_device(&names, &device, text, sizeof(text)),
				    files[i].name);
		assert_null(names.access->error);
		pci_ids_close(&names);
	}
	host_close(&host);
}

static void test_models(void **state)
{
	static const struct {
		uint32_t class;
		uint16_t vendor, device;
		const char *model;
	} models[] = {
		{ 0x030000, 0x10de, 0x1b81, "GeForce GTX 1070" },
		{ 0x040300, 0x10de, 0x10f0, "NVIDIA GP104" },
		{ 0x020000, 0x15b3, 0x1015, "ConnectX-4 Lx" },
		{ 0x010802, 0x144d, 0xa808, "Samsung SM981/PM981/PM983" },
		{ 0x010802, 0x8086, 0x0a54, "Intel Datacenter [3DNAND, Beta Rock]" },
		{ 0x010601, 0x8086, 0x8d02, "Intel C610/X99 series chipset 6-Port" },
		{ 0x020000, 0x8086, 0x15b8, "Intel I219-V" },
		{ 0x020000, 0x8086, 0x1528, "Intel 10-Gigabit X540-AT2" },
		{ 0x030000, 0x1a03, 0x2000, "ASPEED Graphics Family" },
		{ 0x030000, 0x8086, 0x1912, "Intel HD Graphics 530" },
		{ 0x010700, 0x1000, 0x0097, "Broadcom SAS3008 PCI-Express Fusion-MPT SAS-3" },
		{ 0x020000, 0x10de, 0xffff, "NVIDIA Device ffff" },
		{ 0x020000, 0xabcd, 0xffff, "Device abcd:ffff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		const struct pci_device device = { .class = models[i].class,
						   .vendor = models[i].vendor,
						   .device = models[i].device };
		char text[PCI_IDS_TEXT_MAX];

		assert_string_equal(pci_ids_model(&inventory.names, &device, text, sizeof(text)),
				    models[i].model);
	}
}

static int set_up(void **state)
{
	static char work[PATH_MAX];
	char path[PATH_MAX], message[256] = "", *text = files_read("tests/scenario/hosts/desktop");

	(void)state;
	run_work("names", work);
	assert_non_null(text);
	assert_int_equal(hosttree_write(text, work, message, sizeof(message)), 0);
	free(text);
	tree_write(work, above);
	files_path(path, "%s/usr/share/misc/pci.ids", work);
	files_make_parents(path);
	assert_int_equal(files_copy("tests/ctl/pci.ids", path), 0);
	return inventory_open(&inventory, work, 0);
}

static int tear_down(void **state)
{
	(void)state;
	inventory_close(&inventory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_bad_ids),
	};

	return cmocka_run_group_tests_name("names", tests, set_up, tear_down);
}
