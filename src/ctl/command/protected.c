/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl protected: what the host stands on, as the boot program reads it. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "command/command.h"
#include "core/place.h"
#include "core/protections.h"
#include "protect/protect.h"
#include "term/options.h"

/* Of this command alone: there is no list, as the host can't be seen. */
#define PROTECTED_HIDDEN 4

static void tell(void *context, enum protect_message kind, const char *text)
{
	(void)context;
	fprintf(stderr, "%s: %s\n", kind == PROTECT_WARNING ? "W" : "I", text);
}

/* PATH id=VVVV:DDDD:SSSS:ssss # ADDRESS REASON */
static int print_device(struct protect *protect, const struct pci_device *device)
{
	char address[PCI_ADDRESS_TEXT_MAX], place[PLACE_TEXT_MAX];
	int result = pci_read_parents(&protect->pci, device);

	if (result < 0)
		return result;
	printf("%s id=%04x:%04x:%04x:%04x # %s %s\n", place_format(&protect->pci, device, place),
	       device->vendor, device->device, device->subvendor, device->subdevice,
	       pci_address_format(&device->address, address),
	       protect->reasons[device - protect->pci.devices]);
	return 0;
}

static int print_devices(struct protect *protect)
{
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < protect->pci.count && result == 0; i++) {
		if (protect->reasons[i][0] == '\0')
			continue;
		result = print_device(protect, &protect->pci.devices[i]);
		count++;
	}
	if (result == 0)
		printf(PROTECTIONS_COUNT "%zu\n", count);
	return result;
}

/*
 * A device that a rule takes although the host uses it. The kernel command line is this boot's, not
 * that of the image; without an IOMMU now, a boot with it takes the device.
 */
static void warn_use(const struct protect *protect, const struct plan_row *row)
{
	const struct pci_device *device = pci_find(&protect->pci, &row->device->address);
	size_t index = device ? (size_t)(device - protect->pci.devices) : protect->pci.count;
	char address[PCI_ADDRESS_TEXT_MAX], where[RULE_PLACE_MAX];

	if (!device || protect->uses[index][0] == '\0' ||
	    (row->outcome != OUTCOME_WOULD_BIND && row->outcome != OUTCOME_NO_IOMMU) ||
	    (protect->reasons[index][0] != '\0' && !(row->rule->options & RULE_FORCE)))
		return;
	fprintf(stderr, "W: vfio-early: %s: %s (%04x:%04x) " INVENTORY_USED "\n",
		rule_format_place(row->rule, where), pci_address_format(&device->address, address),
		device->vendor, device->device, protect->uses[index]);
}

/* Tells who builds an image what will be missing; that it cannot be told is no failure. */
static void warn_uses(const struct protect *protect, const char *root)
{
	struct forecast forecast;
	struct host host;
	int result = host_open(&host, root);

	forecast_init(&forecast, host.directory, NULL, NULL);
	forecast.without_cmdline = true;
	if (result == 0)
		result = forecast_read_rules(&forecast);
	if (result == 0)
		result = forecast_read_devices(&forecast);
	if (result == 0)
		result = forecast_make_plan(&forecast, false);
	for (size_t i = 0; i < forecast.plan.count && result == 0; i++)
		if (forecast.plan.rows[i].device)
			warn_use(protect, &forecast.plan.rows[i]);
	if (result < 0)
		fprintf(stderr, "W: vfio-early: what rules take from the host is not known: %s\n",
			strerror(-result));
	forecast_free(&forecast);
	host_close(&host);
}

int command_protected(const struct ctl *ctl, int argc, char **argv)
{
	static const struct options options = {
		.usage = "Usage: vfio-earlyctl protected\n"
			 "Print the devices that the host itself stands on.\n",
	};
	struct protect protect = { .tell = tell };
	int result, status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	result = protect_find(&protect, ctl->root);
	if (result == 0 && !protect.hidden)
		result = print_devices(&protect);
	if (result == 0 && !protect.hidden)
		warn_uses(&protect, ctl->root);
	if (protect.hidden)
		status = PROTECTED_HIDDEN;
	else
		status = protect.incomplete ? CTL_INCOMPLETE : CTL_OK;
	protect_free(&protect);
	return result < 0 ? ctl_fail("%s: %s", ctl->root, strerror(-result)) : ctl_finish(status);
}
