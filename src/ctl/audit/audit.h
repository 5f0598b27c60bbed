/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be said of rules, plan and system before a reboot. */
#ifndef VFIO_EARLY_AUDIT_AUDIT_H
#define VFIO_EARLY_AUDIT_AUDIT_H

#include "bootloader/change.h"
#include "image/kernels.h"
#include "look/inventory.h"
#include "rules/conflicts.h"
#include "term/findings.h"

/* Lines that are not valid, and what could not be seen. */
void audit_messages(struct findings *findings, const struct inventory *inventory);

/* Rules that do not get their device, and what the others lead to. */
void audit_plan(struct findings *findings, struct inventory *inventory);

/* Rules that take what makes virtual functions, and those that are for such functions. */
void audit_virtual(struct findings *findings, struct inventory *inventory);

/* Room for the addresses of a card's or a group's functions; of more, the first are named. */
#define AUDIT_LIST_MAX 256

/* Whether any device has an IOMMU group. */
void audit_iommu(struct findings *findings, const struct inventory *inventory);

/*
 * IOMMU groups of which some devices are reserved for VMs and others stay with host drivers, and
 * controllers with more behind them than the rule names: of all devices, or of those that are meant,
 * one a device of the inventory.
 */
void audit_groups(struct findings *findings, const struct inventory *inventory, const bool *meant);

/* Whether the running kernel's builder added the patch behind pcie_acs_override=, by its release.
 */
bool audit_has_acs_override(const struct host *host);

/*
 * Reads such settings, with the words of the kernel at this boot and the next. 0 or -errno;
 * conflicts_free() in any case. The second reads the bootloader's files itself.
 */
int audit_read_conflicts(struct conflicts *conflicts, const struct host *host,
			 const struct bootchange *boot);
int audit_find_conflicts(struct conflicts *conflicts, const struct host *host);

/*
 * Whether the firmware's framebuffer is in the memory of a device that vfio-pci has, or stays there
 * when the next boot binds it: with SYSFB_SIMPLEFB nothing can release it, unless vfio-pci evicts it,
 * as it does for class 0300. 0, or -errno if it can't be seen.
 */
int audit_framebuffer(struct findings *findings, struct inventory *inventory,
		      const struct kernels *kernels, const struct pci_device *device);

/* Other settings for the same devices. */
void audit_conflicts(struct findings *findings, struct inventory *inventory,
		     const struct conflicts *conflicts);

/* Images that lack the current rules. */
void audit_kernels(struct findings *findings, const struct kernels *kernels, bool has_rules);

/* The exit status that they come to. */
int audit_status(const struct findings *findings, const struct inventory *inventory);

#endif
