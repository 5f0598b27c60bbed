/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands look at. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/apply.h"
#include "core/file.h"
#include "look/inventory.h"

#define CONFIG_SIZE_UNPRIVILEGED 64

static void add_message(struct view *view, enum view_level level, const char *text)
{
	struct view_message *messages =
		reallocarray(view->messages, view->message_count + 1, sizeof(*messages));

	if (!messages) {
		view->failed = true;
		return;
	}
	view->messages = messages;
	messages[view->message_count].level = level;
	messages[view->message_count].text = strdup(text);
	if (messages[view->message_count].text)
		view->message_count++;
	else
		view->failed = true;
}

__attribute__((format(printf, 3, 4))) static void tell(struct view *view, enum view_level level,
						       const char *format, ...)
{
	char *text;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		view->failed = true;
		return;
	}
	add_message(view, level, text);
	free(text);
}

/* While rules are read, every problem is one of a rule, and later one of a device. */
static void take_rule_problem(void *context, const char *message)
{
	add_message(context, VIEW_ERROR, message);
}

static void take_device_problem(void *context, const char *message)
{
	add_message(context, VIEW_WARNING, message);
}

static void take_protect_message(void *context, enum protect_message kind, const char *text)
{
	add_message(context, kind == PROTECT_WARNING ? VIEW_WARNING : VIEW_NOTE, text);
}

static int fail(const char *what, int error)
{
	ctl_fail("%s: %s", what, strerror(-error));
	return error;
}

/* A file that is asked for by name must be there. */
static int read_file(struct rules *rules, const char *name)
{
	char *text;
	size_t length;
	int result = file_read_all(AT_FDCWD, name, RULES_FILE_MAX, &text, &length);

	if (result < 0)
		return fail(name, result);
	result = rules_parse(rules, name, text, length);
	free(text);
	return result < 0 ? fail(name, result) : 0;
}

