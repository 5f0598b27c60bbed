/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI functions of a host. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/pci.h"
#include "core/text.h"

#define PCI_SLOTS "sys/bus/pci/slots"

/* More than the path below /sys/devices of a function behind PCI_PATH_STEPS_MAX bridges. */
#define LINK_SIZE 1024

#define CONFIG_SIZE 4096
#define CONFIG_EXTENDED 0x100
#define CAPABILITY_SERIAL 0x0003

/* The kernel numbers groups from 0 up; a larger number is not one of its own. */
#define PCI_GROUP_MAX (1 << 20)

/* Interned: thousands of devices have a few dozen drivers. */
struct pci_name {
	struct pci_name *next;
	char text[];
};

static const char *intern(struct pci *pci, const char *text)
{
	size_t size = strlen(text) + 1;
	struct pci_name *name;

	for (name = pci->names; name; name = name->next)
		if (strcmp(name->text, text) == 0)
			return name->text;
	name = malloc(sizeof(*name) + size);
	if (!name)
		return NULL;
	memcpy(name->text, text, size);
	name->next = pci->names;
	pci->names = name;
	return name->text;
}

static bool take_hex_value(struct text *text, size_t most, uint32_t *value)
{
	size_t digits = text_count_hex(text);

	return digits >= 1 && digits <= most && text_take_hex(text, digits, value);
}

static bool take_pair(struct text *text, uint16_t *left, uint16_t *right)
{
	uint32_t a, b;

	if (!take_hex_value(text, 4, &a) || !text_take_char(text, ':') ||
	    !take_hex_value(text, 4, &b))
		return false;
	*left = (uint16_t)a;
	*right = (uint16_t)b;
	return true;
}

bool pci_parse_uevent(const char *string, struct pci_device *device,
		      char driver[PCI_DRIVER_NAME_MAX])
{
	struct text text = { string, string + strlen(string) }, line;
	bool has_id = false, has_class = false;

	driver[0] = '\0';
	while (text_take_until(&text, '\n', &line)) {
		if (text_take_prefix(&line, "DRIVER="))
			snprintf(driver, PCI_DRIVER_NAME_MAX, "%.*s", (int)text_length(&line), line.p);
		else if (text_take_prefix(&line, "PCI_CLASS="))
			has_class = take_hex_value(&line, 6, &device->class);
		else if (text_take_prefix(&line, "PCI_ID="))
			has_id = take_pair(&line, &device->vendor, &device->device);
		else if (text_take_prefix(&line, "PCI_SUBSYS_ID="))
			take_pair(&line, &device->subvendor, &device->subdevice);
	}
	return has_id && has_class;
}

static int append(struct pci *pci, const struct pci_device *device)
{
	if (pci->count == pci->capacity) {
		size_t capacity = pci->capacity ? pci->capacity * 2 : 64;
		struct pci_device *devices = realloc(pci->devices, capacity * sizeof(*devices));

		if (!devices)
			return -ENOMEM;
		pci->devices = devices;
		pci->capacity = capacity;
	}
	pci->devices[pci->count++] = *device;
	return 0;
}

static int read_device(void *context, int fd, const char *name)
{
	struct pci *pci = context;
	struct pci_device device = { .group = PCI_GROUP_UNREAD, .parent = PCI_NO_PARENT };
	char path[PCI_ADDRESS_TEXT_MAX + 8], text[UEVENT_MAX], driver[PCI_DRIVER_NAME_MAX];
	ssize_t got;

	(void)fd;
	if (!pci_address_parse(name, &device.address))
		return 0;
	snprintf(path, sizeof(path), "%s/uevent", name);
	got = file_read(pci->directory, path, text, sizeof(text));
	if (got == -ENOENT) /* gone since the directory was read */
		return 0;
	if (got < 0 || !pci_parse_uevent(text, &device, driver)) {
		pci->unreadable++;
		return 0;
	}
	if (driver[0]) {
		device.driver = intern(pci, driver);
		if (!device.driver)
			return -ENOMEM;
	}
	return append(pci, &device);
}

