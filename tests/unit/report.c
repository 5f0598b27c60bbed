/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The message that closes a report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/report.h"

#define ROWS_MAX 3

static const struct summary {
	enum outcome rows[ROWS_MAX];
	size_t count;
	unsigned int bad;
	enum level level;
	const char *line;
} summaries[] = {
	{ { 0 }, 0, 0, LEVEL_INFO, "summary: 0 bound, 0 not as configured, 0 invalid lines" },
	{ { OUTCOME_BOUND, OUTCOME_ALREADY_BOUND, OUTCOME_EXCLUDED },
	  3,
	  0,
	  LEVEL_INFO,
	  "summary: 2 bound, 0 not as configured, 0 invalid lines" },
	{ { OUTCOME_TIMEOUT, OUTCOME_BOUND },
	  2,
	  1,
	  LEVEL_WARNING,
	  "summary: 1 bound, 1 not as configured, 1 invalid line" },
	/* A dry run must not read as if something had been done. */
	{ { OUTCOME_ALREADY_BOUND, OUTCOME_WOULD_BIND, OUTCOME_PROTECTED },
	  3,
	  0,
	  LEVEL_WARNING,
	  "summary: 2 would be bound, 1 not as configured, 0 invalid lines" },
};

static void closes_report(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(summaries) / sizeof(summaries[0]); i++) {
		const struct summary *summary = &summaries[i];
		struct plan_row rows[ROWS_MAX] = { { .rule = NULL } };
		const struct report report = { .rows = rows, .count = summary->count };
		const struct rules rules = { .bad = summary->bad };
		char line[REPORT_LINE_MAX];
		enum level level;

		for (size_t j = 0; j < summary->count; j++)
			plan_row_set(&rows[j], summary->rows[j]);
		assert_string_equal(report_format_summary(&report, &rules, &level, line),
				    summary->line);
		assert_int_equal(level, summary->level);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(closes_report) };

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
