/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels and their images, as check and status look at them and print them. */
#ifndef VFIO_EARLY_COMMAND_KERNELS_H
#define VFIO_EARLY_COMMAND_KERNELS_H

#include "host/findings.h"
#include "image/kernels.h"
#include "term/document.h"

/*
 * kernels_find(), which of them boots next, and the copies of their images that boot; what is wrong
 * with these, or can't be seen, is added. 0 or -errno; kernels_free() in any case.
 */
int kernels_look(struct kernels *kernels, const struct host *host, struct protect *protect,
		 struct findings *findings);

/* Prints them as a table "kernels". 0 or -errno. */
int kernels_print(const struct kernels *kernels, struct document *document);

#endif
