/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands look at: the host's devices and rules, what protects them, and the plan. */
#ifndef VFIO_EARLY_LOOK_INVENTORY_H
#define VFIO_EARLY_LOOK_INVENTORY_H

#include "command/command.h"
#include "core/forecast.h"
#include "host/host.h"
#include "look/pci-ids.h"
#include "protect/protect.h"

/* What is wanted beyond devices and rules. */
enum view_part {
	VIEW_SERIALS = 1 << 0, /* serial numbers, for which all configuration space is read */
	VIEW_PROTECT = 1 << 1, /* what the host stands on, as an image built now would have it */
	VIEW_PLAN = 1 << 2,    /* what the next boot would do; with VIEW_PROTECT */
};

enum view_level {
	VIEW_ERROR,   /* a rule that cannot be understood */
	VIEW_WARNING, /* something could not be seen */
	VIEW_NOTE,
	VIEW_UNKNOWN, /* of doctor's findings only: what could not be seen */
	VIEW_OK,      /* and what is well */
};

/* What was met on the way, in a sentence without newline. */
struct view_message {
	enum view_level level;
	char *text;
};

struct view {
	struct host host;
	struct forecast forecast; /* of all devices groups, parents and slots are read */
	struct protect protect;   /* its texts are for protect.pci: see view_reason() */
	struct pcinames names;
	struct view_message *messages;
	size_t message_count;
	bool serials_hidden; /* VIEW_SERIALS, or rules ask for them, and only root may see them */
	bool failed;         /* a message was lost for want of memory */
};

/*
 * Looks at the host below ctl->root; what is of enum view_part. 0, or -errno after a message on
 * standard error. view_close() in any case.
 */
int view_open(struct view *view, const struct ctl *ctl, unsigned int what);

/* The same with the rules of these files, whose names are this process's own, not the host's. */
int view_open_files(struct view *view, const struct ctl *ctl, unsigned int what, char *const *files,
		    size_t count);

void view_close(struct view *view);

/* Makes the plan again, for forecast.rules have changed. 0 or -ENOMEM. */
int view_make_plan(struct view *view);

/* What the host has the device for, NULL if it does not stand on it. */
const char *view_reason(const struct view *view, const struct pci_device *device);

/* What else would be missing without the device; NULL if nothing. */
const char *view_use(const struct view *view, const struct pci_device *device);
#define VIEW_USED "is in use by the host; without it the host lacks %s"

/* The row of the plan about a device; NULL if no rule is about it. */
const struct plan_row *view_row(const struct view *view, const struct pci_device *device);

/* Whether the next boot gives a device to the driver that its rule wants. row may be NULL. */
bool view_is_taken(const struct plan_row *row);

/* Whether that driver is one of VFIO, so that a VM can have the device. */
bool view_is_for_vm(const struct plan_row *row);

/* Whether that is of no use, since others of its group stay with the host. */
bool view_is_spoiled(const struct plan_row *row);

/* Whether no device at all has an IOMMU group, and what there is to say then. */
bool view_lacks_iommu(const struct view *view);
#define VIEW_NO_IOMMU                                                                              \
	"no device has an IOMMU group, so no VM can have any: switch VT-d or AMD-Vi on in the "    \
	"firmware's setup, and look for 'iommu' in /proc/cmdline"

/* How many messages there are of a level; prints them on standard error. */
size_t view_count_messages(const struct view *view, enum view_level level);
void view_print_messages(const struct view *view, enum view_level level);

#endif
