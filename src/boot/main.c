/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-early(8): binds PCI devices to vfio-pci before host drivers load. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind/apply.h"
#include "bind/signals.h"
#include "boot/log.h"
#include "boot/output.h"
#include "core/file.h"
#include "core/forecast.h"
#include "core/report.h"
#include "core/text.h"

static const char usage[] =
	"Usage: vfio-early [--root DIR] [--dry-run] [--protected FILE] [ADDRESS]\n"
	"Binds the PCI devices of /etc/vfio-early.conf to vfio-pci; with ADDRESS, only that\n"
	"hot-plugged one.\n"
	"\n"
	"      --root DIR  take every path below DIR\n"
	"      --dry-run   print the outcome for each device; change nothing\n"
	"      --protected FILE  preview a boot with this list of devices in use by the\n"
	"                  host, without the kernel command line of this one\n"
	"  -h, --help      print this\n"
	"  -V, --version   print the version\n"
	"\n"
	"Exit status: 0 every wanted device is bound, 1 usage or internal error,\n"
	"2 some rule is not satisfied, 3 some line is not valid. See vfio-early(8).\n";

/* With more rows than these, the kernel log, whose size is limited, has no line for each. */
#define LOG_ROWS_MAX 256

struct options {
	const char *root;
	bool dry_run;                    /* of the command, not of the kernel command line */
	const char *protected;           /* file, or NULL */
	const struct pci_address *added; /* the only device to be bound; NULL: all */
};

/* The state of a run. */
struct run {
	bool dry_run;
	const struct pci_address *added; /* as in struct options */
	struct log log;
	struct forecast forecast;
	struct modules modules;
	unsigned int freed; /* of apply_plan() */
};

static void print(const char *text)
{
	file_write(STDOUT_FILENO, text, strlen(text)); /* if it is closed, nobody reads it */
}

static int fail(const struct run *run, const char *what, int error)
{
	log_write(&run->log, LEVEL_ERROR, "%s: %s", what, strerror(-error));
	return REPORT_INTERNAL;
}

static void log_problem(void *context, const char *where, const char *message)
{
	const struct run *run = context;

	log_write(&run->log, LEVEL_ERROR, "%s: %s", where, message);
}

static void log_warning(void *context, const char *message)
{
	const struct run *run = context;

	log_write(&run->log, LEVEL_WARNING, "%s", message);
}

static bool is_alike(const struct plan_row *a, const struct plan_row *b)
{
	return a->rule == b->rule && a->outcome == b->outcome && a->level == b->level;
}

/* The next row that is like this one, from a row on; or count. */
static size_t find_alike(const struct report *report, size_t from, const struct plan_row *row)
{
	while (from < report->count && !is_alike(&report->rows[from], row))
		from++;
	return from;
}

/* One line for all rows that are alike: that of the first. */
static void log_alike(const struct run *run, const struct report *report, size_t i)
{
	const struct plan_row *row = &report->rows[i];
	char line[REPORT_LINE_MAX];
	unsigned int more = 0;

	if (find_alike(report, 0, row) != i)
		return;
	for (i = find_alike(report, i + 1, row); i < report->count; more++)
		i = find_alike(report, i + 1, row);
	report_format_message(row, line);
	if (more)
		log_write(&run->log, row->level, "%s; the same for %u more, see %s", line, more,
			  OUTPUT_STATUS);
	else
		log_write(&run->log, row->level, "%s", line);
}

static void log_report(const struct run *run, const struct report *report)
{
	char line[REPORT_LINE_MAX];
	enum level level;

	for (size_t i = 0; i < report->count; i++) {
		if (report->count > LOG_ROWS_MAX) {
			log_alike(run, report, i);
			continue;
		}
		report_format_message(&report->rows[i], line);
		log_write(&run->log, report->rows[i].level, "%s", line);
	}
	if (run->freed)
		log_write(&run->log, LEVEL_WARNING,
			  "devices of the host taken back from ids= of vfio-pci: %u", run->freed);
	if (run->added)
		return;
	report_format_summary(report, &run->forecast.rules, &level, line);
	log_write(&run->log, level, "%s", line);
}

static int tell(const struct run *run, const struct report *report)
{
	int result;

	if (run->dry_run) {
		result = output_table(STDOUT_FILENO, report);
		return result < 0 ? fail(run, "standard output", result)
				  : (int)report_status(report, &run->forecast.rules);
	}
	log_report(run, report);
	result = run->added ? output_added(run->forecast.root, report)
			    : output_status(run->forecast.root, report);
	return result < 0 ? fail(run, OUTPUT_STATUS, result)
			  : (int)report_status(report, &run->forecast.rules);
}

