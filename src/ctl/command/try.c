/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl try: opens devices as a VM would. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/look.h"
#include "look/device.h"
#include "look/find.h"
#include "term/findings.h"
#include "term/options.h"
#include "vm/attempt.h"

static const char usage[] =
	"Usage: vfio-earlyctl try [--read] [--reset] DEVICE...\n"
	"Opens each device through VFIO as the start of a VM does, prints the step that fails and\n"
	"what to do, and closes it. Opening resets the device if the kernel can. A device that is\n"
	"open, or in use by the host, is refused.\n"
	"\n"
	"      --read    also read the first word of each memory BAR; some devices mind that\n"
	"      --reset   also reset the device once more; some devices don't come back\n"
	"  -h, --help    print this\n";

static const char statuses[] =
	"0 a VM can use all of them, 1 usage or internal error, 2 one can't be used, or was\n"
	"refused.";

static int try_devices(struct inventory *inventory, const bool *meant, unsigned int what)
{
	const struct pci *pci = &inventory->forecast.pci;
	struct findings findings = { .list = NULL };
	char address[PCI_ADDRESS_TEXT_MAX];
	int status;

	for (size_t i = 0; i < pci->count; i++) {
		size_t before = findings_count(&findings, FINDING_ERROR);

		if (!meant[i])
			continue;
		attempt_use(&findings, inventory, &pci->devices[i], what);
		if (findings_count(&findings, FINDING_ERROR) == before)
			findings_add(&findings, FINDING_OK,
				     device_address(inventory, &pci->devices[i], address),
				     "A VM can use it");
	}
	status = findings_status(&findings);
	findings_report(&findings);
	return status;
}

static int run_try(struct inventory *inventory, const struct ctl *ctl, char **names,
		   unsigned int what)
{
	char message[FIND_MESSAGE_MAX];
	int status = CTL_OK, result;
	bool *meant;

	if (look_at_host(inventory, ctl, INVENTORY_PROTECT) < 0)
		return CTL_INTERNAL;
	findings_tell(&inventory->findings, FINDING_WARNING);
	if (inventory->host.live && geteuid() != 0)
		return ctl_fail("only root may open devices");
	meant = calloc(inventory->forecast.pci.count + 1, sizeof(*meant));
	if (!meant)
		return ctl_fail("%s", strerror(ENOMEM));
	for (; *names && status == CTL_OK; names++) {
		result = find_passable(&inventory->forecast, &inventory->host, *names, meant,
				       message);
		if (result < 0)
			status = ctl_fail("%s", message);
		if (result == -EPERM) /* a bridge */
			status = CTL_INCOMPLETE;
	}
	if (status == CTL_OK)
		status = try_devices(inventory, meant, what);
	free(meant);
	return status;
}

int command_try(const struct ctl *ctl, int argc, char **argv)
{
	struct inventory inventory;
	bool reads = false, resets = false;
	const struct options_entry entries[] = {
		{ '\0', "read", .set = &reads },
		{ '\0', "reset", .set = &resets },
		{},
	};
	const struct options options = {
		.usage = usage,
		.statuses = statuses,
		.entries = entries,
		.operands_max = OPTIONS_ANY_OPERANDS,
		.wants_device = true,
	};
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	memset(&inventory, 0, sizeof(inventory));
	status = run_try(&inventory, ctl, argv,
			 (reads ? ATTEMPT_READ : 0) | (resets ? ATTEMPT_RESET : 0));
	inventory_close(&inventory);
	return status;
}
