/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a report: table rows, log messages, summary, exit status. No output. */
#ifndef VFIO_EARLY_CORE_REPORT_H
#define VFIO_EARLY_CORE_REPORT_H

#include "core/plan.h"

/*
 * First line of table and status file; fields are separated by tabs. Earlier versions wrote no more
 * than the first columns.
 */
#define REPORT_FIRST_COLUMNS "address\tid\tcode\tdriver\tprevious\trule\tdetail"
#define REPORT_HEADER        REPORT_FIRST_COLUMNS "\tsatisfied\n"

/* Enough for any row, message and summary. */
#define REPORT_LINE_MAX 512

/* The rows of a plan, or its results. */
struct report {
	const struct plan_row *rows;
	size_t count;
};

/* Exit statuses: vfio-early(8). */
enum report_status {
	REPORT_OK = 0,
	REPORT_INTERNAL = 1,
	REPORT_UNSATISFIED = 2,
	REPORT_BAD_RULES = 3,
};

/* One row under REPORT_HEADER, with its newline; empty fields are "-". Returns line. */
const char *report_format_row(const struct plan_row *row, char line[REPORT_LINE_MAX]);

/* The message of one row for the kernel log. Returns line. */
const char *report_format_message(const struct plan_row *row, char line[REPORT_LINE_MAX]);

/* The message that closes a report; *level is how it is to be logged. Returns line. */
const char *report_format_summary(const struct report *report, const struct rules *rules,
				  enum level *level, char line[REPORT_LINE_MAX]);

/* Bad rules count for more than rules that could not be satisfied. */
enum report_status report_status(const struct report *report, const struct rules *rules);

#endif
