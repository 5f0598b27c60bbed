/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI driver core of a simulated host. */
#include "drivercore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 4096

typedef char name_t[DRIVERCORE_NAME_MAX];

struct device {
	name_t name;
	struct device_state state, initial;
	name_t refused; /* driver whose probe fails */
	struct reaction reactions[STORE_COUNT];
	bool has_group;
	bool locked;
};

struct drivercore {
	pthread_mutex_t mutex;  /* of all that is here */
	pthread_cond_t changed; /* a device was unlocked, or all wedges are off */
	struct device *devices;
	size_t n_devices;
	name_t *drivers;
	size_t n_drivers;
	struct write_event *events;
	size_t n_events;
	bool override_waits;
	bool released;
};

/* The value of a write, which has no NUL, up to its newline. What does not fit is no name. */
static void copy_value(name_t to, const char *from, size_t size)
{
	const char *newline = memchr(from, '\n', size);
	size_t length = newline ? (size_t)(newline - from) : size;

	snprintf(to, sizeof(name_t), "%.*s", (int)length, from);
}

static void copy_name(name_t to, const char *from)
{
	copy_value(to, from, strlen(from));
}

/* Reading the tree. */

static int for_each_entry(const char *tree, const char *path,
			  int (*each)(struct drivercore *core, int fd, const char *name),
			  struct drivercore *core)
{
	char whole[4096];
	struct dirent *entry;
	DIR *directory;
	int result = 0;

