/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest that is a whole Debian system does before it reports. */
#ifndef WORK_H
#define WORK_H

#include <stdio.h>

/*
 * Does the work called @name: the kernel passes what follows "--" on its command line. Results
 * go into @report, what programs say to the console. Returns 0 or -errno.
 */
int work_do(const char *name, FILE *report);

#endif
