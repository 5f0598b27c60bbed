/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's devices and modules between two runs. */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PCI_DEVICES "/sys/bus/pci/devices"
#define VFIO_PCI    "/sys/bus/pci/drivers/vfio-pci"

/* In an order in which each is needed by none that is left. */
static const char *const modules[] = { "vfio_pci",         "vfio_pci_core", "vfio_virqfd",
				       "vfio_iommu_type1", "vfio",          "irqbypass" };

int sysfs_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, strlen(text));
	close(fd);
	return written == (ssize_t)strlen(text) ? 0 : -EIO;
}

int sysfs_count_functions(void)
{
	DIR *directory = opendir(PCI_DEVICES);
	struct dirent *entry;
	int count = 0;

	while (directory && (entry = readdir(directory)))
		count += strchr(entry->d_name, ':') != NULL;
	if (directory)
		closedir(directory);
	return count;
}

bool sysfs_has_device(const char *address)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), VFIO_PCI "/%s", address);
	return access(path, F_OK) == 0;
}

void sysfs_release_device(const char *address)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", address);
	sysfs_write(path, "\n");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", address);
	sysfs_write(path, address);
}

int sysfs_unload_modules(void)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (syscall(SYS_delete_module, modules[i], O_NONBLOCK) && errno != ENOENT)
			result = -errno;
	return result;
}
