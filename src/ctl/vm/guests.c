/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests of this host: where their files are, and what they have. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "host/array.h"
#include "vm/guests.h"

/* Of names of hosts, which nodes have. */
#define NODE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

bool guests_add(struct guests *guests, const struct guest_device *device)
{
	struct guest_device *added = array_add(guests->devices, guests->device_count);

	if (added)
		*added = *device;
	else
		guests->failed = true;
	return added != NULL;
}

/* pmxcfs has a link to the node's own directory; without it, the host's name is the node's. */
static void find_node(struct guests *guests, const struct host *host)
{
	char line[GUESTS_NODE_MAX], path[PATH_MAX];

	/* Where the file system doesn't answer, this fails and reading the link would wait. */
	if (host_resolve(host, GUESTS_PVE "/local", path) < 0 ||
	    file_read_link_name(host->directory, host_below(GUESTS_PVE "/local"), guests->node,
				sizeof(guests->node)) < 0) {
		guests->node[0] = '\0';
		if (host_readf(host, line, sizeof(line), "/etc/hostname") > 0)
			snprintf(guests->node, sizeof(guests->node), "%.*s",
				 (int)strcspn(line, "."), line);
	}
	/* What is no name of a host is none of a node. */
	if (guests->node[strspn(guests->node, NODE_CHARACTERS)])
		guests->node[0] = '\0';
}

struct reading {
	struct guests *guests;
	const struct host *host;
	enum guest_kind kind;
	char *path;
};

/* Guests of Proxmox VE are NUMBER.conf, those of libvirt NAME.xml. */
static int read_guest(void *context, const char *directory, const char *name)
{
	struct reading *reading = context;
	struct guests *guests = reading->guests;
	const char *end = strrchr(name, '.');
	char *text = NULL, *rest;
	unsigned long id = GUESTS_LIBVIRT_FIRST + guests->count;
	int result;

	if (reading->kind == GUEST_LIBVIRT) {
		if (!end || strcmp(end, ".xml") != 0)
			return 0;
	} else {
		id = strtoul(name, &rest, 10);
		if (name[0] < '1' || name[0] > '9' || strcmp(rest, ".conf") != 0 ||
		    id >= GUESTS_LIBVIRT_FIRST)
			return 0;
	}
	result = host_path(reading->path, "%s/%s", directory, name);
	if (result == 0)
		result = host_read_text(reading->host, reading->path, &text);
	if (result < 0)
		return result;
	guests_parse(guests, reading->kind, (unsigned int)id, text);
	if (reading->kind == GUEST_LIBVIRT && guests->count > 0)
		guests->list[guests->count - 1].onboot =
			host_has(reading->host, GUESTS_LIBVIRT "/autostart", name);
	return 0;
}

static int compare_guests(const void *a, const void *b)
{
	const struct guest *one = a, *other = b;

	return one->id < other->id ? -1 : one->id > other->id;
}

static int compare_devices(const void *a, const void *b)
{
	const struct guest_device *one = a, *other = b;

	if (one->guest != other->guest)
		return one->guest < other->guest ? -1 : 1;
	if (one->index != other->index)
		return one->index < other->index ? -1 : 1;
	return pci_address_compare(&one->address, &other->address);
}

/* The PCI function that a device node is of, by the directory of its class; false if it is of none.
 */
static bool find_node_device(const struct host *host, const char *node, struct pci_address *address)
{
	static const char *const classes[] = { "drm",   "block", "nvme",  "video4linux",
					       "sound", "tty",   "hidraw" };
	const char *name = strrchr(node, '/') + 1;
	char path[PATH_MAX], directory[PATH_MAX], place[PCI_ADDRESS_TEXT_MAX];
	bool found = false;

	if (sscanf(name, "pci-%12[0-9a-f:.]", place) == 1)
		return pci_address_parse(place, address);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]) && !found; i++) {
		if (host_path(path, "/sys/class/%s/%s", classes[i], name) < 0 ||
		    host_resolve(host, path, directory) < 0)
			continue;
		for (char *rest = directory, *part; (part = strsep(&rest, "/"));)
			found |= pci_address_parse(part, address);
	}
	return found;
}

