/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out a plan: override first, for every chosen device, so that no other driver can bind it;
 * then the modules; then unbind the devices that have another driver; then probe; then read the
 * driver link back. With the override written, loading the module binds devices without a driver,
 * so that in most boots there is nothing left to probe. Never new_id: it also takes a device's
 * siblings.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bind/apply.h"
#include "bind/framebuffer.h"
#include "bind/jobs.h"
#include "bind/settings.h"
#include "bind/sysfs.h"
#include "bind/vfio.h"
#include "core/text.h"
#include "core/vfio.h"

/* The time to return a device that was not bound to its host driver. */
#define GIVE_BACK_MS 2000

/* udevd kills a program that it runs event_timeout= after the event began: udev.conf(5), 180 s. */
#define ADDED_TIMEOUT_MAX 60

struct work;

/* One step for one result: what a child process does. */
struct step {
	struct work *work;
	struct plan_row *row;
};

typedef int step_function(void *step);
typedef bool row_predicate(const struct work *work, const struct plan_row *row);

/* All memory is taken before anything is changed. */
struct work {
	const struct apply *apply;
	struct plan *plan;
	unsigned int freed;
	int devices; /* the directory */
	struct job *jobs;
	struct step *steps;
	char (*told)[DETAIL_MAX]; /* one a row, shared with children: settings that it lacks */
	size_t count;  /* of jobs and steps in use */
	long timeout;  /* in seconds, as in struct apply, but not more than udevd leaves */
	long deadline; /* jobs_now() by which everything is to be done */
};

static bool is_pending(const struct work *work, const struct plan_row *row)
{
	(void)work;
	return row->outcome == OUTCOME_WOULD_BIND;
}

static bool is_failed(const struct work *work, const struct plan_row *row)
{
	(void)work;
	return row->outcome == OUTCOME_PROBE_FAILED || row->outcome == OUTCOME_TIMEOUT;
}

static bool wants_vfio(const struct plan_row *row)
{
	return vfio_is_driver(row->wanted);
}

static void fail(const struct work *work, struct plan_row *row, const char *what, int error)
{
	plan_row_set(row, error == -ETIMEDOUT ? OUTCOME_TIMEOUT : OUTCOME_PROBE_FAILED);
	plan_row_explain(work->plan, row, "%s: %s", what, strerror(-error));
}

/*
 * With class 0300, vfio-pci evicts it by itself (aperture_remove_conflicting_pci_devices(), seen on
 * 6.1, 6.12 and 7.2); else the binding succeeds and the memory stays in use.
 */
static bool holds_framebuffer(const struct work *work, const struct plan_row *row)
{
	return is_pending(work, row) && row->device->class >> 8 != 0x0300 &&
	       framebuffer_is_on(work->apply->root, row->device);
}

static int release_step(void *argument)
{
	const struct step *step = argument;

	return framebuffer_release(step->work->apply->root);
}

/* Lines up a step for each row that is chosen. */
static void prepare(struct work *work, row_predicate *chosen)
{
	work->count = 0;
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];

		if (!chosen(work, row))
			continue;
		work->steps[work->count] = (struct step){ work, row };
		work->jobs[work->count] = (struct job){ .argument = &work->steps[work->count] };
		work->count++;
	}
}

static void run_steps(struct work *work, step_function *run, long deadline)
{
	const struct jobs_kind kind = { .run = run };

	jobs_run(work->jobs, work->count, &kind, deadline);
}

/* A step that never ends leaves so many thousandths of the time to the steps after it. */
static long leave(const struct work *work, long thousandths)
{
	return work->deadline - work->timeout * thousandths;
}

/* The memory must be free before the driver binds, and loading its module can bind it. */
static void release_framebuffer(struct work *work)
{
	prepare(work, holds_framebuffer);
	run_steps(work, release_step, leave(work, 500));
	for (size_t i = 0; i < work->count; i++)
		if (work->jobs[i].result < 0)
			fail(work, work->steps[i].row, "releasing the boot framebuffer",
			     work->jobs[i].result);
}

/*
 * Writing the override of a device without a driver doesn't wait; but a host driver can be about to
 * probe one that was just added.
 */
static void override_unheld(struct work *work)
{
	if (work->apply->added)
		return;
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];
		int result;

		if (!is_pending(work, row) || row->device->driver)
			continue;
		result = sysfs_set_override(work->devices, &row->device->address, row->wanted);
		if (result < 0)
			fail(work, row, "driver_override", result);
	}
}

