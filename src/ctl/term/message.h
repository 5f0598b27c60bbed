/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the tool, and the end of its output. */
#ifndef VFIO_EARLY_TERM_MESSAGE_H
#define VFIO_EARLY_TERM_MESSAGE_H

#include <stdio.h>

#include "host/findings.h"

/* Exit statuses; those of a command beyond these are on its manual page. */
enum ctl_status {
	CTL_OK = 0,
	CTL_INTERNAL = 1,   /* or wrong usage */
	CTL_INCOMPLETE = 2, /* something could not be seen, or was refused */
	CTL_BAD_RULES = 3,  /* a line of the rules is not valid */
};

/*
 * Prints a text word by word behind what stands in the line up to a column. What comes after the
 * first line begins at column indent. A command in quotes, which is to be copied, stays whole.
 */
void message_wrap(FILE *stream, const char *text, size_t column, size_t indent, size_t width);

/* Prints a printf's text on standard output; where that is a terminal, in lines that fit. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same on standard error, with "vfio-earlyctl: " before it. Returns CTL_INTERNAL. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the texts of those of a level on standard error, a line each. */
void findings_tell(const struct findings *findings, enum finding_level level);

/*
 * Prints all in the order in which they were added, "WHERE: TEXT", and frees them: what went well
 * on standard output, the rest as ctl_fail().
 */
void findings_report(struct findings *findings);

/* CTL_INCOMPLETE if one is an error or a warning, or could not be seen, or else CTL_OK. */
int findings_status(const struct findings *findings);

/* Prints what is left in the buffer of standard output. Returns status, or CTL_INTERNAL. */
int ctl_finish(int status);

#endif
