/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as a table: on standard output, and as the status file. */
#ifndef VFIO_EARLY_OUTPUT_H
#define VFIO_EARLY_OUTPUT_H

#include "plan.h"

#define OUTPUT_STATUS "/run/vfio-early/status"
#define OUTPUT_DIGEST "/run/vfio-early/digest"

/* Writes the table to an open file. 0 or -errno. */
int output_table(int fd, const struct plan *plan);

/* Replaces OUTPUT_STATUS below the directory root, whole or not at all. 0 or -errno. */
int output_status(int root, const struct plan *plan);

/*
 * Copies the digest that the image has of its rules to where vfio-earlyctl finds the one of this
 * boot. 0, also where there is none, or -errno.
 */
int output_digest(int root);

#endif
