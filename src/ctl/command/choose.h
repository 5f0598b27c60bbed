/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has a person choose the devices to reserve. */
#ifndef VFIO_EARLY_COMMAND_CHOOSE_H
#define VFIO_EARLY_COMMAND_CHOOSE_H

#include "look/inventory.h"

/*
 * Shows the devices by IOMMU group, with whiptail(1) or as a numbered list, and asks. The inventory
 * has the plan. 0: *names, which choose_free() frees, ends with a NULL and has an address for each
 * device or card that was chosen, if any. -ECANCELED if the person wants to go no further, or
 * another -errno.
 */
int choose_devices(struct inventory *inventory, char ***names);
void choose_free(char **names);

#endif
