/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of Proxmox VE's guests and mappings, read as its own parsers do (parse_vm_config() in
 * PVE/QemuServer.pm, parse_pct_config() in PVE/LXC/Config.pm, PVE/SectionConfig.pm): a line that
 * these drop has no effect here either.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/rule.h"
#include "host/array.h"
#include "host/joined.h"
#include "vm/guests.h"

#define LOWER    "abcdefghijklmnopqrstuvwxyz"
#define DIGITS   "0123456789"
#define ADDRESS  DIGITS "abcdef:."
#define BLANKS   " \t\r\f\v"
#define NAMES    LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-_"
#define KEYS_ALL (GUEST_KEYS + GUESTS_HOSTPCI_MAX)

static const char *const keys[GUEST_KEYS] = {
	[GUEST_NAME] = "name",        [GUEST_BIOS] = "bios",
	[GUEST_MACHINE] = "machine",  [GUEST_ARGS] = "args",
	[GUEST_ONBOOT] = "onboot",    [GUEST_TEMPLATE] = "template",
	[GUEST_EFIDISK] = "efidisk0", [GUEST_HOOKSCRIPT] = "hookscript",
	[GUEST_VGA] = "vga",          [GUEST_BALLOON] = "balloon",
};

static struct text make_text(const char *string)
{
	return (struct text){ .p = string, .end = string + strlen(string) };
}

/* How many of these characters come first. */
static size_t span(const struct text *text, const char *characters)
{
	const char *p = text->p;

	while (p < text->end && *p && strchr(characters, *p))
		p++;
	return (size_t)(p - text->p);
}

static bool has_only(const struct text *text, const char *characters)
{
	return !text_at_end(text) && span(text, characters) == text_length(text);
}

