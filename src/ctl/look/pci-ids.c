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

/* The default is this machine's, and may be compressed. */
static int set_ids_file(struct pci_access *access, const struct host *host)
{
	char path[PATH_MAX], *copy;
	int result;

	if (host->live || !host_has(host, "", host_below(IDS_FILE)))
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

struct words {
	const char *const *list;
	size_t count;
};

#define WORDS(array)                                                                               \
	(const struct words)                                                                       \
	{                                                                                          \
		array, sizeof(array) / sizeof((array)[0])                                          \
	}

static bool has_word(struct words words, const char *word, size_t length)
{
	for (size_t i = 0; i < words.count; i++)
		if (strlen(words.list[i]) == length &&
		    strncasecmp(words.list[i], word, length) == 0)
			return true;
	return false;
}

/* Takes such words from the end of a text of several. */
static void trim_end(char *text, struct words words)
{
	char *blank;

	for (char *end; (blank = strrchr(text, ' ')); *end = '\0') {
		if (blank[1] != '\0' && !has_word(words, blank + 1, strlen(blank + 1)))
			return;
		for (end = blank; end > text && strchr(" ,", end[-1]); end--)
			;
	}
}

/* "Advanced Micro Devices, Inc. [AMD/ATI]" is AMD, "NVIDIA Corporation" is NVIDIA. */
static void shorten_vendor(char *name)
{
	static const char *const common[] = {
		"/",
		"and",
		"Co",
		"Co.",
		"Corp",
		"Corp.",
		"Corporation",
		"Electronics",
		"GmbH",
		"Inc",
		"Inc.",
		"Incorporated",
		"LSI",
		"Limited",
		"Ltd",
		"Ltd.",
		"LLC",
		"Semiconductor",
		"subsidiaries",
		"Systems",
		"Technologies",
		"Technology",
	};
	char *bracket = strchr(name, '[');

	if (!bracket) {
		trim_end(name, WORDS(common));
		return;
	}
	bracket++;
	bracket[strcspn(bracket, "]/")] = '\0';
	memmove(name, bracket, strlen(bracket) + 1);
}

/* The maker's short name and the model. False if pci.ids does not know the maker. */
static bool look_up(struct pci_ids *names, const struct pci_device *device,
		    char vendor[PCI_IDS_TEXT_MAX], char model[PCI_IDS_TEXT_MAX])
{
	if (!pci_lookup_name(names->access, vendor, PCI_IDS_TEXT_MAX,
			     FLAGS | PCI_LOOKUP_VENDOR | PCI_LOOKUP_NO_NUMBERS, device->vendor))
		return false;
	pci_lookup_name(names->access, model, PCI_IDS_TEXT_MAX, FLAGS | PCI_LOOKUP_DEVICE,
			device->vendor, device->device);
	shorten_vendor(vendor);
	return true;
}

const char *pci_ids_short(struct pci_ids *names, const struct pci_device *device, char *buffer,
			  size_t size)
{
	char vendor[PCI_IDS_TEXT_MAX], model[PCI_IDS_TEXT_MAX];

	if (!look_up(names, device, vendor, model))
		return pci_ids_device(names, device, buffer, size);
	snprintf(buffer, size, "%s %s", vendor, model);
	return buffer;
}

/* Leaves out what is in parentheses, and words that say nothing, or what kind of device it is. */
static void shorten_model(char *text)
{
	static const char *const at_start[] = {
		"connection", "controller", "ethernet", "network", "NVMe", "SSD",
	};
	static const char *const at_end[] = {
		"adapter",    "AHCI",   "audio",    "connection", "controller",
		"definition", "device", "ethernet", "function",   "HD",
		"high",       "host",   "mode",     "network",    "NVMe",
		"SATA",       "SMBus",  "SSD",      "virtual",    "xHCI",
	};
	char *open, *end;
	size_t first;

	while ((open = strchr(text, '(')) && (end = strchr(open, ')'))) {
		end += 1 + (end[1] == ' ');
		memmove(open, end, strlen(end) + 1);
	}
	while (text[first = strcspn(text, " ")] == ' ' && has_word(WORDS(at_start), text, first))
		memmove(text, text + first + 1, strlen(text + first));
	trim_end(text, WORDS(at_end));
	if (has_word(WORDS(at_end), text, strlen(text)))
		text[0] = '\0';
}

/* Of processors for graphics and their sound pci.ids has "CHIP [PRODUCT]", of others rather
 * "PRODUCT [CHIP]". */
static bool has_product_in_brackets(const struct pci_device *device, const char *before)
{
	static const char family[] = "Family ";
	uint32_t base = device->class >> 16;
	size_t length = strlen(before);

	return base == 0x03 || base == 0x04 || base == 0x12 ||
	       (length > strlen(family) && strcmp(before + length - strlen(family), family) == 0);
}

const char *pci_ids_model(struct pci_ids *names, const struct pci_device *device, char *buffer,
			  size_t size)
{
	char vendor[PCI_IDS_TEXT_MAX], model[PCI_IDS_TEXT_MAX], *open,
		product[PCI_IDS_TEXT_MAX] = "";
	bool named;

	if (!look_up(names, device, vendor, model))
		return pci_ids_device(names, device, buffer, size);
	open = strrchr(model, '[');
	if (open) {
		*open = '\0';
		snprintf(product, sizeof(product), "%.*s", (int)strcspn(open + 1, "]"), open + 1);
		shorten_model(product);
		if (product[0] && has_product_in_brackets(device, model)) {
			snprintf(buffer, size, "%s", product);
			return buffer;
		}
	}
	shorten_model(model);
	named = strncmp(vendor, model, strcspn(vendor, " ")) == 0;
	snprintf(buffer, size, product[0] ? "%s%s%s [%s]" : "%s%s%s", named ? "" : vendor,
		 named || !model[0] ? "" : " ", model, product);
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
