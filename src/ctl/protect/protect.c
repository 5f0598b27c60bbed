/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI functions that the host uses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/forecast.h"
#include "protect/mounts.h"
#include "protect/network.h"
#include "protect/protect.h"
#include "protect/walk.h"

static int hide(struct search *search, const char *why)
{
	if (host_has(search->host, "", &FORECAST_UNPROTECTED[1]))
		search_note(search,
			    "%s: the host can't be seen, so by " FORECAST_UNPROTECTED
			    " an image that is built here protects "
			    "nothing",
			    why);
	else
		search_warn(search,
			    "%s: the host can't be seen, so an image that is built here binds "
			    "nothing without " FORECAST_UNPROTECTED,
			    why);
	search->protect->hidden = true;
	return 0;
}

static int read_devices(struct search *search)
{
	struct protect *protect = search->protect;
	int result = pci_read(&protect->pci, search->host->directory);

	if (result < 0)
		return result;
	if (protect->pci.unreadable)
		search_lose(search, "%zu PCI devices could not be read", protect->pci.unreadable);
	/* One more than there are, as none at all is no failure. */
	protect->reasons = calloc(protect->pci.count + 1, sizeof(*protect->reasons));
	protect->uses = calloc(protect->pci.count + 1, sizeof(*protect->uses));
	return protect->reasons && protect->uses ? 0 : -ENOMEM;
}

static int search_all(struct search *search)
{
	int result = mounts_open(search);

	if (result == -ENOENT && search->protect->incomplete)
		return search->error ?: -EIO; /* the mounts could not be read */
	if (result == -ENOENT)
		return hide(search, "in a chroot");
	if (result == 0)
		result = read_devices(search);
	if (result < 0)
		return result;
	network_open(search);
	mounts_find(search);
	network_find(search);
	network_close(search);
	return search->error;
}

int protect_find(struct protect *protect, const char *root)
{
	struct host host;
	struct search search = { .protect = protect, .host = &host };
	int result = host_open(&host, root);

	errno = 0; /* see search_lose() */
	protect->pci = (struct pci){ .directory = -1 };
	protect->reasons = protect->uses = NULL;
	protect->hidden = protect->incomplete = false;
	if (result == 0) {
		const char *why = host_hidden(&host);

		result = why ? hide(&search, why) : search_all(&search);
	}
	mounts_close(&search);
	host_close(&host);
	return result;
}

void protect_free(struct protect *protect)
{
	pci_free(&protect->pci);
	free(protect->reasons);
	free(protect->uses);
	protect->reasons = protect->uses = NULL;
}
