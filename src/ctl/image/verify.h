/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an initramfs image will do at the next boot what the rules of now say. */
#ifndef VFIO_EARLY_IMAGE_VERIFY_H
#define VFIO_EARLY_IMAGE_VERIFY_H

#include "core/protections.h"
#include "host/host.h"
#include "image/contents.h"
#include "image/verdict.h"
#include "protect/protect.h"

enum verify_check {
	VERIFY_PROGRAM,   /* it is there, and the one that is installed */
	VERIFY_SCRIPT,    /* it runs before udev */
	VERIFY_RULES,     /* they are those of now */
	VERIFY_PROTECTED, /* all that the host stands on now is listed */
	VERIFY_MODULES,   /* all drivers that the rules want */
	VERIFY_CHECKS,
};

struct verify {
	const struct host *host;
	const struct contents *contents;
	struct protect *protect; /* of the host; NULL if nothing was looked for */
	const char *kernel;      /* release that the image is for; NULL: as it says itself */
};

/* The name of a check for output. */
const char *verify_check_name(enum verify_check check);

/*
 * Whether an image binds nothing, whatever its rules say, as it has no whole list of devices in use
 * by the host. 0, 1 with why, or -ENOMEM.
 */
int verify_binds_nothing(const struct contents *contents, char why[PROTECTIONS_WHY_MAX]);

/* 0 or -errno. */
int verify_image(const struct verify *verify, struct verdict verdicts[VERIFY_CHECKS]);

#endif
