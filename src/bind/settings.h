/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes of a device that a rule sets, by the kernel's names
 * (Documentation/ABI/testing/sysfs-bus-pci): reset_method, since 5.15, and d3cold_allowed.
 */
#ifndef VFIO_EARLY_BIND_SETTINGS_H
#define VFIO_EARLY_BIND_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/address.h"

/* Writes the settings of a rule (rule.h). What the kernel refuses, settings_check() tells. */
void settings_write(int devices, const struct pci_address *address, const char *settings);

/* Whether all have their values. If not, says of the first what it has. */
bool settings_check(int devices, const struct pci_address *address, const char *settings,
		    char *text, size_t size);

#endif
