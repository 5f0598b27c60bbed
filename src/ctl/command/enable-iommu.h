/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel command line must have for this host's IOMMU to be on. */
#ifndef VFIO_EARLY_COMMAND_ENABLE_IOMMU_H
#define VFIO_EARLY_COMMAND_ENABLE_IOMMU_H

#include "bootloader/change.h"

/*
 * Opens the change and plans what is missing, which may be nothing; says what is so. CTL_OK, or
 * another status after a message, if no change of files helps. bootchange_close() in any case.
 */
int enable_plan(struct bootchange *change, const struct host *host);

#endif
