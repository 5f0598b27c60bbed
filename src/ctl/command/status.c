/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl status: what this boot did, and what is true now. */
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
	[NAME] = { "NAME", TABLE_CUT, 0, "maker and model, or the rule that no device answered" },
	[OUTCOME] = { "OUTCOME", 0, 0, "what this boot made of it, as vfio-early(8) has it" },
	[THEN] = { "THEN", TABLE_EXTRA, 0, "driver that it had after that" },
	[NOW] = { "NOW", 0, 0, "driver that it has now" },
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
			     "%s had %s after this boot, now %s%s; run 'vfio-earlyctl bind %s %s'",
			     format_name(status, device, name), row->driver,
			     device->driver ? "it has " : "no driver has it",
			     device->driver ? device->driver : "", row->address, row->driver);
		break;
	case BOOTED_SINCE:
		findings_add(findings, FINDING_NOTE, row->rule,
			     "%s was %s at this boot, now %s has it",
			     format_name(status, device, name), row->code, device->driver);
		break;
	case BOOTED_GONE:
		findings_add(findings, FINDING_WARNING, row->rule,
			     "%s is no longer there: taken out, or it fell off its bus",
			     row->address);
		break;
	case BOOTED_OTHER:
		findings_add(findings, FINDING_WARNING, row->rule,
			     "%s was there at this boot, now another card is: %s", row->id,
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
	if (judge(row) != FINDING_WARNING || change == BOOTED_SINCE)
		return;
	if (device && change != BOOTED_OTHER)
		findings_add(&status->findings, FINDING_WARNING, row->rule, "%s: %s%s%s",
			     format_name(status, device, name), row->code, colon, row->detail);
	else
		findings_add(&status->findings, FINDING_WARNING, row->rule, "%s%s%s", row->code,
			     colon, row->detail);
}

/* What VMs can have, although this boot knows nothing of it. */
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
				     "%s has %s, but not by vfio-early",
				     format_name(status, device, name), device->driver);
	}
}

static bool has_rules(const struct status *status)
{
	return status->inventory.forecast.rules.count > 0;
}

#define RULES_CHANGED "the rules have changed since the image that booted was built; "

static void audit_images(struct status *status)
{
	if (kernels_find(&status->kernels, &status->inventory.host) < 0 ||
	    booted_compare_rules(&status->inventory.host, &status->image) < 0) {
		findings_add(&status->findings, FINDING_WARNING, NULL,
			     "the rules cannot be read, so nothing can be said of images");
		return;
	}
	if (status->image != BOOTED_RULES_CHANGED)
		return;
	if (kernels_have_current(&status->kernels))
		findings_add(&status->findings, FINDING_WARNING, NULL,
			     RULES_CHANGED "they count after a reboot");
	else
		findings_add(&status->findings, FINDING_WARNING, NULL,
			     RULES_CHANGED "run '%s' and reboot",
			     builder_find(&status->inventory.host)->command);
}

/* Why there is nothing to tell of this boot. */
static void audit_absence(struct status *status, bool pending)
{
	const struct forecast *forecast = &status->inventory.forecast;

	if (status->error == -EBADMSG)
		findings_add(&status->findings, FINDING_WARNING, BOOTED_STATUS,
			     "found something else, expected the outcome of this boot");
	else if (status->error != -ENOENT)
		findings_add(&status->findings, FINDING_WARNING, BOOTED_STATUS, "%s",
			     strerror(-status->error));
	else if (forecast->parameters.off_by)
		findings_add(&status->findings, FINDING_WARNING, "/proc/cmdline",
			     "%s: this boot did nothing", forecast->parameters.off_by);
	else if (status->image == BOOTED_RULES_CHANGED)
		return; /* and that has been said */
	else if (forecast->rules.count > 0 && pending)
		findings_add(&status->findings, FINDING_WARNING, NULL,
			     "this boot knew nothing of the rules; they count after a reboot");
	else if (forecast->rules.count > 0)
		findings_add(&status->findings, FINDING_WARNING, NULL,
			     "there are rules now, but this boot had none, or no vfio-early in its "
			     "image; run 'vfio-earlyctl image' to look into it");
}

static void find_all(struct status *status)
{
	audit_messages(&status->findings, &status->inventory);
	status->error = booted_read(&status->booted, &status->inventory.host);
	audit_images(status);
	if (status->error < 0)
		audit_absence(status, kernels_have_current(&status->kernels));
	for (size_t i = 0; status->error == 0 && i < status->booted.count; i++)
		audit_row(status, &status->booted.rows[i]);
	audit_others(status);
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
	int result = table_open(&table, &status->options, "devices", columns);

	for (size_t i = 0; i < status->booted.count && result == 0; i++)
		add_row(status, &table, &status->booted.rows[i]);
	if (result == 0)
		result = document_print_table(&status->document, &table, "At this boot:");
	table_close(&table);
	return result;
}

enum { BOOTED_RULES };

static const struct table_column image_columns[] = {
	[BOOTED_RULES] = { "RULES", 0, 0, "whether the image that booted has those of now" },
	{},
};

static int print_image(struct status *status)
{
	const struct table_options options = { .json = true };
	struct table table;
	int result = table_open(&table, &options, "booted", image_columns);

	if (result == 0)
		table_set(&table, table_add(&table, NULL), BOOTED_RULES,
			  image_names[status->image]);
	if (result == 0)
		result = document_print_table(&status->document, &table, NULL);
	table_close(&table);
	return result;
}

static void print_summary(struct status *status)
{
	const struct findings *findings = &status->findings;
	size_t errors = findings_count(findings, FINDING_ERROR);
	char counts[FINDINGS_COUNTS_MAX];

	document_print_gap(&status->document);
	if (status->error == -ENOENT && !has_rules(status) && errors == 0)
		document_print_text(&status->document,
				    "There are no rules; 'vfio-earlyctl add' makes one.");
	else if (errors == 0 && findings_count(findings, FINDING_WARNING) == 0)
		document_print_text(&status->document, "All is as the rules want it.");
	else
		document_print_text(&status->document, "%s.",
				    findings_format_counts(findings, counts));
}

static int print_all(struct status *status)
{
	const struct table_options *options = &status->options;
	int result = print_devices(status);

	if (result < 0 || table_is_alone(options))
		return result;
	if (options->json)
		result = print_image(status);
	if (result == 0)
		result = kernels_print(&status->kernels, &status->document);
	if (result == 0 && status->findings.count > 0)
		document_print_gap(&status->document);
	if (result == 0)
		result = findings_print(&status->findings, &status->document);
	if (result == 0)
		print_summary(status);
	return result;
}

static int run_status(struct status *status, const struct ctl *ctl)
{
	int result, ended = CTL_INTERNAL;

	if (look_at_host(&status->inventory, ctl, 0) == 0) {
		status->document.options = &status->options;
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
	"Prints what this boot did with each device that a rule is about, what has become of\n"
	"it since, and whether the images have the rules of now.\n"
	"\n"
	"  -h, --help          print this\n";

static const char statuses[] =
	"0 all is as the rules want it, 1 usage or internal error, 2 there are\n"
	"warnings, 3 some line could not be understood.";

int command_status(const struct ctl *ctl, int argc, char **argv)
{
	struct status status = { .options.list = true };
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.table = &status.options,
		.columns = columns,
	};
	int parsed = options_parse(&options, ctl, &argc, &argv);

	return parsed == OPTIONS_RUN ? run_status(&status, ctl) : parsed;
}