/* Nodes that can't be found now belong to no device that is told of. */
static void find_nodes(struct guests *guests, const struct host *host)
{
	for (size_t i = 0; i < guests->device_count; i++) {
		struct guest_device *device = &guests->devices[i];

		if (strncmp(device->by, "/dev/", 5) == 0 &&
		    !find_node_device(host, device->by, &device->address))
			device->guest = 0;
	}
}

int guests_read(struct guests *guests, const struct host *host, char path[PATH_MAX])
{
	static const struct {
		const char *directory;
		enum guest_kind kind;
	} places[] = { { GUESTS_FILES, GUEST_VM },
		       { GUESTS_CONTAINERS, GUEST_CONTAINER },
		       { GUESTS_LIBVIRT, GUEST_LIBVIRT } };
	struct reading reading = { .guests = guests, .host = host, .path = path };
	char *text;
	int result;

	*guests = (struct guests){ .list = NULL };
	find_node(guests, host);
	/* The daemon shows this link, whatever else there is. */
	guests->unmounted =
		host_has(host, "/usr/bin", "pmxcfs") && !host_has(host, GUESTS_PVE, "local");
	strcpy(path, GUESTS_MAPPINGS);
	result = host_read_text(host, path, &text);
	if (result == 0)
		guests_parse_mappings(guests, text);
	else if (result == -EACCES)
		guests->hidden = true;
	else if (result != -ENOENT)
		return result;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		reading.kind = places[i].kind;
		strcpy(path, places[i].directory);
		result = host_each(host, places[i].directory, read_guest, &reading);
		guests->hidden |= result == -EACCES;
		if (result < 0 && result != -EACCES &&
		    (result != -ENOENT || strcmp(path, places[i].directory) != 0))
			return result;
	}
	find_nodes(guests, host);
	if (guests->count > 1)
		qsort(guests->list, guests->count, sizeof(*guests->list), compare_guests);
	if (guests->device_count > 1)
		qsort(guests->devices, guests->device_count, sizeof(*guests->devices),
		      compare_devices);
	return guests->failed ? -ENOMEM : 0;
}

void guests_free(struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		free(guests->list[i].config);
	free(guests->list);
	free(guests->devices);
	free(guests->mappings_text);
	free(guests->mappings);
	free(guests->dropped);
}

const struct guest *guests_find(const struct guests *guests, unsigned int id)
{
	for (size_t i = 0; i < guests->count; i++)
		if (guests->list[i].id == id)
			return &guests->list[i];
	return NULL;
}

bool guests_means(const struct guest_device *device, const struct pci_address *address)
{
	if (device->guest == 0)
		return false;
	if (device->address.function == PCI_FUNCTION_ANY)
		return pci_address_same_device(&device->address, address);
	return pci_address_compare(&device->address, address) == 0;
}

const char *guests_format(const struct guest *guest, char text[GUESTS_TEXT_MAX])
{
	const char *kind = guest->kind == GUEST_CONTAINER ? "CT" : "VM";

	if (guest->kind == GUEST_LIBVIRT)
		snprintf(text, GUESTS_TEXT_MAX, "VM %s", guest->name);
	else if (guest->name[0])
		snprintf(text, GUESTS_TEXT_MAX, "%s %u (%s)", kind, guest->id, guest->name);
	else
		snprintf(text, GUESTS_TEXT_MAX, "%s %u", kind, guest->id);
	return text;
}

const char *guests_format_how(const struct guest_device *device, char text[GUESTS_TEXT_MAX])
{
	if (device->index == GUESTS_HOSTPCI_MAX)
		snprintf(text, GUESTS_TEXT_MAX, "%s", device->by);
	else
		snprintf(text, GUESTS_TEXT_MAX, "hostpci%u%s%s", device->index,
			 device->by[0] ? ", by the mapping " : "", device->by);
	return text;
}
