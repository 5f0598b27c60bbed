/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that decides what becomes of each device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/forecast.h"
#include "core/match.h"
#include "core/protections.h"

void forecast_init(struct forecast *forecast, int root,
		   void (*problem)(void *context, const char *where, const char *message),
		   void *context)
{
	*forecast = (struct forecast){
		.root = root,
		.protected_file = FORECAST_PROTECTED,
		.unprotected_file = FORECAST_UNPROTECTED,
		.rules = { .problem = problem, .context = context },
		.pci = { .directory = -1 },
		.problem = problem,
		.context = context,
	};
}

/* A device that cannot be read whole is passed over, not the others. */
static void report_device(const struct forecast *forecast, const struct pci_device *device,
			  const char *what, int error)
{
	char address[PCI_ADDRESS_TEXT_MAX], message[96];

	if (!forecast->problem)
		return;
	snprintf(message, sizeof(message), "%s: %s", what, strerror(-error));
	forecast->problem(forecast->context, pci_address_format(&device->address, address),
			  message);
}

int forecast_read_cmdline(struct forecast *forecast)
{
	char *text = NULL;
	size_t length = 0;
	int result = 0;

	if (!forecast->without_cmdline)
		result = file_read_all(forecast->root, "proc/cmdline", CMDLINE_MAX, &text, &length);
	if (result < 0 && result != -ENOENT)
		rules_report(&forecast->rules, "/proc/cmdline", "%s", strerror(-result));
	result = parameters_parse(&forecast->parameters, &forecast->rules, text, length);
	free(text);
	return result;
}

int forecast_read_rules(struct forecast *forecast)
{
	int result = forecast_read_cmdline(forecast);

	return result < 0 ? result : rules_read(&forecast->rules, forecast->root);
}

static void read_parents(struct forecast *forecast, const struct rules *rules,
			 bool (*needs)(const struct rule *, const struct pci_device *))
{
	for (size_t i = 0; i < forecast->pci.count; i++) {
		const struct pci_device *device = &forecast->pci.devices[i];
		bool needed = false;
		int result;

		for (size_t j = 0; !needed && j < rules->count; j++)
			needed = needs(&rules->list[j], device);
		result = needed ? pci_read_parents(&forecast->pci, device) : 0;
		if (result < 0)
			report_device(forecast, device, "its path", result);
	}
}

static int read_terms(struct forecast *forecast)
{
	unsigned int terms = rules_terms(&forecast->rules);

	if (terms & RULE_PLACE)
		read_parents(forecast, &forecast->rules, match_needs_parents);
	read_parents(forecast, &forecast->protections, match_needs_parents);
	if (terms & RULE_SERIAL)
		pci_read_serials(&forecast->pci);
	return terms & RULE_SLOT ? pci_read_slots(&forecast->pci, forecast->root) : 0;
}

int forecast_read_devices(struct forecast *forecast)
{
	int result = pci_read(&forecast->pci, forecast->root);

	return result < 0 ? result : read_terms(forecast);
}

int forecast_read_around(struct forecast *forecast, const struct pci_address *address)
{
	int result = pci_read_around(&forecast->pci, forecast->root, address);

	return result < 0 ? result : read_terms(forecast);
}

bool forecast_needs_all(const struct forecast *forecast)
{
	for (size_t i = 0; i < forecast->pci.count; i++)
		for (size_t j = 0; j < forecast->protections.count; j++)
			if (match_rule_id(&forecast->protections.list[j],
					  &forecast->pci.devices[i]))
				return true;
	return false;
}

static int read_list(struct forecast *forecast, char why[PROTECTIONS_WHY_MAX])
{
	char *text;
	size_t length;
	int result = file_read_all(forecast->root, forecast->protected_file + 1, RULES_FILE_MAX,
				   &text, &length);

	if (result < 0) {
		snprintf(why, PROTECTIONS_WHY_MAX, "%s", strerror(-result));
		return result;
	}
	result = protections_parse(&forecast->protections, forecast->protected_file, text, length,
				   why);
	free(text);
	return result;
}

int forecast_read_protections(struct forecast *forecast)
{
	char why[PROTECTIONS_WHY_MAX];
	int result = read_list(forecast, why);

	if (result < 0 && faccessat(forecast->root, forecast->unprotected_file + 1, F_OK, 0) == 0) {
		forecast->unprotected = true;
		return 0;
	}
	if (result < 0)
		rules_report(&forecast->rules, forecast->protected_file, "%s; nothing is bound",
			     why);
	else
		read_parents(forecast, &forecast->protections, match_needs_parents);
	return result;
}

static void read_groups(struct forecast *forecast)
{
	for (size_t i = 0; i < forecast->pci.count; i++) {
		struct pci_device *device = &forecast->pci.devices[i];
		int result = 0;

		if (plan_wants_group(&forecast->plan, i))
			result = pci_read_group(&forecast->pci, device);
		if (result < 0)
			report_device(forecast, device, "its IOMMU group", result);
	}
}

/*
 * Whether it matters which card this is: a rule may take it, by itself or with its group, or it is in
 * the place of an entry.
 */
static bool needs_serial(const struct forecast *forecast, size_t index)
{
	const struct pci *pci = &forecast->pci;
	const struct rules *list = &forecast->protections;
	bool needed = plan_wants_group(&forecast->plan, index) || pci->devices[index].group >= 0;

	for (size_t i = 0; !needed && i < list->count; i++)
		needed = match_rule_place(&list->list[i], pci, &pci->devices[index]);
	return needed;
}

/* Reading configuration space takes longer than all else that is read of a device. */
static void read_protected_serials(struct forecast *forecast)
{
	if (!(rules_terms(&forecast->protections) & RULE_SERIAL) ||
	    rules_terms(&forecast->rules) & RULE_SERIAL)
		return;
	for (size_t i = 0; i < forecast->pci.count; i++)
		if (needs_serial(forecast, i))
			pci_read_serial(&forecast->pci, &forecast->pci.devices[i]);
}

int forecast_make_plan(struct forecast *forecast, bool before_drivers)
{
	int result = plan_choose(&forecast->plan, &forecast->rules, &forecast->pci);

	if (result < 0)
		return result;
	read_groups(forecast);
	read_protected_serials(forecast);
	plan_protect(&forecast->plan, &forecast->protections, &forecast->pci);
	return plan_settle(&forecast->plan, &forecast->rules, &forecast->pci, before_drivers);
}

void forecast_free(struct forecast *forecast)
{
	plan_free(&forecast->plan);
	pci_free(&forecast->pci);
	rules_free(&forecast->rules);
	rules_free(&forecast->protections);
}
