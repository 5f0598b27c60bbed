/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-earlyctl facts: what the tools of a fleet want to know of a host. JSON is what Ansible
 * takes for a local fact; the other form is Prometheus' text, version 0.0.4.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit/booted.h"
#include "command/command.h"
#include "command/look.h"
#include "core/outcome.h"
#include "image/kernels.h"
#include "look/inventory.h"
#include "term/document.h"
#include "term/options.h"

struct facts {
	struct inventory inventory;
	struct booted booted;
	struct kernels kernels;
	bool ran;                  /* at this boot */
	enum booted_rules rules;   /* of the image that booted */
	size_t outcomes[OUTCOMES]; /* devices and rules of this boot by its outcome */
	size_t changed;            /* of them, those of which something else is true now */
	bool update_needed, reboot_needed;
};

static const char *const rules_names[] = {
	[BOOTED_RULES_UNKNOWN] = "unknown",
	[BOOTED_RULES_CURRENT] = "current",
	[BOOTED_RULES_CHANGED] = "changed",
};

static int find(struct facts *facts)
{
	const struct host *host = &facts->inventory.host;
	bool has_rules = facts->inventory.forecast.rules.count > 0;
	int result = booted_read(&facts->booted, host);

	facts->ran = result == 0;
	if (result < 0 && result != -ENOENT) {
		ctl_fail(BOOTED_STATUS ": %s",
			 result == -EBADMSG
				 ? "found something else, expected the outcome of this boot"
				 : strerror(-result));
		return result;
	}
	for (size_t i = 0; i < facts->booted.count; i++) {
		const struct booted_row *row = &facts->booted.rows[i];

		for (int outcome = 0; outcome < OUTCOMES; outcome++)
			if (strcmp(row->code, outcome_name((enum outcome)outcome)) == 0)
				facts->outcomes[outcome]++;
		if (booted_compare(row, &facts->inventory.forecast.pci) != BOOTED_SAME)
			facts->changed++;
	}
	result = kernels_find(&facts->kernels, host, NULL);
	if (result == 0)
		result = booted_compare_rules(host, &facts->rules);
	if (result < 0)
		ctl_fail("images and their rules: %s", strerror(-result));
	for (size_t i = 0; i < facts->kernels.count; i++)
		if (kernels_is_stale(&facts->kernels.list[i], has_rules))
			facts->update_needed = true;
	/* A reboot helps only if some image has what the one that booted has not. */
	if (facts->rules == BOOTED_RULES_CHANGED ||
	    (facts->rules == BOOTED_RULES_UNKNOWN && has_rules))
		facts->reboot_needed = kernels_have_current(&facts->kernels);
	return result;
}

static json_t *pack_images(const struct facts *facts)
{
	const struct builder *builder = facts->kernels.builder;
	bool has_rules = facts->inventory.forecast.rules.count > 0;
	json_t *images = json_array();

	for (size_t i = 0; i < facts->kernels.count; i++) {
		const struct kernel *kernel = &facts->kernels.list[i];
		/* The command that rebuilds the image; null if that is not needed. */
		json_t *command = json_null();

		if (kernels_is_stale(kernel, has_rules))
			command = json_sprintf("%s %s",
					       kernel->state == KERNEL_NO_IMAGE ? builder->first
										: builder->one,
					       kernel->release);
		json_array_append_new(images,
				      json_pack("{s:s, s:s, s:b, s:o}", "kernel", kernel->release,
						"rules", kernels_state_name(kernel->state),
						"running", kernel->running, "command", command));
	}
	return images;
}

static int print_json(const struct facts *facts)
{
	static const struct table_options options = { .json = true };
	struct document document = { .options = &options };
	size_t errors = findings_count(&facts->inventory.findings, FINDING_ERROR);
	json_t *outcomes = json_object();

	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		json_object_set_new(outcomes, outcome_name((enum outcome)outcome),
				    json_integer((json_int_t)facts->outcomes[outcome]));
	document_add(&document, "version", json_string(VERSION));
	document_add(&document, "rules",
		     json_pack("{s:i, s:i}", "count", (int)facts->inventory.forecast.rules.count,
			       "errors", (int)errors));
	document_add(&document, "boot",
		     json_pack("{s:b, s:s, s:o, s:i}", "ran", facts->ran, "rules",
			       rules_names[facts->rules], "outcomes", outcomes, "changed",
			       (int)facts->changed));
	document_add(&document, "images", pack_images(facts));
	document_add(&document, "update_needed", json_boolean(facts->update_needed));
	document_add(&document, "reboot_needed", json_boolean(facts->reboot_needed));
	return document_end(&document, 0, CTL_OK);
}

static void print_gauge(const char *name, const char *help)
{
	printf("# HELP vfio_early_%s %s\n# TYPE vfio_early_%s gauge\n", name, help, name);
}

static void print_value(const char *name, const char *help, size_t value)
{
	print_gauge(name, help);
	printf("vfio_early_%s %zu\n", name, value);
}

static int print_prometheus(const struct facts *facts)
{
	print_value("rule_errors", "Lines of the rules that are not valid.",
		    findings_count(&facts->inventory.findings, FINDING_ERROR));
	print_value("ran", "Whether vfio-early left a report at this boot.", facts->ran);
	print_gauge("devices", "Devices and rules by what the last boot made of them.");
	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		printf("vfio_early_devices{outcome=\"%s\"} %zu\n",
		       outcome_name((enum outcome)outcome), facts->outcomes[outcome]);
	print_value("devices_changed", "Devices of which something else is true since.",
		    facts->changed);
	/* A release has no character that would have to be escaped: see kernels_find(). */
	print_gauge("image_current", "Whether a kernel's image is current, see vfio-earlyctl(8).");
	for (size_t i = 0; i < facts->kernels.count; i++)
		printf("vfio_early_image_current{kernel=\"%s\"} %d\n",
		       facts->kernels.list[i].release,
		       facts->kernels.list[i].state == KERNEL_CURRENT);
	print_value("update_needed", "Whether update-initramfs is to be run.",
		    facts->update_needed);
	print_value("reboot_needed", "Whether a reboot would bring other rules.",
		    facts->reboot_needed);
	return CTL_OK;
}

static const char usage[] =
	"Usage: vfio-earlyctl facts [OPTION]...\n"
	"Prints what a fleet's tools ask for: what the last boot made of the rules, whether\n"
	"each image has them, and whether update-initramfs or a reboot is due. JSON, as an\n"
	"executable below /etc/ansible/facts.d prints it.\n"
	"\n"
	"  -J, --json          print JSON; it is so without options, too\n"
	"  -P, --prometheus    print the text that node_exporter's textfile collector reads\n"
	"  -h, --help          print this\n";

static const char statuses[] = "0 the facts were printed, 1 usage or internal error.";

int command_facts(const struct ctl *ctl, int argc, char **argv)
{
	struct facts facts = { .ran = false };
	bool prometheus = false;
	const struct options_entry entries[] = {
		{ 'J', "json", .clear = &prometheus },
		{ 'P', "prometheus", .set = &prometheus },
		{},
	};
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = entries,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	status = CTL_INTERNAL;
	if (look_at_host(&facts.inventory, ctl, 0) == 0 && find(&facts) == 0)
		status = prometheus ? print_prometheus(&facts) : print_json(&facts);
	kernels_free(&facts.kernels);
	booted_free(&facts.booted);
	inventory_close(&facts.inventory);
	return status;
}
