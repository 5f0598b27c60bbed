/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl add: rules for devices that are named. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command/edit.h"
#include "look/device.h"
#include "rules/file.h"
#include "term/options.h"
#include "term/shown.h"

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
	"      --dry-run    print what would be added, and change nothing\n"
	"  -u, --update     rebuild the images of all kernels afterwards\n"
	"      --file FILE  append to FILE; /etc/vfio-early.conf if not given\n"
	"  -h, --help       print this\n";

/* Whether a function that an operand means is of the same card. */
static bool has_sibling(const struct edit *edit, const struct pci_device *device)
{
	const struct pci *pci = &edit->inventory.forecast.pci;
	const struct pci_device *first;
	size_t count = pci_card(pci, device, &first);

	for (size_t i = 0; i < count; i++)
		if (edit->meant[&first[i] - pci->devices])
			return true;
	return false;
}

static bool is_left_out(const struct edit *edit, const struct pci_device *device)
{
	return !edit->meant[device - edit->inventory.forecast.pci.devices] &&
	       has_sibling(edit, device) && !pci_is_bridge(device) &&
	       !inventory_is_taken(inventory_row(&edit->inventory, device)) &&
	       !device_is_virtual(&edit->inventory, device);
}

/* People forget the sound function of a display card. */
static void print_left_out(struct edit *edit)
{
	const struct pci *pci = &edit->inventory.forecast.pci;
	bool begun = false;

	for (size_t i = 0; i < pci->count; i++) {
		char address[PCI_ADDRESS_TEXT_MAX], name[PCI_IDS_TEXT_MAX];

		if (!is_left_out(edit, &pci->devices[i]))
			continue;
		if (!begun)
			puts("Other functions of the card stay with the host; to add them, too:");
		begun = true;
		printf("  vfio-earlyctl add %s  # %s\n",
		       pci_address_format(&pci->devices[i].address, address),
		       pci_ids_short(&edit->inventory.names, &pci->devices[i], name, sizeof(name)));
	}
}

static int finish(struct draft *draft)
{
	struct edit *edit = draft->edit;
	int result = draft_foretell(draft);

	findings_report(&draft->findings);
	if (result < 0)
		return ctl_fail("planning: %s", strerror(-result));
	if (draft->lines[0] && !edit->dry_run)
		result = rulesfile_add(&edit->inventory.host, edit_path(edit), draft->lines);
	if (result < 0)
		return ctl_fail("%s: cannot be written: %s", edit_path(edit), strerror(-result));
	if (draft->lines[0])
		shown_print(stdout, SHOWN_LINES, "%s: %s:\n%s", edit_path(edit),
			    edit->dry_run ? "would be added" : "added", draft->lines);
	print_left_out(edit);
	return draft->lines[0] || edit->update ? edit_rebuild(edit) : CTL_OK;
}

/* All or nothing: a card of which half was added is of no use. */
static int add(struct edit *edit)
{
	struct draft draft = { .edit = edit };
	int status = edit_draft(&draft);

	if (status == CTL_OK)
		status = finish(&draft);
	draft_free(&draft);
	return status;
}

int command_add(const struct ctl *ctl, int argc, char **argv)
{
	struct edit edit;
	int status = edit_open(&edit, ctl, argc, argv, usage, true);

	if (status == OPTIONS_RUN)
		status = add(&edit);
	edit_close(&edit);
	return status;
}
