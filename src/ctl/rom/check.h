/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with an expansion ROM. */
#ifndef VFIO_EARLY_ROM_CHECK_H
#define VFIO_EARLY_ROM_CHECK_H

#include "core/pci.h"
#include "rom/rom.h"
#include "term/findings.h"

/*
 * Adds what is wrong with the ROM. device is the card that it shall be for, NULL for any; shadow
 * says that it is the copy in memory.
 */
void romcheck_find(struct findings *findings, const char *where, const struct rom *rom,
		   const struct pci_device *device, bool shadow);

#endif
