/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people call PCI devices. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pci/pci.h>

#include "look/pci-ids.h"

#define IDS_FILE "/usr/share/misc/pci.ids"

/* udev's database is left out: it has the same names, and only of this machine. */
#define FLAGS PCI_LOOKUP_NO_HWDB

/* libpci ends the process at a line of pci.ids that it does not like: the names before it do. */
static jmp_buf bad_line;

__attribute__((noreturn)) static void go_on(char *format, ...)
{
	(void)format;
	longjmp(bad_line, 1);
}

static void ignore(char *format, ...)
{
	(void)format;
}

/* The default, which may be compressed, is right for this machine only. */
static int set_ids_file(struct pci_access *access, const struct host *host)
{
	char path[PATH_MAX], *copy;
	int result;

	if (host->live)
		return 0;
	result = host_outside(host, IDS_FILE, path);
	if (result < 0)
		return result;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	pci_set_name_list_path(access, copy, 1);
	return 0;
}

/*
 * The jump leads into this function's frame, so none may follow once that has gone. Where the list
 * is empty, libpci 3.9 loads it again at each lookup.
 */
static void load(struct pci_access *access)
{
	static char nothing[] = "/dev/null";

	access->error = go_on;
	if (setjmp(bad_line) == 0)
		pci_load_name_list(access);
	access->error = NULL;
	pci_set_name_list_path(access, nothing, 0);
}

int pci_ids_open(struct pci_ids *names, const struct host *host)
{
	int result;

	names->access = pci_alloc();
	if (!names->access)
		return -ENOMEM;
	names->access->warning = ignore;
	names->access->debug = ignore;
	names->access->id_lookup_mode = 0; /* no cache of what was asked of the network */
	result = set_ids_file(names->access, host);
	if (result == 0)
		load(names->access);
	return result;
}

void pci_ids_close(struct pci_ids *names)
{
	if (names->access)
		pci_cleanup(names->access);
	names->access = NULL;
}

const char *pci_ids_device(struct pci_ids *names, const struct pci_device *device, char *buffer,
			   size_t size)
{
	return pci_lookup_name(names->access, buffer, (int)size,
			       FLAGS | PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, device->vendor,
			       device->device);
}

/* What makers have behind their names. The longer ones come first. */
static const char *const suffixes[] = {
	" Technology Co., Ltd.",
	" Electronics Co Ltd",
	", Incorporated",
	" Corporation",
	" Technologies",
	" Co., Ltd.",
	" Co Ltd",
	" Co. Ltd.",
	", Inc.",
	", Inc",
	" Inc.",
	" Corp.",
	" GmbH",
};

/* "Advanced Micro Devices, Inc. [AMD/ATI]" is AMD, "NVIDIA Corporation" is NVIDIA. */
static void shorten_vendor(char *name)
{
	char *bracket = strchr(name, '[');
	size_t length = strlen(name);

	if (bracket) {
		size_t inside = strcspn(bracket + 1, "]/");

		memmove(name, bracket + 1, inside);
		name[inside] = '\0';
		return;
	}
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t suffix = strlen(suffixes[i]);

		if (length > suffix && strcmp(name + length - suffix, suffixes[i]) == 0) {
			name[length - suffix] = '\0';
			return;
		}
	}
}

const char *pci_ids_short(struct pci_ids *names, const struct pci_device *device, char *buffer,
			  size_t size)
{
	char vendor[PCI_IDS_TEXT_MAX], model[PCI_IDS_TEXT_MAX];

	if (!pci_lookup_name(names->access, vendor, sizeof(vendor),
			     FLAGS | PCI_LOOKUP_VENDOR | PCI_LOOKUP_NO_NUMBERS, device->vendor))
		return pci_ids_device(names, device, buffer, size);
	pci_lookup_name(names->access, model, sizeof(model), FLAGS | PCI_LOOKUP_DEVICE,
			device->vendor, device->device);
	shorten_vendor(vendor);
	snprintf(buffer, size, "%s %s", vendor, model);
	return buffer;
}

const char *pci_ids_sentence(struct pci_ids *names, const struct pci_device *device, char *buffer,
			     size_t size)
{
	char address[PCI_ADDRESS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];

	snprintf(buffer, size, "%s (%s)", pci_address_format(&device->address, address),
		 pci_ids_short(names, device, name, sizeof(name)));
	return buffer;
}

const char *pci_ids_class(struct pci_ids *names, const struct pci_device *device, char *buffer,
			  size_t size)
{
	return pci_lookup_name(names->access, buffer, (int)size, FLAGS | PCI_LOOKUP_CLASS,
			       (int)(device->class >> 8));
}
