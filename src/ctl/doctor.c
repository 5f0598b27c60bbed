/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl doctor: whether this host is ready to give devices to VMs. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader.h"
#include "command.h"
#include "doctor.h"
#include "table.h"

#define MANUAL "vfio-earlyctl(8), section "

/* In the order of the output: what comes first explains what follows. */
static const struct check {
	const char *name, *section; /* of the manual */
	doctor_check *run;
	bool on_devices; /* without PCI devices it can say nothing */
} checks[] = {
	{ "host", "Host", doctor_check_host, false },
	{ "cpu", "IOMMU", doctor_check_cpu, false },
	{ "firmware", "IOMMU", doctor_check_firmware, false },
	{ "iommu", "IOMMU", doctor_check_iommu, true },
	{ "interrupts", "Interrupt remapping", doctor_check_interrupts, true },
	{ "kernel", "Kernel command line", doctor_check_kernel, false },
	{ "bootloader", "Kernel command line", doctor_check_bootloader, false },
	{ "modules", "Modules and options", doctor_check_modules, false },
	{ "options", "Modules and options", doctor_check_options, false },
	{ "module-lists", "Modules and options", doctor_check_module_lists, false },
	{ "rules", "Rules", doctor_check_rules, true },
	{ "groups", "IOMMU groups", doctor_check_groups, true },
	{ "reset", "Reset", doctor_check_reset, true },
	{ "console", "Graphics cards", doctor_check_console, true },
	{ "framebuffer", "Graphics cards", doctor_check_framebuffer, true },
	{ "rebar", "Graphics cards", doctor_check_rebar, true },
	{ "rom", "Graphics cards", doctor_check_rom, true },
	{ "msrs", "Graphics cards", doctor_check_msrs, true },
	{ "settings", "Other settings", doctor_check_rivals, true },
	{ "images", "Images", doctor_check_images, false },
};

#define CHECK_COUNT (sizeof(checks) / sizeof(checks[0]))

enum { CHECK, RESULT, WHERE, FOUND, DO, SEE };

static const struct table_column columns[] = {
	[CHECK] = { "CHECK", 0, 0, "name of the check" },
	[RESULT] = { "RESULT", 0, 0, "ok, note, unknown, warning or problem" },
	[WHERE] = { "WHERE", TABLE_EXTRA, 0, "file and line" },
	[FOUND] = { "FOUND", 0, 0, "what was found" },
	[DO] = { "DO", 0, 0, "what to do" },
	[SEE] = { "SEE", TABLE_EXTRA, 0, "section of the manual" },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static const struct {
	const char *name, *plural;
	enum table_color color;
} results[] = {
	[VIEW_ERROR] = { "problem", "problems", TABLE_RED },
	[VIEW_WARNING] = { "warning", "warnings", TABLE_YELLOW },
	[VIEW_NOTE] = { "note", "notes", TABLE_PLAIN },
	[VIEW_UNKNOWN] = { "unknown", "unknown", TABLE_YELLOW },
	[VIEW_OK] = { "ok", "ok", TABLE_GREEN },
};

#define RESULT_COUNT (sizeof(results) / sizeof(results[0]))

struct run {
	struct doctor doctor;
	struct table_options options;
	struct table_document document;
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

static void add_row(struct run *run, const struct check *check, const struct finding *finding)
{
	struct libscols_line *line = table_add(&run->table, NULL);
	char *remedy = split(finding->text), see[sizeof(MANUAL) + 32];

	snprintf(see, sizeof(see), MANUAL "%s", check->section);
	table_set(&run->table, line, CHECK, check->name);
	table_set(&run->table, line, RESULT, results[finding->level].name);
	table_set(&run->table, line, WHERE, finding->where);
	table_set(&run->table, line, FOUND, finding->text);
	table_set(&run->table, line, DO, remedy);
	table_set(&run->table, line, SEE, see);
	table_color(&run->table, line, results[finding->level].color);
}

static int print_entry(struct run *run, const struct check *check, const struct finding *finding)
{
	const char *where = finding->where ? finding->where : "";
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", where, where[0] ? ": " : "", finding->text,
		     finding->level == VIEW_OK ? "" : "; see " MANUAL,
		     finding->level == VIEW_OK ? "" : check->section) < 0)
		return -ENOMEM;
	table_print_entry(&run->document, check->name, results[finding->level].name,
			  results[finding->level].color, text);
	free(text);
	return 0;
}

