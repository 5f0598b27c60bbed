/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl doctor: whether this host is ready to give devices to VMs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "doctor/doctor.h"
#include "term/document.h"
#include "term/options.h"

enum { CHECK, RESULT, WHERE, FOUND, DO, SEE };

static const struct table_column columns[] = {
	[CHECK] = { "CHECK", 0, 0, "name of the check" },
	[RESULT] = { "RESULT", 0, 0, "ok, note, unknown, warning or problem" },
	[WHERE] = { "WHERE", TABLE_EXTRA, 0, "file and line" },
	[FOUND] = { "FOUND", 0, 0, "what was found" },
	[DO] = { "DO", 0, 0, "what to do" },
	[SEE] = { "SEE", TABLE_EXTRA, 0, "section of the manual" },
	{},
};

#define RESULT_COUNT (FINDING_OK + 1)

/* Where a summary has several. */
static const char *const plurals[RESULT_COUNT] = {
	[FINDING_ERROR] = "problems", [FINDING_WARNING] = "warnings",
	[FINDING_NOTE] = "notes",     [FINDING_UNKNOWN] = "unknown",
	[FINDING_OK] = "ok",
};

struct examination {
	struct doctor doctor;
	struct table_options options;
	struct document document;
	struct table table;
	size_t counts[RESULT_COUNT]; /* of findings, by their level */
};

/* Ends the first part of "what was found; what to do"; returns the second, NULL if there is none.
 */
static char *split(char *text)
{
	char *separator = strstr(text, "; ");

	if (!separator)
		return NULL;
	*separator = '\0';
	return separator + 2;
}

static void add_row(struct examination *run, const struct doctor_entry *check,
		    const struct finding *finding)
{
	struct libscols_line *line = table_add(&run->table, NULL);
	char *remedy = split(finding->text);

	table_set(&run->table, line, CHECK, check->name);
	table_set(&run->table, line, RESULT, doctor_result_name(finding->level));
	table_set(&run->table, line, WHERE, finding->where);
	table_set(&run->table, line, FOUND, finding->text);
	table_set(&run->table, line, DO, remedy);
	table_setf(&run->table, line, SEE, DOCTOR_MANUAL "%s", check->section);
	table_color(&run->table, line, findings_level_color(finding->level));
}

/* A table is for scripts, and for people who ask for it. */
static bool prints_table(const struct examination *run)
{
	return run->options.json || run->options.list || run->options.all_columns ||
	       table_is_alone(&run->options);
}

static int take_finding(void *context, const struct doctor_entry *check, struct finding *finding)
{
	struct examination *run = context;

	run->counts[finding->level]++;
	if (!prints_table(run))
		return doctor_print_finding(&run->document, check, finding);
	add_row(run, check, finding);
	return 0;
}

static void print_summary(struct examination *run)
{
	char text[80] = "";

	for (size_t i = 0; i < RESULT_COUNT; i++)
		if (run->counts[i] > 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%zu %s",
				 text[0] ? ", " : "", run->counts[i],
				 run->counts[i] == 1 ? doctor_result_name((enum finding_level)i)
						     : plurals[i]);
	document_print_text(&run->document, "\n%s.", text);
}

static int run_checks(struct examination *run)
{
	int result = table_open(&run->table, &run->options, "checks", columns);

	if (result == 0)
		result = doctor_run_checks(&run->doctor, take_finding, run);
	if (result == 0 && prints_table(run))
		result = document_print_table(&run->document, &run->table, NULL);
	else if (result == 0)
		print_summary(run);
	table_close(&run->table);
	return result;
}

static int get_status(const struct examination *run)
{
	if (run->doctor.inventory.forecast.rules.bad)
		return CTL_BAD_RULES;
	return run->counts[FINDING_ERROR] + run->counts[FINDING_WARNING] +
				       run->counts[FINDING_UNKNOWN] >
			       0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}

static int run_doctor(struct examination *run, const struct ctl *ctl)
{
	int result, status = CTL_INTERNAL;

	if (doctor_open(&run->doctor, ctl->root) == 0) {
		run->document.options = &run->options;
		result = run_checks(run);
		status = document_end(&run->document, result, get_status(run));
	} else {
		ctl_fail("%s", run->doctor.inventory.problem);
	}
	doctor_close(&run->doctor);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl doctor [OPTION]...\n"
	"Looks whether this host is ready to give devices to VMs, and says what to do where\n"
	"it is not. Changes nothing.\n"
	"\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 there are but notes, 1 usage or internal error, 2 there are problems,\n"
	"warnings, or something that could not be seen, 3 some line of the rules could not be\n"
	"understood.";

int command_doctor(const struct ctl *ctl, int argc, char **argv)
{
	struct examination run = { .options.list = false };
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.table = &run.options,
		.columns = columns,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	return status == OPTIONS_RUN ? run_doctor(&run, ctl) : status;
}
