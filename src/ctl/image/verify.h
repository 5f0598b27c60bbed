/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an initramfs image will do at the next boot what the current rules say. */
#ifndef VFIO_EARLY_IMAGE_VERIFY_H
#define VFIO_EARLY_IMAGE_VERIFY_H

#include "core/protections.h"
#include "host/findings.h"
#include "host/host.h"
#include "image/contents.h"
#include "protect/protect.h"

/* The checks, which are the topics of the findings; ends with a NULL. */
extern const char *const verify_checks[];

struct verify {
	const struct host *host;
	const struct contents *contents;
	struct protect *protect; /* of the host; NULL if nothing was looked for */
	const char *kernel;      /* release that the image is for; NULL: as it says itself */
};

/*
 * Whether an image binds nothing, whatever its rules say, as it has no whole list of devices in use
 * by the host. 0, 1 with why, or -ENOMEM.
 */
int verify_binds_nothing(const struct contents *contents, char why[PROTECTIONS_WHY_MAX]);

/*
 * A copy of its list of devices in use by the host, which the caller frees; NULL: it has none. Of an
 * image that protects nothing on purpose, it is a list without entries.
 */
char *verify_copy_list(const struct contents *contents);

/*
 * Which devices the host needs now and the list has not in their places: one a device of
 * protect->pci, which the caller frees. NULL: memory has run out.
 */
bool *verify_lacking(const struct rules *list, struct protect *protect);

/* Adds findings of each check, at least one. 0 or -errno. */
int verify_image(const struct verify *verify, struct findings *findings);

#endif
