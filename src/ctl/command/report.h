/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a forum or a bug report asks for, in one file. */
#ifndef VFIO_EARLY_COMMAND_REPORT_H
#define VFIO_EARLY_COMMAND_REPORT_H

#include "doctor/doctor.h"

/*
 * Writes host, kernel, devices, rules, result of this boot, kernel log and findings to a file that
 * does not exist yet, or to standard output ("-"). Serial numbers, addresses, host name and UUIDs
 * are replaced. An exit status, after a message.
 */
int report_write(const char *path, struct doctor *doctor, const struct findings *findings);

#endif
