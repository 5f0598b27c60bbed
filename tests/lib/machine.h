/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine that boots in QEMU: a Debian kernel, an initramfs image, PCI devices, a guest. */
#ifndef MACHINE_H
#define MACHINE_H

#include "image.h"
#include "report.h"

#define MACHINE_DEVICES 96
#define MACHINE_DISKS   4
#define MACHINE_FOLDERS 2

/*
 * A PCIe root port: the first one listed has bus 01 behind it, and so on. A device is put there
 * by "bus=port1".
 */
#define MACHINE_PORT(n) "pcie-root-port,id=port" #n ",chassis=" #n ",slot=" #n

struct machine {
	const char *name; /* of the test: results lie below build/tests/ there */
	struct image_spec image;
	/*
	 * Values of QEMU's -device in the order of their addresses. The drive `root` has the root
	 * file system, `data` is a blank disk. Without a device for `root` there is a virtio disk.
	 */
	const char *devices[MACHINE_DEVICES];
	/*
	 * Files below build/tests/ that the drives `disk0`, `disk1`, ... have, and keep from boot
	 * to boot. One that is missing is made, blank.
	 */
	const char *disks[MACHINE_DISKS];
	/* Folders of the image's tree that the drives `folder0`, ... show as file systems (FAT). */
	const char *folders[MACHINE_FOLDERS];
	const char *network; /* value of QEMU's -netdev, which one of the devices has */
	const char *root;  /* a file system; NULL: the guest and no more */
	bool starts_root;  /* by a bootloader on a drive: neither kernel, image nor words are given */
	bool keeps_root;   /* what the guest writes to it stays; otherwise it is left as it is */
	const char *vm;    /* of the command that starts one, where QEMU 7.2 can stop for good */
	const char *words; /* of the kernel command line, after those that booting takes */
	/*
	 * Whether root ports with "slot=" show up in /sys/bus/pci/slots, as those of most boards
	 * do. Otherwise hotplug through ACPI hides them, which is QEMU's default.
	 */
	bool has_slots;
	const char *iommu; /* a device, or "none"; NULL: Intel's, which remaps interrupts */
	bool uefi;         /* as the firmware; the devices must include a display */
	bool secure_boot;  /* UEFI that enforces it, with Microsoft's keys as on most boards */
	bool counts_time;  /* the guest's, while it works: a nanosecond an instruction */
	bool has_monitor;  /* what the guest writes to /dev/ttyS2 goes to QEMU's monitor, as QMP */
};

struct machine_run {
	struct image image;
	char serial[PATH_MAX]; /* the console, as it was logged */
	struct report report;
	int status; /* of QEMU: 0, -ETIMEDOUT when it hung */
};

/*
 * Builds the image and boots it. A guest that fails is a result, not an error; so is an image
 * that was refused, which is not booted. Free the report. Returns 0 or -errno.
 */
int machine_run(const struct machine *machine, struct machine_run *run);

/* The same with an image that is there, so that several boots can share it. */
int machine_boot(const struct machine *machine, const struct image *image, struct machine_run *run);

#endif
