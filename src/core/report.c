/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a report. */
#include <stdio.h>

#include "core/report.h"

/* "vendor:device", or "-" for a row without a device. */
#define ID_TEXT_MAX 10

/* A rule that names one function has its address in the report even where no device is. */
static const char *format_address(const struct plan_row *row, char text[PCI_ADDRESS_TEXT_MAX])
{
	const struct rule *rule = row->rule;

	if (row->device)
		return pci_address_format(&row->device->address, text);
	if (!(rule->terms & RULE_PLACE) || rule->place.step_count > 0 ||
	    rule->place.start.function == PCI_FUNCTION_ANY)
		return "-";
	return pci_address_format(&rule->place.start, text);
}

static const char *format_id(const struct plan_row *row, char text[ID_TEXT_MAX])
{
	if (!row->device)
		return "-";
	snprintf(text, ID_TEXT_MAX, "%04x:%04x", row->device->vendor, row->device->device);
	return text;
}

static const char *or_dash(const char *text)
{
	return text && text[0] ? text : "-";
}

static const char *previous_driver(const struct plan_row *row)
{
	return row->device ? or_dash(row->device->driver) : "-";
}

const char *report_format_row(const struct plan_row *row, char line[REPORT_LINE_MAX])
{
	char address[PCI_ADDRESS_TEXT_MAX], id[ID_TEXT_MAX];

	snprintf(line, REPORT_LINE_MAX, "%s\t%s\t%s\t%s\t%s\t%s:%u\t%s\t%s\n",
		 format_address(row, address), format_id(row, id), outcome_name(row->outcome),
		 or_dash(row->driver), previous_driver(row), row->rule->file, row->rule->line,
		 or_dash(row->detail), row->satisfied ? "yes" : "no");
	return line;
}

const char *report_format_message(const struct plan_row *row, char line[REPORT_LINE_MAX])
{
	char address[PCI_ADDRESS_TEXT_MAX], id[ID_TEXT_MAX];

	snprintf(line, REPORT_LINE_MAX, "%s %s %s, driver %s (before: %s), rule %s:%u%s%s",
		 format_address(row, address), format_id(row, id), outcome_name(row->outcome),
		 or_dash(row->driver), previous_driver(row), row->rule->file, row->rule->line,
		 row->detail[0] ? ": " : "", row->detail);
	return line;
}

/*
 * Counts rows that are bound, or would be, and rows that are not as configured. Returns whether
 * this is a preview: a result is never "would".
 */
static bool count_rows(const struct report *report, unsigned int *taken, unsigned int *unsatisfied)
{
	bool dry = false;

	*taken = *unsatisfied = 0;
	for (size_t i = 0; i < report->count; i++) {
		enum outcome outcome = report->rows[i].outcome;

		if (outcome == OUTCOME_BOUND || outcome == OUTCOME_ALREADY_BOUND ||
		    outcome == OUTCOME_WOULD_BIND)
			(*taken)++;
		dry |= outcome == OUTCOME_WOULD_BIND;
		if (!report->rows[i].satisfied)
			(*unsatisfied)++;
	}
	return dry;
}

const char *report_format_summary(const struct report *report, const struct rules *rules,
				  enum level *level, char line[REPORT_LINE_MAX])
{
	unsigned int taken, unsatisfied;
	bool dry;

	dry = count_rows(report, &taken, &unsatisfied);
	*level = unsatisfied || rules->bad ? LEVEL_WARNING : LEVEL_INFO;
	snprintf(line, REPORT_LINE_MAX, "summary: %u %sbound, %u not as configured, %u invalid %s",
		 taken, dry ? "would be " : "", unsatisfied, rules->bad,
		 rules->bad == 1 ? "line" : "lines");
	return line;
}

enum report_status report_status(const struct report *report, const struct rules *rules)
{
	unsigned int taken, unsatisfied;

	if (rules->bad)
		return REPORT_BAD_RULES;
	count_rows(report, &taken, &unsatisfied);
	return unsatisfied ? REPORT_UNSATISFIED : REPORT_OK;
}
