/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What concerns us on the kernel command line: vfio-early(8), KERNEL COMMAND LINE. */
#ifndef VFIO_EARLY_CORE_PARAMETERS_H
#define VFIO_EARLY_CORE_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/rules.h"

#define PARAMETERS_TIMEOUT_DEFAULT 10 /* seconds */
#define PARAMETERS_TIMEOUT_MAX	600

struct parameters {
	const char *off_by; /* word that says that nothing is to be done; NULL: none does */
	bool on;            /* words for recovery don't count */
	bool dry_run;
	unsigned int timeout; /* seconds */
	/*
	 * A module of module_blacklist=, which the kernel refuses to load: "vfio_pci", or one that
	 * every driver of VFIO needs. NULL: neither is there.
	 */
	const char *barred;
};

/*
 * Reads the words that start with "vfio_early" and module_blacklist= from a kernel command line, up
 * to a word "--", and those for recovery, up to the end: systemd reads all of /proc/cmdline, and
 * sysvinit gets what is behind "--".
 * Quoting is the kernel's (lib/cmdline.c, next_arg()): double quotes protect blanks; as there,
 * - and _ are the same in a name. Selectors become rules at the end of the list, so call this
 * before files are read. A word that does not parse is reported and has no effect at all.
 * 0 or -ENOMEM.
 */
int parameters_parse(struct parameters *parameters, struct rules *rules, const char *text, size_t length);

#endif
