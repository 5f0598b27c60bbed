/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying out a plan. */
#ifndef VFIO_EARLY_BIND_APPLY_H
#define VFIO_EARLY_BIND_APPLY_H

#include "bind/modules.h"
#include "core/plan.h"

struct apply {
	const struct pci *pci;
	struct modules *modules;
	int root;
	unsigned int timeout; /* seconds, for all devices together; with added at most 60 */
	const char *barred;   /* of parameters.h */
	bool dry_run;	      /* apply_plan() is not called */
	bool added;	      /* after the boot: the kernel may not be done with the device yet */
};

/*
 * Completes a plan: names the drivers that rules left open (driver=variant) and those that neither
 * the kernel nor the image has. Changes nothing on the host: a dry run ends here, with the wanted
 * driver in each row that would be bound.
 */
void apply_resolve_drivers(const struct apply *apply, struct plan *plan);

/*
 * Binds every device with OUTCOME_WOULD_BIND and reads back its driver. A device that could not be
 * bound returns to its host driver: its override is cleared and the kernel looks for a driver
 * again. The caller holds signals (signals.h) until it has reported. The plan's rows then have the
 * results. 0, or -ENOMEM, and nothing was done. *freed: how many devices of the host vfio-pci had
 * taken by its option ids=, and lost again.
 */
int apply_plan(const struct apply *apply, struct plan *plan, unsigned int *freed);

#endif