static void cut_blanks(struct text *text)
{
	text->p += span(text, BLANKS);
	while (!text_at_end(text) && text->end[-1] && strchr(BLANKS, text->end[-1]))
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

/* 1, 0, or -1 for what is neither. */
static int parse_boolean(const struct text *value)
{
	static const char *const words[] = { "0", "1", "off", "on", "no", "yes", "false", "true" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_length(value) == strlen(words[i]) &&
		    strncasecmp(value->p, words[i], text_length(value)) == 0)
			return (int)(i % 2);
	return -1;
}

/* [DOMAIN:]BUS:DEVICE[.FUNCTION] in lower-case digits, which rules have as well. */
static bool parse_address(const struct text *text, struct pci_address *address)
{
	struct rule_error error;
	struct rule rule;

	if (!has_only(text, ADDRESS) ||
	    rule_parse(text->p, text_length(text), &rule, &error) <= 0 ||
	    rule.terms != RULE_PLACE || rule.place.step_count > 0)
		return false;
	*address = rule.place.start;
	return true;
}

static bool has_addresses(const struct text *value)
{
	struct text rest = *value, part;
	struct pci_address address;
	bool valid = !text_at_end(&rest) && rest.end[-1] != ';';

	while (text_take_until(&rest, ';', &part))
		valid &= parse_address(&part, &address);
	return valid;
}

/* ADDRESS;... */
static void add_addresses(struct guests *guests, const struct text *value,
			  struct guest_device *device)
{
	struct text rest = *value, part;

	while (text_take_until(&rest, ';', &part))
		if (parse_address(&part, &device->address))
			guests_add(guests, device);
}

/*
 * A property string (qm.conf(5)): KEY=VALUE,...; one key can be left out, which is said to be
 * called first. Takes the next property; an empty one is passed over.
 */
static bool take_property(struct text *text, const char *first, struct text *key,
			  struct text *value)
{
	while (text_take_until(text, ',', value)) {
		*key = *value;
		if (span(value, BLANKS) == text_length(value))
			continue;
		if (!memchr(value->p, '=', text_length(value)))
			*key = make_text(first);
		else
			text_take_until(value, '=', key);
		return true;
	}
	return false;
}

struct text guests_property(struct text text, const char *first, const char *name)
{
	struct text key, value;

	while (text.p && take_property(&text, first, &key, &value))
		if (text_equals(&key, name))
			return value;
	return (struct text){ 0 };
}

enum kind { ADDRESSES, NAME, BOOLEAN, DRIVER, NUMBER, OTHER };

struct property {
	const char *name;
	enum kind kind;
};

#define PROPERTIES_MAX 13

static const struct property hostpci_properties[PROPERTIES_MAX + 1] = {
	{ "host", ADDRESSES },       { "mapping", NAME },       { "pcie", BOOLEAN },
	{ "x-vga", BOOLEAN },        { "mdev", OTHER },         { "driver", DRIVER },
	{ "rombar", BOOLEAN },       { "legacy-igd", BOOLEAN }, { "romfile", OTHER },
	{ "vendor-id", NUMBER },     { "device-id", NUMBER },   { "sub-vendor-id", NUMBER },
	{ "sub-device-id", NUMBER },
};

static const struct property map_properties[PROPERTIES_MAX + 1] = {
	{ "path", ADDRESSES },     { "node", OTHER },       { "id", OTHER },
	{ "subsystem-id", OTHER }, { "iommugroup", OTHER }, { "description", OTHER },
};

static bool is_valid(enum kind kind, struct text value)
{
	switch (kind) {
	case ADDRESSES:
		return has_addresses(&value);
	case NAME:
		return has_only(&value, NAMES) && isalpha((unsigned char)*value.p);
	case BOOLEAN:
		return parse_boolean(&value) >= 0;
	case DRIVER:
		return text_equals(&value, "vfio") || text_equals(&value, "keep");
	case NUMBER:
		return text_take_prefix(&value, "0x") && text_length(&value) == 4 &&
		       text_count_hex(&value) == 4;
	default:
		return !text_at_end(&value);
	}
}

/* NULL, or why Proxmox VE drops a line with these properties. */
static const char *find_fault(struct text text, const char *first,
			      const struct property *properties)
{
	struct text key, value;
	bool given[PROPERTIES_MAX] = { false };

	while (take_property(&text, first, &key, &value)) {
		size_t i = 0;

		while (properties[i].name && !text_equals(&key, properties[i].name))
			i++;
		if (!properties[i].name)
			return "a property is unknown";
		if (given[i])
			return "a property is there twice";
		if (!is_valid(properties[i].kind, value))
			return properties[i].kind == ADDRESSES ? "an address is not valid"
							       : "a value is not valid";
		given[i] = true;
	}
	return NULL;
}

/* Properties that "vm" does not set itself. */
static void list_others(struct text text, char others[GUESTS_OTHERS_MAX])
{
	static const char *const own[] = { "host", "mapping", "pcie", "x-vga", "driver", NULL };
	struct text key, value;

	while (take_property(&text, "host", &key, &value)) {
		char name[GUESTS_OTHERS_MAX], word[2 * GUESTS_OTHERS_MAX];

		if (!copy(&key, name, sizeof(name)) || array_has(own, name))
			continue;
		snprintf(word, sizeof(word), "%s=%.*s", name, (int)text_length(&value), value.p);
		joined_add(others, GUESTS_OTHERS_MAX, word);
	}
}

static void add_hostpci(struct guests *guests, struct guest *guest, unsigned int index)
{
	struct guest_device device = { .guest = guest->id, .index = index };
	const struct text value = guest->values[GUEST_KEYS + index];
	struct text primary = guests_property(value, "host", "x-vga"),
		    driver = guests_property(value, "host", "driver"),
		    host = guests_property(value, "host", "host"),
		    name = guests_property(value, "host", "mapping");
	size_t choices = 0;

	list_others(value, device.others);
	if (primary.p && parse_boolean(&primary) == 1)
		guest->primary |= 1u << index;
	device.mediated = guests_property(value, "host", "mdev").p;
	device.kept = device.mediated || (driver.p && text_equals(&driver, "keep"));
	if (host.p)
		add_addresses(guests, &host, &device);
	guest->mappings[index] = name;
	if (!name.p || !copy(&name, device.by, sizeof(device.by)))
		return;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < guests->mapping_count; i++) {
			const struct guest_mapping *mapping = &guests->mappings[i];

			if (!mapping->ours || !text_same(&mapping->name, &name))
				continue;
			device.choice = choices > 1;
			if (pass == 0)
				choices++;
			else
				add_addresses(guests, &mapping->path, &device);
		}
}

/* Devices that QEMU gets by arguments of its own: -device vfio-pci,host=ADDRESS,..., or as JSON. */
static void add_args(struct guests *guests, const struct guest *guest, struct text text)
{
	static const char *const starts[] = { "host=", "\"host\":\"", "\"host\": \"", "devices/" };
	struct guest_device device = { .guest = guest->id,
				       .index = GUESTS_HOSTPCI_MAX,
				       .by = "-device in args",
				       .kept = true };
	const char *p = memmem(text.p, text_length(&text), "vfio-pci", 8);

	while (p) {
		struct text one = { p + 8, text.end };

		p = memmem(one.p, text_length(&one), "vfio-pci", 8);
		one.end = p ? p : text.end;
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
			struct text address = { memmem(one.p, text_length(&one), starts[i],
						       strlen(starts[i])),
						one.end };

			if (!address.p)
				continue;
			address.p += strlen(starts[i]);
			address.end = address.p + span(&address, ADDRESS);
			if (parse_address(&address, &device.address)) {
				guests_add(guests, &device);
				break;
			}
		}
	}
}

