/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl doctor: whether this host is ready to pass devices through to VMs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/report.h"
#include "doctor/doctor.h"
#include "host/array.h"
#include "host/joined.h"
#include "term/document.h"
#include "term/options.h"

#define MANUAL "vfio-early-guide(7)"

/* The bytes that a line that is cut can grow by. */
#define ELLIPSIS_MAX 3

enum { CHECK, RESULT, WHERE, FOUND, FIX, SEE };

static const struct table_column columns[] = {
	[CHECK] = { "CHECK", 0, 0, "name of the check" },
	[RESULT] = { "RESULT", 0, 0, "error, warning, unknown, note, ok or n/a" },
	[WHERE] = { "WHERE", TABLE_EXTRA, 0, "file and line" },
	[FOUND] = { "FOUND", 0, 0, "fact" },
	[FIX] = { "FIX", 0, 0, "what to do" },
	[SEE] = { "SEE", TABLE_EXTRA, 0, "section of the manual" },
	{},
};

/* Which findings are of which check: those before end, from the one before on. */
struct examined {
	const struct doctor_entry *check;
	size_t end;
};

struct examination {
	struct doctor doctor;
	struct table_options options;
	struct document document;
	struct findings findings;
	struct examined *checks;
	size_t count;
	bool verbose;
	char **devices; /* that were named */
};

static int take_findings(void *context, const struct doctor_entry *check,
			 const struct findings *findings)
{
	struct examination *run = context;
	struct examined *examined = array_add(run->checks, run->count);

	if (!examined)
		return -ENOMEM;
	run->findings.topic = check->name;
	for (size_t i = 0; i < findings->count; i++)
		findings_copy(&run->findings, &findings->list[i]);
	*examined = (struct examined){ check, run->findings.count };
	return run->findings.failed ? -ENOMEM : 0;
}

static int print_table(struct examination *run)
{
	struct table table;
	size_t n = 0;

	table_open(&table, &run->options, "checks", columns);
	for (size_t i = 0; i < run->findings.count; i++) {
		const struct finding *finding = &run->findings.list[i];
		struct libscols_line *line = table_add(&table, NULL);

		n += i == run->checks[n].end;
		table_set(&table, line, CHECK, finding->topic);
		table_set(&table, line, RESULT, findings_level_name(finding->level));
		table_set(&table, line, WHERE, finding->where);
		table_set(&table, line, FOUND, finding->text);
		table_set(&table, line, FIX, finding->fix);
		table_setf(&table, line, SEE, MANUAL ", section %s", run->checks[n].check->area);
		table_color(&table, line, findings_level_color(finding->level));
	}
	return document_print_table(&run->document, &table, NULL);
}

/* All of one level, below one heading an area. */
static int print_level(struct examination *run, enum finding_level level)
{
	const char *last = NULL;
	size_t n = 0;
	int result = 0;

	for (size_t i = 0; i < run->findings.count && result == 0; i++) {
		const char *area;
		bool same;

		n += i == run->checks[n].end;
		if (run->findings.list[i].level != level)
			continue;
		area = run->checks[n].check->area;
		same = last && strcmp(area, last) == 0;
		if (!same && level < FINDING_OK)
			document_print_gap(&run->document);
		result = findings_print_below(&run->findings.list[i], same ? NULL : area,
					      &run->document);
		last = area;
	}
	return result;
}

/* Areas in which all is fine, a line each. */
static void print_fine(struct examination *run)
{
	size_t start = 0;

	document_print_gap(&run->document);
	for (size_t n = 0; n < run->count; n++) {
		const char *area = run->checks[n].check->area;
		char line[512] = "";
		bool fine = true;

		for (; n + 1 < run->count && strcmp(run->checks[n + 1].check->area, area) == 0; n++)
			;
		for (size_t i = start; i < run->checks[n].end; i++) {
			const struct finding *finding = &run->findings.list[i];

			fine &= finding->level >= FINDING_OK;
			if (finding->level == FINDING_OK)
				joined_add_by(line, sizeof(line) - ELLIPSIS_MAX, "; ",
					      finding->text);
		}
		start = run->checks[n].end;
		if (fine && line[0])
			document_print_line(&run->document, findings_level_name(FINDING_OK),
					    findings_level_color(FINDING_OK), area, line);
	}
}

