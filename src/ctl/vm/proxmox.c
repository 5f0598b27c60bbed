/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMs of a Proxmox VE node. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/file.h"
#include "core/rule.h"
#include "core/text.h"
#include "host/array.h"
#include "host/joined.h"
#include "vm/proxmox.h"

/* Of names of hosts, which nodes have. */
#define NODE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

static struct text make_text(const char *string)
{
	return (struct text){ .p = string, .end = string + strlen(string) };
}

static void skip_blanks(struct text *text)
{
	while (!text_at_end(text) && (*text->p == ' ' || *text->p == '\t'))
		text->p++;
}

static void cut_blanks(struct text *text)
{
	skip_blanks(text);
	while (!text_at_end(text) && strchr(" \t\r", text->end[-1]))
		text->end--;
}

/* False if it does not fit: no name that Proxmox VE takes is so long. */
static bool copy(const struct text *text, char *buffer, size_t size)
{
	if (text_length(text) >= size)
		return false;
	snprintf(buffer, size, "%.*s", (int)text_length(text), text->p);
	return true;
}

/* [DOMAIN:]BUS:DEVICE[.FUNCTION], which rules have as well. */
static bool parse_address(const struct text *text, struct pci_address *address)
{
	struct rule_error error;
	struct rule rule;

	if (rule_parse(text->p, text_length(text), &rule, &error) <= 0 ||
	    rule.terms != RULE_PLACE || rule.place.step_count > 0)
		return false;
	*address = rule.place.start;
	return true;
}

static void append(struct guests *guests, struct guest_device **list, size_t *count,
		   const struct guest_device *device)
{
	struct guest_device *added = array_add(*list, *count);

	if (added)
		*added = *device;
	else
		guests->failed = true;
}

/*
 * A property string (qm.conf(5)): KEY=VALUE,...; one key can be left out, which is said to be
 * called first. Takes the next property.
 */
static bool take_property(struct text *text, const char *first, struct text *key,
			  struct text *value)
{
	if (!text_take_until(text, ',', value))
		return false;
	*key = *value;
	if (!memchr(value->p, '=', text_length(value))) {
		*key = make_text(first);
		return true;
	}
	text_take_until(value, '=', key);
	return true;
}

/* ADDRESS;... */
static void add_addresses(struct guests *guests, const struct text *value,
			  struct guest_device **list, size_t *count, struct guest_device *device)
{
	struct text rest = *value, part;

	while (text_take_until(&rest, ';', &part))
		if (parse_address(&part, &device->address))
			append(guests, list, count, device);
}

static void add_mapped(struct guests *guests, const struct text *name, struct guest_device *device)
{
	for (size_t i = 0; i < guests->mapping_count; i++) {
		struct guest_device mapped = guests->mappings[i];

		if (!text_equals(name, mapped.mapping))
			continue;
		mapped.guest = device->guest;
		mapped.index = device->index;
		strcpy(mapped.others, device->others);
		append(guests, &guests->devices, &guests->device_count, &mapped);
	}
}

static bool is_true(const struct text *value)
{
	return text_equals(value, "1") || text_equals(value, "on") || text_equals(value, "yes") ||
	       text_equals(value, "true");
}

/* Those that "vm" does not set itself. */
static void list_others(struct text text, char others[GUESTS_OTHERS_MAX])
{
	static const char *const own[] = { "host", "mapping", "pcie", "x-vga" };
	struct text key, value;

	while (take_property(&text, "host", &key, &value)) {
		char word[GUESTS_OTHERS_MAX];
		bool is_own = text_at_end(&key);

		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			is_own |= text_equals(&key, own[i]);
		if (is_own)
			continue;
		snprintf(word, sizeof(word), "%.*s=%.*s", (int)text_length(&key), key.p,
			 (int)text_length(&value), value.p);
		joined_add(others, GUESTS_OTHERS_MAX, word);
	}
}

static void parse_hostpci(struct guests *guests, struct guest *guest, unsigned int index,
			  struct text text)
{
	struct guest_device device = { .guest = guest->id, .index = index };
	struct text key, value;

	guest->used |= 1u << index;
	list_others(text, device.others);
	while (take_property(&text, "host", &key, &value)) {
		if (text_equals(&key, "host"))
			add_addresses(guests, &value, &guests->devices, &guests->device_count,
				      &device);
		else if (text_equals(&key, "mapping"))
			add_mapped(guests, &value, &device);
		else if (text_equals(&key, "x-vga") && is_true(&value))
			guest->primary |= 1u << index;
	}
}

/* "q35", "pc-q35-8.1", and options behind. */
static void parse_machine(struct guest *guest, struct text text)
{
	struct text key, value;

	while (take_property(&text, "type", &key, &value))
		if (text_equals(&key, "type"))
			guest->q35 = memmem(value.p, text_length(&value), "q35", 3) != NULL;
}

static bool take_index(struct text *key, unsigned int *index)
{
	struct text rest = *key;
	unsigned int value = 0;

	if (!text_take_prefix(&rest, "hostpci") || text_at_end(&rest) || text_length(&rest) > 2)
		return false;
	for (; !text_at_end(&rest); rest.p++) {
		if (*rest.p < '0' || *rest.p > '9')
			return false;
		value = value * 10 + (unsigned int)(*rest.p - '0');
	}
	*index = value;
	return value < GUESTS_HOSTPCI_MAX;
}