/* KEY: VALUE from the start of the line on, as Proxmox VE's own files have it. */
static bool take_setting(struct text *line, struct text *key)
{
	*key = *line;
	key->end = key->p + span(key, LOWER);
	if (text_at_end(key))
		return false;
	key->end = line->end;
	key->end = key->p + span(key, LOWER "-_");
	line->p = key->end;
	line->p += span(line, DIGITS);
	key->end = line->p;
	if (!text_take_char(line, ':'))
		return false;
	cut_blanks(line);
	return !text_at_end(line);
}

static int find_key(const struct text *key)
{
	char name[16];

	for (int i = 0; i < KEYS_ALL; i++) {
		snprintf(name, sizeof(name), "hostpci%d", i - GUEST_KEYS);
		if (text_equals(key, i < GUEST_KEYS ? keys[i] : name))
			return i;
	}
	return -1;
}

/* [NAME] alone in its line, as Proxmox VE heads a section. */
static bool parse_header(struct text line, struct text *name)
{
	cut_blanks(&line);
	*name = (struct text){ line.p + 1, line.end - 1 };
	return text_length(&line) >= 2 && line.p[0] == '[' && line.end[-1] == ']' &&
	       !memchr(name->p, ']', text_length(name));
}

static void drop(struct guests *guests, const struct guest *guest, const struct text *line,
		 const char *why)
{
	struct guest_dropped *dropped = array_add(guests->dropped, guests->dropped_count);

	if (dropped)
		*dropped = (struct guest_dropped){ guest->id, *line, why };
	else
		guests->failed = true;
}

/* Reads a line, whose value is added to a section; of the same key the last counts. */
static void parse_line(struct guests *guests, struct guest *guest, struct text line,
		       struct text *values, struct text *deleted)
{
	struct text whole = line, key = { 0 };
	const char *why = "that is not a setting";
	int index = -1;

	if (take_setting(&line, &key)) {
		index = find_key(&key);
		if (deleted && text_equals(&key, "delete"))
			*deleted = line;
		if (index >= GUEST_KEYS)
			why = find_fault(line, "host", hostpci_properties);
		else if (index == GUEST_ONBOOT || index == GUEST_TEMPLATE)
			why = parse_boolean(&line) < 0 ? "a value is not valid" : NULL;
		else if (index >= 0)
			why = NULL;
	}
	cut_blanks(&whole);
	if (!why)
		values[index] = line;
	else if (text_take_prefix(&(struct text){ whole.p, whole.end }, "hostpci"))
		drop(guests, guest, &whole, why);
}

/* At the start of a VM, settings are deleted first, and new ones are set then. */
static void apply_pending(struct guest *guest, const struct text *pending, struct text deleted)
{
	for (char *p = (char *)deleted.p; p < deleted.end;) {
		struct text word = { p, deleted.end };
		int index;

		word.end = p + span(&word, LOWER DIGITS "-_");
		index = find_key(&word);
		if (index >= 0)
			guest->values[index] = (struct text){ 0 };
		p = (char *)word.end + 1;
	}
	for (int i = 0; i < KEYS_ALL; i++)
		if (pending[i].p)
			guest->values[i] = pending[i];
}

/* Snapshots and other sections are passed over. */
static void read_settings(struct guests *guests, struct guest *guest)
{
	struct text rest = make_text(guest->config), line, name, deleted = { 0 };
	struct text pending[KEYS_ALL] = { { 0 } };
	enum { MAIN, PENDING, PASSED } section = MAIN;

	while (text_take_until(&rest, '\n', &line)) {
		if (parse_header(line, &name))
			section = text_length(&name) == 7 && strncasecmp(name.p, "PENDING", 7) == 0
					  ? PENDING
					  : PASSED;
		else if (section != PASSED && !text_at_end(&line) && *line.p != '#')
			parse_line(guests, guest, line, section == MAIN ? guest->values : pending,
				   section == PENDING ? &deleted : NULL);
	}
	apply_pending(guest, pending, deleted);
}

static void parse_vm(struct guests *guests, struct guest *guest)
{
	const struct text *values = guest->values;
	struct text type;

	read_settings(guests, guest);
	type = guests_property(values[GUEST_MACHINE], "type", "type");
	guest->q35 = type.p && memmem(type.p, text_length(&type), "q35", 3);
	guest->ovmf = values[GUEST_BIOS].p && text_equals(&values[GUEST_BIOS], "ovmf");
	guest->onboot = values[GUEST_ONBOOT].p && parse_boolean(&values[GUEST_ONBOOT]) == 1;
	guest->template = values[GUEST_TEMPLATE].p && parse_boolean(&values[GUEST_TEMPLATE]) == 1;
	if (values[GUEST_NAME].p)
		copy(&values[GUEST_NAME], guest->name, sizeof(guest->name));
	for (unsigned int i = 0; i < GUESTS_HOSTPCI_MAX && !guest->template; i++)
		if (values[GUEST_KEYS + i].p)
			add_hostpci(guests, guest, i);
	if (values[GUEST_ARGS].p && !guest->template)
		add_args(guests, guest, values[GUEST_ARGS]);
}