/* Rules are matched with all devices present; only this one is bound and reported. */
static void keep_added(struct plan *plan, const struct pci_address *added)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct pci_device *device = plan->rows[i].device;

		if (device && pci_address_compare(&device->address, added) == 0)
			plan->rows[kept++] = plan->rows[i];
	}
	plan->count = kept;
}

/* For hot-plugged devices, which are left alone without it. */
static void note_protected(const struct run *run)
{
	const struct forecast *forecast = &run->forecast;
	const char *from = forecast->protected_file, *to = OUTPUT_PROTECTED;
	int result;

	if (forecast->unprotected) {
		from = forecast->unprotected_file;
		to = OUTPUT_UNPROTECTED;
	}
	result = output_copy(forecast->root, from, to);
	if (result < 0)
		fail(run, to, result);
}

/*
 * The devices in use by the host. Without the list nothing is bound: a running system has none. A
 * dry run without --protected needs none, and neither do exclusions, for which no image has it.
 */
static int read_protections(const struct run *run, struct forecast *forecast)
{
	bool needed = (!run->dry_run || forecast->without_cmdline) &&
		      rules_want_drivers(&forecast->rules);
	int result;

	if (!needed && faccessat(forecast->root, forecast->protected_file + 1, F_OK, 0) < 0)
		return 0;
	result = forecast_read_protections(forecast);
	if (forecast->unprotected)
		log_write(&run->log, LEVEL_WARNING,
			  "%s: no device in use by the host is protected, on purpose",
			  forecast->unprotected_file);
	return result;
}

/* Where what is around it can't be read, all devices are. */
static int read_devices(struct run *run)
{
	struct forecast *forecast = &run->forecast;

	if (run->added && forecast_read_around(forecast, run->added) == 0)
		return 0;
	pci_free(&forecast->pci);
	return forecast_read_devices(forecast);
}

/* Thousands of virtual functions can be hot-plugged that no rule matches. */
static bool is_unwanted(const struct run *run)
{
	struct forecast forecast = run->forecast;
	bool unwanted;

	if (!run->added || forecast_make_plan(&forecast, false) < 0)
		return false;
	keep_added(&forecast.plan, run->added);
	unwanted = forecast.plan.count == 0;
	plan_free(&forecast.plan);
	return unwanted;
}

/* Loading vfio-pci can take any device of the host: apply_plan() then looks at all in use. */
static int read_rest(const struct run *run, struct forecast *forecast)
{
	if (!run->added || forecast->protections.count == 0)
		return 0;
	if (!forecast_needs_all(forecast) &&
	    faccessat(forecast->root, "sys/bus/pci/drivers/" RULE_DEFAULT_DRIVER, F_OK, 0) == 0)
		return 0;
	pci_free(&forecast->pci);
	return forecast_read_devices(forecast);
}

/* Host drivers are still to come if this runs at boot, in the initramfs. */
static int bind_devices(struct run *run)
{
	struct forecast *forecast = &run->forecast;
	const struct apply apply = {
		.pci = &forecast->pci,
		.modules = &run->modules,
		.root = forecast->root,
		.timeout = forecast->parameters.timeout,
		.barred = forecast->parameters.barred,
		.dry_run = run->dry_run,
		.added = run->added,
	};
	struct report report = { .rows = NULL };
	int result = read_devices(run);

	if (result < 0)
		return fail(run, "/" PCI_DEVICES, result);
	if (forecast->pci.unreadable)
		log_write(&run->log, LEVEL_ERROR, "%zu PCI devices could not be read",
			  forecast->pci.unreadable);
	if (is_unwanted(run))
		return (int)report_status(&report, &forecast->rules);
	if (read_protections(run, forecast) < 0)
		return REPORT_INTERNAL;
	result = read_rest(run, forecast);
	if (result < 0)
		return fail(run, "/" PCI_DEVICES, result);
	result = forecast_make_plan(forecast, !run->dry_run);
	if (result < 0)
		return fail(run, "planning", result);
	if (run->added)
		keep_added(&forecast->plan, run->added);
	else if (!run->dry_run)
		note_protected(run);
	apply_resolve_drivers(&apply, &forecast->plan);
	report = (struct report){ forecast->plan.rows, forecast->plan.count };
	if (!run->dry_run && !forecast->parameters.dry_run) {
		signals_hold(NULL);
		result = apply_plan(&apply, &forecast->plan, &run->freed);
		if (result < 0)
			return fail(run, "nothing was bound", result);
	}
	return tell(run, &report);
}