static void parse_line(struct guests *guests, struct guest *guest, struct text line)
{
	struct text key;
	unsigned int index;

	cut_blanks(&line);
	if (!memchr(line.p, ':', text_length(&line)) || *line.p == '#' ||
	    !text_take_until(&line, ':', &key))
		return;
	skip_blanks(&line);
	if (text_equals(&key, "name"))
		copy(&line, guest->name, sizeof(guest->name));
	else if (text_equals(&key, "bios"))
		guest->ovmf = text_equals(&line, "ovmf");
	else if (text_equals(&key, "machine"))
		parse_machine(guest, line);
	else if (take_index(&key, &index))
		parse_hostpci(guests, guest, index, line);
}

/* Snapshots are passed over; what waits for a restart of the VM counts. */
static void parse_guest(struct guests *guests, unsigned int id, const char *text)
{
	struct text rest = make_text(text), line;
	struct guest *guest = array_add(guests->list, guests->count);
	bool counts = true;

	if (!guest) {
		guests->failed = true;
		return;
	}
	guest->id = id;
	while (text_take_until(&rest, '\n', &line)) {
		if (!text_at_end(&line) && *line.p == '[')
			counts =
				text_length(&line) >= 9 && strncasecmp(line.p, "[PENDING]", 9) == 0;
		else if (counts)
			parse_line(guests, guest, line);
	}
}

/* "map id=10de:1b81,iommugroup=14,node=pve,path=0000:01:00.0": one card on one node. */
static void parse_map(struct guests *guests, const struct text *name, struct text line)
{
	struct guest_device device = { .guest = 0 };
	struct text key, value, path = make_text("");
	bool ours = false;

	if (!copy(name, device.mapping, sizeof(device.mapping)))
		return;
	while (take_property(&line, "", &key, &value)) {
		if (text_equals(&key, "path"))
			path = value;
		else if (text_equals(&key, "node"))
			ours = text_equals(&value, guests->node);
	}
	if (ours)
		add_addresses(guests, &path, &guests->mappings, &guests->mapping_count, &device);
}

static void parse_mappings(struct guests *guests, const char *text)
{
	struct text rest = make_text(text), line, name = make_text("");

	while (text_take_until(&rest, '\n', &line)) {
		bool indented = !text_at_end(&line) && (*line.p == ' ' || *line.p == '\t');

		cut_blanks(&line);
		if (!indented)
			name = line;
		else if (text_take_prefix(&line, "map "))
			parse_map(guests, &name, line);
	}
}

/* pmxcfs has a link to the node's own directory; without it, the host's name is the node's. */
static void find_node(struct guests *guests, const struct host *host)
{
	char line[GUESTS_NODE_MAX], path[PATH_MAX];

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
	char *path;
};

/* VMs are NUMBER.conf. */
static int read_guest(void *context, const char *directory, const char *name)
{
	struct reading *reading = context;
	char *end, *text = NULL;
	unsigned long id = strtoul(name, &end, 10);
	int result;

	if (name[0] < '1' || name[0] > '9' || strcmp(end, ".conf") != 0 || id > UINT_MAX)
		return 0;
	result = host_path(reading->path, "%s/%s", directory, name);
	if (result == 0)
		result = host_read_text(reading->host, reading->path, &text);
	if (text)
		parse_guest(reading->guests, (unsigned int)id, text);
	free(text);
	return result;
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
	return one->index < other->index ? -1 : one->index > other->index;
}

static int read_mappings(struct guests *guests, const struct host *host)
{
	char *text;
	int result = host_read_text(host, GUESTS_MAPPINGS, &text);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	parse_mappings(guests, text);
	free(text);
	return 0;
}

int guests_read(struct guests *guests, const struct host *host, char path[PATH_MAX])
{
	struct reading reading = { .guests = guests, .host = host, .path = path };
	int result;

	*guests = (struct guests){ .list = NULL };
	find_node(guests, host);
	strcpy(path, GUESTS_MAPPINGS);
	result = read_mappings(guests, host);
	if (result < 0)
		return result;
	strcpy(path, GUESTS_FILES);
	result = host_each(host, GUESTS_FILES, read_guest, &reading);
	if (result < 0 && (result != -ENOENT || strcmp(path, GUESTS_FILES) != 0))
		return result;
	if (guests->count > 1)
		qsort(guests->list, guests->count, sizeof(*guests->list), compare_guests);
	if (guests->device_count > 1)
		qsort(guests->devices, guests->device_count, sizeof(*guests->devices),
		      compare_devices);
	return guests->failed ? -ENOMEM : 0;
}

void guests_free(struct guests *guests)
{
	free(guests->list);
	free(guests->devices);
	free(guests->mappings);
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
	if (device->address.function == PCI_FUNCTION_ANY)
		return pci_address_same_device(&device->address, address);
	return pci_address_compare(&device->address, address) == 0;
}
