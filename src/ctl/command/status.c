/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl status: the result of this boot, and what has changed since. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/booted.h"
#include "command/command.h"
#include "command/kernels.h"
#include "command/look.h"
#include "core/outcome.h"
#include "core/vfio.h"
#include "term/document.h"
#include "term/options.h"

enum { DEVICE, ID, NAME, OUTCOME, THEN, NOW, CHANGE, RULE, DETAIL };

static const struct table_column columns[] = {
	[DEVICE] = { "DEVICE", 0, 0, "address" },
	[ID] = { "ID", 0, 110, "vendor and device" },
	[NAME] = { "NAME", TABLE_CUT, 0, "vendor and model, or the rule that no device matched" },
	[OUTCOME] = { "OUTCOME", 0, 0, "outcome at this boot, see vfio-early(8)" },
	[THEN] = { "THEN", TABLE_EXTRA, 0, "its driver after this boot" },
	[NOW] = { "NOW", 0, 0, "its driver now" },
	[CHANGE] = { "CHANGE", 0, 0, "same, lost, since, gone or other, see vfio-earlyctl(8)" },
	[RULE] = { "RULE", 0, 96, "rule that decided" },
	[DETAIL] = { "DETAIL", TABLE_EXTRA, 0, "why" },
	{},
};

static const char *const changes[] = {
	[BOOTED_SAME] = "same", [BOOTED_LOST] = "lost",   [BOOTED_SINCE] = "since",
	[BOOTED_GONE] = "gone", [BOOTED_OTHER] = "other",
};

static const char *const image_names[] = {
	[BOOTED_RULES_CURRENT] = "current",
	[BOOTED_RULES_CHANGED] = "changed",
	[BOOTED_RULES_UNKNOWN] = "not noted",
};

struct status {
	struct inventory inventory;
	struct booted booted;
	struct kernels kernels;
	struct findings findings;
	struct table_options options;
	struct document document;
	bool boot;               /* of this boot alone, for a service */
	enum booted_rules image; /* of the image that booted */
	int error;               /* of booted_read() */
};

static const char *format_name(struct status *status, const struct pci_device *device,
			       char text[PCI_IDS_SENTENCE_MAX])
{
	return pci_ids_sentence(&status->inventory.names, device, text, PCI_IDS_SENTENCE_MAX);
}

static void audit_change(struct status *status, const struct booted_row *row,
			 const struct pci_device *device)
{
	struct findings *findings = &status->findings;
	char name[PCI_IDS_SENTENCE_MAX];

	switch (booted_compare(row, &status->inventory.forecast.pci)) {
	case BOOTED_LOST:
		findings_add(findings, FINDING_WARNING, row->rule,
			     "%s was bound to %s at this boot, and has %s%s now",
			     format_name(status, device, name), row->driver,
			     device->driver ? "" : "no driver", device->driver ?: "");
		findings_fix(findings, "Run 'vfio-earlyctl bind %s %s'", row->address, row->driver);
		break;
	case BOOTED_SINCE:
		findings_add(findings, FINDING_NOTE, row->rule,
			     "%s was %s at this boot, and is bound to %s now",
			     format_name(status, device, name), row->code, device->driver);
		break;
	case BOOTED_GONE:
		findings_add(findings, FINDING_WARNING, row->rule,
			     "%s is absent now: removed, or lost from its bus", row->address);
		break;
	case BOOTED_OTHER:
		findings_add(findings, FINDING_WARNING, row->rule,
			     "Another card is in the place of %s now: %s", row->id,
			     format_name(status, device, name));
		break;
	case BOOTED_SAME:
		break;
	}
}

/* A detail tells why, or of something beside it; that of a rule without a device is its text. */
static enum finding_level judge(const struct booted_row *row)
{
	if (!row->satisfied || strcmp(row->code, outcome_name(OUTCOME_WOULD_BIND)) == 0)
		return FINDING_WARNING;
	return row->id[0] == '\0' || row->detail[0] == '\0' ? FINDING_NOTE : FINDING_WARNING;
}

static void audit_row(struct status *status, const struct booted_row *row)
{
	const struct pci_device *device = booted_device(row, &status->inventory.forecast.pci);
	enum booted_change change = booted_compare(row, &status->inventory.forecast.pci);
	const char *colon = row->detail[0] != '\0' ? ": " : "";
	char name[PCI_IDS_SENTENCE_MAX];

	audit_change(status, row, device);
	if (judge(row) != FINDING_WARNING || change == BOOTED_SINCE ||
	    (status->boot && booted_is_bound(row) && row->satisfied))
		return;
	if (device && change != BOOTED_OTHER)
		findings_add(&status->findings, FINDING_WARNING, row->rule, "%s: %s%s%s",
			     format_name(status, device, name), row->code, colon, row->detail);
	else
		findings_add(&status->findings, FINDING_WARNING, row->rule, "%s%s%s", row->code,
			     colon, row->detail);
}

