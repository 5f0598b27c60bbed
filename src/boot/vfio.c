/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM needs besides a device that is bound. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "vfio.h"

#define MODULE_DIRECTORY "sys/module/" VFIO_IOMMU_MODULE

/* A line has eleven characters for each processor. */
#define INTERRUPTS_MAX (8u << 20)

static bool allows_unsafe_interrupts(int root)
{
	char value[4];

	return file_read(root, MODULE_DIRECTORY "/parameters/allow_unsafe_interrupts", value,
			 sizeof(value)) > 0 &&
	       value[0] == 'Y';
}

int vfio_remaps_interrupts(int root)
{
	char *text;
	size_t length;
	int result = file_read_all(root, "proc/interrupts", INTERRUPTS_MAX, &text, &length);

	if (result < 0)
		return result;
	result = strstr(text, " IR-") || !strstr(text, "IO-APIC");
	free(text);
	return result;
}

const char *vfio_find_obstacle(int root)
{
	if (faccessat(root, MODULE_DIRECTORY, F_OK, 0) < 0)
		return VFIO_IOMMU_MODULE " is not loaded";
	if (vfio_remaps_interrupts(root) == 0 && !allows_unsafe_interrupts(root))
		return "interrupts are not remapped, and " VFIO_IOMMU_MODULE
		       " has not allow_unsafe_interrupts=1";
	return NULL;
}
