/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One search for the PCI functions below something that the host uses. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "protect/walk.h"

/* Names of devices and paths are the users' own and can hold anything. */
static void copy_printable(const char *string, char *buffer, size_t size)
{
	struct text text = { string, string + strlen(string) };

	text_copy_printable(&text, buffer, size);
}

__attribute__((format(printf, 3, 0))) static void tell(struct search *search,
						       enum protect_message kind,
						       const char *format, va_list arguments)
{
	char raw[PATH_MAX + 256], text[512];

	if (!search->protect->tell)
		return;
	vsnprintf(raw, sizeof(raw), format, arguments);
	copy_printable(raw, text, sizeof(text));
	search->protect->tell(search->protect->context, kind, text);
}

void search_note(struct search *search, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(search, PROTECT_NOTE, format, arguments);
	va_end(arguments);
}

void search_warn(struct search *search, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(search, PROTECT_WARNING, format, arguments);
	va_end(arguments);
}

void search_lose(struct search *search, const char *format, ...)
{
	bool needed = search->grade == PROTECT_NEEDED;
	va_list arguments;

	/* Then more may be missing than what is lost here. */
	if (errno == ENOMEM)
		search->error = -ENOMEM;
	va_start(arguments, format);
	tell(search, needed ? PROTECT_WARNING : PROTECT_NOTE, format, arguments);
	va_end(arguments);
	search->protect->incomplete |= needed;
	search->lost = true;
}

static void forget(struct search *search)
{
	while (search->seen_count > 0)
		free(search->seen[--search->seen_count]);
	free(search->seen);
	search->seen = NULL;
	search->seen_capacity = 0;
}

__attribute__((format(printf, 2, 0))) static void set_reason(struct search *search,
							     const char *format, va_list arguments)
{
	char reason[PATH_MAX + 64];

	vsnprintf(reason, sizeof(reason), format, arguments);
	copy_printable(reason, search->reason, sizeof(search->reason));
}

void search_begin(struct search *search, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_reason(search, format, arguments);
	va_end(arguments);
	search->ends = search->found = 0;
	search->lost = false;
}

void search_set_reason(struct search *search, char before[PROTECT_REASON_MAX + 1],
		       const char *format, ...)
{
	va_list arguments;

	memcpy(before, search->reason, sizeof(search->reason));
	va_start(arguments, format);
	set_reason(search, format, arguments);
	va_end(arguments);
}

void search_restore_reason(struct search *search, const char before[PROTECT_REASON_MAX + 1])
{
	memcpy(search->reason, before, sizeof(search->reason));
}

int search_subject_length(const struct search *search)
{
	const char *end = strstr(search->reason, " (");

	return (int)(end ? (size_t)(end - search->reason) : strlen(search->reason));
}

static bool was_seen(const struct search *search, const char *place)
{
	for (size_t i = 0; i < search->seen_count; i++)
		if (strcmp(search->seen[i], place) == 0)
			return true;
	return false;
}

static int remember(struct search *search, const char *place)
{
	char *copy;

	if (search->seen_count == search->seen_capacity) {
		size_t capacity = search->seen_capacity ? search->seen_capacity * 2 : 16;
		char **seen = reallocarray(search->seen, capacity, sizeof(*seen));

		if (!seen)
			return -ENOMEM;
		search->seen = seen;
		search->seen_capacity = capacity;
	}
	copy = strdup(place);
	if (!copy)
		return -ENOMEM;
	search->seen[search->seen_count++] = copy;
	return 0;
}

bool search_enter(struct search *search, const char *place)
{
	if (search->error < 0)
		return false;
	if (was_seen(search, place)) {
		search->ends++;
		return false;
	}
	if (search->depth == SEARCH_DEPTH_MAX) {
		search_lose(search, "%s: more than %d layers above %s", search->reason,
			    SEARCH_DEPTH_MAX, place);
		search->ends++;
		return false;
	}
	search->error = remember(search, place);
	if (search->error < 0)
		return false;
	search->depth++;
	return true;
}

void search_leave(struct search *search)
{
	search->depth--;
}

void search_follow_file(struct search *search, const char *file)
{
	if (search->follow_file)
		search->follow_file(search, file);
	else
		search_lose(search, "%s: what %s is on is not known", search->reason, file);
}

void search_take_other(struct search *search)
{
	search->ends++;
	search->found++;
}

