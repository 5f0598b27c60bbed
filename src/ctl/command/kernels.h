/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of kernels and their images that check and status print. */
#ifndef VFIO_EARLY_COMMAND_KERNELS_H
#define VFIO_EARLY_COMMAND_KERNELS_H

#include "image/kernels.h"
#include "term/document.h"

/* Prints them as a table "kernels". 0 or -errno. */
int kernels_print(const struct kernels *kernels, struct document *document);

#endif
