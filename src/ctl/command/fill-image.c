/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl fill-image: what the hooks of image generators have in common. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "core/forecast.h"
#include "core/place.h"
#include "core/protections.h"
#include "host/host.h"
#include "host/replace.h"
#include "image/digest.h"
#include "image/modules.h"
#include "look/inventory.h"
#include "protect/protect.h"
#include "rules/conflicts.h"

/* Of this command alone: there is no list, as the host can't be seen. */
#define FILL_HIDDEN 4

struct filling {
	struct host host, image; /* the latter is the folder that becomes the image */
	const char *kernel;
	struct forecast forecast;
	struct protect protect;
};

static int fail_image(const struct filling *filling, const char *path, int error)
{
	ctl_fail("%s%s: %s", filling->image.root, path, strerror(-error));
	return error;
}

static int write_file(const struct filling *filling, const char *path, const char *text)
{
	int result = replace_file(&filling->image, path, text, strlen(text), 0);

	return result < 0 ? fail_image(filling, path, result) : 0;
}

/* Tells later whether rules have changed since this image was built. */
static int write_digest(const struct filling *filling)
{
	char text[DIGEST_TEXT_MAX], line[DIGEST_TEXT_MAX + 1];
	int result = digest_rules(&filling->image, text);

	if (result < 0)
		return fail_image(filling, "", result);
	snprintf(line, sizeof(line), "%s\n", text);
	return write_file(filling, DIGEST_IMAGE, line);
}

/* Lines PATH id=VVVV:DDDD:SSSS:ssss [serial=...] # ADDRESS REASON, and how many these are. */
static int print_list(FILE *list, struct protect *protect)
{
	char address[PCI_ADDRESS_TEXT_MAX], place[PLACE_TEXT_MAX], serial[PCI_SERIAL_TEXT_MAX];
	size_t count = 0;

	for (size_t i = 0; i < protect->pci.count; i++) {
		const struct pci_device *device = &protect->pci.devices[i];
		int result;

		if (protect->reasons[i][0] == '\0')
			continue;
		result = pci_read_parents(&protect->pci, device);
		if (result < 0)
			return result;
		fprintf(list, "%s id=%04x:%04x:%04x:%04x",
			place_format(&protect->pci, device, place), device->vendor, device->device,
			device->subvendor, device->subdevice);
		if (device->has_serial)
			fprintf(list, " serial=%s", pci_format_serial(device->serial, serial));
		fprintf(list, " # %s %s\n", pci_address_format(&device->address, address),
			protect->reasons[i]);
		count++;
	}
	fprintf(list, PROTECTIONS_COUNT "%zu\n", count);
	return 0;
}

/* What the host needs goes into the image whole or not at all; without it, nothing is bound. */
static int write_list(struct filling *filling)
{
	char *text = NULL;
	size_t length;
	FILE *list;
	int result;

	if (filling->protect.unprotected)
		return write_file(filling, FORECAST_UNPROTECTED, "");
	if (filling->protect.hidden)
		return write_file(filling, FORECAST_PROTECTED,
				  PROTECTIONS_NONE "built where the host can't be seen\n");
	list = open_memstream(&text, &length);
	result = list ? print_list(list, &filling->protect) : -ENOMEM;
	if (list && fclose(list) && result == 0)
		result = -ENOMEM;
	if (result < 0)
		ctl_fail("what the host needs: %s", strerror(-result));
	else
		result = write_file(filling, FORECAST_PROTECTED, text);
	free(text);
	return result;
}