/* Whether the reason stands in the list of those of a function already. */
static bool has_reason(const char *reasons, const char *reason)
{
	size_t length = strlen(reason);

	for (const char *at = reasons; (at = strstr(at, reason)); at++)
		if ((at == reasons || at[-1] == ' ') && (at[length] == '\0' || at[length] == ','))
			return true;
	return false;
}

/* Adds a reason; of those that do not fit, "..." is left. */
static void add_reason(char reasons[PROTECT_REASON_MAX + 1], const char *reason)
{
	static const char rest[] = ", ...";
	size_t used = strlen(reasons), room = PROTECT_REASON_MAX - used;

	if (has_reason(reasons, reason) || has_reason(reasons, "..."))
		return;
	if (used == 0)
		strcpy(reasons, reason);
	else if (strlen(reason) + 2 <= room - (sizeof(rest) - 1))
		sprintf(reasons + used, ", %s", reason);
	else if (room >= sizeof(rest) - 1)
		strcpy(reasons + used, rest);
}

static void take_function(struct search *search, struct pci_device *device)
{
	struct protect *protect = search->protect;
	size_t index = (size_t)(device - protect->pci.devices);

	search_take_other(search);
	if (pci_is_bridge(device))
		return;
	if (search->grade == PROTECT_NEEDED)
		add_reason(protect->reasons[index], search->reason);
	else if (!has_reason(protect->reasons[index], search->reason))
		add_reason(protect->uses[index], search->reason);
}

/* Base class 01h, and Fibre Channel adapters. VMD controllers are RAID controllers, 0104h. */
static bool is_storage(const struct pci_device *device)
{
	return device->class >> 16 == 0x01 || device->class >> 8 == 0x0c04;
}

static void take_storage(struct search *search)
{
	struct pci *pci = &search->protect->pci;
	char before[PROTECT_REASON_MAX + 1];

	search_warn(search,
		    "%s: not all of its devices are known: every storage controller is protected",
		    search->reason);
	search_set_reason(search, before, "storage: device of %.*s unknown",
			  search_subject_length(search), search->reason);
	for (size_t i = 0; i < pci->count; i++)
		if (is_storage(&pci->devices[i]))
			take_function(search, &pci->devices[i]);
	search_restore_reason(search, before);
}

void search_end(struct search *search)
{
	if (search->found == 0 && !search->lost && search->error == 0)
		search_lose(search, "%s: found no device below it", search->reason);
	if (search->lost && search->on_disks && search->grade == PROTECT_NEEDED)
		take_storage(search);
	forget(search);
}

int search_resolve(struct search *search, const char *path, char resolved[PATH_MAX])
{
	int result = host_resolve(search->host, path, resolved);

	if (result < 0)
		search_lose(search, "%s: %s: %s", search->reason, path, strerror(-result));
	return result;
}

void search_list(struct search *search, const char *directory,
		 void (*each)(void *context, const char *directory, const char *name),
		 void *context)
{
	int result = host_list(search->host, directory, each, context);

	if (result < 0 && result != -ENOENT)
		search_lose(search, "%s: %s: %s", search->reason, directory, strerror(-result));
}

/* The physical function of a virtual one: without its driver there would be no virtual one. */
static void take_physical(struct search *search, const char *path)
{
	char link[PATH_MAX], physical[PATH_MAX];

	if (host_has(search->host, path, "physfn") && host_path(link, "%s/physfn", path) == 0 &&
	    search_resolve(search, link, physical) == 0 && search_enter(search, physical)) {
		search_take_path(search, physical);
		search_leave(search);
	}
}

static size_t take_component(struct search *search, const char *path, const char *name)
{
	struct pci_address address;
	struct pci_device *device;

	if (!pci_address_parse(name, &address))
		return 0;
	device = pci_find(&search->protect->pci, &address);
	if (!device) {
		search_lose(search, "%s: PCI device %s could not be read", search->reason, name);
		search->ends++;
		return 1;
	}
	take_function(search, device);
	take_physical(search, path);
	return 1;
}

size_t search_take_path(struct search *search, const char *path)
{
	char part[PATH_MAX];
	size_t taken = 0, length = strlen(path);

	/* Each "/" ends the path of one device, the end that of the last. */
	for (size_t i = 1; i <= length && i < sizeof(part); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		taken += take_component(search, part, strrchr(part, '/') + 1);
	}
	return taken;
}
