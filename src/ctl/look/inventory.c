/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands look at. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/apply.h"
#include "core/file.h"
#include "core/vfio.h"
#include "look/inventory.h"

#define CONFIG_SIZE_UNPRIVILEGED 64

/* While rules are read, every problem is one of a rule, and later one of a device. */
static void take_rule_problem(void *context, const char *where, const char *message)
{
	findings_add(context, FINDING_ERROR, where, "%s", message);
}

static void take_device_problem(void *context, const char *address, const char *message)
{
	findings_add(context, FINDING_WARNING, NULL, "%s: %s", address, message);
}

static void take_protect_message(void *context, enum protect_message kind, const char *text)
{
	findings_add(context, kind == PROTECT_WARNING ? FINDING_WARNING : FINDING_NOTE, NULL, "%s",
		     text);
}

static int fail(struct inventory *inventory, const char *what, int error)
{
	snprintf(inventory->problem, sizeof(inventory->problem), "%s: %s", what, strerror(-error));
	return error;
}

/* A file that is asked for by name must be there. */
static int read_file(struct inventory *inventory, const char *name)
{
	char *text;
	size_t length;
	int result = file_read_all(AT_FDCWD, name, RULES_FILE_MAX, &text, &length);

	if (result < 0)
		return fail(inventory, name, result);
	result = rules_parse(&inventory->forecast.rules, name, text, length);
	free(text);
	return result < 0 ? fail(inventory, name, result) : 0;
}

static int read_rules(struct inventory *inventory, char *const *files, size_t count)
{
	struct forecast *forecast = &inventory->forecast;
	int result = files ? forecast_read_cmdline(forecast) : forecast_read_rules(forecast);

	if (result < 0)
		return fail(inventory, "reading rules", result);
	for (size_t i = 0; i < count && result == 0; i++)
		result = read_file(inventory, files[i]);
	return result;
}

/* Who is not root gets the first 64 bytes, whatever the kind of device. */
static bool hides_config(const struct pci *pci)
{
	char path[PCI_ADDRESS_TEXT_MAX + 8], config[CONFIG_SIZE_UNPRIVILEGED + 2];

	if (pci->count == 0)
		return false;
	pci_address_format(&pci->devices[0].address, path);
	strcat(path, "/config");
	return file_read(pci->directory, path, config, sizeof(config)) == CONFIG_SIZE_UNPRIVILEGED;
}

static void read_serials(struct inventory *inventory, unsigned int what)
{
	struct forecast *forecast = &inventory->forecast;
	bool ruled = rules_terms(&forecast->rules) & RULE_SERIAL;

	if (what & INVENTORY_SERIALS && !ruled)
		pci_read_serials(&forecast->pci);
	if (what & INVENTORY_SERIALS || ruled)
		inventory->serials_hidden = hides_config(&forecast->pci);
	if (ruled && inventory->serials_hidden)
		findings_add(
			&inventory->findings, FINDING_WARNING, NULL,
			"serial numbers are shown to root only, so rules with serial= match nothing");
}

static void read_places(struct inventory *inventory)
{
	struct pci *pci = &inventory->forecast.pci;

	for (size_t i = 0; i < pci->count; i++) {
		char address[PCI_ADDRESS_TEXT_MAX];
		int parents = pci_read_parents(pci, &pci->devices[i]);
		int group = pci_read_group(pci, &pci->devices[i]);

		pci_address_format(&pci->devices[i].address, address);
		if (parents < 0)
			findings_add(&inventory->findings, FINDING_WARNING, NULL,
				     "%s: its path: %s", address, strerror(-parents));
		if (group < 0)
			findings_add(&inventory->findings, FINDING_WARNING, NULL,
				     "%s: its IOMMU group: %s", address, strerror(-group));
	}
}

static int read_devices(struct inventory *inventory, unsigned int what)
{
	struct forecast *forecast = &inventory->forecast;
	struct pci *pci = &forecast->pci;
	int result = forecast_read_devices(forecast);

	if (result < 0 && pci->directory < 0) {
		findings_add(&inventory->findings, FINDING_WARNING, NULL,
			     "/" PCI_DEVICES ": %s: no device can be seen", strerror(-result));
		return 0;
	}
	if (result < 0)
		return result;
	if (pci->unreadable)
		findings_add(&inventory->findings, FINDING_WARNING, NULL,
			     "%zu PCI devices could not be read", pci->unreadable);
	read_serials(inventory, what);
	read_places(inventory);
	return rules_terms(&forecast->rules) & RULE_SLOT ? 0 : pci_read_slots(pci, forecast->root);
}

/* What an image built now would list, with addresses for paths: nothing moves meanwhile. */
static int add_protection(struct inventory *inventory, const struct pci_device *device,
			  const char *reason)
{
	char address[PCI_ADDRESS_TEXT_MAX];
	struct rule rule = {
		.terms = RULE_PLACE | RULE_ID,
		.place.start = device->address,
		.id = { device->vendor, device->device, device->subvendor, device->subdevice },
		.file = "devices in use by the host",
	};

	if (device->has_serial) {
		rule.terms |= RULE_SERIAL;
		rule.serial = device->serial;
	}
	snprintf(rule.note, sizeof(rule.note), "%s %s",
		 pci_address_format(&device->address, address), reason);
	return rules_append(&inventory->forecast.protections, &rule);
}

