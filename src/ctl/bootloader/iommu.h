/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware, the kernel and its command line make of the IOMMU. */
#ifndef VFIO_EARLY_BOOTLOADER_IOMMU_H
#define VFIO_EARLY_BOOTLOADER_IOMMU_H

#include "bootloader/words.h"
#include "host/host.h"

/* The word that switches Intel's on where the kernel does not by itself. */
#define IOMMU_ON "intel_iommu=on"

struct iommu {
	const char *table; /* of the firmware: "DMAR", "IVRS" or "VIOT"; NULL: none is seen */
	const char *what;  /* "Intel VT-d" */
	bool intel, amd;   /* whether words for this one count: both do where no table is seen */
	/* What the running kernel does without a word, which is about Intel's only. */
	bool on_by_default, leaves_graphics_out;
};

void iommu_read(struct iommu *iommu, const struct host *host);

/*
 * The word that switches the IOMMU on or off, as the kernel reads it: values are lists with commas,
 * and of Intel's the last on or off counts. NULL: none does.
 */
const struct bootword *iommu_find_on(const struct iommu *iommu, const struct bootwords *words);
const struct bootword *iommu_find_off(const struct iommu *iommu, const struct bootwords *words);

/* Whether a word leaves out Intel's own graphics. */
const struct bootword *iommu_find_graphics_off(const struct bootwords *words);

/* A word that was meant to switch the IOMMU on, and has no effect: why. NULL for other words. */
const char *iommu_explain(const char *word);

#endif
