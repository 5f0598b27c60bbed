/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-early(8): hands PCI devices to vfio-pci before host drivers load. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "cmdline.h"
#include "file.h"
#include "log.h"
#include "match.h"
#include "output.h"
#include "report.h"

static const char usage[] =
	"Usage: vfio-early [--root DIR] [--dry-run | --drivers] [--protected FILE]\n"
	"Hands the PCI devices that /etc/vfio-early.conf names to vfio-pci.\n"
	"\n"
	"      --root DIR  take every path below DIR\n"
	"      --dry-run   print what would become of each device; change nothing\n"
	"      --drivers   print the drivers that the rules ask for, one a line\n"
	"      --protected FILE  read what the host stands on from FILE, not from\n"
	"                  /etc/vfio-early.protected\n"
	"  -h, --help      print this\n"
	"  -V, --version   print the version\n"
	"\n"
	"Exit status: 0 every wanted device is bound, 1 usage or internal error,\n"
	"2 some rule could not be satisfied, 3 some line could not be understood.\n"
	"See vfio-early(8) and vfio-early.conf(5).\n";

/* In the image only. */
#define PROTECTED_FILE "/etc/vfio-early.protected"

struct options {
	const char *root;
	bool dry_run; /* of the command, not of the kernel command line */
	bool drivers;
	const char *protected; /* file */
};

/* All that a run knows. */
struct run {
	int root;
	bool dry_run;
	const char *protected;
	struct log log;
	struct cmdline cmdline;
	struct rules rules;
	struct rules protections;
	struct pci pci;
	struct plan plan;
	struct modules modules;
};

static void print(const char *text)
{
	file_write(STDOUT_FILENO, text, strlen(text)); /* whoever closed it does not want it */
}

static int fail(const struct run *run, const char *what, int error)
{
	log_write(&run->log, LEVEL_ERROR, "%s: %s", what, strerror(-error));
	return REPORT_INTERNAL;
}

static void log_problem(void *context, const char *message)
{
	const struct run *run = context;

	log_write(&run->log, LEVEL_ERROR, "%s", message);
}

static int read_cmdline(struct run *run)
{
	char *text = NULL;
	size_t length = 0;
	int result = file_read_all(run->root, "proc/cmdline", CMDLINE_MAX, &text, &length);

	if (result < 0 && result != -ENOENT)
		rules_report(&run->rules, "/proc/cmdline: %s", strerror(-result));
	result = cmdline_parse(&run->cmdline, &run->rules, text, length);
	free(text);
	return result;
}

/* Rules of the command line come first: there they decide. */
static int read_rules(struct run *run)
{
	int result = read_cmdline(run);

	return result < 0 ? result : rules_read(&run->rules, run->root);
}

/* The bridges above a device count only where a path might end at it. */
static int read_parents(struct run *run, const struct rules *rules)
{
	for (size_t i = 0; i < run->pci.count; i++) {
		bool needed = false;
		int result;

		for (size_t j = 0; !needed && j < rules->count; j++)
			needed = match_needs_parents(&rules->list[j], &run->pci.devices[i]);
		result = needed ? pci_read_parents(&run->pci, &run->pci.devices[i]) : 0;
		if (result < 0)
			return result;
	}
	return 0;
}

/* What terms ask for is read only if some rule has such a term. */
static int read_devices(struct run *run)
{
	unsigned int terms = rules_terms(&run->rules);
	int result = pci_read(&run->pci, run->root);

	if (result == 0 && terms & RULE_PLACE)
		result = read_parents(run, &run->rules);
	if (result == 0 && terms & RULE_SERIAL)
		result = pci_read_serials(&run->pci);
	if (result == 0 && terms & RULE_SLOT)
		result = pci_read_slots(&run->pci, run->root);
	if (run->pci.unreadable)
		log_write(&run->log, LEVEL_ERROR, "%zu PCI devices could not be read",
			  run->pci.unreadable);
	return result;
}

/* What the host stands on, as the hook found it when it built the image. */
static int read_protections(struct run *run)
{
	struct rules *list = &run->protections;
	int result = rules_read_file(list, run->root, run->protected);

	for (size_t i = 0; result == 0 && i < run->pci.count; i++) {
		bool named = false;

		for (size_t j = 0; !named && j < list->count; j++)
			named = match_rule_id(&list->list[j], &run->pci.devices[i]);
		if (named)
			result = pci_read_parents(&run->pci, &run->pci.devices[i]);
	}
	return result;
}

static void log_group_problem(const struct run *run, const struct pci_device *device, int error)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	log_write(&run->log, LEVEL_WARNING, "%s: its IOMMU group: %s",
		  pci_address_format(&device->address, address), strerror(-error));
}

