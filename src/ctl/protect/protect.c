/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI functions that the host uses. */
#include <errno.h>
#include <libmount/libmount.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/forecast.h"
#include "host/joined.h"
#include "protect/console.h"
#include "protect/mounts.h"
#include "protect/network.h"
#include "protect/protect.h"
#include "protect/walk.h"

static int hide(struct walk *walk, const char *why)
{
	/* Not host_has(): where that can't be told, it is not said. */
	walk->protect->unprotected =
		faccessat(walk->host->directory, host_below(FORECAST_UNPROTECTED), F_OK, 0) == 0;
	if (walk->protect->unprotected)
		walk_note(walk,
			  "%s: the host can't be seen, so by " FORECAST_UNPROTECTED
			  " an image that is built here protects nothing",
			  why);
	else
		walk_warn(walk,
			  "%s: the host can't be seen, so an image that is built here binds "
			  "nothing without " FORECAST_UNPROTECTED,
			  why);
	walk->protect->hidden = true;
	return 0;
}

/* Whether both are the same function of two cards of one model. */
static bool is_twin(const struct pci_device *device, const struct pci_device *other)
{
	return device->vendor == other->vendor && device->device == other->device &&
	       device->subvendor == other->subvendor && device->subdevice == other->subdevice &&
	       device->address.function == other->address.function &&
	       !pci_address_same_device(&device->address, &other->address);
}

const struct pci_device *protect_find_twin(const struct protect *protect,
					   const struct pci_device *device)
{
	const struct pci *pci = &protect->pci;

	for (size_t i = 0; i < pci->count; i++)
		if (protect->reasons[i][0] && !pci->devices[i].has_serial &&
		    is_twin(&pci->devices[i], device))
			return &pci->devices[i];
	return NULL;
}

int protect_apply_list(struct plan *plan, const struct rules *list, struct pci *pci)
{
	const struct rules none = { .count = 0 };
	int result = plan_choose(plan, &none, pci);

	if (result < 0)
		return result;
	for (size_t i = 0; i < pci->count; i++)
		pci_read_parents(pci, &pci->devices[i]); /* or only its ID is compared */
	plan_protect(plan, list, pci);
	return 0;
}

/* Of some models, all cards have one number, which tells none of them apart. */
static void read_serials(struct protect *protect)
{
	struct pci *pci = &protect->pci;

	for (size_t i = 0; i < pci->count; i++) {
		struct pci_device *device = &pci->devices[i];

		if (!protect->reasons[i][0])
			continue;
		pci_read_serial(pci, device);
		for (size_t j = 0; j < pci->count && device->has_serial; j++) {
			struct pci_device other = pci->devices[j];

			if (!is_twin(device, &other))
				continue;
			pci_read_serial(pci, &other);
			if (other.has_serial && other.serial == device->serial)
				device->has_serial = false;
		}
	}
}

static int walk_all(struct walk *walk)
{
	struct protect *protect = walk->protect;
	int result = mounts_open(walk);

	if (result == -ENOENT && protect->incomplete)
		return walk->error ?: -EIO; /* the mounts could not be read */
	if (result == -ENOENT)
		return hide(walk, "in a chroot");
	if (result == 0)
		result = pci_read(&protect->pci, walk->host->directory);
	if (result < 0)
		return result;
	if (protect->pci.unreadable)
		walk_lose(walk, "%zu PCI devices could not be read", protect->pci.unreadable);
	/* One more than there are, as none at all is no failure. */
	protect->reasons = calloc(protect->pci.count + 1, sizeof(*protect->reasons));
	protect->uses = calloc(protect->pci.count + 1, sizeof(*protect->uses));
	if (!protect->reasons || !protect->uses)
		return -ENOMEM;
	result = routes_read(&walk->routes, walk->host);
	mounts_find(walk);
	network_find(walk, result);
	console_find(walk);
	walk_tell_unseen(walk);
	routes_free(&walk->routes);
	for (size_t i = 0; i < protect->count; i++) {
		const struct protect_entry *entry = &protect->list[i];

		joined_add(entry->grade == PROTECT_NEEDED ? protect->reasons[entry->device]
							  : protect->uses[entry->device],
			   PROTECT_REASON_MAX + 1, entry->use.text);
	}
	read_serials(protect);
	return walk->error;
}

int protect_find(struct protect *protect, const char *root)
{
	struct host host;
	struct walk walk = { .protect = protect, .host = &host };
	int result = host_open(&host, root);

	errno = 0; /* see walk_tell() */
	*protect = (struct protect){
		.pci = { .directory = -1 },
		.tell = protect->tell,
		.context = protect->context,
	};
	if (result == 0) {
		const char *why = host_hidden(&host);

		host.unseen = &walk.unseen;
		result = why ? hide(&walk, why) : walk_all(&walk);
	}
	mnt_unref_table(walk.mounts);
	host_close(&host);
	return result;
}

void protect_free(struct protect *protect)
{
	pci_free(&protect->pci);
	free(protect->list);
	free(protect->reasons);
	free(protect->uses);
}
