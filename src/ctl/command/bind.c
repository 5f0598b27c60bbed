/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl bind: a device to a driver, now, as the boot program does it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bind/apply.h"
#include "bind/signals.h"
#include "command/command.h"
#include "command/live.h"
#include "protect/busy.h"
#include "rules/conflicts.h"
#include "term/options.h"
#include "term/shown.h"

static const char usage[] =
	"Usage: vfio-earlyctl bind [--force] [--timeout SECONDS] DEVICE [DRIVER]\n"
	"Binds the device to the driver now, without a reboot. Without DRIVER: to that which its\n"
	"rule names, or vfio-pci. A device that the driver does not take returns to its host driver.\n"
	"\n"
	"  -f, --force            also a device that is in use\n"
	"  -t, --timeout SECONDS  how long all drivers together may take; 10 if not given\n"
	"  -h, --help             print this\n";

/* What a person can do about an outcome. */
static const char *const advice[] = {
	[OUTCOME_PROTECTED] = "nothing was changed; --force binds it anyway",
	[OUTCOME_BRIDGE] = "bridges are never bound",
	[OUTCOME_NO_IOMMU] = "turn the IOMMU on, in the firmware's setup and for the kernel",
	[OUTCOME_NO_DRIVER] = "this kernel has neither such a driver nor such a module",
	[OUTCOME_PROBE_FAILED] = "'dmesg' may tell why",
	[OUTCOME_TIMEOUT] = "the device goes back to the host when the kernel lets go of it",
};

/* The rules of this one run: each device by its address. */
static int make_rules(const struct live *live, struct rules *rules)
{
	char address[PCI_ADDRESS_TEXT_MAX];
	int result = 0;

	for (size_t i = 0; i < live->count && result == 0; i++) {
		const struct pci_device *device = live_device(live, i, address);
		const struct rule *next;
		struct rule rule = {
			.terms = RULE_PLACE,
			.options = RULE_DRIVER | (live->force ? RULE_FORCE : 0),
			.place.start = device->address,
			.file = "vfio-earlyctl bind",
		};

		result = live_find_rule(live, device, &next);
		if (result < 0)
			break;
		snprintf(rule.driver, sizeof(rule.driver), "%s",
			 live->driver ? live->driver
			 : next       ? rule_driver(next)
				      : RULE_DEFAULT_DRIVER);
		if (next)
			strcpy(rule.settings, next->settings);
		result = rules_append(rules, &rule);
	}
	return result;
}

static bool is_open(const struct plan_row *row)
{
	return row->outcome == OUTCOME_WOULD_BIND;
}

/* At boot nothing is in use yet; now something can be. A command that names a card means all of it.
 */
static bool is_free(const struct live *live, const struct plan *plan)
{
	char address[PCI_ADDRESS_TEXT_MAX], text[BUSY_TEXT_MAX];
	bool is_free = true;

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (row->outcome == OUTCOME_PROTECTED) {
			is_free = false;
		} else if (is_open(row) && !live->force &&
			   busy_find(&live->inventory.host, row->device, text)) {
			ctl_fail("%s: %s: in use: %s; it has %s now; %s",
				 pci_address_format(&row->device->address, address),
				 outcome_name(OUTCOME_PROTECTED), text,
				 row->device->driver ?: "no driver", advice[OUTCOME_PROTECTED]);
			is_free = false;
		}
	}
	return is_free;
}

static int report(const struct plan *plan, bool changed)
{
	char address[PCI_ADDRESS_TEXT_MAX];
	int status = CTL_OK;

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];
		const char *before = row->device->driver ? row->device->driver : "no driver";
		const char *what = row->detail[0] ? row->detail : row->wanted;

		pci_address_format(&row->device->address, address);
		if (outcome_satisfies(row->outcome) && !is_open(row)) {
			if (row->outcome == OUTCOME_ALREADY_BOUND)
				printf("%s: has %s already\n", address, row->driver);
			else
				printf("%s: bound to %s (before: %s)\n", address, row->driver,
				       before);
			if (row->level == LEVEL_WARNING)
				ctl_fail("%s: %s", address, row->detail);
			if (!row->satisfied)
				status = CTL_INCOMPLETE;
		} else if (!is_open(row) || changed) {
			if (row->outcome == OUTCOME_NO_DRIVER)
				what = row->wanted;
			else if (row->outcome == OUTCOME_TIMEOUT)
				what = "its drivers took too long";
			ctl_fail("%s: %s: %s; it has %s now; %s", address,
				 outcome_name(row->outcome), what,
				 row->driver[0] ? row->driver : "no driver", advice[row->outcome]);
			status = CTL_INCOMPLETE;
		}
	}
	return status;
}

static void print_hint(const struct live *live)
{
	char address[PCI_ADDRESS_TEXT_MAX];
	const struct rule *rule;

	for (size_t i = 0; i < live->count; i++) {
		if (live_find_rule(live, live_device(live, i, address), &rule) < 0 || rule)
			continue;
		shown_print(stdout, "\n",
			    "This lasts until the next boot; for longer: vfio-earlyctl add '%s'\n",
			    live->device);
		return;
	}
}

static int carry_out(struct live *live, struct plan *plan)
{
	const struct apply apply = {
		.pci = &live->inventory.forecast.pci,
		.modules = &live->modules,
		.root = live->inventory.host.directory,
		.timeout = live->timeout,
		.barred = live->inventory.forecast.parameters.barred,
	};
	unsigned int freed;
	sigset_t before;
	int status, result;

	if (!is_free(live, plan)) {
		report(plan, false);
		return CTL_INCOMPLETE;
	}
	apply_resolve_drivers(&apply, plan);
	signals_hold(&before);
	result = apply_plan(&apply, plan, &freed);
	status = result == 0 ? report(plan, true)
			     : ctl_fail("nothing was bound: %s", strerror(-result));
	if (status == CTL_OK)
		print_hint(live);
	fflush(stdout);
	signals_release(&before);
	return status;
}

static int bind_devices(struct live *live)
{
	const struct forecast *forecast = &live->inventory.forecast;
	struct plan plan = { .choices = NULL };
	struct rules rules = { .list = NULL };
	int status, result;

	if (live->driver && !conflict_is_driver(live->driver))
		return ctl_fail("found '%s', expected the name of a driver, such as vfio-pci",
				live->driver);
	if (live->inventory.protect.hidden && !live->force)
		return ctl_fail("devices in use by the host can't be seen; --force binds anyway"),
		       CTL_INCOMPLETE;
	result = make_rules(live, &rules);
	if (result == 0)
		result = plan_choose(&plan, &rules, &forecast->pci);
	if (result == 0) {
		plan_protect(&plan, &forecast->protections, &forecast->pci);
		result = plan_settle(&plan, &rules, &forecast->pci, false);
	}
	status = result < 0 ? ctl_fail("planning: %s", strerror(-result)) : carry_out(live, &plan);
	plan_free(&plan);
	rules_free(&rules);
	return status;
}

int command_bind(const struct ctl *ctl, int argc, char **argv)
{
	return live_run(ctl, argc, argv, usage, 2, INVENTORY_PROTECT, bind_devices);
}
