/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI driver core of a simulated host: which driver has which device, and what the kernel
 * does when an attribute is written (drivers/base/bus.c, dd.c; drivers/pci/pci-sysfs.c).
 *
 *	driver_override	selects and does nothing else; a newline clears it
 *	unbind		ENODEV unless that driver has the device. The driver link goes first,
 *			then the driver's remove() runs, then the device has no driver
 *	drivers_probe	ENODEV for an unknown device. Looks, without the device's lock, whether
 *			there is a driver: if so, that was all. Else the overriding driver
 *			probes, or the natural one; the link is there before probe() runs, and
 *			goes again if it fails, which is no error of the write. Nor is it that
 *			no driver matches a device before pci_bus_add_device() (`early`)
 *
 * unbind and probe hold the device's lock, as does a write of driver_override up to Linux
 * 6.12.91 (`override_waits`).
 */
#ifndef TESTS_DRIVERCORE_H
#define TESTS_DRIVERCORE_H

#include <stdbool.h>
#include <stddef.h>

#define DRIVERCORE_NAME_MAX 64

/* What can be written to. */
enum store { STORE_OVERRIDE, STORE_UNBIND, STORE_PROBE, STORE_SETTING, STORE_OTHER, STORE_COUNT };

/* What a device does at a write instead of what it should. */
struct reaction {
	unsigned int delay_ms; /* remove() or probe() takes that long */
	bool wedge;            /* ... or does not return before drivercore_release() */
	bool vanish;           /* the device is gone from here on */
	int error;             /* the write fails with this, positive, and has no effect */
	unsigned int times;    /* how often it fails; 0 for ever */
	unsigned int early;    /* so many probes find that it is just being added */
};

struct write_event {
	enum store store;
	char device[DRIVERCORE_NAME_MAX]; /* "" for STORE_OTHER */
	char value[DRIVERCORE_NAME_MAX];
};

struct device_state {
	char driver[DRIVERCORE_NAME_MAX]; /* that has it, "" for none */
	char link[DRIVERCORE_NAME_MAX];   /* what the driver link tells */
	char override[DRIVERCORE_NAME_MAX];
	char natural[DRIVERCORE_NAME_MAX]; /* the host's driver for it */
	bool gone;
};

struct drivercore;

/* Reads devices and drivers from a tree that hosttree_write() made. NULL and errno on failure. */
struct drivercore *drivercore_new(const char *tree);
void drivercore_free(struct drivercore *core);

/* All as drivercore_new() left it, with no reactions and no events. */
void drivercore_reset(struct drivercore *core);

void drivercore_set_override_waits(struct drivercore *core, bool waits);

/* False if there is no such device. */
bool drivercore_set_reaction(struct drivercore *core, const char *device, enum store store,
			     const struct reaction *reaction);

/* That driver's probe() of this device fails. */
bool drivercore_set_refusal(struct drivercore *core, const char *device, const char *driver);

/* Lets all wedged drivers go on. */
void drivercore_release(struct drivercore *core);

/* False if there is no such device. */
bool drivercore_get(struct drivercore *core, const char *device, struct device_state *state);

/* The name of the device with this number, NULL behind the last. */
const char *drivercore_name(const struct drivercore *core, size_t number);

/* Copies at most max events, in the order in which the writes arrived; returns how many came. */
size_t drivercore_events(struct drivercore *core, struct write_event *events, size_t max);

/*
 * One write(2) to an attribute. subject is the device for STORE_OVERRIDE
 * and STORE_SETTING (of which nothing is kept here), the driver for
 * STORE_UNBIND, the path for STORE_OTHER, and else NULL. 0 or -errno.
 */
int drivercore_write(struct drivercore *core, enum store store, const char *subject,
		     const char *value, size_t size);

#endif