/* Devices that are bound to vfio-pci, but not by this boot. */
static void audit_others(struct status *status)
{
	const struct pci *pci = &status->inventory.forecast.pci;
	char name[PCI_IDS_SENTENCE_MAX];

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		bool known = !device->driver || !vfio_is_driver(device->driver);

		for (size_t j = 0; j < status->booted.count && !known; j++)
			known = booted_device(&status->booted.rows[j], pci) == device;
		if (!known)
			findings_add(&status->findings, FINDING_NOTE, NULL,
				     "%s is bound to %s, but not by vfio-early",
				     format_name(status, device, name), device->driver);
	}
}

/* A rule of udev loads it, after the boot has bound the devices. */
static void audit_iommu_module(struct status *status)
{
	const struct host *host = &status->inventory.host;
	bool bound = false;

	for (size_t i = 0; i < status->booted.count; i++)
		bound |= booted_is_bound(&status->booted.rows[i]) &&
			 vfio_is_driver(status->booted.rows[i].driver);
	if (!bound || !host_has(host, "/sys/module", "vfio") ||
	    host_has(host, "/sys/module", VFIO_IOMMU_MODULE))
		return;
	findings_add(&status->findings, FINDING_WARNING, NULL,
		     "The devices can't be passed through: " VFIO_IOMMU_MODULE " is not loaded");
	findings_fix(&status->findings, "Run 'modprobe " VFIO_IOMMU_MODULE "'");
}

static bool has_rules(const struct status *status)
{
	return status->inventory.forecast.rules.count > 0;
}

/* Whether the image that booted has the current rules, and why nothing is known of this boot. */
static void audit_boot(struct status *status)
{
	const struct forecast *forecast = &status->inventory.forecast;
	struct findings *findings = &status->findings;
	bool pending;

	if (!status->boot)
		kernels_look(&status->kernels, &status->inventory.host, NULL, findings);
	if (booted_compare_rules(&status->inventory.host, &status->image) < 0)
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "The rules can't be read, and so not compared with the images");
	pending = kernels_have_current(&status->kernels);
	if (status->image == BOOTED_RULES_CHANGED) {
		findings_add(findings, FINDING_WARNING, NULL,
			     "The rules have changed since the image that booted was built");
		if (pending)
			findings_fix(findings, "Reboot");
		else
			findings_fix(findings, "Run '%s', then reboot",
				     builder_find(&status->inventory.host)->command);
	}
	if (status->error == -EBADMSG) {
		findings_add(findings, FINDING_WARNING, BOOTED_STATUS,
			     "Found another format, expected the result of this boot");
	} else if (status->error < 0 && status->error != -ENOENT) {
		findings_add(findings, FINDING_WARNING, BOOTED_STATUS, "%s",
			     strerror(-status->error));
	} else if (status->error < 0 && forecast->parameters.off_by) {
		findings_add(findings, FINDING_WARNING, "/proc/cmdline",
			     "%s is set: this boot applied no rule", forecast->parameters.off_by);
	} else if (status->error < 0 && status->image != BOOTED_RULES_CHANGED &&
		   has_rules(status)) {
		findings_add(findings, FINDING_WARNING, NULL, "This boot applied no rule: %s",
			     pending ? "the rules are newer than its image"
				     : "its image had none, or no vfio-early");
		findings_fix(findings, "%s",
			     pending ? "Reboot"
				     : "Run 'vfio-earlyctl image' to look into the image");
	}
}

static void find_all(struct status *status)
{
	audit_messages(&status->findings, &status->inventory);
	status->error = booted_read(&status->booted, &status->inventory.host);
	audit_boot(status);
	for (size_t i = 0; status->error == 0 && i < status->booted.count; i++)
		audit_row(status, &status->booted.rows[i]);
	audit_others(status);
	audit_iommu_module(status);
	audit_kernels(&status->findings, &status->kernels, has_rules(status));
}

static void add_row(struct status *status, struct table *table, const struct booted_row *row)
{
	const struct pci *pci = &status->inventory.forecast.pci;
	const struct pci_device *device = booted_device(row, pci);
	enum booted_change change = booted_compare(row, pci);
	struct libscols_line *line = table_add(table, NULL);
	char name[PCI_IDS_TEXT_MAX];

	table_set(table, line, DEVICE, row->address);
	table_set(table, line, ID, row->id);
	table_set(table, line, OUTCOME, row->code);
	table_set(table, line, THEN, row->driver);
	table_set(table, line, RULE, row->rule);
	table_set(table, line, DETAIL, row->detail);
	if (row->id[0] != '\0')
		table_set(table, line, CHANGE, changes[change]);
	if (device) {
		table_set(table, line, NOW, device->driver);
		table_set(table, line, NAME,
			  pci_ids_short(&status->inventory.names, device, name, sizeof(name)));
	} else if (row->id[0] == '\0') {
		table_set(table, line, NAME, row->detail);
	}
	if (change == BOOTED_LOST || change == BOOTED_OTHER)
		table_color(table, line, TABLE_RED);
	else if (judge(row) == FINDING_WARNING)
		table_color(table, line, TABLE_YELLOW);
}

