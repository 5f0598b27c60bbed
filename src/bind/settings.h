/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes of a device that a rule sets, by the kernel's names
 * (Documentation/ABI/testing/sysfs-bus-pci): reset_method, since 5.15, and d3cold_allowed.
 */
#ifndef VFIO_EARLY_BIND_SETTINGS_H
#define VFIO_EARLY_BIND_SETTINGS_H

#include "core/address.h"
#include "core/bounds.h"

/*
 * Writes the settings of a rule (rule.h) and reads them back; adds those that the device does not
 * have then, with the reason and its value, to the sentence told. Can wait for the device to wake
 * up.
 */
void settings_apply(int devices, const struct pci_address *address, const char *settings,
		    char told[DETAIL_MAX]);

#endif