__attribute__((format(printf, 3, 4))) static void tell(char level, const struct plan_row *row,
						       const char *format, ...)
{
	char address[PCI_ADDRESS_TEXT_MAX], where[RULE_PLACE_MAX];
	va_list arguments;

	fprintf(stderr, "%c: vfio-early: %s: %s (%04x:%04x) ", level,
		rule_format_place(row->rule, where),
		pci_address_format(&row->device->address, address), row->device->vendor,
		row->device->device);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* A device that a rule takes; without an IOMMU now, a boot with one takes it. */
static void warn_taken(const struct filling *filling, const struct plan_row *row)
{
	const struct protect *protect = &filling->protect;
	const struct pci_device *device = pci_find(&protect->pci, &row->device->address);
	const struct pci_device *twin = device ? protect_find_twin(protect, device) : NULL;
	size_t index = device ? (size_t)(device - protect->pci.devices) : 0;
	char address[PCI_ADDRESS_TEXT_MAX], shown[4];

	if (device && protect->reasons[index][0])
		tell('W', row, "is taken by force from the host, which uses it: %s",
		     protect->reasons[index]);
	if (twin && !protect->reasons[index][0])
		tell('I', row, INVENTORY_TWIN, pci_address_format(&twin->address, address));
	if (device && protect->uses[index][0])
		tell('W', row, INVENTORY_USED, protect->uses[index]);
	if (host_readf(&filling->host, shown, sizeof(shown), "/" PCI_DEVICES "/%s/boot_vga",
		       pci_address_format(&row->device->address, address)) == 1 &&
	    shown[0] == '1')
		tell('W', row, "shows the boot console; the screen goes dark when it is taken");
}

/*
 * What the next boot will do, as far as it may surprise: by what is in the image now, and without
 * the kernel command line, which is this boot's. That it can't be told is no failure.
 */
static void preview(struct filling *filling)
{
	struct forecast *forecast = &filling->forecast;
	const struct plan *plan = &forecast->plan;
	int result = forecast_read_devices(forecast);

	forecast->root = filling->image.directory;
	if (result == 0)
		result = forecast_read_protections(forecast);
	if (result == 0)
		result = forecast_make_plan(forecast, false);
	/* Where an image is built for another machine, no device can be seen. */
	if (result < 0 && !filling->protect.hidden)
		fprintf(stderr, "W: vfio-early: what the next boot will do is not known: %s\n",
			strerror(-result));
	for (size_t i = 0; result == 0 && i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (!row->device)
			continue;
		if (row->outcome == OUTCOME_PROTECTED)
			tell('W', row, "stays with the host, which uses it: %s", row->detail);
		else if (row->outcome == OUTCOME_WOULD_BIND ||
			 row->outcome == OUTCOME_ALREADY_BOUND || row->outcome == OUTCOME_NO_IOMMU)
			warn_taken(filling, row);
	}
}

/* An image is built even if the kernel lacks a driver: the device stays with its host driver. */
static void print_module(void *context, const struct image_module *module)
{
	const struct filling *filling = context;

	if (module->known)
		puts(module->driver);
	else
		fprintf(stderr,
			"W: vfio-early: kernel %s has no driver %s; devices that a rule gives to it "
			"will stay with the host\n",
			filling->kernel, module->driver);
}

/* The boot program loads it before it writes that method, which is the kernel's own otherwise. */
static void print_vendor_reset(const struct filling *filling, const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strstr(rules->list[i].settings, "device_specific")) {
			if (image_modules_has(&filling->host, filling->kernel, "vendor_reset") > 0)
				puts("vendor_reset");
			return;
		}
}

/* The boot program loads these modules itself. */
static void tell_commands(const struct filling *filling)
{
	struct conflicts conflicts;

	conflicts_read_modprobe(&conflicts, &filling->host);
	for (size_t i = 0; i < conflicts.count; i++)
		if (conflicts.list[i].kind == CONFLICT_INSTALL)
			fprintf(stderr,
				"I: vfio-early: %s: %s is loaded without running this command\n",
				conflicts.list[i].where, conflicts.list[i].text);
	conflicts_free(&conflicts);
}

static void tell_use(void *context, enum protect_message kind, const char *text)
{
	(void)context;
	fprintf(stderr, "%s: %s\n", kind == PROTECT_WARNING ? "W" : "I", text);
}

static void tell_problem(void *context, const char *where, const char *text)
{
	(void)context;
	fprintf(stderr, "E: vfio-early: %s: %s\n", where, text);
}

static int fill(struct filling *filling, const char *root)
{
	struct rules *rules = &filling->forecast.rules;
	int result = rules_read(rules, filling->host.directory);

	if (result < 0)
		return ctl_fail("reading rules: %s", strerror(-result));
	if (write_digest(filling) < 0)
		return CTL_INTERNAL;
	if (rules->bad)
		return CTL_BAD_RULES;
	if (!rules_want_drivers(rules))
		return CTL_OK;
	result = protect_find(&filling->protect, root);
	if (result < 0)
		return ctl_fail("%s: %s", root, strerror(-result));
	if (write_list(filling) < 0)
		return CTL_INTERNAL;
	image_modules_each(&filling->host, filling->kernel, rules, print_module, filling);
	print_vendor_reset(filling, rules);
	tell_commands(filling);
	if (filling->protect.hidden && !filling->protect.unprotected)
		return FILL_HIDDEN;
	preview(filling);
	return filling->protect.incomplete ? CTL_INCOMPLETE : CTL_OK;
}

int command_fill_image(const struct ctl *ctl, int argc, char **argv)
{
	static const struct options options = {
		.usage = "Usage: vfio-earlyctl fill-image DIR KERNEL\n"
			 "For hooks: write into the image below DIR what the rules there need, and "
			 "print the\nmodules to take.\n",
		.operands_max = 2,
	};
	struct filling filling = {
		.image = { .directory = -1 },
		.protect = { .pci = { .directory = -1 }, .tell = tell_use },
	};
	int result, status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	if (argc < 2)
		return ctl_fail(
			"fill-image wants DIR and KERNEL; try 'vfio-earlyctl fill-image --help'");
	filling.kernel = argv[1];
	result = host_open(&filling.host, ctl->root);
	forecast_init(&filling.forecast, filling.host.directory, tell_problem, NULL);
	filling.forecast.without_cmdline = true;
	if (result < 0)
		status = ctl_fail("%s: %s", ctl->root, strerror(-result));
	else if ((result = host_open(&filling.image, argv[0])) < 0)
		status = ctl_fail("%s: %s", argv[0], strerror(-result));
	else
		status = fill(&filling, ctl->root);
	protect_free(&filling.protect);
	forecast_free(&filling.forecast);
	host_close(&filling.image);
	host_close(&filling.host);
	return status;
}