static int compare_devices(const void *a, const void *b)
{
	return pci_address_compare(&((const struct pci_device *)a)->address,
				   &((const struct pci_device *)b)->address);
}

static int open_devices(struct pci *pci, int root)
{
	*pci = (struct pci){ .directory = file_open(root, PCI_DEVICES) };
	return pci->directory < 0 ? pci->directory : 0;
}

static void sort(struct pci *pci)
{
	if (pci->count > 1)
		qsort(pci->devices, pci->count, sizeof(*pci->devices), compare_devices);
}

int pci_read(struct pci *pci, int root)
{
	int result = open_devices(pci, root);

	if (result == 0)
		result = file_each_entry(file_open(pci->directory, "."), read_device, pci);
	sort(pci);
	return result;
}

static int read_link(const struct pci *pci, const struct pci_address *address,
		     char target[LINK_SIZE])
{
	char name[PCI_ADDRESS_TEXT_MAX];
	ssize_t length = readlinkat(pci->directory, pci_address_format(address, name), target,
				    LINK_SIZE - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	return 0;
}

/* The functions of a card and the bridges above it; those only as far as its link can be read. */
static int read_card(void *context, int fd, const char *name)
{
	struct pci *pci = context;
	struct pci_address address;
	char target[LINK_SIZE] = "", *rest = target, *bridge;
	int result = 0;

	if (!pci_address_parse(name, &address))
		return 0;
	read_link(pci, &address, target);
	while (result == 0 && (bridge = strtok_r(rest, "/", &rest)))
		result = read_device(pci, fd, bridge);
	for (address.function = 0; address.function < 8 && result == 0; address.function++) {
		char function[PCI_ADDRESS_TEXT_MAX];

		result = read_device(pci, fd, pci_address_format(&address, function));
	}
	return result;
}

static void remove_duplicates(struct pci *pci)
{
	size_t kept = 0;

	for (size_t i = 0; i < pci->count; i++)
		if (kept == 0 || compare_devices(&pci->devices[kept - 1], &pci->devices[i]) != 0)
			pci->devices[kept++] = pci->devices[i];
	pci->count = kept;
}

int pci_read_around(struct pci *pci, int root, const struct pci_address *address)
{
	char path[PCI_ADDRESS_TEXT_MAX + 24];
	int result = open_devices(pci, root);

	pci_address_format(address, path);
	if (result == 0)
		result = read_card(pci, pci->directory, path);
	strcat(path, "/iommu_group/devices");
	if (result == 0)
		result = file_each_entry(file_open(pci->directory, path), read_card, pci);
	sort(pci);
	remove_duplicates(pci);
	return result == -ENOENT && pci->directory >= 0 ? 0 : result;
}

/*
 * In .../pci0000:00/0000:00:01.0/0000:01:00.0 each address is the bridge above the next. The root bus
 * behind a VMD controller, .../0000:00:0e.0/pci10000:e0/10000:e0:06.0, is below that: its domain has
 * another number when there is one more controller. Anything else that is no address ends the chain.
 */
static void set_parents(struct pci *pci, const char *target)
{
	struct text rest = { target, target + strlen(target) }, part;
	struct pci_device *above = NULL;

	while (text_take_until(&rest, '/', &part)) {
		char name[PCI_ADDRESS_TEXT_MAX];
		struct pci_address address;
		struct pci_device *device = NULL;
		int length = snprintf(name, sizeof(name), "%.*s", (int)text_length(&part), part.p);

		if (text_take_prefix(&part, "pci"))
			continue;
		if (length >= 0 && (size_t)length < sizeof(name) && pci_address_parse(name, &address))
			device = pci_find(pci, &address);
		if (device && above)
			device->parent = (int)(above - pci->devices);
		above = device;
	}
}

int pci_read_parents(struct pci *pci, const struct pci_device *device)
{
	char target[LINK_SIZE];
	int result = read_link(pci, &device->address, target);

	if (result == 0)
		set_parents(pci, target);
	return result == -ENOENT ? 0 : result;
}

static uint32_t config_dword(const uint8_t *config, size_t offset)
{
	return (uint32_t)config[offset] | (uint32_t)config[offset + 1] << 8 |
	       (uint32_t)config[offset + 2] << 16 | (uint32_t)config[offset + 3] << 24;
}

bool pci_find_serial(const uint8_t *config, size_t size, uint64_t *serial)
{
	size_t offset = CONFIG_EXTENDED;

	/* Each header has a place of its own, so a longer list than this runs in a circle. */
	for (int left = (CONFIG_SIZE - CONFIG_EXTENDED) / 8; left > 0; left--) {
		uint32_t header;

		if (offset < CONFIG_EXTENDED || offset + 12 > size)
			return false;
		header = config_dword(config, offset);
		if (header == 0 || header == 0xffffffff)
			return false;
		if ((header & 0xffff) == CAPABILITY_SERIAL) {
			*serial = (uint64_t)config_dword(config, offset + 8) << 32 |
				  config_dword(config, offset + 4);
			return *serial != 0 && *serial != UINT64_MAX;
		}
		offset = header >> 20 & 0xffc;
	}
	return false;
}

static void read_serial(const struct pci *pci, struct pci_device *device)
{
	uint8_t config[CONFIG_SIZE + 1];
	char path[PCI_ADDRESS_TEXT_MAX + 8];
	ssize_t got;

	pci_address_format(&device->address, path);
	strcat(path, "/config");
	got = file_read(pci->directory, path, (char *)config, sizeof(config));
	device->has_serial =
		got == CONFIG_SIZE && pci_find_serial(config, CONFIG_SIZE, &device->serial);
}

void pci_read_serials(struct pci *pci)
{
	for (size_t i = 0; i < pci->count; i++)
		read_serial(pci, &pci->devices[i]);
}

void pci_read_serial(const struct pci *pci, struct pci_device *device)
{
	const struct pci_device *first;
	struct pci_device other;

	read_serial(pci, device);
	pci_card(pci, device, &first);
	if (device->has_serial || first == device)
		return;
	other = *first;
	read_serial(pci, &other);
	device->has_serial = other.has_serial;
	device->serial = other.serial;
}

const char *pci_format_serial(uint64_t serial, char text[PCI_SERIAL_TEXT_MAX])
{
	for (size_t i = 0; i < 8; i++)
		sprintf(text + 3 * i, i < 7 ? "%02x-" : "%02x",
			(unsigned int)(serial >> (56 - 8 * i) & 0xff));
	return text;
}

/* The first function at or behind an address. */
static size_t lower_bound(const struct pci *pci, const struct pci_address *address)
{
	size_t low = 0, high = pci->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pci_address_compare(&pci->devices[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A slot's address names no function: "0000:01:00". One of a whole bus, "0000:01", is nobody's. */
static bool parse_slot_address(const char *text, struct pci_address *address)
{
	char whole[PCI_ADDRESS_TEXT_MAX + 4];
	int length = snprintf(whole, sizeof(whole), "%.*s.0", (int)strcspn(text, "\n"), text);

	if (length < 0 || (size_t)length >= sizeof(whole) || !pci_address_parse(whole, address))
		return false;
	return true;
}

/* Tells every function of the device in the slot. */
static void attach_slot(struct pci *pci, struct pci_slot *slot, const struct pci_address *address)
{
	for (size_t i = lower_bound(pci, address);
	     i < pci->count && pci_address_same_device(&pci->devices[i].address, address); i++) {
		slot->same = pci->devices[i].slots;
		pci->devices[i].slots = slot;
	}
}

static int read_slot(void *context, int fd, const char *name)
{
	struct pci *pci = context;
	char path[PCI_SLOT_NAME_MAX + 8], text[PCI_ADDRESS_TEXT_MAX + 4];
	struct pci_address address;
	struct pci_slot *slot;

	if (name[0] == '.' || strlen(name) >= PCI_SLOT_NAME_MAX)
		return 0;
	snprintf(path, sizeof(path), "%s/address", name);
	if (file_read(fd, path, text, sizeof(text)) < 0 || !parse_slot_address(text, &address))
		return 0;
	slot = malloc(sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = (struct pci_slot){ .next = pci->slots };
	strcpy(slot->name, name);
	pci->slots = slot;
	attach_slot(pci, slot, &address);
	return 0;
}

int pci_read_slots(struct pci *pci, int root)
{
	int fd = file_open(root, PCI_SLOTS);

	return fd == -ENOENT ? 0 : file_each_entry(fd, read_slot, pci);
}

static int parse_group(const char *name)
{
	int group = 0;

	if (!*name)
		return PCI_GROUP_NONE;
	for (; *name >= '0' && *name <= '9' && group < PCI_GROUP_MAX; name++)
		group = group * 10 + (*name - '0');
	return *name || group >= PCI_GROUP_MAX ? PCI_GROUP_NONE : group;
}

struct group_reader {
	struct pci *pci;
	int group;
};

static int read_group_member(void *context, int fd, const char *name)
{
	const struct group_reader *reader = context;
	struct pci_address address;
	struct pci_device *device;

	(void)fd;
	device = pci_address_parse(name, &address) ? pci_find(reader->pci, &address) : NULL;
	if (device)
		device->group = reader->group;
	return 0;
}

int pci_read_group(struct pci *pci, struct pci_device *device)
{
	char path[PCI_ADDRESS_TEXT_MAX + 24], name[16];
	struct group_reader reader = { .pci = pci };
	int result;

	if (device->group != PCI_GROUP_UNREAD)
		return 0;
	pci_address_format(&device->address, path);
	strcat(path, "/iommu_group");
	result = file_read_link_name(pci->directory, path, name, sizeof(name));
	device->group = result < 0 ? PCI_GROUP_NONE : parse_group(name);
	if (result == 0 && device->group == PCI_GROUP_NONE)
		return -ERANGE;
	if (result < 0)
		return result == -ENOENT ? 0 : result;
	reader.group = device->group;
	strcat(path, "/devices");
	return file_each_entry(file_open(pci->directory, path), read_group_member, &reader);
}

struct pci_device *pci_find(const struct pci *pci, const struct pci_address *address)
{
	size_t index = lower_bound(pci, address);

	if (index == pci->count || pci_address_compare(&pci->devices[index].address, address) != 0)
		return NULL;
	return &pci->devices[index];
}

size_t pci_card(const struct pci *pci, const struct pci_device *device,
		const struct pci_device **first)
{
	const struct pci_device *from = device, *to = device + 1;
	const struct pci_device *end = pci->devices + pci->count;

	while (from > pci->devices && pci_address_same_device(&from[-1].address, &device->address))
		from--;
	while (to < end && pci_address_same_device(&to->address, &device->address))
		to++;
	*first = from;
	return (size_t)(to - from);
}

bool pci_is_bridge(const struct pci_device *device)
{
	return device->class >> 16 == 0x06;
}

const char *pci_format_modalias(const struct pci_device *device, const char *bus,
				char text[PCI_MODALIAS_MAX])
{
	snprintf(text, PCI_MODALIAS_MAX, "%s:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", bus,
		 device->vendor, device->device, device->subvendor, device->subdevice,
		 (unsigned int)(device->class >> 16 & 0xff),
		 (unsigned int)(device->class >> 8 & 0xff), (unsigned int)(device->class & 0xff));
	return text;
}

void pci_free(struct pci *pci)
{
	while (pci->slots) {
		struct pci_slot *next = pci->slots->next;

		free(pci->slots);
		pci->slots = next;
	}
	while (pci->names) {
		struct pci_name *next = pci->names->next;

		free(pci->names);
		pci->names = next;
	}
	free(pci->devices);
	file_close(&pci->directory);
}