/* A rule sets attributes of devices that it matches, and not of those that "group" adds. */
static const char *get_settings(const struct work *work, const struct plan_row *row)
{
	const struct pci_device *first = work->apply->pci->devices;

	return work->plan->choices[row->device - first].by_group ? "" : row->rule->settings;
}

static char *get_told(const struct work *work, const struct plan_row *row)
{
	return work->told[row - work->plan->rows];
}

static bool is_settable(const struct work *work, const struct plan_row *row)
{
	bool now = row->outcome == OUTCOME_ALREADY_BOUND ||
		   (is_pending(work, row) && !row->device->driver && !work->apply->added);

	return now && get_settings(work, row)[0];
}

static int set_step(void *argument)
{
	const struct step *step = argument;
	const char *settings = get_settings(step->work, step->row);

	/* It hooks into the kernel's own method for cards that fail otherwise. */
	if (strstr(settings, "device_specific"))
		modules_load(step->work->apply->modules, "vendor_reset");
	settings_apply(step->work->devices, &step->row->device->address, settings,
		       get_told(step->work, step->row));
	return 0;
}

/*
 * Before the driver is there: loading its module can bind it. A device that has a driver, or gets
 * one at this moment, follows when that has let go.
 */
static void set_unheld(struct work *work)
{
	prepare(work, is_settable);
	run_steps(work, set_step, leave(work, 400));
	for (size_t i = 0; i < work->count; i++)
		if (work->jobs[i].result < 0)
			snprintf(get_told(work, work->steps[i].row), DETAIL_MAX,
				 "setting its attributes: %s", strerror(-work->jobs[i].result));
}

/*
 * At boot a rule of udev loads the IOMMU backend later. Where interrupts are not remapped, its
 * options decide whether a VM can use a device.
 */
static bool wants_iommu(const struct work *work, const struct plan_row *row)
{
	return wants_vfio(row) && (!work->apply->modules->without_iommu ||
				   vfio_remaps_interrupts(work->apply->root) == 0);
}

/* One row is enough for all that want the same driver; none, if the kernel already has it. */
static bool stands_for_driver(const struct work *work, const struct plan_row *row)
{
	char name[PCI_DRIVER_NAME_MAX];

	if (!is_pending(work, row))
		return false;
	for (const struct plan_row *other = work->plan->rows; other < row; other++)
		if (is_pending(work, other) && strcmp(other->wanted, row->wanted) == 0)
			return false;
	strcpy(name, row->wanted);
	return !sysfs_find_driver(work->devices, name) ||
	       (wants_iommu(work, row) &&
		faccessat(work->apply->root, "sys/module/" VFIO_IOMMU_MODULE, F_OK, 0) < 0);
}

/* Only a group's first open needs the IOMMU backend, so its failure is not the device's. */
static int load_step(void *argument)
{
	const struct step *step = argument;
	struct modules *modules = step->work->apply->modules;
	int result, tries = 3;

	do { /* libkmod's calls can be interrupted */
		result = modules_load(modules, step->row->wanted);
	} while (result == -EINTR && --tries > 0);
	if (result == 0 && wants_iommu(step->work, step->row))
		modules_load(modules, VFIO_IOMMU_MODULE);
	return result;
}

static void fail_unloaded(struct work *work, const char *wanted, int error)
{
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];

		if (is_pending(work, row) && strcmp(row->wanted, wanted) == 0)
			fail(work, row, "loading its module", error);
	}
}

/*
 * Returns whether loading ended. If not, the module can hang in the probe of one of its devices:
 * the driver exists then, and can bind the others.
 */
static bool load_modules(struct work *work)
{
	bool ended = true;

	prepare(work, stands_for_driver);
	run_steps(work, load_step, leave(work, 250));
	for (size_t i = 0; i < work->count; i++) {
		const char *wanted = work->steps[i].row->wanted;
		int error = work->jobs[i].result;
		char name[PCI_DRIVER_NAME_MAX];

		strcpy(name, wanted);
		ended &= error != -ETIMEDOUT;
		/* The kernel can have the driver in spite of an error. */
		if (error < 0 && !sysfs_find_driver(work->devices, name))
			fail_unloaded(work, wanted, error);
	}
	return ended;
}

/* Whether the device is in use by the host, and no rule takes it by force. */
static bool is_kept(const struct plan_choice *choice)
{
	return choice->protects && !(choice->rule && choice->rule->options & RULE_FORCE);
}

static int free_step(void *argument)
{
	const struct step *step = argument;

	return sysfs_unbind(step->work->devices, &step->row->device->address);
}

