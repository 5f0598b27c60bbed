/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices that a person means. A name is one of
 *
 *	01:00.0, 10de:1b81, slot=3, ...		the terms of a rule: vfio-early.conf(5)
 *	01:00.0 VGA compatible controller: ...	a line of lspci(8)
 *	eth0, nvme0n1, sda1, card0, ...		a name that the kernel gave, as below /sys/class
 *	/dev/dri/card0, /sys/class/net/eth0	the path of such a device
 */
#ifndef VFIO_EARLY_LOOK_FIND_H
#define VFIO_EARLY_LOOK_FIND_H

#include "core/forecast.h"
#include "host/host.h"

#define FIND_MESSAGE_MAX 448

/*
 * Finds the functions that name means. Groups, parents and slots of forecast->pci have been read;
 * serial numbers are if need be. 0: *found, which the caller frees, has *count sorted indexes
 * into forecast->pci.devices, at least one. -ENOENT if no device is called so, -EINVAL if that is
 * no name, or -ENOMEM, with the reason in message and what the person may have meant.
 */
int find_by_name(struct forecast *forecast, const struct host *host, const char *name,
		 size_t **found, size_t *count, char message[FIND_MESSAGE_MAX]);

/*
 * The same, marked in meant, which has a place for each device, but for bridges: they can't be
 * passed through. -EPERM, with a message, if the name means nothing else.
 */
int find_passable(struct forecast *forecast, const struct host *host, const char *name, bool *meant,
		  char message[FIND_MESSAGE_MAX]);

#endif
