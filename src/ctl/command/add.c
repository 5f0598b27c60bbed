/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl add: rules for devices that are named. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "look/device.h"
#include "rules/draft.h"
#include "rules/file.h"
#include "term/options.h"

static const char usage[] =
	"Usage: vfio-earlyctl add [OPTION]... DEVICE...\n"
	"Appends rules that mean these devices and no others, so that the next boots take them.\n"
	"DEVICE is what a rule accepts, what lspci prints, or a kernel name such as eth0, nvme0n1\n"
	"or card0. '01:00' is a whole card, '01:00.0' one function.\n"
	"\n"
	"      --by KIND    what to know the device by: path (the default), slot, serial, id, "
	"address\n"
	"  -g, --group      take the rest of the device's IOMMU group as well\n"
	"  -f, --force      take it even if the host stands on it\n"
	"  -n, --dry-run    print what would be added, and change nothing\n"
	"  -u, --update     rebuild the images of all kernels afterwards\n"
	"      --file FILE  append to FILE; /etc/vfio-early.conf if not given\n"
	"  -h, --help       print this\n";

/* Whether a function that an operand means is of the same card. */
static bool has_sibling(const struct change *change, const struct pci_device *device)
{
	const struct pci *pci = &change->view.forecast.pci;
	const struct pci_device *first;
	size_t count = pci_card(pci, device, &first);

	for (size_t i = 0; i < count; i++)
		if (change->meant[&first[i] - pci->devices])
			return true;
	return false;
}

static bool is_left_out(const struct change *change, const struct pci_device *device)
{
	return !change->meant[device - change->view.forecast.pci.devices] &&
	       has_sibling(change, device) && !pci_is_bridge(device) &&
	       !view_is_taken(view_row(&change->view, device)) &&
	       !traits_is_virtual(&change->view, device);
}

/* People forget the sound function of a display card. */
static void print_left_out(struct change *change)
{
	const struct pci *pci = &change->view.forecast.pci;
	bool begun = false;

	for (size_t i = 0; i < pci->count; i++) {
		char address[PCI_ADDRESS_TEXT_MAX], name[PCINAMES_MAX];

		if (!is_left_out(change, &pci->devices[i]))
			continue;
		if (!begun)
			puts("Other functions of the card stay with the host; to add them, too:");
		begun = true;
		printf("  vfio-earlyctl add %s  # %s\n",
		       pci_address_format(&pci->devices[i].address, address),
		       pcinames_short(&change->view.names, &pci->devices[i], name, sizeof(name)));
	}
}

static int finish(struct draft *draft)
{
	struct change *change = draft->change;
	int result = draft_foretell(draft);

	if (result < 0)
		return ctl_fail("planning: %s", strerror(-result));
	if (draft->lines[0] && !change->dry_run)
		result = rulesfile_add(&change->view.host, change_path(change), draft->lines);
	if (result < 0)
		return ctl_fail("%s: cannot be written: %s", change_path(change),
				strerror(-result));
	if (draft->lines[0])
		printf("%s: %s:\n%s", change_path(change),
		       change->dry_run ? "would be added" : "added", draft->lines);
	print_left_out(change);
	return draft->lines[0] || change->update ? change_rebuild(change) : CTL_OK;
}

/* All or nothing: a card of which half was added is of no use. */
static int add(struct change *change)
{
	struct draft draft = { .change = change };
	int status = CTL_INTERNAL;
	int result = 0;

	for (char *const *name = change->operands; *name && result == 0; name++)
		result = draft_take(&draft, *name);
	if (result == 0) {
		result = draft_make(&draft);
		if (result < 0)
			ctl_fail("%s", strerror(-result));
		else
			status = draft.refused ? CTL_INCOMPLETE : finish(&draft);
	}
	if (draft.refused)
		ctl_fail("nothing was changed");
	draft_free(&draft);
	return status;
}

int command_add(const struct ctl *ctl, int argc, char **argv)
{
	struct change change;
	int status = change_open(&change, ctl, argc, argv, usage, true);

	if (status == OPTIONS_RUN)
		status = add(&change);
	change_close(&change);
	return ctl_finish(status);
}
