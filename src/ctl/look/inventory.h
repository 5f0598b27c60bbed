/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands look at: the host's devices and rules, what protects them, and the plan. */
#ifndef VFIO_EARLY_LOOK_INVENTORY_H
#define VFIO_EARLY_LOOK_INVENTORY_H

#include "core/forecast.h"
#include "host/findings.h"
#include "host/host.h"
#include "look/pci-ids.h"
#include "protect/protect.h"

/* What is wanted beyond devices and rules. */
enum inventory_part {
	INVENTORY_SERIALS = 1 << 0, /* serial numbers, for which all configuration space is read */
	INVENTORY_PROTECT =
		1 << 1, /* devices in use by the host, as an image built now would list them */
	INVENTORY_PLAN = 1 << 2, /* what the next boot would do; with INVENTORY_PROTECT */
};

/* Why the host could not be looked at. */
#define INVENTORY_PROBLEM_MAX (PATH_MAX + 64)

struct inventory {
	struct host host;
	struct forecast forecast; /* of all devices groups, parents and slots are read */
	struct protect protect;   /* its texts are for protect.pci: see inventory_reason() */
	struct pci_ids names;
	struct findings findings; /* errors of rules, and what could not be seen */
	char problem[INVENTORY_PROBLEM_MAX];
	bool serials_hidden; /* INVENTORY_SERIALS, or rules ask for them, and only root may see them
			      */
};

/*
 * Looks at the host below the directory root; what is of enum inventory_part. 0, or -errno and why
 * in problem. inventory_close() in any case.
 */
int inventory_open(struct inventory *inventory, const char *root, unsigned int what);

/* The same with the rules of these files, whose names are this process's own, not the host's. */
int inventory_open_files(struct inventory *inventory, const char *root, unsigned int what,
			 char *const *files, size_t count);

void inventory_close(struct inventory *inventory);

/* Makes the plan again, for forecast.rules have changed. 0 or -ENOMEM. */
int inventory_make_plan(struct inventory *inventory);

/* What the host needs the device for, or NULL. */
const char *inventory_reason(const struct inventory *inventory, const struct pci_device *device);

/* What else would be missing without the device; NULL if nothing. */
const char *inventory_use(const struct inventory *inventory, const struct pci_device *device);
#define INVENTORY_USED "is in use by the host; without it the host lacks %s"

/* Of a device that is not needed, see protect_find_twin(). */
const struct pci_device *inventory_twin(const struct inventory *inventory,
					const struct pci_device *device);
#define INVENTORY_TWIN                                                                             \
	"has the ID of %s, which the host needs, and no serial number: a boot can't tell them "    \
	"apart if you swap them"

/* The row of the plan about a device; NULL if no rule is about it. */
const struct plan_row *inventory_row(const struct inventory *inventory,
				     const struct pci_device *device);

/* Whether the next boot gives a device to the driver that its rule wants. row may be NULL. */
bool inventory_is_taken(const struct plan_row *row);

/* Whether that driver is one of VFIO, so that a VM can have the device. */
bool inventory_is_for_vm(const struct plan_row *row);

/* Whether that is of no use, since others of its group stay with the host. */
bool inventory_is_spoiled(const struct plan_row *row);

/* Whether no device at all has an IOMMU group, and what there is to say then. */
bool inventory_lacks_iommu(const struct inventory *inventory);
#define INVENTORY_NO_IOMMU                                                                         \
	"No device has an IOMMU group, so none can be passed through; run 'vfio-earlyctl doctor', " \
	"which shows why"

#endif