static int read_protections(struct inventory *inventory, const char *root)
{
	struct protect *protect = &inventory->protect;
	int result = protect_find(protect, root);

	for (size_t i = 0; i < protect->pci.count && result == 0; i++)
		if (protect->reasons[i][0] != '\0')
			result = add_protection(inventory, &protect->pci.devices[i],
						protect->reasons[i]);
	return result;
}

int inventory_make_plan(struct inventory *inventory)
{
	struct modules modules = { .root = inventory->host.root };
	const struct apply apply = {
		.pci = &inventory->forecast.pci,
		.modules = &modules,
		.root = inventory->host.directory,
		.barred = inventory->forecast.parameters.barred,
		.dry_run = true,
	};
	int result;

	plan_free(&inventory->forecast.plan);
	result = forecast_make_plan(&inventory->forecast, false);
	if (result == 0)
		apply_resolve_drivers(&apply, &inventory->forecast.plan);
	modules_free(&modules);
	return result;
}

static int fill(struct inventory *inventory, const char *root, unsigned int what,
		char *const *files, size_t count)
{
	int result = read_rules(inventory, files, count);

	if (result < 0)
		return result;
	inventory->forecast.problem = take_device_problem;
	result = read_devices(inventory, what);
	if (result < 0)
		return fail(inventory, "/" PCI_DEVICES, result);
	if (inventory->forecast.pci.directory < 0)
		return 0;
	if (what & (INVENTORY_PROTECT | INVENTORY_PLAN))
		result = read_protections(inventory, root);
	if (result < 0)
		return fail(inventory, "devices in use by the host", result);
	if (what & INVENTORY_PLAN)
		result = inventory_make_plan(inventory);
	return result < 0 ? fail(inventory, "planning", result) : 0;
}

int inventory_open_files(struct inventory *inventory, const char *root, unsigned int what,
			 char *const *files, size_t count)
{
	int result;

	*inventory = (struct inventory){
		.protect = { .pci = { .directory = -1 }, .tell = take_protect_message },
	};
	inventory->protect.context = &inventory->findings;
	result = host_open(&inventory->host, root);
	forecast_init(&inventory->forecast, inventory->host.directory, take_rule_problem,
		      &inventory->findings);
	if (result == 0)
		result = pci_ids_open(&inventory->names, &inventory->host);
	if (result < 0)
		return fail(inventory, root, result);
	result = fill(inventory, root, what, files, count);
	return result == 0 && inventory->findings.failed ? fail(inventory, "messages", -ENOMEM)
							 : result;
}

int inventory_open(struct inventory *inventory, const char *root, unsigned int what)
{
	return inventory_open_files(inventory, root, what, NULL, 0);
}

void inventory_close(struct inventory *inventory)
{
	findings_free(&inventory->findings);
	pci_ids_close(&inventory->names);
	protect_free(&inventory->protect);
	forecast_free(&inventory->forecast);
	host_close(&inventory->host);
}

/* The device's text of a list that is for protect.pci. */
static const char *find_text(const struct inventory *inventory,
			     char (*list)[PROTECT_REASON_MAX + 1], const struct pci_device *device)
{
	const struct pci *pci = &inventory->protect.pci;
	const struct pci_device *found = pci_find(pci, &device->address);
	const char *text = found ? list[found - pci->devices] : "";

	return text[0] != '\0' ? text : NULL;
}

const char *inventory_reason(const struct inventory *inventory, const struct pci_device *device)
{
	return find_text(inventory, inventory->protect.reasons, device);
}

const char *inventory_use(const struct inventory *inventory, const struct pci_device *device)
{
	return find_text(inventory, inventory->protect.uses, device);
}

const struct pci_device *inventory_twin(const struct inventory *inventory,
					const struct pci_device *device)
{
	return protect_find_twin(&inventory->protect, device);
}

/* Rows are in the order of their devices, those without one come last. */
static int compare_row(const void *key, const void *element)
{
	const struct pci_device *device = key, *other = ((const struct plan_row *)element)->device;

	if (!other || device < other)
		return -1;
	return device > other;
}

const struct plan_row *inventory_row(const struct inventory *inventory,
				     const struct pci_device *device)
{
	const struct plan *plan = &inventory->forecast.plan;

	return plan->count == 0
		       ? NULL
		       : bsearch(device, plan->rows, plan->count, sizeof(*plan->rows), compare_row);
}

bool inventory_is_taken(const struct plan_row *row)
{
	return row && (row->outcome == OUTCOME_WOULD_BIND || row->outcome == OUTCOME_ALREADY_BOUND);
}

bool inventory_is_for_vm(const struct plan_row *row)
{
	return inventory_is_taken(row) && vfio_is_driver(row->wanted);
}

bool inventory_is_spoiled(const struct plan_row *row)
{
	return inventory_is_taken(row) && row->spoiled;
}

bool inventory_lacks_iommu(const struct inventory *inventory)
{
	const struct pci *pci = &inventory->forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (pci->devices[i].group >= 0)
			return false;
	return pci->count > 0;
}
