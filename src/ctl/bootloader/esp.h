/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI system partitions that proxmox-boot-tool keeps, which are not mounted otherwise. */
#ifndef VFIO_EARLY_BOOTLOADER_ESP_H
#define VFIO_EARLY_BOOTLOADER_ESP_H

#include "host/host.h"

#define ESP_UUIDS "/etc/kernel/proxmox-boot-uuids"

/*
 * Calls visit for each of them, in a child process that has it as /boot in a mount namespace of
 * its own, for reading. Stops at the first that is not 0. Returns what visit returned, with its
 * message of BOOT_MESSAGE_MAX bytes; -ENOENT with a message if one cannot be mounted or there is
 * none, or the host is not this machine; or another -errno.
 */
int esp_visit(const struct host *host,
	      int (*visit)(const struct host *host, const void *context, char *message),
	      const void *context, char *message);

#endif
