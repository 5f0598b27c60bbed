/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM needs besides a device that is bound. */
#ifndef VFIO_EARLY_VFIO_H
#define VFIO_EARLY_VFIO_H

#define VFIO_IOMMU_MODULE "vfio_iommu_type1"

/*
 * Why no VM can use any device of this host, or NULL if nothing stands in the way: the module
 * vfio_iommu_type1 is missing, or interrupts are not remapped and its parameter
 * allow_unsafe_interrupts is off (vfio_iommu_type1_attach_group() refuses then, with EPERM).
 */
const char *vfio_find_obstacle(int root);

#endif
