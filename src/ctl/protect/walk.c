/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One search for the PCI functions below something that the host uses. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "host/array.h"
#include "protect/walk.h"

/* Names of devices and paths are the users' own and can hold anything. */
static void copy_printable(const char *string, char *buffer, size_t size)
{
	struct text text = { string, string + strlen(string) };

	text_copy_printable(&text, buffer, size);
}

__attribute__((format(printf, 3, 0))) static void tell(struct walk *walk, enum protect_message kind,
						       const char *format, va_list arguments)
{
	char raw[PATH_MAX + 256], text[512];

	if (!walk->protect->tell)
		return;
	vsnprintf(raw, sizeof(raw), format, arguments);
	copy_printable(raw, text, sizeof(text));
	walk->protect->tell(walk->protect->context, kind, text);
}

void walk_note(struct walk *walk, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(walk, PROTECT_NOTE, format, arguments);
	va_end(arguments);
}

void walk_warn(struct walk *walk, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(walk, PROTECT_WARNING, format, arguments);
	va_end(arguments);
}

void walk_lose(struct walk *walk, const char *format, ...)
{
	bool needed = walk->grade == PROTECT_NEEDED;
	va_list arguments;

	/* Then more may be missing than what is lost here. */
	if (errno == ENOMEM)
		walk->error = -ENOMEM;
	va_start(arguments, format);
	tell(walk, needed ? PROTECT_WARNING : PROTECT_NOTE, format, arguments);
	va_end(arguments);
	walk->protect->incomplete |= needed;
	walk->lost = true;
}

static void set_use(struct walk *walk, enum protect_kind kind, const char *what, const char *on)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), on[0] ? "%s (%s)" : "%s", what, on);
	walk->use.kind = kind;
	copy_printable(what, walk->use.what, sizeof(walk->use.what));
	copy_printable(text, walk->use.text, sizeof(walk->use.text));
}

void walk_begin(struct walk *walk, enum protect_kind kind, const char *what, const char *format,
		...)
{
	char on[PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(on, sizeof(on), format, arguments);
	va_end(arguments);
	set_use(walk, kind, what, on);
	walk->ends = walk->found = 0;
	walk->lost = false;
}

struct protect_use walk_set_use(struct walk *walk, enum protect_kind kind, const char *on,
				const char *format, ...)
{
	struct protect_use before = walk->use;
	char what[2 * PROTECT_REASON_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	set_use(walk, kind, what, on);
	return before;
}

bool walk_enter(struct walk *walk, const char *place)
{
	char **seen;

	if (walk->error < 0)
		return false;
	for (size_t i = 0; i < walk->seen_count; i++)
		if (strcmp(walk->seen[i], place) == 0) {
			walk->ends++;
			return false;
		}
	if (walk->depth == WALK_DEPTH_MAX) {
		walk_lose(walk, "%s: more than %d layers above %s", walk->use.text, WALK_DEPTH_MAX,
			  place);
		walk->ends++;
		return false;
	}
	seen = array_add(walk->seen, walk->seen_count);
	if (!seen || !(*seen = strdup(place))) {
		walk->seen_count -= seen != NULL;
		walk->error = -ENOMEM;
		return false;
	}
	walk->depth++;
	return true;
}

void walk_leave(struct walk *walk)
{
	walk->depth--;
}

void walk_follow_file(struct walk *walk, const char *file)
{
	if (walk->follow_file)
		walk->follow_file(walk, file);
	else
		walk_lose(walk, "%s: what %s is on is not known", walk->use.text, file);
}

void walk_take_other(struct walk *walk)
{
	walk->ends++;
	walk->found++;
}

/* What is needed is not used as well. */
static bool is_noted(const struct walk *walk, size_t device)
{
	for (size_t i = 0; i < walk->protect->count; i++) {
		const struct protect_entry *entry = &walk->protect->list[i];

		if (entry->device == device && entry->grade <= walk->grade &&
		    strcmp(entry->use.text, walk->use.text) == 0)
			return true;
	}
	return false;
}

static void take_function(struct walk *walk, struct pci_device *device)
{
	struct protect *protect = walk->protect;
	size_t index = (size_t)(device - protect->pci.devices);
	struct protect_entry *entry;

	walk_take_other(walk);
	if (pci_is_bridge(device) || is_noted(walk, index))
		return;
	entry = array_add(protect->list, protect->count);
	if (entry)
		*entry = (struct protect_entry){ index, walk->grade, walk->use };
	else
		walk->error = -ENOMEM;
}

/* Base class 01h, and Fibre Channel adapters. VMD controllers are RAID controllers, 0104h. */
static bool is_storage(const struct pci_device *device)
{
	return device->class >> 16 == 0x01 || device->class >> 8 == 0x0c04;
}

static void take_storage(struct walk *walk)
{
	struct pci *pci = &walk->protect->pci;
	struct protect_use before;

	walk_warn(walk,
		  "%s: not all of its devices are known: every storage controller is protected",
		  walk->use.text);
	before = walk_set_use(walk, PROTECT_OTHER, "", "storage: device of %s unknown",
			      walk->use.what);
	for (size_t i = 0; i < pci->count; i++)
		if (is_storage(&pci->devices[i]))
			take_function(walk, &pci->devices[i]);
	walk->use = before;
}

void walk_end(struct walk *walk)
{
	if (walk->found == 0 && !walk->lost && walk->error == 0)
		walk_lose(walk, "%s: found no device below it", walk->use.text);
	if (walk->lost && walk->on_disks && walk->grade == PROTECT_NEEDED)
		take_storage(walk);
	while (walk->seen_count > 0)
		free(walk->seen[--walk->seen_count]);
	free(walk->seen);
	walk->seen = NULL;
}

int walk_resolve(struct walk *walk, const char *path, char resolved[PATH_MAX])
{
	int result = host_resolve(walk->host, path, resolved);

	if (result < 0)
		walk_lose(walk, "%s: %s: %s", walk->use.text, path, strerror(-result));
	return result;
}

void walk_list(struct walk *walk, const char *directory,
	       int (*each)(void *context, const char *directory, const char *name), void *context)
{
	int result = host_each(walk->host, directory, each, context);

	if (result < 0 && result != -ENOENT)
		walk_lose(walk, "%s: %s: %s", walk->use.text, directory, strerror(-result));
}

/* The physical function of a virtual one: without its driver there would be no virtual one. */
static void take_physical(struct walk *walk, const char *path)
{
	char link[PATH_MAX], physical[PATH_MAX];

	if (host_has(walk->host, path, "physfn") && host_path(link, "%s/physfn", path) == 0 &&
	    walk_resolve(walk, link, physical) == 0 && walk_enter(walk, physical)) {
		walk_take_path(walk, physical);
		walk_leave(walk);
	}
}

static size_t take_component(struct walk *walk, const char *path, const char *name)
{
	struct pci_address address;
	struct pci_device *device;

	if (!pci_address_parse(name, &address))
		return 0;
	device = pci_find(&walk->protect->pci, &address);
	if (!device) {
		walk_lose(walk, "%s: PCI device %s could not be read", walk->use.text, name);
		walk->ends++;
		return 1;
	}
	take_function(walk, device);
	take_physical(walk, path);
	return 1;
}

size_t walk_take_path(struct walk *walk, const char *path)
{
	char part[PATH_MAX];
	size_t taken = 0, length = strlen(path);

	/* Each "/" ends the path of one device, the end that of the last. */
	for (size_t i = 1; i <= length && i < sizeof(part); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		taken += take_component(walk, part, strrchr(part, '/') + 1);
	}
	return taken;
}
