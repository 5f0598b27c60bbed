/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that decides what happens to each device: rules, command line, devices in use by the
 * host, devices, and the plan that follows from them. The boot and all previews use this.
 */
#ifndef VFIO_EARLY_CORE_FORECAST_H
#define VFIO_EARLY_CORE_FORECAST_H

#include "core/parameters.h"
#include "core/pci.h"
#include "core/plan.h"
#include "core/rules.h"

/* In the image only. */
#define FORECAST_PROTECTED "/etc/vfio-early.protected"

/* In a system and its images: no device in use by the host is protected, on purpose. */
#define FORECAST_UNPROTECTED "/etc/vfio-early.unprotected"

struct forecast {
	int root;		    /* open directory that all paths are below */
	const char *protected_file; /* absolute, as the next */
	const char *unprotected_file;
	bool unprotected;           /* by that file: nothing is protected, on purpose */
	bool without_cmdline;	    /* as if it had none of our parameters */
	struct parameters parameters;
	struct rules rules;	  /* those of the command line first */
	struct rules protections; /* the list of devices in use by the host, as rules */
	struct pci pci;
	struct plan plan;
	/* Called with each problem, as rules->problem. May be NULL. */
	void (*problem)(void *context, const char *where, const char *message);
	void *context;
};

/* Makes *forecast ready for the calls below. forecast_free() it in any case. */
void forecast_init(struct forecast *forecast, int root,
		   void (*problem)(void *context, const char *where, const char *message),
		   void *context);

/* Reads the kernel command line, whose rules come before those of files. 0 or -ENOMEM. */
int forecast_read_cmdline(struct forecast *forecast);

/* Reads kernel command line and rules. 0 or -ENOMEM. */
int forecast_read_rules(struct forecast *forecast);

/* Reads the devices, and of them what rules and list of those in use ask for. 0 or -errno. */
int forecast_read_devices(struct forecast *forecast);

/*
 * The same for one device and those that decide about it (pci_read_around()), which are enough for
 * its row of the plan unless forecast_needs_all().
 */
int forecast_read_around(struct forecast *forecast, const struct pci_address *address);

/*
 * Whether a device in use by the host can have moved to where one that was read is: only all
 * devices tell.
 */
bool forecast_needs_all(const struct forecast *forecast);

/*
 * Reads the devices in use by the host from protected_file. 0, or -errno after a problem: there is no
 * complete list and no unprotected_file, so nothing may be bound.
 */
int forecast_read_protections(struct forecast *forecast);

/* Makes the plan; before_drivers as for plan_settle(). 0 or -ENOMEM. */
int forecast_make_plan(struct forecast *forecast, bool before_drivers);

void forecast_free(struct forecast *forecast);

#endif