/*
 * A module hangs in one probe at a time: this one may use half of the remaining time. Without a
 * child it is done here, unless a module that is still loading can hold the device's lock.
 */
static bool free_device(struct work *work, const struct pci_device *device, bool loaded)
{
	struct plan_row row = { .device = device };
	struct step step = { work, &row };
	struct job job = { .argument = &step };
	const struct jobs_kind kind = {
		.run = free_step,
		.instead = loaded ? free_step : NULL,
	};

	jobs_run(&job, 1, &kind, (jobs_now() + work->deadline) / 2);
	return job.result == 0;
}

/*
 * By its option ids= the module takes every device of these models that has no driver, also those
 * in use by the host. Once unbound, they wait for their host driver, which loads later.
 */
static void free_protected(struct work *work, bool loaded)
{
	const struct pci *pci = work->apply->pci;

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_address *address = &pci->devices[i].address;
		char driver[PCI_DRIVER_NAME_MAX];

		if (!is_kept(&work->plan->choices[i]) || pci->devices[i].driver)
			continue;
		sysfs_read_driver(work->devices, address, driver, sizeof(driver));
		if (vfio_is_driver(driver) && free_device(work, &pci->devices[i], loaded))
			work->freed++;
	}
}

/* From here on a result names the driver as the kernel spells it. */
static void spell_drivers(struct work *work)
{
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];
		char name[PCI_DRIVER_NAME_MAX];

		if (!is_pending(work, row))
			continue;
		strcpy(name, row->wanted);
		if (sysfs_find_driver(work->devices, name) && strcmp(name, row->wanted) != 0)
			row->wanted = plan_keep(work->plan, name, row->wanted);
	}
}

static int give_back_once(const struct step *step)
{
	const struct pci_address *address = &step->row->device->address;
	int result = sysfs_set_override(step->work->devices, address, "");

	return result < 0 ? result : sysfs_probe(step->work->devices, address);
}

/* One failed call must not leave a device without a driver. */
static int give_back_step(void *argument)
{
	int result, tries = 3;

	do {
		result = give_back_once(argument);
	} while (result < 0 && result != -ENOENT && result != -ENODEV && --tries > 0);
	return result;
}

static bool is_late(const struct step *step)
{
	return jobs_now() >= step->work->deadline;
}

/*
 * The uevent of a device that was added comes before pci_bus_add_device(), until which no driver
 * matches it, and by as much as assigning its bus's resources takes: so ask again, for 2.5 s.
 */
static int probe_added(const struct step *step)
{
	const struct pci_address *address = &step->row->device->address;
	char driver[PCI_DRIVER_NAME_MAX];
	int result;

	for (int pause = 5;; pause *= 2) {
		result = sysfs_probe(step->work->devices, address);
		sysfs_read_driver(step->work->devices, address, driver, sizeof(driver));
		if (result < 0 || driver[0] || pause > 1280 || is_late(step))
			return result;
		poll(NULL, 0, pause);
	}
}

static int take(struct step *step)
{
	const struct pci_address *address = &step->row->device->address;
	int devices = step->work->devices, result;

	/* When udevd is idle, it sends SIGKILL to all that is left in its control group. */
	if (step->work->apply->added)
		sysfs_leave_cgroup(step->work->apply->root);
	result = sysfs_set_override(devices, address, step->row->wanted);
	if (result == 0 && !is_late(step))
		result = sysfs_unbind(devices, address);
	if (result == 0 && !is_late(step) &&
	    (step->work->apply->added || step->row->device->driver))
		set_step(step);
	if (result == 0 && !is_late(step))
		result = step->work->apply->added ? probe_added(step)
						  : sysfs_probe(devices, address);
	return result;
}

static bool is_refused(const struct step *step)
{
	char driver[PCI_DRIVER_NAME_MAX];

	return sysfs_read_driver(step->work->devices, &step->row->device->address, driver,
				 sizeof(driver)) == 0 &&
	       strcmp(driver, step->row->wanted) != 0;
}

/*
 * Once the host driver has let go, the device must not depend on the parent, which can be killed or
 * unable to fork: the process that unbound it also returns it. After the deadline it continues on
 * its own. Since 6.12.91 and 7.0 the parent's own attempt finds no lock to wait for, and a driver
 * that is still bound.
 */
static int take_step(void *argument)
{
	int result = take(argument);

	if (is_late(argument) || is_refused(argument))
		give_back_step(argument);
	return result;
}

/* SPDK's set-up unbinds these one by one: unbound at the same time, they hung the kernel. */
static void queue(struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		const char *driver = work->steps[i].row->device->driver;

		work->jobs[i].queued = driver && strcmp(driver, "ioatdma") == 0;
	}
}

