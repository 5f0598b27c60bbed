/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel the bootloader starts next. */
#ifndef VFIO_EARLY_BOOTLOADER_NEXT_H
#define VFIO_EARLY_BOOTLOADER_NEXT_H

#include "bootloader/bootloader.h"
#include "image/kernels.h"

/*
 * Marks the kernel that boots next: what was chosen for one boot, or for all, as by grub-reboot(8),
 * GRUB_DEFAULT, loader.conf(5), bootctl(1) or a pin of proxmox-boot-tool; the newest where none was
 * chosen, or what was can't be seen.
 */
void bootnext_mark(struct kernels *kernels, const struct host *host);

#endif
