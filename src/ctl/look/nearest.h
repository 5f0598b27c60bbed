/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person may have meant by a name that no device has. */
#ifndef VFIO_EARLY_LOOK_NEAREST_H
#define VFIO_EARLY_LOOK_NEAREST_H

#include "core/forecast.h"
#include "host/host.h"

#define NEAREST_MAX 320

/*
 * Writes up to three addresses, IDs or kernel names that differ little from name, or addresses of
 * devices whose names in pci.ids contain it: "0a:00.0 (GeForce GTX 1070), 0b:00.0 (...)". Bridges
 * are left out, and devices in use by the host where others are as near. classes are those of
 * /sys/class where the names are, and a NULL. Empty if there is none.
 */
void nearest_find(const struct forecast *forecast, const struct host *host,
		  const char *const *classes, const char *name, char text[NEAREST_MAX]);

#endif