static int print_devices(struct status *status)
{
	struct table table;

	table_open(&table, &status->options, "devices", columns);
	for (size_t i = 0; i < status->booted.count; i++)
		add_row(status, &table, &status->booted.rows[i]);
	return document_print_table(&status->document, &table, "At this boot:");
}

enum { BOOTED_RULES };

static const struct table_column image_columns[] = {
	[BOOTED_RULES] = { "RULES", 0, 0, "whether the image that booted has the current rules" },
	{},
};

static int print_image(struct status *status)
{
	const struct table_options options = { .json = true };
	struct table table;

	table_open(&table, &options, "booted", image_columns);
	table_set(&table, table_add(&table, NULL), BOOTED_RULES, image_names[status->image]);
	return document_print_table(&status->document, &table, NULL);
}

static void print_answer(struct status *status)
{
	const struct booted *booted = &status->booted;
	size_t wanted = 0, right = 0;
	char counts[FINDINGS_COUNTS_MAX];

	findings_format_counts(&status->findings, counts);
	for (size_t i = 0; i < booted->count; i++) {
		const struct booted_row *row = &booted->rows[i];
		enum booted_change change = booted_compare(row, &status->inventory.forecast.pci);

		if (strcmp(row->code, outcome_name(OUTCOME_EXCLUDED)) == 0 ||
		    (row->satisfied && row->id[0] == '\0'))
			continue;
		wanted++;
		right += booted_is_bound(row) && row->satisfied && change == BOOTED_SAME;
	}
	if (status->inventory.forecast.rules.bad > 0)
		document_print_text(&status->document,
				    "The rules are not valid, so no image is built: %s", counts);
	else if (status->error == -ENOENT && !has_rules(status))
		document_print_text(&status->document,
				    "There are no rules. Run 'vfio-earlyctl add DEVICE' to make "
				    "one%s%s",
				    counts[0] ? ": " : "", counts);
	else if (status->error < 0)
		document_print_text(&status->document, "No device was bound at this boot%s%s",
				    counts[0] ? ": " : "", counts);
	else if (right == wanted)
		document_print_text(&status->document, "%s%zu device%s bound as configured%s%s",
				    right > 1 ? "All " : "", right, right == 1 ? " is" : "s are",
				    counts[0] ? ": " : "", counts);
	else
		document_print_text(&status->document,
				    "%zu of %zu device%s bound as configured: %s", right, wanted,
				    wanted == 1 ? " is" : "s are", counts);
}

static int print_all(struct status *status)
{
	const struct table_options *options = &status->options;
	int result = 0;

	if (table_is_alone(options))
		return print_devices(status);
	print_answer(status);
	if (status->findings.count > 0 && !options->json) {
		document_print_gap(&status->document);
		result = findings_print(&status->findings, &status->document);
	}
	if (result == 0)
		result = print_devices(status);
	if (result == 0 && options->json)
		result = print_image(status);
	if (result == 0)
		result = kernels_print(&status->kernels, &status->document);
	if (result == 0 && options->json)
		result = findings_print(&status->findings, &status->document);
	return result;
}

/* For the journal: a line, and what to run. What the kernel command line switched off is no failure. */
static int print_boot(struct status *status)
{
	const char *off_by = status->inventory.forecast.parameters.off_by;
	int ended;

	if (off_by) {
		document_print_text(&status->document, "%s is set: this boot applied no rule",
				    off_by);
		return CTL_OK;
	}
	find_all(status);
	ended = audit_status(&status->findings, &status->inventory);
	print_answer(status);
	if (ended != CTL_OK)
		document_print_text(&status->document, "To see why, run 'vfio-earlyctl status'");
	return ended;
}

static int run_status(struct status *status, const struct ctl *ctl)
{
	int result, ended;

	status->document.options = &status->options;
	if (look_at_host(&status->inventory, ctl, 0) < 0) {
		ended = CTL_INTERNAL;
	} else if (status->boot) {
		ended = print_boot(status);
	} else {
		find_all(status);
		result = print_all(status);
		ended = document_end(&status->document, result,
				     audit_status(&status->findings, &status->inventory));
	}
	kernels_free(&status->kernels);
	booted_free(&status->booted);
	findings_free(&status->findings);
	inventory_close(&status->inventory);
	return ended;
}

static const char usage[] =
	"Usage: vfio-earlyctl status [OPTION]...\n"
	"Prints whether this boot bound every device that rules name and whether it still is,\n"
	"then the result for each device, and whether the images have the current rules.\n"
	"\n"
	"      --boot          print a line about this boot alone, and look into no image; a boot\n"
	"                      with vfio_early=off or in recovery mode is no failure\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 all is as configured, 1 usage or internal error, 2 there are errors or warnings,\n"
	"3 a line of the rules is not valid.";

int command_status(const struct ctl *ctl, int argc, char **argv)
{
	struct status status = { .options.list = true };
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = (const struct options_entry[]){
			{ '\0', "boot", .set = &status.boot }, {} },
		.table = &status.options,
		.columns = columns,
	};
	int parsed = options_parse(&options, ctl, &argc, &argv);

	return parsed == OPTIONS_RUN ? run_status(&status, ctl) : parsed;
}
