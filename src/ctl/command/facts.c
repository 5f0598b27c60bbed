/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-earlyctl facts: what the tools of a fleet want to know of a host. JSON is what Ansible
 * takes for a local fact; the other form is Prometheus' text, version 0.0.4.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "audit/booted.h"
#include "command/command.h"
#include "command/look.h"
#include "core/outcome.h"
#include "image/kernels.h"
#include "look/inventory.h"
#include "term/findings.h"
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

static void count_row(struct facts *facts, const struct booted_row *row)
{
	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		if (strcmp(row->code, outcome_name((enum outcome)outcome)) == 0)
			facts->outcomes[outcome]++;
	if (booted_compare(row, &facts->inventory.forecast.pci) != BOOTED_SAME)
		facts->changed++;
}

/* A reboot helps only if some image has what the one that booted has not. */
static void judge(struct facts *facts)
{
	bool has_rules = facts->inventory.forecast.rules.count > 0;

	for (size_t i = 0; i < facts->kernels.count; i++)
		if (kernels_is_stale(&facts->kernels.list[i], has_rules))
			facts->update_needed = true;
	if (facts->rules == BOOTED_RULES_CHANGED ||
	    (facts->rules == BOOTED_RULES_UNKNOWN && has_rules))
		facts->reboot_needed = kernels_have_current(&facts->kernels);
}

static int find(struct facts *facts)
{
	int result = booted_read(&facts->booted, &facts->inventory.host);

	facts->ran = result == 0;
	if (result < 0 && result != -ENOENT) {
		ctl_fail(BOOTED_STATUS ": %s",
			 result == -EBADMSG
				 ? "found something else, expected the outcome of this boot"
				 : strerror(-result));
		return result;
	}
	for (size_t i = 0; i < facts->booted.count; i++)
		count_row(facts, &facts->booted.rows[i]);
	result = kernels_find(&facts->kernels, &facts->inventory.host);
	if (result == 0)
		result = booted_compare_rules(&facts->inventory.host, &facts->rules);
	if (result < 0)
		ctl_fail("images and their rules: %s", strerror(-result));
	judge(facts);
	return result;
}

static json_t *pack_outcomes(const struct facts *facts)
{
	json_t *outcomes = json_object();

	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		json_object_set_new(outcomes, outcome_name((enum outcome)outcome),
				    json_integer((json_int_t)facts->outcomes[outcome]));
	return outcomes;
}

/* The command that makes the image anew; null if that is not needed. */
static json_t *pack_command(const struct facts *facts, const struct kernel *kernel)
{
	const struct builder *builder = facts->kernels.builder;

	if (!kernels_is_stale(kernel, facts->inventory.forecast.rules.count > 0))
		return json_null();
	return json_sprintf("%s %s",
			    kernel->state == KERNEL_NO_IMAGE ? builder->first : builder->one,
			    kernel->release);
}

static json_t *pack_images(const struct facts *facts)
{
	json_t *images = json_array();

	for (size_t i = 0; i < facts->kernels.count; i++) {
		const struct kernel *kernel = &facts->kernels.list[i];

		json_array_append_new(
			images, json_pack("{s:s, s:s, s:b, s:o}", "kernel", kernel->release,
					  "rules", kernels_state_name(kernel->state), "running",
					  kernel->running, "command", pack_command(facts, kernel)));
	}
	return images;
}

static int print_json(const struct facts *facts)
{
	json_t *document = json_pack(
		"{s:s, s:{s:i, s:i}, s:{s:b, s:s, s:o, s:i}, s:o, s:b, s:b}", "version", VERSION,
		"rules", "count", (int)facts->inventory.forecast.rules.count, "errors",
		(int)findings_count(&facts->inventory.findings, FINDING_ERROR), "boot", "ran",
		facts->ran, "rules", rules_names[facts->rules], "outcomes", pack_outcomes(facts),
		"changed", (int)facts->changed, "images", pack_images(facts), "update_needed",
		facts->update_needed, "reboot_needed", facts->reboot_needed);
	int result = document ? json_dumpf(document, stdout, JSON_INDENT(2)) : -1;

	json_decref(document);
	putchar('\n');
	return result < 0 ? -ENOMEM : 0;
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

static void print_outcomes(const struct facts *facts)
{
	print_gauge("devices", "Devices and rules by what the last boot made of them.");
	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		printf("vfio_early_devices{outcome=\"%s\"} %zu\n",
		       outcome_name((enum outcome)outcome), facts->outcomes[outcome]);
}

/* A release has no character that would have to be escaped: see kernels_find(). */
static void print_images(const struct facts *facts)
{
	print_gauge("image_current", "Whether a kernel's image has the rules of now.");
	for (size_t i = 0; i < facts->kernels.count; i++)
		printf("vfio_early_image_current{kernel=\"%s\"} %d\n",
		       facts->kernels.list[i].release,
		       facts->kernels.list[i].state == KERNEL_CURRENT);
}

static int print_prometheus(const struct facts *facts)
{
	print_value("rule_errors", "Lines of the rules that cannot be understood.",
		    findings_count(&facts->inventory.findings, FINDING_ERROR));
	print_value("ran", "Whether vfio-early left a report at this boot.", facts->ran);
	print_outcomes(facts);
	print_value("devices_changed", "Devices of which something else is true since.",
		    facts->changed);
	print_images(facts);
	print_value("update_needed", "Whether update-initramfs is to be run.",
		    facts->update_needed);
	print_value("reboot_needed", "Whether a reboot would bring other rules.",
		    facts->reboot_needed);
	return 0;
}

static int run_facts(const struct ctl *ctl, int (*print)(const struct facts *facts))
{
	struct facts facts = { .ran = false };
	int result = look_at_host(&facts.inventory, ctl, 0);

	if (result == 0)
		result = find(&facts);
	if (result == 0)
		result = print(&facts);
	kernels_free(&facts.kernels);
	booted_free(&facts.booted);
	inventory_close(&facts.inventory);
	return result < 0 ? CTL_INTERNAL : CTL_OK;
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
	return run_facts(ctl, prometheus ? print_prometheus : print_json);
}
