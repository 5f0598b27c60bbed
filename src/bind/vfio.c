/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM needs besides a device that is bound. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bind/vfio.h"
#include "core/file.h"
#include "core/vfio.h"

#define MODULE_DIRECTORY "sys/module/" VFIO_IOMMU_MODULE

static bool allows_unsafe_interrupts(int root)
{
	char value[4];

	return file_read(root, MODULE_DIRECTORY "/parameters/allow_unsafe_interrupts", value,
			 sizeof(value)) > 0 &&
	       value[0] == 'Y';
}

enum { CHIP_TELLS_NOTHING, CHIP_REMAPS, CHIP_DOES_NOT };

static int read_chip(void *context, int fd, const char *interrupt)
{
	char path[32], name[32];
	int length = snprintf(path, sizeof(path), "%s/chip_name", interrupt);

	(void)context;
	if (length < 0 || (size_t)length >= sizeof(path) ||
	    file_read(fd, path, name, sizeof(name)) < 0)
		return CHIP_TELLS_NOTHING;
	if (strncmp(name, "IR-", 3) == 0)
		return CHIP_REMAPS;
	return strncmp(name, "IO-APIC", 7) == 0 ? CHIP_DOES_NOT : CHIP_TELLS_NOTHING;
}

/* /proc/interrupts has these names, too, but with a column for each processor. */
int vfio_remaps_interrupts(int root)
{
	int result = file_each_entry(file_open(root, "sys/kernel/irq"), read_chip, NULL);

	if (result < 0)
		return result;
	return result == CHIP_TELLS_NOTHING ? -ENODATA : result == CHIP_REMAPS;
}

const char *vfio_find_obstacle(int root, bool loaded_later)
{
	if (!loaded_later && faccessat(root, MODULE_DIRECTORY, F_OK, 0) < 0)
		return VFIO_IOMMU_MODULE " is not loaded";
	if (vfio_remaps_interrupts(root) == 0 && !allows_unsafe_interrupts(root))
		return "interrupts are not remapped, and " VFIO_IOMMU_MODULE
		       " has not allow_unsafe_interrupts=1";
	return NULL;
}