/* A table is for scripts, and for people who ask for it. */
static bool prints_table(const struct run *run)
{
	return run->options.json || run->options.list || run->options.all_columns ||
	       table_is_alone(&run->options);
}

static int run_check(struct run *run, const struct check *check)
{
	struct findings findings = { .count = 0 };
	int result = 0;

	if (check->on_devices && run->doctor.view.forecast.pci.directory < 0)
		findings_add(&findings, VIEW_UNKNOWN, NULL, "no PCI device can be seen");
	else
		check->run(&run->doctor, &findings);
	findings_sort(&findings);
	for (size_t i = 0; i < findings.count && result == 0; i++) {
		run->counts[findings.list[i].level]++;
		if (prints_table(run))
			add_row(run, check, &findings.list[i]);
		else
			result = print_entry(run, check, &findings.list[i]);
	}
	if (findings.failed)
		result = -ENOMEM;
	findings_free(&findings);
	return result;
}

static void print_summary(struct run *run)
{
	char text[80] = "";

	for (size_t i = 0; i < RESULT_COUNT; i++)
		if (run->counts[i] > 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%zu %s",
				 text[0] ? ", " : "", run->counts[i],
				 run->counts[i] == 1 ? results[i].name : results[i].plural);
	table_print_text(&run->document, "\n%s.", text);
}

static int run_checks(struct run *run)
{
	int result = table_open(&run->table, &run->options, "checks", columns, COLUMN_COUNT);

	for (size_t i = 0; i < CHECK_COUNT && result == 0; i++)
		result = run_check(run, &checks[i]);
	if (result == 0 && prints_table(run))
		result = table_print(&run->document, &run->table, NULL);
	else if (result == 0)
		print_summary(run);
	table_close(&run->table);
	return result;
}

static int get_status(const struct run *run)
{
	if (run->doctor.view.forecast.rules.bad)
		return CTL_BAD_RULES;
	return run->counts[VIEW_ERROR] + run->counts[VIEW_WARNING] + run->counts[VIEW_UNKNOWN] > 0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}

static void read_kernel(struct doctor *doctor)
{
	const struct host *host = &doctor->view.host;

	doctor->kernels_error = kernels_find(&doctor->kernels, host);
	doctor->words_error = bootloader_read_running(host, &doctor->words);
	if (host_read_line(host, "/proc/sys/kernel", "osrelease", doctor->release,
			   sizeof(doctor->release)) < 0)
		doctor->release[0] = '\0';
}

static int run_doctor(struct run *run, const struct ctl *ctl)
{
	struct doctor *doctor = &run->doctor;
	int result = view_open(&doctor->view, ctl, VIEW_PLAN);

	if (result == 0) {
		run->document.options = &run->options;
		read_kernel(doctor);
		result = run_checks(run);
		table_end(&run->document);
		if (result < 0 && result != -EINVAL)
			ctl_fail("%s", strerror(-result));
	}
	result = result < 0 ? CTL_INTERNAL : ctl_finish(get_status(run));
	bootwords_free(&doctor->words);
	kernels_free(&doctor->kernels);
	view_close(&doctor->view);
	return result;
}

static int print_help(void)
{
	puts("Usage: vfio-earlyctl doctor [OPTION]...\n"
	     "Looks whether this host is ready to give devices to VMs, and says what to do where\n"
	     "it is not. Changes nothing.\n"
	     "\n"
	     "  -h, --help          print this");
	table_print_options();
	table_print_columns(columns, COLUMN_COUNT);
	puts("\n"
	     "Exit status: 0 there are but notes, 1 usage or internal error, 2 there are problems,\n"
	     "warnings, or something that could not be seen, 3 some line of the rules could not be\n"
	     "understood.");
	return ctl_finish(CTL_OK);
}

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	TABLE_LONG_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

int command_doctor(const struct ctl *ctl, int argc, char **argv)
{
	struct run run = { .options.list = false };
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "h" TABLE_SHORT_OPTIONS, long_options, NULL)) !=
	       -1) {
		if (option == 'h')
			return print_help();
		else if (!table_take_option(&run.options, option, optarg))
			return ctl_fail("try 'vfio-earlyctl doctor --help'");
	}
	if (optind < argc)
		return ctl_fail("%s takes no operand, found '%s'", ctl->command, argv[optind]);
	return run_doctor(&run, ctl);
}
