/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drivers changed now, without a reboot: what bind and unbind have in common. */
#ifndef VFIO_EARLY_COMMAND_LIVE_H
#define VFIO_EARLY_COMMAND_LIVE_H

#include "bind/modules.h"
#include "command/command.h"
#include "look/inventory.h"

struct live {
	struct inventory inventory;
	struct modules modules;
	const char *device, *driver; /* operands; driver is NULL if there is none */
	bool force;
	unsigned int timeout; /* seconds, for all devices together */
	size_t *found;        /* the devices that are meant: indexes into pci.devices */
	size_t count;
};

/*
 * Takes options and operands of a command (usage is for --help), looks at the host (what is of
 * enum inventory_part), finds the devices and calls run. The exit status.
 */
int live_run(const struct ctl *ctl, int argc, char **argv, const char *usage, int operands_max,
	     unsigned int what, int (*run)(struct live *live));

/* One of the devices, and its address as text. */
struct pci_device *live_device(const struct live *live, size_t index,
			       char address[PCI_ADDRESS_TEXT_MAX]);

/* The rule that takes the device at the next boot; NULL if none does. 0 or -errno. */
int live_find_rule(const struct live *live, const struct pci_device *device,
		   const struct rule **rule);

#endif