static void take_devices(struct work *work)
{
	prepare(work, is_pending);
	queue(work);
	run_steps(work, take_step, work->deadline);
	for (size_t i = 0; i < work->count; i++)
		if (work->jobs[i].result < 0)
			fail(work, work->steps[i].row, "unbind and probe", work->jobs[i].result);
}

static void set_bound(const struct work *work, struct plan_row *row)
{
	bool warned = is_pending(work, row) && row->level == LEVEL_WARNING;

	if (!is_pending(work, row))
		row->detail = "";
	plan_row_set(row, OUTCOME_BOUND);
	if (warned)
		row->level = LEVEL_WARNING;
}

/* Reads the driver of each device from the kernel, whatever the steps returned. */
static void read_back(struct work *work)
{
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];
		char driver[PCI_DRIVER_NAME_MAX];

		if (!is_pending(work, row) && !is_failed(work, row))
			continue;
		sysfs_read_driver(work->devices, &row->device->address, driver, sizeof(driver));
		row->driver = strcmp(driver, row->wanted) == 0 ? row->wanted
							       : plan_keep(work->plan, driver, "");
		/* The link already exists while a probe hangs. */
		if (row->outcome != OUTCOME_TIMEOUT && strcmp(row->driver, row->wanted) == 0)
			set_bound(work, row);
	}
}

static void fail_pending(struct work *work)
{
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];

		if (!is_pending(work, row))
			continue;
		plan_row_set(row, OUTCOME_PROBE_FAILED);
		plan_row_explain(work->plan, row, "%.24s did not take it; see the kernel log",
				 row->wanted);
	}
}

/*
 * Where no child can be made, the parent clears what override_unheld() wrote: no driver holds the
 * lock of such a device, so the write doesn't wait. A probe could, and the device had no driver
 * before. Any other override was written by a child, which returns the device itself.
 */
static int clear_unheld(void *argument)
{
	const struct step *step = argument;
	const struct pci_device *device = step->row->device;
	int devices = step->work->devices;
	char driver[PCI_DRIVER_NAME_MAX];
	int result = sysfs_read_driver(devices, &device->address, driver, sizeof(driver));

	if (result < 0 || driver[0] || device->driver)
		return result;
	return sysfs_set_override(devices, &device->address, "");
}

/* Earlier kernels make this wait for a driver that hangs. */
static void give_back(struct work *work)
{
	static const struct jobs_kind kind = {
		.run = give_back_step,
		.instead = clear_unheld,
		.always = true,
	};

	prepare(work, is_failed);
	jobs_run(work->jobs, work->count, &kind, jobs_now() + GIVE_BACK_MS);
	for (size_t i = 0; i < work->count; i++) {
		struct plan_row *row = work->steps[i].row;

		if (work->jobs[i].result < 0 && work->jobs[i].result != -ENOENT)
			plan_row_explain(work->plan, row, "%s; returning it to its host driver: %s",
					 row->detail, strerror(-work->jobs[i].result));
	}
}

static bool is_bound(const struct plan_row *row)
{
	return row->outcome == OUTCOME_BOUND || row->outcome == OUTCOME_ALREADY_BOUND;
}

static void warn_of_framebuffer(struct work *work)
{
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];

		if (!is_bound(row) || !wants_vfio(row) ||
		    !framebuffer_is_on(work->apply->root, row->device))
			continue;
		plan_row_explain(work->plan, row,
				 "can't be passed through: the firmware's framebuffer is still in "
				 "its memory; boot with " FRAMEBUFFER_WORD);
		row->level = LEVEL_WARNING;
		row->satisfied = false;
	}
}

/* What can't be passed through at all is the worse news. */
static void warn_of_settings(struct work *work)
{
	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];
		const char *told = work->told[i];

		if (!is_bound(row) || !told[0])
			continue;
		plan_row_explain(work->plan, row, "%s%s%s", row->detail, row->detail[0] ? "; " : "",
				 told);
		row->level = LEVEL_WARNING;
		row->satisfied = false;
	}
}

/* A device can be bound and still be unusable; a row has room for one reason. */
static void warn_of_obstacle(struct work *work)
{
	const char *obstacle = NULL;
	bool asked = false;

	for (size_t i = 0; i < work->plan->count; i++) {
		struct plan_row *row = &work->plan->rows[i];

		if (row->outcome != OUTCOME_BOUND || !wants_vfio(row) || row->detail[0])
			continue;
		if (!asked)
			obstacle = vfio_find_obstacle(work->apply->root,
						      work->apply->modules->without_iommu);
		asked = true;
		if (!obstacle)
			return;
		plan_row_explain(work->plan, row, "can't be passed through: %s", obstacle);
		row->level = LEVEL_WARNING;
	}
}

