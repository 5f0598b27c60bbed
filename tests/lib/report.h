/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the booted guest said about itself; guest.c tells the form. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

struct report {
	char *text; /* NULL: the guest said nothing */
};

struct report_device {
	char address[16];
	char id[16];
	char class[16];
	char driver[32];
	char override[32];
	char group[16];
};

/* Reads the file that the guest's port was written to. A missing one is an empty report. */
void report_load(struct report *report, const char *path);
void report_free(struct report *report);

/* Whether the guest came to its end. */
bool report_is_complete(const struct report *report);

/*
 * The next line of @kind after @line (NULL: from the start), at what follows the kind; the line
 * ends at '\n'. NULL if there is none.
 */
const char *report_next_line(const struct report *report, const char *kind, const char *line);

/* Returns 0, or -ENOENT if the guest has no such device. */
int report_find_device(const struct report *report, const char *address,
		       struct report_device *device);

/* The rest of the first line of @kind, to be freed; NULL if there is none. */
char *report_line(const struct report *report, const char *kind);

/*
 * What the commands of the guest's work printed, as one text, to be freed: "$ COMMAND", the output,
 * "exit STATUS". @version, which the kernel has, reads VERSION, and blanks are squeezed, as the
 * widths of columns depend on it; without @version, the text is as it was printed.
 */
char *report_transcript(const struct report *report, const char *version);

/* Whether some kernel message of @level (-1: any) holds @text. */
bool report_has_message(const struct report *report, int level, const char *text);

bool report_has_module(const struct report *report, const char *name);

/* Whether the guest could use the device through VFIO, down to a BAR and a DMA mapping. */
bool report_was_used(const struct report *report, const char *address);

/* Whether VFIO refused the device because a host driver holds another one of its group. */
bool report_is_not_viable(const struct report *report, const char *address);

/* Whether VFIO refused the device for the want of interrupt remapping. */
bool report_is_unsafe(const struct report *report, const char *address);

/* Whether VFIO let the device be used, but its BAR could not be read. */
bool report_lacks_bar(const struct report *report, const char *address);

/*
 * The field under the heading @column in the status file's row for @address, to be freed; NULL
 * if there is none.
 */
char *report_status(const struct report *report, const char *address, const char *column);

#endif
