/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel modules that rules need in an image. */
#ifndef VFIO_EARLY_IMAGE_MODULES_H
#define VFIO_EARLY_IMAGE_MODULES_H

#include "core/rules.h"
#include "host/host.h"
#include "image/contents.h"
#include "image/verdict.h"

/*
 * Looks whether the drivers that rules want are in the image or built in, with all modules that
 * they need, as the host's own modules of that kernel tell.
 */
void image_modules_check(const struct host *host, const struct contents *contents,
			 const struct rules *rules, struct verdict *verdict);

#endif
