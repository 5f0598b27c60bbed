/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl unbind: gives a device back to the host's driver, now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/jobs.h"
#include "bind/signals.h"
#include "bind/sysfs.h"
#include "command/command.h"
#include "command/live.h"
#include "core/vfio.h"
#include "protect/busy.h"
#include "term/options.h"

static const char usage[] =
	"Usage: vfio-earlyctl unbind [--force] [--timeout SECONDS] DEVICE\n"
	"Unbinds the device from vfio-pci and returns it to its host driver now.\n"
	"\n"
	"  -f, --force            also a device that is in use\n"
	"  -t, --timeout SECONDS  how long all drivers together may take; 10 if not given\n"
	"  -h, --help             print this\n";

/* One device on its way back. */
struct return_step {
	const struct live *live;
	const struct pci_device *device;
	int devices; /* the directory of all */
	char address[PCI_ADDRESS_TEXT_MAX];
	char modalias[PCI_MODALIAS_MAX];
};

/* An override that was left behind can keep a device from any driver, so that is no host's. */
static bool is_with_host(const struct pci_device *device)
{
	return device->driver && !vfio_is_reserving(device->driver);
}

/*
 * In a process of its own. The host's driver may never have been loaded, since the device was
 * taken before udev looked for one; that there is none is no failure. It ends when the kernel
 * lets it, so that a slow device returns, too.
 */
static int return_device(void *argument)
{
	const struct return_step *step = argument;
	struct modules modules = { .root = step->live->modules.root,
				   .warn = step->live->modules.warn };
	const struct pci_address *address = &step->device->address;
	int result, tries = 3;

	if (is_with_host(step->device))
		return 0;
	do {
		result = sysfs_set_override(step->devices, address, "");
		if (result == 0)
			result = sysfs_unbind(step->devices, address);
	} while (result < 0 && result != -ENOENT && result != -ENODEV && --tries > 0);
	if (result < 0)
		return result;
	modules_load(&modules, step->modalias);
	modules_free(&modules);
	for (tries = 3, result = -EIO; result < 0 && result != -ENODEV && tries > 0; tries--)
		result = sysfs_probe(step->devices, address);
	return result;
}

static int fail(const struct return_step *step, const char *what, const char *advice)
{
	ctl_fail("%s: %s; %s", step->address, what, advice);
	return CTL_INCOMPLETE;
}

/* A device for which no module exists has no driver by nature. */
static int report_without_driver(const struct return_step *step)
{
	struct modules modules = { .root = step->live->modules.root };
	int known = modules_know(&modules, step->modalias);

	modules_free(&modules);
	if (known != 0)
		return fail(step, "no driver of the host took it", "'dmesg' may tell why");
	printf("%s: has no driver now; this kernel has none for it\n", step->address);
	return CTL_OK;
}

static int report(const struct return_step *step, int result)
{
	const char *before = step->device->driver;
	char driver[PCI_DRIVER_NAME_MAX], what[96];

	if (is_with_host(step->device)) {
		printf("%s: is with the host already, driver %s\n", step->address, before);
		return CTL_OK;
	}
	if (result == -ETIMEDOUT) {
		snprintf(what, 64, "%s did not let go of it within %u s",
			 before ? before : "the kernel", step->live->timeout);
		return fail(step, what, "the host gets it when the kernel lets go of it");
	}
	sysfs_read_driver(step->devices, &step->device->address, driver, sizeof(driver));
	if (driver[0] && !vfio_is_reserving(driver)) {
		printf("%s: returned to %s (before: %s)\n", step->address, driver,
		       before ? before : "no driver");
		return CTL_OK;
	}
	if (result < 0) {
		snprintf(what, sizeof(what), "%s; it has %.24s now", strerror(-result),
			 driver[0] ? driver : "no driver");
		return fail(step, what, "'dmesg' may tell why");
	}
	if (!driver[0])
		return report_without_driver(step);
	snprintf(what, sizeof(what), "%.24s took it again", driver);
	return fail(step, what,
		    "its ID is in ids= of /etc/modprobe.d or of the kernel command "
		    "line, or was written to new_id");
}

/* Nothing is begun if one of them is in use. */
static int refuse_used(const struct live *live)
{
	char address[PCI_ADDRESS_TEXT_MAX], text[BUSY_TEXT_MAX];
	int status = CTL_OK;

	for (size_t i = 0; i < live->count && !live->force; i++) {
		const struct pci_device *device = live_device(live, i, address);

		if (is_with_host(device) || !busy_find(&live->inventory.host, device, text))
			continue;
		ctl_fail("%s: in use: %s; nothing was changed; stop the VM, or use --force",
			 address, text);
		status = CTL_INCOMPLETE;
	}
	return status;
}

static int return_all(const struct live *live, struct return_step *steps, struct job *jobs)
{
	static const struct jobs_kind kind = { .run = return_device };
	int status = CTL_OK;
	sigset_t before;

	for (size_t i = 0; i < live->count; i++) {
		struct return_step *step = &steps[i];

		step->live = live;
		step->devices = live->inventory.forecast.pci.directory;
		step->device = live_device(live, i, step->address);
		pci_format_modalias(step->device, "pci", step->modalias);
		jobs[i] = (struct job){ .argument = step };
	}
	signals_hold(&before);
	jobs_run(jobs, live->count, &kind, jobs_now() + (long)live->timeout * 1000);
	for (size_t i = 0; i < live->count; i++) {
		const struct return_step *step = &steps[i];
		int one = report(step, jobs[i].result);
		const struct rule *rule;

		if (one != CTL_OK)
			status = one;
		else if (live_find_rule(live, step->device, &rule) == 0 && rule)
			printf("%s: %s:%u takes it again at the next boot\n", step->address,
			       rule->file, rule->line);
	}
	fflush(stdout);
	signals_release(&before);
	return status;
}

static int unbind_devices(struct live *live)
{
	struct return_step *steps = calloc(live->count + 1, sizeof(*steps));
	struct job *jobs = calloc(live->count + 1, sizeof(*jobs));
	int status = steps && jobs ? refuse_used(live) : ctl_fail("%s", strerror(ENOMEM));

	if (steps && jobs && status == CTL_OK)
		status = return_all(live, steps, jobs);
	free(steps);
	free(jobs);
	return status;
}

int command_unbind(const struct ctl *ctl, int argc, char **argv)
{
	return live_run(ctl, argc, argv, usage, 1, 0, unbind_devices);
}
