/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with an expansion ROM. */
#ifndef VFIO_EARLY_CTL_ROMCHECK_H
#define VFIO_EARLY_CTL_ROMCHECK_H

#include "findings.h"
#include "pci.h"
#include "rom.h"

/*
 * Adds what is wrong with the ROM. device is the card that it shall be for, NULL for any; shadow
 * says that it is the copy in memory.
 */
void romcheck_find(struct findings *findings, const char *where, const struct rom *rom,
		   const struct pci_device *device, bool shadow);

#endif