/* Host drivers are still to come if this runs at boot, in the initramfs. */
static int make_plan(struct run *run)
{
	int result = plan_choose(&run->plan, &run->rules, &run->pci);

	if (result < 0)
		return result;
	for (size_t i = 0; i < run->pci.count; i++) {
		struct pci_device *device = &run->pci.devices[i];

		if (plan_wants_group(&run->plan, i))
			result = pci_read_group(&run->pci, device);
		if (result < 0)
			log_group_problem(run, device, result);
		result = 0;
	}
	plan_protect(&run->plan, &run->protections, &run->pci);
	return plan_settle(&run->plan, &run->rules, &run->pci, !run->dry_run);
}

static void log_report(const struct run *run)
{
	char line[REPORT_LINE_MAX];
	enum level level;

	for (size_t i = 0; i < run->plan.count; i++) {
		report_format_message(&run->plan.rows[i], line);
		log_write(&run->log, run->plan.rows[i].level, "%s", line);
	}
	report_format_summary(&run->plan, &run->rules, &level, line);
	log_write(&run->log, level, "%s", line);
}

static int report(const struct run *run)
{
	int result;

	if (run->dry_run) {
		result = output_table(STDOUT_FILENO, &run->plan);
		return result < 0 ? fail(run, "standard output", result)
				  : (int)report_status(&run->plan, &run->rules);
	}
	log_report(run);
	result = output_status(run->root, &run->plan);
	return result < 0 ? fail(run, OUTPUT_STATUS, result)
			  : (int)report_status(&run->plan, &run->rules);
}

static int bind_devices(struct run *run)
{
	const struct apply apply = {
		.pci = &run->pci,
		.modules = &run->modules,
		.root = run->root,
		.timeout = run->cmdline.timeout,
		.dry_run = run->dry_run,
	};
	int result = read_devices(run);

	if (result < 0)
		return fail(run, "/" PCI_DEVICES, result);
	result = read_protections(run);
	if (result == 0)
		result = make_plan(run);
	if (result < 0)
		return fail(run, "planning", result);
	apply_foretell(&apply, &run->plan);
	if (!run->dry_run && !run->cmdline.dry_run)
		apply_plan(&apply, &run->plan);
	return report(run);
}

static int boot(struct run *run)
{
	int result = read_rules(run);

	if (result < 0)
		return fail(run, "reading rules", result);
	if (run->rules.count == 0 && run->rules.bad == 0 && !run->dry_run)
		return REPORT_OK;
	if (run->cmdline.off) {
		log_write(&run->log, LEVEL_WARNING, "off, by vfio_early=off");
		return REPORT_OK;
	}
	return bind_devices(run);
}

/* What the initramfs hook asks before it takes modules into the image. */
static int print_drivers(struct run *run)
{
	int result = rules_read(&run->rules, run->root);

	if (result < 0)
		return fail(run, "reading rules", result);
	for (size_t i = 0; i < run->rules.count; i++) {
		const struct rule *rule = &run->rules.list[i];

		if (rule->exclude)
			continue;
		print(rule_driver(rule));
		print("\n");
	}
	return run->rules.bad ? REPORT_BAD_RULES : REPORT_OK;
}

static int run_program(const struct options *options)
{
	struct run run = {
		.dry_run = options->dry_run,
		.protected = options->protected,
		.log = { .to_kernel = !options->dry_run && !options->drivers },
		.pci = { .directory = -1 },
		.modules = { .root = options->root },
	};
	cleanup_fd int root = file_open(AT_FDCWD, options->root[0] ? options->root : "/");
	int status;

	run.root = run.log.root = root;
	run.rules.problem = log_problem;
	run.rules.context = &run;
	run.protections.problem = log_problem;
	run.protections.context = &run;
	if (root < 0)
		return fail(&run, options->root, root);
	umask(022);
	status = options->drivers ? print_drivers(&run) : boot(&run);
	modules_free(&run.modules);
	plan_free(&run.plan);
	pci_free(&run.pci);
	rules_free(&run.rules);
	rules_free(&run.protections);
	return status;
}

enum { OPTION_ROOT = 256, OPTION_DRY_RUN, OPTION_DRIVERS, OPTION_PROTECTED };

static const struct option long_options[] = {
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "drivers", no_argument, NULL, OPTION_DRIVERS },
	{ "protected", required_argument, NULL, OPTION_PROTECTED },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int wrong_usage(void)
{
	static const char hint[] = "Try 'vfio-early --help'.\n";

	file_write(STDERR_FILENO, hint, sizeof(hint) - 1);
	return REPORT_INTERNAL;
}

int main(int argc, char **argv)
{
	struct options options = { .root = "", .protected = PROTECTED_FILE };
	int option;

	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_ROOT:
			options.root = optarg;
			break;
		case OPTION_DRY_RUN:
			options.dry_run = true;
			break;
		case OPTION_DRIVERS:
			options.drivers = true;
			break;
		case OPTION_PROTECTED:
			options.protected = optarg;
			break;
		case 'h':
			print(usage);
			return REPORT_OK;
		case 'V':
			print("vfio-early " VERSION "\n");
			return REPORT_OK;
		default:
			return wrong_usage();
		}
	}
	return optind < argc ? wrong_usage() : run_program(&options);
}
