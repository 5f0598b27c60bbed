/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person may have meant by a name that no device has. */
#include <stdio.h>
#include <string.h>

#include "host/joined.h"
#include "look/nearest.h"
#include "look/pci-ids.h"

#define LENGTH_MAX ((size_t)40) /* what is longer was no slip of the finger */
#define SHOWN_MAX  3

/* Two slips in an address are likely, in a short name they make another one. */
#define DISTANCE_MAX 2
#define LENGTH_SHORT 4

struct nearest {
	const char *name;
	char *text;
	size_t rank; /* of those in text; less is nearer */
	size_t count;
};

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein: how many characters are to be put in, taken out or changed. */
static size_t get_distance(const char *a, const char *b)
{
	size_t row[LENGTH_MAX + 1], length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = min(changed, min(row[j], row[j - 1]) + 1);
		}
	}
	return row[length];
}

static bool is_listed(const struct nearest *nearest, const char *shown)
{
	const char *at = strstr(nearest->text, shown);
	char end = at ? at[strlen(shown)] : 'x';

	return end == '\0' || end == ',';
}

static void add(struct nearest *nearest, const char *shown, size_t rank)
{
	if (rank > nearest->rank)
		return;
	if (rank < nearest->rank) {
		nearest->text[0] = '\0';
		nearest->count = 0;
		nearest->rank = rank;
	}
	if (nearest->count == SHOWN_MAX || is_listed(nearest, shown))
		return;
	joined_add(nearest->text, NEAREST_MAX, shown);
	nearest->count++;
}

/* Of what is equally far, that which starts alike is nearer: the card's other functions. */
static void offer(struct nearest *nearest, const char *candidate)
{
	size_t alike = 0;

	if (strlen(candidate) > LENGTH_MAX)
		return;
	while (candidate[alike] && candidate[alike] == nearest->name[alike])
		alike++;
	add(nearest, candidate, get_distance(nearest->name, candidate) * LENGTH_MAX - alike);
}

static int offer_entry(void *context, const char *directory, const char *name)
{
	(void)directory;
	offer(context, name);
	return 0;
}

static void offer_numbers(struct nearest *nearest, const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], id[16];

	offer(nearest, pci_address_format(&device->address, address));
	if (device->address.domain == 0)
		offer(nearest, strchr(address, ':') + 1);
	snprintf(id, sizeof(id), "%04x:%04x", device->vendor, device->device);
	offer(nearest, id);
}

static void offer_described(struct nearest *nearest, const struct pci *pci, const struct host *host)
{
	struct pci_ids names = { NULL };

	if (strlen(nearest->name) < LENGTH_SHORT || pci_ids_open(&names, host) < 0) {
		pci_ids_close(&names);
		return;
	}
	for (size_t i = 0; i < pci->count; i++) {
		char address[PCI_ADDRESS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];

		pci_ids_device(&names, &pci->devices[i], name, sizeof(name));
		if (strcasestr(name, nearest->name))
			add(nearest, pci_address_format(&pci->devices[i].address, address), 0);
	}
	pci_ids_close(&names);
}

void nearest_find(const struct pci *pci, const struct host *host, const char *const *classes,
		  const char *name, char text[NEAREST_MAX])
{
	struct nearest nearest = {
		.name = name,
		.text = text,
		.rank = (strlen(name) < LENGTH_SHORT ? 1u : DISTANCE_MAX) * (size_t)LENGTH_MAX,
	};
	char path[PATH_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < pci->count; i++)
		if (!pci_is_bridge(&pci->devices[i]))
			offer_numbers(&nearest, &pci->devices[i]);
	for (; *classes; classes++)
		if (host_path(path, "/sys/class/%s", *classes) == 0)
			host_each(host, path, offer_entry, &nearest);
	offer_described(&nearest, pci, host);
}