	if (snprintf(whole, sizeof(whole), "%s/%s", tree, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	directory = opendir(whole);
	if (!directory)
		return -errno;
	while (result == 0 && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			result = each(core, dirfd(directory), entry->d_name);
	closedir(directory);
	return result;
}

static int add_driver(struct drivercore *core, int fd, const char *name)
{
	name_t *drivers = reallocarray(core->drivers, core->n_drivers + 1, sizeof(*drivers));

	(void)fd;
	if (!drivers)
		return -ENOMEM;
	core->drivers = drivers;
	copy_name(drivers[core->n_drivers++], name);
	return 0;
}

static void read_driver(struct device *device, int fd)
{
	char path[DRIVERCORE_NAME_MAX + 8], target[4096];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/driver", device->name);
	length = readlinkat(fd, path, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	copy_name(device->initial.driver, strrchr(target, '/') + 1);
	strcpy(device->initial.link, device->initial.driver);
	strcpy(device->initial.natural, device->initial.driver);
}

static void read_override(struct device *device, int fd)
{
	char path[DRIVERCORE_NAME_MAX + 20], text[DRIVERCORE_NAME_MAX] = "";
	int file;

	snprintf(path, sizeof(path), "%s/driver_override", device->name);
	file = openat(fd, path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return;
	if (read(file, text, sizeof(text) - 1) > 0 && text[0] != '(')
		copy_name(device->initial.override, text);
	close(file);
}

static int add_device(struct drivercore *core, int fd, const char *name)
{
	struct device *devices = reallocarray(core->devices, core->n_devices + 1, sizeof(*devices));
	char path[DRIVERCORE_NAME_MAX + 16];
	struct device *device;

	if (!devices)
		return -ENOMEM;
	core->devices = devices;
	device = &devices[core->n_devices++];
	memset(device, 0, sizeof(*device));
	copy_name(device->name, name);
	read_driver(device, fd);
	read_override(device, fd);
	snprintf(path, sizeof(path), "%s/iommu_group", device->name);
	device->has_group = !faccessat(fd, path, F_OK, 0);
	return 0;
}

struct drivercore *drivercore_new(const char *tree)
{
	struct drivercore *core = calloc(1, sizeof(*core));
	int result = -ENOMEM;

	if (!core)
		return NULL;
	pthread_mutex_init(&core->mutex, NULL);
	pthread_cond_init(&core->changed, NULL);
	core->events = calloc(EVENTS_MAX, sizeof(*core->events));
	if (core->events)
		result = for_each_entry(tree, "sys/bus/pci/devices", add_device, core);
	if (result == 0)
		result = for_each_entry(tree, "sys/bus/pci/drivers", add_driver, core);
	if (result == 0) {
		drivercore_reset(core);
		return core;
	}
	drivercore_free(core);
	errno = -result;
	return NULL;
}

void drivercore_free(struct drivercore *core)
{
	if (!core)
		return;
	pthread_cond_destroy(&core->changed);
	pthread_mutex_destroy(&core->mutex);
	free(core->devices);
	free(core->drivers);
	free(core->events);
	free(core);
}

void drivercore_reset(struct drivercore *core)
{
	pthread_mutex_lock(&core->mutex);
	for (size_t i = 0; i < core->n_devices; i++) {
		struct device *device = &core->devices[i];

		device->state = device->initial;
		device->refused[0] = '\0';
		memset(device->reactions, 0, sizeof(device->reactions));
	}
	core->n_events = 0;
	core->released = false;
	core->override_waits = false;
	pthread_mutex_unlock(&core->mutex);
}

/* What tests set and ask. */

static struct device *find_device(struct drivercore *core, const char *name)
{
	for (size_t i = 0; i < core->n_devices; i++)
		if (!strcmp(core->devices[i].name, name))
			return &core->devices[i];
	return NULL;
}

void drivercore_set_override_waits(struct drivercore *core, bool waits)
{
	pthread_mutex_lock(&core->mutex);
	core->override_waits = waits;
	pthread_mutex_unlock(&core->mutex);
}

bool drivercore_set_reaction(struct drivercore *core, const char *name, enum store store,
			     const struct reaction *reaction)
{
	struct device *device;

	pthread_mutex_lock(&core->mutex);
	device = find_device(core, name);
	if (device)
		device->reactions[store] = *reaction;
	pthread_mutex_unlock(&core->mutex);
	return device;
}

bool drivercore_set_refusal(struct drivercore *core, const char *name, const char *driver)
{
	struct device *device;

	pthread_mutex_lock(&core->mutex);
	device = find_device(core, name);
	if (device)
		copy_name(device->refused, driver);
	pthread_mutex_unlock(&core->mutex);
	return device;
}

void drivercore_release(struct drivercore *core)
{
	pthread_mutex_lock(&core->mutex);
	core->released = true;
	pthread_cond_broadcast(&core->changed);
	pthread_mutex_unlock(&core->mutex);
}

bool drivercore_get(struct drivercore *core, const char *name, struct device_state *state)
{
	struct device *device;

	pthread_mutex_lock(&core->mutex);
	device = find_device(core, name);
	if (device)
		*state = device->state;
	pthread_mutex_unlock(&core->mutex);
	return device;
}

const char *drivercore_name(const struct drivercore *core, size_t number)
{
	return number < core->n_devices ? core->devices[number].name : NULL;
}

size_t drivercore_events(struct drivercore *core, struct write_event *events, size_t max)
{
	size_t count;

	pthread_mutex_lock(&core->mutex);
	count = core->n_events;
	memcpy(events, core->events, (count < max ? count : max) * sizeof(*events));
	pthread_mutex_unlock(&core->mutex);
	return count;
}

/* The stores. All below runs with the mutex held, but for the time that a driver takes. */

static void lock_device(struct drivercore *core, struct device *device)
{
	while (device->locked)
		pthread_cond_wait(&core->changed, &core->mutex);
	device->locked = true;
}

static void unlock_device(struct drivercore *core, struct device *device)
{
	device->locked = false;
	pthread_cond_broadcast(&core->changed);
}

static void take_time(struct drivercore *core, const struct reaction *reaction)
{
	const struct timespec delay = { reaction->delay_ms / 1000,
					reaction->delay_ms % 1000 * 1000000L };
	bool wedge = reaction->wedge;

	if (reaction->delay_ms) {
		pthread_mutex_unlock(&core->mutex);
		nanosleep(&delay, NULL);
		pthread_mutex_lock(&core->mutex);
	}
	while (wedge && !core->released)
		pthread_cond_wait(&core->changed, &core->mutex);
}

/* What goes wrong before the write has any effect. 0 or -errno. */
static int fail_store(struct device *device, enum store store)
{
	struct reaction *reaction = &device->reactions[store];
	int error = reaction->error;

	if (device->state.gone)
		return -ENODEV;
	if (reaction->vanish) {
		device->state.gone = true;
		return -ENODEV;
	}
	if (error && reaction->times && !--reaction->times)
		reaction->error = 0;
	return -error;
}

static int store_override(struct drivercore *core, struct device *device, const char *value)
{
	int result = fail_store(device, STORE_OVERRIDE);

	if (result < 0)
		return result;
	if (core->override_waits)
		lock_device(core, device);
	take_time(core, &device->reactions[STORE_OVERRIDE]);
	copy_name(device->state.override, value);
	if (core->override_waits)
		unlock_device(core, device);
	return 0;
}

/* A device without a driver can be asleep, and never wake up. */
static int store_setting(struct drivercore *core, struct device *device)
{
	int result = fail_store(device, STORE_SETTING);

	if (result == 0)
		take_time(core, &device->reactions[STORE_SETTING]);
	return result;
}

static int store_unbind(struct drivercore *core, struct device *device, const char *driver)
{
	struct device_state *state = &device->state;
	int result;

	if (strcmp(state->driver, driver))
		return -ENODEV;
	result = fail_store(device, STORE_UNBIND);
	if (result < 0)
		return result;
	lock_device(core, device);
	if (!strcmp(state->driver, driver)) {
		state->link[0] = '\0';
		take_time(core, &device->reactions[STORE_UNBIND]);
		state->driver[0] = '\0';
	}
	unlock_device(core, device);
	return 0;
}

static bool is_registered(const struct drivercore *core, const char *driver)
{
	for (size_t i = 0; i < core->n_drivers; i++)
		if (!strcmp(core->drivers[i], driver))
			return true;
	return false;
}

static bool is_refused(const struct device *device, const char *driver)
{
	return !strcmp(device->refused, driver) ||
	       (!strcmp(driver, "vfio-pci") && !device->has_group);
}

static void attach(struct drivercore *core, struct device *device)
{
	struct device_state *state = &device->state;
	const char *driver = *state->override ? state->override : state->natural;

	if (*state->driver || !is_registered(core, driver))
		return;
	strcpy(state->driver, driver);
	strcpy(state->link, driver);
	take_time(core, &device->reactions[STORE_PROBE]);
	if (is_refused(device, state->driver))
		state->driver[0] = state->link[0] = '\0';
}

static int store_probe(struct drivercore *core, struct device *device)
{
	int result = fail_store(device, STORE_PROBE);

	if (result < 0 || *device->state.driver)
		return result;
	if (device->reactions[STORE_PROBE].early) {
		device->reactions[STORE_PROBE].early--;
		return 0;
	}
	lock_device(core, device);
	attach(core, device);
	unlock_device(core, device);
	return 0;
}

static void record(struct drivercore *core, enum store store, const struct device *device,
		   const char *value)
{
	struct write_event *event;

	if (core->n_events == EVENTS_MAX)
		abort(); /* no test writes as much */
	event = &core->events[core->n_events++];
	event->store = store;
	copy_name(event->device, device ? device->name : "");
	copy_name(event->value, value);
}

int drivercore_write(struct drivercore *core, enum store store, const char *subject,
		     const char *value, size_t size)
{
	struct device *device;
	name_t name;
	int result = -ENODEV;

	copy_value(name, value, size);
	pthread_mutex_lock(&core->mutex);
	device = find_device(core,
			     store == STORE_OVERRIDE || store == STORE_SETTING ? subject : name);
	record(core, store, device, store == STORE_OTHER ? subject : name);
	if (store == STORE_OTHER)
		result = 0;
	else if (device && store == STORE_SETTING)
		result = store_setting(core, device);
	else if (device && store == STORE_OVERRIDE)
		result = store_override(core, device, name);
	else if (device && store == STORE_UNBIND)
		result = store_unbind(core, device, subject);
	else if (device)
		result = store_probe(core, device);
	pthread_mutex_unlock(&core->mutex);
	return result;
}
