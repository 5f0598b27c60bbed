/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of VFIO in the kernel. */
#ifndef VFIO_EARLY_CORE_VFIO_H
#define VFIO_EARLY_CORE_VFIO_H

#include <stdbool.h>
#include <string.h>

/* The IOMMU backend, which only the first VM needs: a module of its own. */
#define VFIO_IOMMU_MODULE "vfio_iommu_type1"

/* Whether a driver is one of VFIO: vfio-pci, or a variant of it such as mlx5_vfio_pci. */
static inline bool vfio_is_driver(const char *name)
{
	return strstr(name, "vfio") != NULL;
}

/* Whether a driver only reserves devices for VMs; pci-stub is older than VFIO. */
static inline bool vfio_is_reserving(const char *name)
{
	return vfio_is_driver(name) || strcmp(name, "pci-stub") == 0;
}

#endif