static void carry_out(struct work *work)
{
	bool loaded;

	work->deadline = jobs_now() + work->timeout * 1000;
	release_framebuffer(work);
	override_unheld(work);
	set_unheld(work);
	loaded = load_modules(work);
	free_protected(work, loaded);
	spell_drivers(work);
	/* If it did not end, a link can belong to a probe that hangs. */
	if (loaded)
		read_back(work);
	take_devices(work);
	read_back(work);
	fail_pending(work);
	give_back(work);
	read_back(work);
	warn_of_framebuffer(work);
	warn_of_settings(work);
	warn_of_obstacle(work);
}

int apply_plan(const struct apply *apply, struct plan *plan, unsigned int *freed)
{
	struct work work = {
		.apply = apply,
		.plan = plan,
		.devices = apply->pci->directory,
		.timeout = (long)apply->timeout,
		.jobs = calloc(plan->count + 1, sizeof(*work.jobs)),
		.steps = calloc(plan->count + 1, sizeof(*work.steps)),
	};
	size_t size = (plan->count + 1) * sizeof(*work.told);
	int result = 0;

	work.told = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (apply->added && work.timeout > ADDED_TIMEOUT_MAX)
		work.timeout = ADDED_TIMEOUT_MAX;
	if (work.jobs && work.steps && work.told != MAP_FAILED)
		carry_out(&work);
	else
		result = -ENOMEM;
	free(work.jobs);
	free(work.steps);
	if (work.told != MAP_FAILED)
		munmap(work.told, size);
	*freed = work.freed;
	return result;
}

/* What is known of a driver, for the next row that wants the same one. */
struct driver_cache {
	char asked[PCI_DRIVER_NAME_MAX];
	const char *spelling;
	bool exists;
};

/* vfio-pci is one of the drivers that need the others. */
static bool is_barred(const struct apply *apply, const char *name)
{
	return apply->barred && vfio_is_driver(name) &&
	       (strcmp(apply->barred, "vfio_pci") != 0 || text_same_name(name, apply->barred));
}

/* A tree without modules says nothing about the host that it was copied from. */
static bool may_load(const struct apply *apply, const char *name)
{
	int known = is_barred(apply, name) ? 0 : modules_know(apply->modules, name);

	return known > 0 || (known < 0 && apply->dry_run);
}

static bool find_driver(const struct apply *apply, struct plan *plan, struct driver_cache *cache,
			const char *name)
{
	char spelling[PCI_DRIVER_NAME_MAX];

	if (cache->spelling && strcmp(cache->asked, name) == 0)
		return cache->exists;
	strcpy(cache->asked, name);
	strcpy(spelling, name);
	cache->exists = sysfs_find_driver(apply->pci->directory, spelling) || may_load(apply, name);
	cache->spelling = strcmp(spelling, name) == 0 ? name : plan_keep(plan, spelling, name);
	return cache->exists;
}

static void resolve_row(const struct apply *apply, struct driver_cache *cache, struct plan *plan,
			struct plan_row *row)
{
	char variant[PCI_DRIVER_NAME_MAX];

	if (strcmp(row->wanted, RULE_VARIANT_DRIVER) == 0) {
		modules_find_variant(apply->modules, row->device, variant);
		row->wanted = plan_keep(plan, variant, row->wanted);
	}
	if (strcmp(row->wanted, row->driver) == 0) {
		plan_row_set(row, OUTCOME_ALREADY_BOUND);
	} else if (find_driver(apply, plan, cache, row->wanted)) {
		row->driver = row->wanted = cache->spelling;
	} else {
		plan_row_set(row, OUTCOME_NO_DRIVER);
		if (is_barred(apply, row->wanted))
			plan_row_explain(plan, row,
					 "module_blacklist=%s on the kernel command line",
					 apply->barred);
		else
			plan_row_explain(
				plan, row,
				"no module %.24s in this image; run update-initramfs -u -k all",
				row->wanted);
	}
}

void apply_resolve_drivers(const struct apply *apply, struct plan *plan)
{
	struct driver_cache cache = { .spelling = NULL };

	for (size_t i = 0; i < plan->count; i++)
		if (plan->rows[i].outcome == OUTCOME_WOULD_BIND)
			resolve_row(apply, &cache, plan, &plan->rows[i]);
}