static int boot(struct run *run)
{
	const struct forecast *forecast = &run->forecast;
	int result = forecast_read_rules(&run->forecast);

	if (result < 0)
		return fail(run, "reading rules", result);
	if (forecast->rules.count == 0 && forecast->rules.bad == 0 && !run->dry_run)
		return REPORT_OK;
	if (forecast->parameters.off_by) {
		log_write(&run->log, LEVEL_WARNING, "off, by %s on the kernel command line",
			  forecast->parameters.off_by);
		return REPORT_OK;
	}
	return bind_devices(run);
}

/* With or without rules: status compares the digest of the image with the current rules. */
static int boot_and_note(struct run *run)
{
	int status = boot(run);
	int result = 0;

	if (!run->dry_run && !run->added)
		result = output_copy(run->forecast.root, "/etc/vfio-early.digest", OUTPUT_DIGEST);
	return result < 0 ? fail(run, OUTPUT_DIGEST, result) : status;
}

static int run_program(const struct options *options)
{
	struct run run = {
		.dry_run = options->dry_run,
		.added = options->added,
		.log = { .root = -1, .to_kernel = !options->dry_run },
		.modules = { .root = options->root,
			     .without_iommu = true,
			     .warn = log_warning,
			     .context = &run },
	};
	cleanup_fd int root = file_open(AT_FDCWD, options->root[0] ? options->root : "/");

	if (root < 0)
		return fail(&run, options->root, root);
	umask(022);
	run.log.root = root;
	forecast_init(&run.forecast, root, log_problem, &run);
	if (options->protected) {
		run.forecast.protected_file = options->protected;
		run.forecast.without_cmdline = true;
	} else if (options->added) {
		run.forecast.protected_file = OUTPUT_PROTECTED;
		run.forecast.unprotected_file = OUTPUT_UNPROTECTED;
	}
	/* The kernel frees all memory at exit, faster than free() and munmap(). */
	return boot_and_note(&run);
}

static int wrong_usage(void)
{
	static const char hint[] = "Try 'vfio-early --help'.\n";

	file_write(STDERR_FILENO, hint, sizeof(hint) - 1);
	return REPORT_INTERNAL;
}

/* "--name VALUE" or "--name=VALUE": *value is NULL where there is none. */
static bool takes_value(char ***word, const char *name, const char **value)
{
	struct text rest = { **word, **word + strlen(**word) };

	if (!text_take_prefix(&rest, name) || (*rest.p && *rest.p != '='))
		return false;
	*value = *rest.p ? rest.p + 1 : (*word)[1];
	if (!*rest.p && *value)
		++*word;
	return true;
}

/* In the place of the script of initramfs-tools, which runs it with arguments of its own. */
static bool is_script(const char *name)
{
	static const char script[] = "/00-vfio-early";
	size_t length = strlen(name), least = sizeof(script) - 1;

	return length >= least && strcmp(name + length - least, script) == 0;
}

int main(int argc, char **argv)
{
	struct options options = { .root = "" };
	struct pci_address added;

	for (char **word = argv + 1; argc > 1 && !is_script(argv[0]) && *word; word++) {
		if (strcmp(*word, "-h") == 0 || strcmp(*word, "--help") == 0) {
			print(usage);
			return REPORT_OK;
		}
		if (strcmp(*word, "-V") == 0 || strcmp(*word, "--version") == 0) {
			print("vfio-early " VERSION "\n");
			return REPORT_OK;
		}
		if (strcmp(*word, "--dry-run") == 0) {
			options.dry_run = true;
		} else if (takes_value(&word, "--root", &options.root)) {
			if (!options.root)
				return wrong_usage();
		} else if (takes_value(&word, "--protected", &options.protected)) {
			if (!options.protected || options.protected[0] != '/')
				return wrong_usage();
		} else if (!options.added && pci_address_parse(*word, &added)) {
			options.added = &added;
		} else {
			return wrong_usage();
		}
	}
	/* systemd's mark of what it must not kill at switch-root: ROOT_STORAGE_DAEMONS. */
	argv[0][0] = '@';
	return run_program(&options);
}
