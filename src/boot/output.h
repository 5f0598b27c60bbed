/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as a table: on standard output, and as the status file. */
#ifndef VFIO_EARLY_BOOT_OUTPUT_H
#define VFIO_EARLY_BOOT_OUTPUT_H

#include "core/report.h"

#define OUTPUT_STATUS      "/run/vfio-early/status"
#define OUTPUT_DIGEST      "/run/vfio-early/digest"
#define OUTPUT_PROTECTED   "/run/vfio-early/protected"
#define OUTPUT_UNPROTECTED "/run/vfio-early/unprotected"

/* Writes the table to an open file. 0 or -errno. */
int output_table(int fd, const struct report *report);

/* Replaces OUTPUT_STATUS below the directory root, whole or not at all. 0 or -errno. */
int output_status(int root, const struct report *report);

/* Adds the rows of a device that came after the boot to OUTPUT_STATUS. 0 or -errno. */
int output_added(int root, const struct report *report);

/*
 * Copies what the image has to where it is found when the image is gone. Both paths are absolute
 * and below root. 0, also where there is nothing to copy, or -errno with no file at to.
 */
int output_copy(int root, const char *from, const char *to);

#endif
