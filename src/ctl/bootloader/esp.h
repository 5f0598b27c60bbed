/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EFI system partitions that proxmox-boot-tool keeps. What boots is on them, and mostly nothing
 * has them mounted.
 */
#ifndef VFIO_EARLY_BOOTLOADER_ESP_H
#define VFIO_EARLY_BOOTLOADER_ESP_H

#include "host/findings.h"
#include "host/host.h"
#include "image/kernels.h"

#define ESP_UUIDS "/etc/kernel/proxmox-boot-uuids"

struct esp {
	char uuid[sizeof("ABCD-1234")];
	int error;         /* -errno: it is not there, or can't be read */
	struct host files; /* of which / is the partition; only without an error */
	bool grub;         /* GRUB starts from it, not systemd-boot */
};

struct esps {
	struct esp *list;
	size_t count;
};

/*
 * Opens all for reading. Where a host is recorded below a directory, the files of a partition are
 * in dev/disk/by-uuid/UUID. On this machine each is mounted, but nowhere: that ends with
 * esps_close(), and with this process at the latest. 0, -ENOENT without a list, or another -errno;
 * esps_close() in any case.
 */
int esps_open(struct esps *esps, const struct host *host);
void esps_close(struct esps *esps);

/* Adds those that can't be read. */
void esps_check(struct findings *findings, const struct host *host, const struct esps *esps);

/* Where the copy of an image is on a partition. False if its kernel is not booted from there. */
bool esp_find_copy(const struct esp *esp, const char *release, char copy[PATH_MAX]);

/* What is wrong with the copy of an image, whose path ends the sentence; NULL: nothing. */
const char *esp_find_fault(const struct esp *esp, const char *copy, const struct host *host,
			   const char *image);

/*
 * Compares the images that boot, which are copies on these partitions, with those in /boot: adds
 * what is older, cut or missing, and marks kernels that are on no partition. Elsewhere, and without
 * a list of partitions, it adds nothing.
 */
void esps_check_images(struct findings *findings, const struct host *host, struct kernels *kernels);

#endif
