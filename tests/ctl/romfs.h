/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `rom` attribute of a PCI device as the kernel has it (drivers/pci/pci-sysfs.c,
 * pci_read_rom() and pci_write_rom()): a FUSE file system of one file. While the ROM is off a read
 * fails with EINVAL; "0" and one byte more switch it off, any other write switches it on. As the
 * kernel does, it hands out a page at most.
 */
#ifndef TESTS_CTL_ROMFS_H
#define TESTS_CTL_ROMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct romfs_behaviour {
	bool on;               /* before anybody wrote to it */
	unsigned int fails_at; /* reads of bytes from this page on fail; 0: none. They begin at 1 */
	int error;             /* with this, positive */
	int signal;            /* the first read of bytes sends it to who reads; 0: none */
	int off_error;         /* switching off fails with this, positive */
	const char *watch;     /* a file whose first word is noted at each read of bytes, too */
};

struct romfs;

/* Mounts it over a file. NULL and errno on failure. */
struct romfs *romfs_mount(const char *path, const uint8_t *data, size_t size,
			  const struct romfs_behaviour *behaviour);

/*
 * Unmounts it. Writes the result: "on", "off" and "read" in their order, reads in a row
 * once, and "(WORD)" behind a read where a file is watched; and whether the ROM is on now.
 */
void romfs_unmount(struct romfs *fs, char *events, size_t size, bool *on);

#endif
