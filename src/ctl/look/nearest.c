/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person may have meant by a name that no device has. */
#include <stdio.h>
#include <string.h>

#include "host/distance.h"
#include "host/joined.h"
#include "look/nearest.h"
#include "look/pci-ids.h"

#define SHOWN_MAX 3

struct nearest {
	const struct forecast *forecast;
	struct pci_ids names;
	const char *name;
	char *text;
	size_t rank; /* of those in text; less is nearer */
	size_t count;
};

/* Rules may take it: it is not in the list of devices in use by the host. */
static bool is_free(const struct nearest *nearest, const struct pci_device *device)
{
	const struct rules *list = &nearest->forecast->protections;

	for (size_t i = 0; i < list->count; i++)
		if (pci_address_compare(&list->list[i].place.start, &device->address) == 0)
			return false;
	return true;
}

/* device is NULL for names that the kernel gave. */
static void add(struct nearest *nearest, const char *candidate, const struct pci_device *device,
		size_t rank)
{
	char model[PCI_IDS_TEXT_MAX], text[PCI_IDS_TEXT_MAX + 32];

	rank = 2 * rank + (device && !is_free(nearest, device));
	if (rank < nearest->rank) {
		nearest->text[0] = '\0';
		nearest->count = 0;
		nearest->rank = rank;
	}
	if (rank > nearest->rank || nearest->count == SHOWN_MAX)
		return;
	snprintf(text, sizeof(text), "%s", candidate);
	if (device)
		snprintf(text, sizeof(text), "%s (%s)", candidate,
			 pci_ids_model(&nearest->names, device, model, sizeof(model)));
	/* Devices of one model have one ID. */
	if (strstr(nearest->text, text))
		return;
	joined_add(nearest->text, NEAREST_MAX, text);
	nearest->count++;
}

/* Of what is equally far, that which starts alike is nearer: the card's other functions. */
static void offer(struct nearest *nearest, const char *candidate, const struct pci_device *device)
{
	size_t alike = 0;

	while (candidate[alike] && candidate[alike] == nearest->name[alike])
		alike++;
	if (alike < DISTANCE_LENGTH_MAX)
		add(nearest, candidate, device,
		    distance_get(nearest->name, candidate) * DISTANCE_LENGTH_MAX - alike);
}

static int offer_entry(void *context, const char *directory, const char *name)
{
	(void)directory;
	offer(context, name, NULL);
	return 0;
}

static void offer_device(struct nearest *nearest, const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], id[16], name[PCI_IDS_TEXT_MAX];
	const char *shown = pci_address_format(&device->address, address);

	/* As it is typed most often. */
	if (device->address.domain == 0 && strncmp(nearest->name, "0000:", 5) != 0)
		shown = strchr(address, ':') + 1;
	offer(nearest, shown, device);
	snprintf(id, sizeof(id), "%04x:%04x", device->vendor, device->device);
	offer(nearest, id, device);
	if (strlen(nearest->name) >= DISTANCE_SHORT &&
	    strcasestr(pci_ids_device(&nearest->names, device, name, sizeof(name)), nearest->name))
		add(nearest, shown, device, 0);
}

void nearest_find(const struct forecast *forecast, const struct host *host,
		  const char *const *classes, const char *name, char text[NEAREST_MAX])
{
	struct nearest nearest = {
		.forecast = forecast,
		.name = name,
		.text = text,
		.rank = 2 * distance_limit(name) * DISTANCE_LENGTH_MAX + 1,
	};
	char path[PATH_MAX];

	text[0] = '\0';
	if (pci_ids_open(&nearest.names, host) == 0) {
		for (size_t i = 0; i < forecast->pci.count; i++)
			if (!pci_is_bridge(&forecast->pci.devices[i]))
				offer_device(&nearest, &forecast->pci.devices[i]);
		for (; *classes; classes++)
			if (host_path(path, "/sys/class/%s", *classes) == 0)
				host_each(host, path, offer_entry, &nearest);
	}
	pci_ids_close(&nearest.names);
}
