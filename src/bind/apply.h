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
	bool dry_run;	      /* apply_plan() will not be called */
	bool added;	      /* after the boot: the kernel may not be done with the device yet */
};

/*
 * Names the drivers that rules left open (driver=variant), and rows whose driver neither the
 * kernel nor the image has. Changes nothing on the host: a dry run ends here, with the wanted
 * driver in each row that would be bound.
 */
void apply_foretell(const struct apply *apply, struct plan *plan);

/*
 * Binds every row with OUTCOME_WOULD_BIND, reads back what came of it, and sets outcome, driver
 * and detail of the row. A device that could not be bound is given back: its override is
 * cleared and the kernel looks for a driver again. The caller holds signals (signals.h) until it
 * has told the result.
 */
void apply_plan(const struct apply *apply, struct plan *plan);

#endif
