/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that are changed: which devices, and in which file. */
#include "core/rules.h"
#include "look/find.h"
#include "rules/edit.h"

const char *edit_path(const struct edit *edit)
{
	return edit->file ? edit->file : RULES_FILE;
}

int edit_find(struct edit *edit, const char *name, size_t **found, size_t *count,
	      char message[FIND_MESSAGE_MAX])
{
	struct inventory *inventory = &edit->inventory;
	int result =
		find_by_name(&inventory->forecast, &inventory->host, name, found, count, message);

	for (size_t i = 0; result == 0 && i < *count; i++)
		edit->meant[(*found)[i]] = true;
	return result;
}

const char *edit_describe(struct edit *edit, const struct pci_device *device,
			  char text[PCI_IDS_TEXT_MAX])
{
	return pci_ids_sentence(&edit->inventory.names, device, text, PCI_IDS_TEXT_MAX);
}
