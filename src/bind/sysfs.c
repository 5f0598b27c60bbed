/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that is written to sysfs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "bind/sysfs.h"
#include "core/bounds.h"
#include "core/file.h"

static int write_attribute(int directory, const char *path, const char *value)
{
	cleanup_fd int fd = file_open_flags(directory, path, O_WRONLY);

	return fd < 0 ? fd : file_write(fd, value, strlen(value));
}

/* The path of an attribute of a device, below devices. */
static void format_path(char *path, size_t size, const struct pci_address *address,
			const char *attribute)
{
	char name[PCI_ADDRESS_TEXT_MAX];

	snprintf(path, size, "%s/%s", pci_address_format(address, name), attribute);
}

int sysfs_write_attribute(int devices, const struct pci_address *address, const char *name,
			  const char *value)
{
	char path[PCI_ADDRESS_TEXT_MAX + 24];

	format_path(path, sizeof(path), address, name);
	return write_attribute(devices, path, value);
}

int sysfs_read_attribute(int devices, const struct pci_address *address, const char *name,
			 char *text, size_t size)
{
	char path[PCI_ADDRESS_TEXT_MAX + 24];
	ssize_t got;

	format_path(path, sizeof(path), address, name);
	text[0] = '\0';
	got = file_read(devices, path, text, size);
	return got < 0 ? (int)got : 0;
}

int sysfs_set_override(int devices, const struct pci_address *address, const char *driver)
{
	char value[PCI_DRIVER_NAME_MAX + 1];

	/* A newline clears it; a write of no bytes would never arrive. */
	snprintf(value, sizeof(value), "%s\n", driver);
	return sysfs_write_attribute(devices, address, "driver_override", value);
}

int sysfs_unbind(int devices, const struct pci_address *address)
{
	char path[PCI_ADDRESS_TEXT_MAX + 24], name[PCI_ADDRESS_TEXT_MAX];
	int result;

	format_path(path, sizeof(path), address, "driver/unbind");
	result = write_attribute(devices, path, pci_address_format(address, name));
	return result == -ENOENT ? 0 : result;
}

int sysfs_unbind_platform(int root, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "sys/bus/platform/devices/%s/driver/unbind", name);
	return write_attribute(root, path, name);
}

int sysfs_leave_cgroup(int root)
{
	return write_attribute(root, "sys/fs/cgroup/cgroup.procs", "0");
}

int sysfs_probe(int devices, const struct pci_address *address)
{
	char name[PCI_ADDRESS_TEXT_MAX];

	return write_attribute(devices, "../drivers_probe", pci_address_format(address, name));
}

int sysfs_read_driver(int devices, const struct pci_address *address, char *name, size_t size)
{
	char path[PCI_ADDRESS_TEXT_MAX + 24];
	int result, tries = 3;

	/* What is believed of this link decides whether a device is taken away again. */
	format_path(path, sizeof(path), address, "driver");
	do {
		name[0] = '\0';
		result = file_read_link_name(devices, path, name, size);
	} while (result < 0 && result != -ENOENT && --tries > 0);
	return result == -ENOENT ? 0 : result;
}

static bool driver_exists(int devices, const char *name)
{
	char path[sizeof("../drivers/") + PCI_DRIVER_NAME_MAX];

	snprintf(path, sizeof(path), "../drivers/%s", name);
	return faccessat(devices, path, F_OK, 0) == 0;
}

static void replace(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

bool sysfs_find_driver(int devices, char *name)
{
	char other[PCI_DRIVER_NAME_MAX];
	static const char pairs[][2] = { { '_', '-' }, { '-', '_' } };

	if (driver_exists(devices, name))
		return true;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		strcpy(other, name);
		replace(other, pairs[i][0], pairs[i][1]);
		if (strcmp(other, name) == 0 || !driver_exists(devices, other))
			continue;
		strcpy(name, other);
		return true;
	}
	return false;
}