static void print_answer(struct examination *run)
{
	size_t errors = findings_count(&run->findings, FINDING_ERROR);
	char counts[FINDINGS_COUNTS_MAX], names[256] = "";

	findings_format_counts(&run->findings, counts);
	for (char **name = run->devices; *name; name++)
		joined_add(names, sizeof(names), *name);
	document_print_gap(&run->document);
	if (names[0] && errors > 0)
		document_print_text(&run->document, "%s can't be passed through yet: %s", names,
				    counts);
	else if (names[0])
		document_print_text(
			&run->document, "%s can be passed through%s%s%s", names,
			findings_status(&run->findings) == CTL_OK ? "" : ", as far as can be seen",
			counts[0] ? ": " : "", counts);
	else if (findings_status(&run->findings) == CTL_OK)
		document_print_text(&run->document, "This host is ready%s%s", counts[0] ? ": " : "",
				    counts);
	else
		document_print_text(&run->document, "%s; " MANUAL " explains each area", counts);
}

static int print_all(struct examination *run)
{
	static const enum finding_level order[] = { FINDING_ERROR, FINDING_WARNING, FINDING_UNKNOWN,
						    FINDING_NOTE,  FINDING_OK,      FINDING_NONE };
	size_t count = sizeof(order) / sizeof(order[0]) - (run->verbose ? 0 : 2);
	int result = 0;

	/* A table is for scripts, and for people who ask for it. */
	if (run->options.json || run->options.list || run->options.all_columns ||
	    table_is_alone(&run->options))
		return print_table(run);
	for (size_t i = 0; i < count && result == 0; i++)
		result = print_level(run, order[i]);
	if (result == 0 && !run->verbose)
		print_fine(run);
	if (result == 0)
		print_answer(run);
	return result;
}

static int run_doctor(struct examination *run, const struct ctl *ctl, const char *report)
{
	struct doctor *doctor = &run->doctor;
	char message[FIND_MESSAGE_MAX];
	int result = doctor_open(doctor, ctl->root);

	if (result < 0)
		return ctl_fail("%s", doctor->inventory.problem);
	for (char **name = run->devices; *name; name++)
		if (doctor_mean(doctor, *name, message) < 0)
			return ctl_fail("%s", message);
	if (run->devices[0])
		result = doctor_plan(doctor);
	if (result == 0)
		result = doctor_run_checks(doctor, take_findings, run);
	if (result == 0 && report)
		return report_write(report, doctor, &run->findings);
	if (result == 0)
		result = print_all(run);
	if (doctor->inventory.forecast.rules.bad)
		return document_end(&run->document, result, CTL_BAD_RULES);
	return document_end(&run->document, result, findings_status(&run->findings));
}

static const char usage[] =
	"Usage: vfio-earlyctl doctor [OPTION]... [DEVICE]...\n"
	"Checks whether this host is ready to pass devices through to VMs, and says what to do.\n"
	"With DEVICE, whether these can be passed through, before there is a rule for them.\n"
	"Changes nothing.\n"
	"\n"
	"  -v, --verbose       print every check, also what is fine or does not apply\n"
	"      --report FILE   write what a forum or a bug report asks for, without serial\n"
	"                      numbers, addresses, host name and UUIDs\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 nothing but notes, 1 usage or internal error, 2 there are errors, warnings, or\n"
	"something that can't be seen, 3 a line of the rules is not valid.";

int command_doctor(const struct ctl *ctl, int argc, char **argv)
{
	struct examination run = { .options.list = false };
	const char *report = NULL;
	const struct options_entry entries[] = {
		{ 'v', "verbose", .set = &run.verbose },
		{ '\0', "report", .text = &report },
		{},
	};
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = entries,
		.table = &run.options,
		.columns = columns,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	run.document.options = &run.options;
	run.devices = argv;
	status = run_doctor(&run, ctl, report);
	doctor_close(&run.doctor);
	findings_free(&run.findings);
	free(run.checks);
	return status;
}
