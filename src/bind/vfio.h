/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM needs besides a device that is bound. */
#ifndef VFIO_EARLY_BIND_VFIO_H
#define VFIO_EARLY_BIND_VFIO_H

#include <stdbool.h>

/*
 * Whether interrupts are remapped: 1, 0, -ENODATA where no interrupt tells, or another -errno.
 * Interrupt chips behind Intel's or AMD's remapping have names such as IR-IO-APIC in
 * /sys/kernel/irq; the timer and ACPI have such an interrupt long before any driver has.
 */
int vfio_remaps_interrupts(int root);

/*
 * Why no device of this host can be passed through, or NULL if nothing stands in the way: the
 * module vfio_iommu_type1 is missing and is not loaded later, or interrupts are not remapped and
 * its parameter allow_unsafe_interrupts is off (vfio_iommu_type1_attach_group() refuses then, with
 * EPERM). What cannot be read is no obstacle.
 */
const char *vfio_find_obstacle(int root, bool loaded_later);

#endif
