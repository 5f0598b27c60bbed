/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drivers changed now: what bind and unbind have in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/live.h"
#include "command/look.h"
#include "core/parameters.h"
#include "look/find.h"
#include "term/findings.h"
#include "term/options.h"

static int take_timeout(struct live *live, const char *text)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || seconds < 1 ||
	    seconds > PARAMETERS_TIMEOUT_MAX)
		return ctl_fail("--timeout: found '%s', expected 1 to %d seconds", text,
				PARAMETERS_TIMEOUT_MAX),
		       -EINVAL;
	live->timeout = (unsigned int)seconds;
	return 0;
}

static void warn(void *context, const char *message)
{
	(void)context;
	ctl_fail("%s", message);
}

static int look(struct live *live, const struct ctl *ctl, unsigned int what)
{
	struct inventory *inventory = &live->inventory;
	char message[FIND_MESSAGE_MAX];
	int result = look_at_host(inventory, ctl, what);

	if (result < 0)
		return result;
	findings_tell(&inventory->findings, FINDING_WARNING);
	live->modules = (struct modules){ .root = inventory->host.root, .warn = warn };
	if (inventory->host.live && geteuid() != 0)
		return ctl_fail("only root may change drivers"), -EPERM;
	result = find_by_name(&inventory->forecast, &inventory->host, live->device, &live->found,
			      &live->count, message);
	if (result < 0)
		ctl_fail("%s", message);
	return result;
}

int live_run(const struct ctl *ctl, int argc, char **argv, const char *usage, int operands_max,
	     unsigned int what, int (*run)(struct live *live))
{
	struct live live = { .timeout = PARAMETERS_TIMEOUT_DEFAULT };
	const char *timeout = NULL;
	const struct options_entry entries[] = {
		{ 'f', "force", .set = &live.force },
		{ 't', "timeout", .text = &timeout },
		{},
	};
	const struct options options = {
		.usage = usage,
		.entries = entries,
		.operands_max = operands_max,
		.wants_device = true,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	live.device = argv[0];
	live.driver = argv[1];
	if (timeout && take_timeout(&live, timeout) < 0)
		return CTL_INTERNAL;
	status = look(&live, ctl, what) < 0 ? CTL_INTERNAL : run(&live);
	modules_free(&live.modules);
	free(live.found);
	inventory_close(&live.inventory);
	return status;
}

struct pci_device *live_device(const struct live *live, size_t index,
			       char address[PCI_ADDRESS_TEXT_MAX])
{
	struct pci_device *device = &live->inventory.forecast.pci.devices[live->found[index]];

	pci_address_format(&device->address, address);
	return device;
}

int live_find_rule(const struct live *live, const struct pci_device *device,
		   const struct rule **rule)
{
	const struct forecast *forecast = &live->inventory.forecast;
	struct plan plan;
	int result = plan_choose(&plan, &forecast->rules, &forecast->pci);

	*rule = result == 0 ? plan.choices[device - forecast->pci.devices].rule : NULL;
	if (*rule && (*rule)->exclude)
		*rule = NULL;
	plan_free(&plan);
	return result;
}