/* The device node of a line devN: /dev/..., or lxc.mount.entry: /dev/... (pct.conf(5)). */
static bool take_node(struct text line, struct text *node)
{
	struct text key, name;

	if (text_take_prefix(&line, "lxc.mount.entry")) {
		line.p += span(&line, BLANKS ":=");
		return text_take_until(&line, ' ', node);
	}
	return take_setting(&line, &key) && text_take_prefix(&key, "dev") &&
	       has_only(&key, DIGITS) && take_property(&line, "path", &name, node);
}

static void parse_container(struct guests *guests, struct guest *guest)
{
	struct text rest = make_text(guest->config), line, name, key, node;
	struct guest_device device = { .guest = guest->id,
				       .index = GUESTS_HOSTPCI_MAX,
				       .kept = true };

	while (text_take_until(&rest, '\n', &line)) {
		if (parse_header(line, &name) && !text_equals(&name, "pve:pending"))
			return;
		if (take_node(line, &node)) {
			if (copy(&node, device.by, sizeof(device.by)) &&
			    strncmp(device.by, "/dev/", 5) == 0)
				guests_add(guests, &device);
		} else if (take_setting(&line, &key)) {
			if (text_equals(&key, "hostname"))
				copy(&line, guest->name, sizeof(guest->name));
			else if (text_equals(&key, "onboot"))
				guest->onboot = parse_boolean(&line) == 1;
		}
	}
}

/* "map id=10de:1b81,iommugroup=14,node=pve,path=0000:01:00.0": one device on one node. */
static void parse_map(struct guests *guests, const struct text *name, struct text line,
		      bool mediated)
{
	struct guest_mapping *added;
	struct text node = guests_property(line, "", "node"),
		    path = guests_property(line, "", "path");

	if (!node.p || !path.p || !guests_property(line, "", "id").p ||
	    find_fault(line, "", map_properties))
		return;
	added = array_add(guests->mappings, guests->mapping_count);
	if (added)
		*added = (struct guest_mapping){ *name, line, path,
						 text_equals(&node, guests->node), mediated };
	else
		guests->failed = true;
}

/* The last section of a name counts. */
static void forget_mapping(struct guests *guests, const struct text *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < guests->mapping_count; i++)
		if (!text_same(&guests->mappings[i].name, name))
			guests->mappings[kept++] = guests->mappings[i];
	/* The array's room is known from the count, which must not shrink to a smaller one. */
	while (kept < guests->mapping_count)
		guests->mappings[kept++] = (struct guest_mapping){ .name = make_text("") };
}

/* A section ends with an empty line alone; comments can be indented or not. */
void guests_parse_mappings(struct guests *guests, char *text)
{
	struct text rest = make_text(text), line, name = { 0 }, key;
	bool mediated = false;

	guests->mappings_text = text;
	while (text_take_until(&rest, '\n', &line)) {
		bool empty = text_at_end(&line), indented = span(&line, BLANKS) > 0;

		cut_blanks(&line);
		key = (struct text){ line.p, line.p + strcspn(line.p, BLANKS "\n") };
		if (empty)
			name.p = NULL;
		if (text_at_end(&line) || *line.p == '#')
			continue;
		if (!name.p && !indented && key.end == line.end) {
			name = line;
			mediated = false;
			forget_mapping(guests, &name);
		} else if (name.p && indented && key.end < line.end) {
			line.p = key.end;
			cut_blanks(&line);
			if (text_equals(&key, "map"))
				parse_map(guests, &name, line, mediated);
			else if (text_equals(&key, "mdev"))
				mediated = parse_boolean(&line) == 1;
			for (size_t i = 0; i < guests->mapping_count; i++)
				if (text_same(&guests->mappings[i].name, &name))
					guests->mappings[i].mediated = mediated;
		}
	}
}

void guests_parse(struct guests *guests, enum guest_kind kind, unsigned int id, char *text)
{
	struct guest *guest = array_add(guests->list, guests->count);

	if (!guest) {
		free(text);
		guests->failed = true;
		return;
	}
	*guest = (struct guest){ .kind = kind, .id = id, .config = text };
	if (kind == GUEST_VM)
		parse_vm(guests, guest);
	else if (kind == GUEST_CONTAINER)
		parse_container(guests, guest);
	else
		libvirt_parse(guests, guest);
}