static int read_rules(struct view *view, char *const *files, size_t count)
{
	struct forecast *forecast = &view->forecast;
	int result = files ? forecast_read_cmdline(forecast) : forecast_read_rules(forecast);

	if (result < 0)
		return fail("reading rules", result);
	for (size_t i = 0; i < count && result == 0; i++)
		result = read_file(&forecast->rules, files[i]);
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

static void read_serials(struct view *view, unsigned int what)
{
	struct forecast *forecast = &view->forecast;
	bool ruled = rules_terms(&forecast->rules) & RULE_SERIAL;

	if (what & VIEW_SERIALS && !ruled)
		pci_read_serials(&forecast->pci);
	if (what & VIEW_SERIALS || ruled)
		view->serials_hidden = hides_config(&forecast->pci);
	if (ruled && view->serials_hidden)
		tell(view, VIEW_WARNING,
		     "serial numbers are shown to root only, so rules with serial= match nothing");
}

static void read_places(struct view *view)
{
	struct pci *pci = &view->forecast.pci;

	for (size_t i = 0; i < pci->count; i++) {
		char address[PCI_ADDRESS_TEXT_MAX];
		int parents = pci_read_parents(pci, &pci->devices[i]);
		int group = pci_read_group(pci, &pci->devices[i]);

		pci_address_format(&pci->devices[i].address, address);
		if (parents < 0)
			tell(view, VIEW_WARNING, "%s: its path: %s", address, strerror(-parents));
		if (group < 0)
			tell(view, VIEW_WARNING, "%s: its IOMMU group: %s", address,
			     strerror(-group));
	}
}

static int read_devices(struct view *view, unsigned int what)
{
	struct forecast *forecast = &view->forecast;
	struct pci *pci = &forecast->pci;
	int result = forecast_read_devices(forecast);

	if (result < 0 && pci->directory < 0) {
		tell(view, VIEW_WARNING, "/" PCI_DEVICES ": %s: no device can be seen",
		     strerror(-result));
		return 0;
	}
	if (result < 0)
		return result;
	if (pci->unreadable)
		tell(view, VIEW_WARNING, "%zu PCI devices could not be read", pci->unreadable);
	read_serials(view, what);
	read_places(view);
	return rules_terms(&forecast->rules) & RULE_SLOT ? 0 : pci_read_slots(pci, forecast->root);
}

/* What an image built now would list, with addresses for paths: nothing moves meanwhile. */
static int add_protection(struct view *view, const struct pci_device *device, const char *reason)
{
	char address[PCI_ADDRESS_TEXT_MAX];
	struct rule rule = {
		.terms = RULE_PLACE | RULE_ID,
		.place.start = device->address,
		.id = { device->vendor, device->device, device->subvendor, device->subdevice },
		.file = "vfio-earlyctl protected",
	};

	snprintf(rule.note, sizeof(rule.note), "%s %s",
		 pci_address_format(&device->address, address), reason);
	return rules_append(&view->forecast.protections, &rule);
}

static int read_protections(struct view *view, const struct ctl *ctl)
{
	struct protect *protect = &view->protect;
	int result = protect_find(protect, ctl->root);

	for (size_t i = 0; i < protect->pci.count && result == 0; i++)
		if (protect->reasons[i][0] != '\0')
			result =
				add_protection(view, &protect->pci.devices[i], protect->reasons[i]);
	return result;
}

int view_make_plan(struct view *view)
{
	struct modules modules = { .root = view->host.root };
	const struct apply apply = {
		.pci = &view->forecast.pci,
		.modules = &modules,
		.root = view->host.directory,
		.dry_run = true,
	};
	int result;

	plan_free(&view->forecast.plan);
	result = forecast_make_plan(&view->forecast, false);
	if (result == 0)
		apply_foretell(&apply, &view->forecast.plan);
	modules_free(&modules);
	return result;
}

static int fill(struct view *view, const struct ctl *ctl, unsigned int what, char *const *files,
		size_t count)
{
	int result = read_rules(view, files, count);

	if (result < 0)
		return result;
	view->forecast.problem = take_device_problem;
	result = read_devices(view, what);
	if (result < 0)
		return fail("/" PCI_DEVICES, result);
	if (view->forecast.pci.directory < 0)
		return 0;
	if (what & (VIEW_PROTECT | VIEW_PLAN))
		result = read_protections(view, ctl);
	if (result < 0)
		return fail("what the host stands on", result);
	if (what & VIEW_PLAN)
		result = view_make_plan(view);
	return result < 0 ? fail("planning", result) : 0;
}

int view_open_files(struct view *view, const struct ctl *ctl, unsigned int what, char *const *files,
		    size_t count)
{
	int result;

	*view = (struct view){
		.protect = { .pci = { .directory = -1 }, .tell = take_protect_message },
	};
	view->protect.context = view;
	result = host_open(&view->host, ctl->root);
	forecast_init(&view->forecast, view->host.directory, take_rule_problem, view);
	if (result == 0)
		result = pcinames_open(&view->names, &view->host);
	if (result < 0)
		return fail(ctl->root, result);
	result = fill(view, ctl, what, files, count);
	return result == 0 && view->failed ? fail("messages", -ENOMEM) : result;
}

int view_open(struct view *view, const struct ctl *ctl, unsigned int what)
{
	return view_open_files(view, ctl, what, NULL, 0);
}

void view_close(struct view *view)
{
	while (view->message_count > 0)
		free(view->messages[--view->message_count].text);
	free(view->messages);
	pcinames_close(&view->names);
	protect_free(&view->protect);
	forecast_free(&view->forecast);
	host_close(&view->host);
}

/* The device's text of a list that is for protect.pci. */
static const char *find_text(const struct view *view, char (*list)[PROTECT_REASON_MAX + 1],
			     const struct pci_device *device)
{
	const struct pci *pci = &view->protect.pci;
	const struct pci_device *found = pci_find(pci, &device->address);
	const char *text = found ? list[found - pci->devices] : "";

	return text[0] != '\0' ? text : NULL;
}

const char *view_reason(const struct view *view, const struct pci_device *device)
{
	return find_text(view, view->protect.reasons, device);
}

const char *view_use(const struct view *view, const struct pci_device *device)
{
	return find_text(view, view->protect.uses, device);
}

/* Rows are in the order of their devices, those without one come last. */
static int compare_row(const void *key, const void *element)
{
	const struct pci_device *device = key, *other = ((const struct plan_row *)element)->device;

	if (!other || device < other)
		return -1;
	return device > other;
}

const struct plan_row *view_row(const struct view *view, const struct pci_device *device)
{
	const struct plan *plan = &view->forecast.plan;

	return plan->count == 0
		       ? NULL
		       : bsearch(device, plan->rows, plan->count, sizeof(*plan->rows), compare_row);
}

bool view_is_taken(const struct plan_row *row)
{
	return row && (row->outcome == OUTCOME_WOULD_BIND || row->outcome == OUTCOME_ALREADY_BOUND);
}

bool view_is_for_vm(const struct plan_row *row)
{
	return view_is_taken(row) && strstr(row->wanted, "vfio");
}

bool view_is_spoiled(const struct plan_row *row)
{
	return view_is_taken(row) && row->spoiled;
}

bool view_lacks_iommu(const struct view *view)
{
	const struct pci *pci = &view->forecast.pci;

	for (size_t i = 0; i < pci->count; i++)
		if (pci->devices[i].group >= 0)
			return false;
	return pci->count > 0;
}

size_t view_count_messages(const struct view *view, enum view_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < view->message_count; i++)
		if (view->messages[i].level == level)
			count++;
	return count;
}

void view_print_messages(const struct view *view, enum view_level level)
{
	for (size_t i = 0; i < view->message_count; i++)
		if (view->messages[i].level == level)
			ctl_fail("%s", view->messages[i].text);
}
