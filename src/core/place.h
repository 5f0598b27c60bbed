/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a PCI function sits, as a rule names it. */
#ifndef VFIO_EARLY_CORE_PLACE_H
#define VFIO_EARLY_CORE_PLACE_H

#include "core/pci.h"

/* An address, and "/1f.7" for each step. */
#define PLACE_TEXT_MAX (PCI_ADDRESS_TEXT_MAX + 5 * PCI_PATH_STEPS_MAX)

/*
 * Writes the path from the root bus to the device, whose parents have been read. A path of more
 * steps than a rule may have is cut at the top: it starts at the address of a bridge then, which
 * is a rule as well.
 */
const char *place_format(const struct pci *pci, const struct pci_device *device,
			 char text[PLACE_TEXT_MAX]);

#endif
