/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel modules that rules need in an image. */
#ifndef VFIO_EARLY_IMAGE_MODULES_H
#define VFIO_EARLY_IMAGE_MODULES_H

#include "core/rules.h"
#include "core/text.h"
#include "host/findings.h"
#include "host/host.h"
#include "image/contents.h"

/* A module that rules need. */
struct image_module {
	const char *driver; /* as a rule names it */
	const char *name;   /* with _ for - */
	/* Whether the kernel has it; where its modules are not installed, it is taken to have any.
	 */
	bool known;
	struct text dependencies; /* paths, as in modules.dep */
};

/*
 * Calls each with the modules that the rules need with this kernel: those of modprobe's
 * modules.dep, modules.builtin and modules.alias below the host's /lib/modules.
 */
void image_modules_each(const struct host *host, const char *kernel, const struct rules *rules,
			void (*each)(void *context, const struct image_module *module),
			void *context);

/* Whether a kernel has a module, or has it built in: 1, 0, or -errno where its lists can't be read. */
int image_modules_has(const struct host *host, const char *kernel, const char *module);

/*
 * Looks whether the drivers that rules want are in the image or built in, with all modules that
 * they need, as the host's own modules of that kernel tell.
 */
void image_modules_check(const struct host *host, const struct contents *contents,
			 const struct rules *rules, struct findings *findings);

#endif
