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

void walk_tell(struct walk *walk, enum walk_event event, const char *format, ...)
{
	struct protect *protect = walk->protect;
	bool warn = event == WALK_WARNING;
	char raw[PATH_MAX + 256], text[512];
	va_list arguments;

	if (event == WALK_LOST) {
		/* Then more may be missing than what is lost here. */
		if (errno == ENOMEM)
			walk->error = -ENOMEM;
		warn = walk->grade == PROTECT_NEEDED;
		protect->incomplete |= warn;
		walk->lost = true;
	}
	if (!protect->tell)
		return;
	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	copy_printable(raw, text, sizeof(text));
	protect->tell(protect->context, warn ? PROTECT_WARNING : PROTECT_NOTE, text);
}

void walk_set_use(struct walk *walk, enum protect_kind kind, const char *what, const char *on)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), on[0] ? "%s (%s)" : "%s", what, on);
	walk->use.kind = kind;
	copy_printable(what, walk->use.what, sizeof(walk->use.what));
	copy_printable(text, walk->use.text, sizeof(walk->use.text));
}

void walk_tell_unseen(struct walk *walk)
{
	if (walk->unseen == 0)
		return;
	walk_warn(walk, "%s: not everything could be read: %s", walk->use.text,
		  strerror(-walk->unseen));
	walk->protect->incomplete = walk->lost = true;
	walk->unseen = 0;
}

void walk_begin(struct walk *walk, enum protect_kind kind, const char *what, const char *format,
		...)
{
	char on[PATH_MAX];
	va_list arguments;

	walk_tell_unseen(walk);
	va_start(arguments, format);
	vsnprintf(on, sizeof(on), format, arguments);
	va_end(arguments);
	walk_set_use(walk, kind, what, on);
	walk->ends = walk->found = 0;
	walk->lost = false;
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

void walk_take_other(struct walk *walk)
{
	walk->ends++;
	walk->found++;
}

void walk_take(struct walk *walk, struct pci_device *device)
{
	struct protect *protect = walk->protect;
	size_t index = (size_t)(device - protect->pci.devices);
	struct protect_entry *entry;

	walk_take_other(walk);
	if (pci_is_bridge(device))
		return;
	/* What is needed is not used as well, and a needed card's other networks are no news. */
	for (size_t i = 0; i < protect->count; i++) {
		entry = &protect->list[i];
		if (entry->device == index && entry->grade <= walk->grade &&
		    ((entry->grade < walk->grade && !walk->on_disks) ||
		     strcmp(entry->use.text, walk->use.text) == 0))
			return;
	}
	entry = array_add(protect->list, protect->count);
	if (entry)
		*entry = (struct protect_entry){ index, walk->grade, walk->use };
	else
		walk->error = -ENOMEM;
}

static void take_storage(struct walk *walk)
{
	struct pci *pci = &walk->protect->pci;
	struct protect_use before = walk->use;
	char what[PROTECT_USE_MAX + 32];

	walk_warn(walk,
		  "%s: not all of its devices are known: every storage controller is protected",
		  before.text);
	snprintf(what, sizeof(what), "storage: device of %s unknown", before.what);
	walk_set_use(walk, PROTECT_OTHER, what, "");
	/* Base class 01h, and Fibre Channel adapters. VMD controllers are RAID controllers, 0104h.
	 */
	for (size_t i = 0; i < pci->count; i++)
		if (pci->devices[i].class >> 16 == 0x01 || pci->devices[i].class >> 8 == 0x0c04)
			walk_take(walk, &pci->devices[i]);
	walk->use = before;
}

void walk_end(struct walk *walk)
{
	walk_tell_unseen(walk);
	if (walk->found == 0 && !walk->lost && walk->error == 0)
		walk_lose(walk, "%s: found no device below it", walk->use.text);
	if (walk->lost && walk->on_disks && walk->grade == PROTECT_NEEDED)
		take_storage(walk);
	while (walk->seen_count > 0)
		free(walk->seen[--walk->seen_count]);
	free(walk->seen);
	walk->seen = NULL;
}

int walk_resolve(struct walk *walk, const char *directory, const char *name,
		 char resolved[PATH_MAX])
{
	char path[PATH_MAX];
	int result = host_path(path, "%s/%s", directory, name);

	if (result == 0)
		result = host_resolve(walk->host, path, resolved);
	if (result < 0)
		walk_lose(walk, "%s: %s/%s: %s", walk->use.text, directory, name,
			  strerror(-result));
	return result;
}

void walk_list(struct walk *walk, const char *directory,
	       int (*each)(void *context, const char *directory, const char *name), void *context)
{
	int result = host_each(walk->host, directory, each, context);

	if (result < 0 && result != -ENOENT)
		walk_lose(walk, "%s: %s: %s", walk->use.text, directory, strerror(-result));
}

size_t walk_take_path(struct walk *walk, const char *path)
{
	char part[PATH_MAX], physical[PATH_MAX];
	size_t taken = 0, length = strlen(path);

	/* Each "/" ends the path of one device, the end that of the last. */
	for (size_t i = 1; i <= length && i < sizeof(part); i++) {
		struct pci_address address;
		struct pci_device *device;
		const char *name;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		name = strrchr(part, '/') + 1;
		if (!pci_address_parse(name, &address))
			continue;
		taken++;
		device = pci_find(&walk->protect->pci, &address);
		if (!device) {
			walk_lose(walk, "%s: PCI device %s could not be read", walk->use.text,
				  name);
			walk->ends++;
			continue;
		}
		walk_take(walk, device);
		/* Without the physical function's driver there would be no virtual one. */
		if (host_has(walk->host, part, "physfn") &&
		    walk_resolve(walk, part, "physfn", physical) == 0 &&
		    walk_enter(walk, physical)) {
			walk_take_path(walk, physical);
			walk_leave(walk);
		}
	}
	return taken;
}
