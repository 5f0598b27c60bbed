/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has the images of all kernels rebuilt. */
#ifndef VFIO_EARLY_COMMAND_REBUILD_H
#define VFIO_EARLY_COMMAND_REBUILD_H

#include "host/host.h"

/*
 * Runs what makes the images, as run_program(). But for -EXDEV, a failure is told, with what has
 * changed nevertheless and what has not: images, what is noted of them, and the copies that boot.
 */
int rebuild_run(const struct host *host) __attribute__((warn_unused_result));

#endif
