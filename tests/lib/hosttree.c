/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the description of a host and writes its sysfs tree. */
#include "hosttree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANK   " \t"
#define DEVICES "sys/bus/pci/devices"
#define DRIVERS "sys/bus/pci/drivers"
#define SLOTS   "sys/bus/pci/slots"
#define GROUPS  "sys/kernel/iommu_groups"

#define CLASS_VGA        0x0300
#define CLASS_PCI_BRIDGE 0x0604

/* Longest name of a driver or slot, which is a file name. */
typedef char name_t[64];

struct address {
	unsigned int domain, bus, device, function;
};

struct function {
	struct address at, pf;
	name_t name, driver, override;
	struct function *parent;
	/* its directory: sys/devices/… */
	char *path;
	size_t indent;
	unsigned int line;
	unsigned int class, revision;
	unsigned int vendor, device, subvendor, subdevice;
	unsigned int config_size, group, n_vfs;
	uint8_t serial[8];
	bool has_config_size, has_group, has_serial, is_vf, is_boot_vga;
};

struct slot {
	name_t name, address;
};

struct host {
	struct function *functions;
	struct slot *slots;
	name_t *drivers;
	size_t n_functions, n_slots, n_drivers;
	/* all paths are relative to this directory */
	int dir;
	unsigned int line;
	char *msg;
	size_t msg_size;
};

__attribute__((format(printf, 3, 4))) static int fail(struct host *h, int err, const char *fmt, ...)
{
	va_list ap;
	int n = 0;

	if (h->line)
		n = snprintf(h->msg, h->msg_size, "line %u: ", h->line);
	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < h->msg_size)
		vsnprintf(h->msg + n, h->msg_size - n, fmt, ap);
	va_end(ap);
	return err;
}

/* Makes room for one more element, zeroed, at the end of an array. */
static void *append(void *array, size_t *count, size_t size)
{
	char *grown = reallocarray(array, *count + 1, size);

	if (!grown)
		abort();
	memset(grown + *count * size, 0, size);
	(*count)++;
	return grown;
}

/* Reading: each parser takes a whole word and returns 0 or -EINVAL. */

static int parse_number(unsigned int *number, const char *text, int base, unsigned int max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, base);
	if (errno || end == text || *end || *text == '-' || value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

static int parse_name(char *to, const char *text)
{
	if (!*text || strlen(text) >= sizeof(name_t) || strchr(text, '/'))
		return -EINVAL;
	strcpy(to, text);
	return 0;
}

static int parse_address(struct address *a, const char *text)
{
	int end = 0;

	if (sscanf(text, "%8x:%2x:%2x.%1x%n", &a->domain, &a->bus, &a->device, &a->function,
		   &end) != 4) {
		a->domain = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &a->bus, &a->device, &a->function, &end) != 3)
			return -EINVAL;
	}
	return text[end] || a->device > 31 || a->function > 7 ? -EINVAL : 0;
}

static int parse_ids(unsigned int *vendor, unsigned int *device, const char *text)
{
	int end = 0;

	if (sscanf(text, "%4x:%4x%n", vendor, device, &end) != 2 || end != 9 || text[end])
		return -EINVAL;
	return 0;
}

/* `0300:` or, with the programming interface, `010802:` */
static int parse_class(struct function *f, const char *text)
{
	int end = 0;

	if (sscanf(text, "%6x%n", &f->class, &end) != 1 || strcmp(text + end, ":"))
		return -EINVAL;
	if (end == 4)
		f->class <<= 8;
	return end == 4 || end == 6 ? 0 : -EINVAL;
}

static int parse_revision(struct function *f, const char *value)
{
	return parse_number(&f->revision, value, 16, 0xff);
}

static int parse_subsystem(struct function *f, const char *value)
{
	return parse_ids(&f->subvendor, &f->subdevice, value);
}

static int parse_driver(struct function *f, const char *value)
{
	return parse_name(f->driver, value);
}

static int parse_override(struct function *f, const char *value)
{
	return parse_name(f->override, value);
}

static int parse_group(struct function *f, const char *value)
{
	f->has_group = true;
	return parse_number(&f->group, value, 10, INT_MAX);
}

static int parse_serial(struct function *f, const char *value)
{
	unsigned int i;
	int end;

	f->has_serial = true;
	for (i = 0; i < sizeof(f->serial); i++, value += end) {
		end = 0;
		if (sscanf(value, i ? "-%2hhx%n" : "%2hhx%n", &f->serial[i], &end) != 1)
			return -EINVAL;
	}
	return *value ? -EINVAL : 0;
}

static int parse_config(struct function *f, const char *value)
{
	f->has_config_size = true;
	return parse_number(&f->config_size, value, 10, 4096);
}

static int parse_pf(struct function *f, const char *value)
{
	f->is_vf = true;
	return parse_address(&f->pf, value);
}

static int parse_boot_vga(struct function *f, const char *value)
{
	f->is_boot_vga = true;
	return *value ? -EINVAL : 0;
}

static const struct word {
	const char *name;
	int (*parse)(struct function *f, const char *value);
} words[] = {
	{ "boot_vga", parse_boot_vga },  { "config=", parse_config },
	{ "driver=", parse_driver },     { "group=", parse_group },
	{ "override=", parse_override }, { "pf=", parse_pf },
	{ "rev=", parse_revision },      { "serial=", parse_serial },
	{ "sub=", parse_subsystem },
};

static int parse_word(struct function *f, const char *text)
{
	size_t i, length;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		length = strlen(words[i].name);
		if (!strncmp(text, words[i].name, length))
			return words[i].parse(f, text + length);
	}
	return -EINVAL;
}

static int read_function(struct host *h, size_t indent, char *first, char **rest)
{
	struct function *f;
	char *class, *ids, *word;

	h->functions = append(h->functions, &h->n_functions, sizeof(*f));
	f = &h->functions[h->n_functions - 1];
	f->line = h->line;
	f->indent = indent;
	class = strtok_r(NULL, BLANK ")", rest);
	ids = strtok_r(NULL, BLANK ")", rest);

	if (parse_address(&f->at, first))
		return fail(h, -EINVAL, "not an address: %s", first);
	if (!class || parse_class(f, class))
		return fail(h, -EINVAL, "not a class: %s", class ? class : "");
	if (!ids || parse_ids(&f->vendor, &f->device, ids))
		return fail(h, -EINVAL, "not vendor:device: %s", ids ? ids : "");
	while ((word = strtok_r(NULL, BLANK ")", rest)))
		if (parse_word(f, word))
			return fail(h, -EINVAL, "not a word of this notation: %s", word);

	if (!f->has_config_size)
		f->config_size = f->has_serial ? 4096 : 256;
	snprintf(f->name, sizeof(f->name), "%04x:%02x:%02x.%x", f->at.domain, f->at.bus,
		 f->at.device, f->at.function);
	return 0;
}

static int read_slot(struct host *h, char **rest)
{
	char *name = strtok_r(NULL, BLANK, rest), *address = strtok_r(NULL, BLANK, rest);
	struct slot *slot;

	h->slots = append(h->slots, &h->n_slots, sizeof(*slot));
	slot = &h->slots[h->n_slots - 1];
	if (!name || !address || parse_name(slot->name, name) || parse_name(slot->address, address))
		return fail(h, -EINVAL, "expected: slot NAME ADDRESS");
	return 0;
}

static int read_driver(struct host *h, char **rest)
{
	char *name = strtok_r(NULL, BLANK, rest);

	h->drivers = append(h->drivers, &h->n_drivers, sizeof(*h->drivers));
	if (!name || parse_name(h->drivers[h->n_drivers - 1], name))
		return fail(h, -EINVAL, "expected: driver NAME");
	return 0;
}

static int read_line(struct host *h, char *line)
{
	size_t indent = strspn(line, BLANK);
	char *rest, *first, *rev;

	line[strcspn(line, "#")] = '\0';
	rev = strstr(line, "(rev ");
	if (rev)
		memcpy(rev, " rev=", 5);
	first = strtok_r(line, BLANK, &rest);
	if (!first)
		return 0;
	if (!strcmp(first, "slot"))
		return read_slot(h, &rest);
	if (!strcmp(first, "driver"))
		return read_driver(h, &rest);
	return read_function(h, indent, first, &rest);
}

static int read_text(struct host *h, char *text)
{
	char *line;
	int r = 0;

	while (!r && (line = strsep(&text, "\n"))) {
		h->line++;
		r = read_line(h, line);
	}
	return r;
}

/* Hierarchy: who is below whom, and where that puts each function. */

static struct function *find_parent(struct host *h, size_t child)
{
	size_t i = child;

	while (i--)
		if (h->functions[i].indent < h->functions[child].indent)
			return &h->functions[i];
	return NULL;
}

static bool is_pci_bridge(const struct function *f)
{
	return f->class >> 8 == CLASS_PCI_BRIDGE;
}

static void place_function(struct host *h, size_t index)
{
	struct function *f = &h->functions[index];
	const char *above;
	int n;

	f->parent = find_parent(h, index);
	above = f->parent ? f->parent->path : "sys/devices";
	if (f->parent && is_pci_bridge(f->parent))
		n = asprintf(&f->path, "%s/%s", above, f->name);
	else
		n = asprintf(&f->path, "%s/pci%04x:%02x/%s", above, f->at.domain, f->at.bus,
			     f->name);
	if (n < 0)
		abort();
}

static bool is_same_device(const struct address *a, const struct address *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->device == b->device;
}

/* VFs have no multifunction bit, nor do they give one to their PF. */
static bool is_multifunction(const struct host *h, const struct function *f)
{
	const struct function *other;

	for (other = h->functions; other < h->functions + h->n_functions; other++)
		if (other != f && !other->is_vf && is_same_device(&other->at, &f->at))
			return !f->is_vf;
	return false;
}

static struct function *find_pf(struct host *h, const struct function *vf)
{
	struct function *f;

	for (f = h->functions; f < h->functions + h->n_functions; f++)
		if (is_same_device(&f->at, &vf->pf) && f->at.function == vf->pf.function)
			return f;
	return NULL;
}

/* Writing. */

static int fail_path(struct host *h, const char *path)
{
	int err = errno;

	return fail(h, -err, "%s: %s", path, strerror(err));
}

static int join_path(struct host *h, char *path, const char *dir, const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return fail(h, -ENAMETOOLONG, "%s/%s: too long", dir, name);
	return 0;
}

/* Makes the directory, and those above it that are missing. */
static int make_dirs(struct host *h, const char *path)
{
	char above[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int r;

	if (!mkdirat(h->dir, path, 0755) || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !slash)
		return fail_path(h, path);
	if (snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path) >= PATH_MAX)
		return fail(h, -ENAMETOOLONG, "%s: too long", path);
	r = make_dirs(h, above);
	if (r)
		return r;
	return mkdirat(h->dir, path, 0755) ? fail_path(h, path) : 0;
}

/* O_EXCL finds what is described twice. */
static int write_bytes(struct host *h, const char *dir, const char *name, mode_t mode,
		       const void *data, size_t size)
{
	char path[PATH_MAX];
	int fd, r = join_path(h, path, dir, name);

	if (r)
		return r;
	fd = openat(h->dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail_path(h, path);
	if (write(fd, data, size) != (ssize_t)size)
		r = fail_path(h, path);
	close(fd);
	return r;
}

/* An attribute that can be read. */
__attribute__((format(printf, 4, 5))) static int write_text(struct host *h, const char *dir,
							    const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		return fail(h, -ENAMETOOLONG, "%s/%s: too long", dir, name);
	return write_bytes(h, dir, name, 0444, text, n);
}

/* An attribute that can only be written, as bind is. */
static int write_trigger(struct host *h, const char *dir, const char *name)
{
	return write_bytes(h, dir, name, 0200, "", 0);
}

/* Links dir/name to @target by the shortest relative path, as sysfs does. */
static int write_link(struct host *h, const char *dir, const char *name, const char *target)
{
	char path[PATH_MAX], text[PATH_MAX];
	const char *below;
	size_t i, common = 0, length = 0;
	int r = join_path(h, path, dir, name);

	for (i = 0; dir[i] && dir[i] == target[i]; i++)
		if (dir[i] == '/')
			common = i + 1;
	for (below = dir + common; below && length < sizeof(text) - 4; length += 3) {
		memcpy(text + length, "../", 3);
		below = strchr(below + 1, '/');
	}
	if (snprintf(text + length, sizeof(text) - length, "%s", target + common) >=
	    (int)(sizeof(text) - length))
		return fail(h, -ENAMETOOLONG, "%s: too long", target);
	return r ? r : symlinkat(text, h->dir, path) ? fail_path(h, path) : 0;
}

static int write_driver(struct host *h, const char *dir)
{
	static const char *const triggers[] = { "bind", "unbind", "new_id", "remove_id" };
	char path[PATH_MAX];
	size_t i;
	int r = join_path(h, path, dir, triggers[0]);

	if (r || !faccessat(h->dir, path, F_OK, 0))
		return r;
	r = make_dirs(h, dir);
	for (i = 0; !r && i < sizeof(triggers) / sizeof(*triggers); i++)
		r = write_trigger(h, dir, triggers[i]);
	return r;
}

static int write_driver_links(struct host *h, const struct function *f)
{
	char dir[sizeof(DRIVERS "/") + sizeof(name_t)];
	int r;

	snprintf(dir, sizeof(dir), DRIVERS "/%s", f->driver);
	r = write_driver(h, dir);
	if (!r)
		r = write_link(h, dir, f->name, f->path);
	return r ? r : write_link(h, f->path, "driver", dir);
}

static int write_group_links(struct host *h, const struct function *f)
{
	char group[64], devices[80];
	int r;

	snprintf(group, sizeof(group), GROUPS "/%u", f->group);
	snprintf(devices, sizeof(devices), "%s/devices", group);
	r = make_dirs(h, devices);
	if (!r)
		r = write_link(h, devices, f->name, f->path);
	return r ? r : write_link(h, f->path, "iommu_group", group);
}

static int write_vf_links(struct host *h, const struct function *vf)
{
	struct function *pf = find_pf(h, vf);
	char name[32];
	int r;

	if (!pf)
		return fail(h, -EINVAL, "pf= names a function that is not described");
	snprintf(name, sizeof(name), "virtfn%u", pf->n_vfs++);
	r = write_link(h, pf->path, name, vf->path);
	return r ? r : write_link(h, vf->path, "physfn", pf->path);
}

static void put(uint8_t *at, unsigned int bytes, unsigned int value)
{
	while (bytes--) {
		*at++ = value;
		value >>= 8;
	}
}

/* PCI Express capability: version 2, a root port or an endpoint. */
static void put_express(uint8_t *config, const struct function *f)
{
	config[0x06] |= 0x10;
	config[0x34] = 0x40;
	config[0x40] = 0x10;
	put(config + 0x42, 2, 0x0002 | (is_pci_bridge(f) ? 0x0040 : 0));
}

/* Advanced Error Reporting, then Device Serial Number: id, version and next, then the body. */
static void put_extended(uint8_t *config, const struct function *f)
{
	size_t i;

	put(config + 0x100, 4, 0x0001 | 2 << 16 | (f->has_serial ? 0x140 << 20 : 0));
	if (!f->has_serial)
		return;
	put(config + 0x140, 4, 0x0003 | 1 << 16);
	/* the notation has the highest byte first, config space the lowest */
	for (i = 0; i < sizeof(f->serial); i++)
		config[0x144 + i] = f->serial[sizeof(f->serial) - 1 - i];
}

static void put_header(uint8_t *config, const struct host *h, const struct function *f)
{
	/* a VF reads ffff for both; the kernel takes them from its PF */
	put(config + 0x00, 2, f->is_vf ? 0xffff : f->vendor);
	put(config + 0x02, 2, f->is_vf ? 0xffff : f->device);
	config[0x08] = f->revision;
	put(config + 0x09, 3, f->class);
	config[0x0e] = (is_pci_bridge(f) ? 1 : 0) | (is_multifunction(h, f) ? 0x80 : 0);
	if (!is_pci_bridge(f)) {
		put(config + 0x2c, 2, f->subvendor);
		put(config + 0x2e, 2, f->subdevice);
	}
}

static int write_config(struct host *h, const struct function *f)
{
	uint8_t config[4096] = { 0 };

	put_header(config, h, f);
	if (f->config_size == sizeof(config)) {
		put_express(config, f);
		put_extended(config, f);
	}
	return write_bytes(h, f->path, "config", 0644, config, f->config_size);
}

/* The kernel's own formats; PCI_CLASS has no leading zeros beyond four digits. */
static int write_uevent(struct host *h, const struct function *f, const char *modalias)
{
	return write_text(h, f->path, "uevent",
			  "%s%s%s"
			  "PCI_CLASS=%04X\n"
			  "PCI_ID=%04X:%04X\n"
			  "PCI_SUBSYS_ID=%04X:%04X\n"
			  "PCI_SLOT_NAME=%s\n"
			  "MODALIAS=%s\n",
			  *f->driver ? "DRIVER=" : "", f->driver, *f->driver ? "\n" : "", f->class,
			  f->vendor, f->device, f->subvendor, f->subdevice, f->name, modalias);
}

static int write_attributes(struct host *h, const struct function *f)
{
	const struct {
		const char *name;
		int digits;
		unsigned int value;
	} numbers[] = {
		{ "vendor", 4, f->vendor },
		{ "device", 4, f->device },
		{ "subsystem_vendor", 4, f->subvendor },
		{ "subsystem_device", 4, f->subdevice },
		{ "class", 6, f->class },
		{ "revision", 2, f->revision },
	};
	char modalias[128];
	size_t i;
	int r;

	snprintf(modalias, sizeof(modalias), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		 f->vendor, f->device, f->subvendor, f->subdevice, f->class >> 16,
		 f->class >> 8 & 0xff, f->class & 0xff);
	r = write_uevent(h, f, modalias);
	if (!r)
		r = write_text(h, f->path, "modalias", "%s\n", modalias);
	for (i = 0; !r && i < sizeof(numbers) / sizeof(*numbers); i++)
		r = write_text(h, f->path, numbers[i].name, "0x%0*x\n", numbers[i].digits,
			       numbers[i].value);
	return r;
}

static int write_override(struct host *h, const struct function *f)
{
	name_t text;
	int n = snprintf(text, sizeof(text), "%s\n", *f->override ? f->override : "(null)");

	return write_bytes(h, f->path, "driver_override", 0644, text, n);
}

static int write_function(struct host *h, const struct function *f)
{
	int r;

	h->line = f->line;
	r = make_dirs(h, f->path);
	if (!r)
		r = write_attributes(h, f);
	if (!r)
		r = write_config(h, f);
	if (!r)
		r = write_override(h, f);
	if (!r && f->class >> 8 == CLASS_VGA)
		r = write_text(h, f->path, "boot_vga", "%d\n", f->is_boot_vga);
	if (!r && *f->driver)
		r = write_driver_links(h, f);
	if (!r && f->has_group)
		r = write_group_links(h, f);
	return r ? r : write_link(h, DEVICES, f->name, f->path);
}

static int write_slot(struct host *h, const struct slot *slot)
{
	char dir[sizeof(SLOTS "/") + sizeof(name_t)];
	int r;

	snprintf(dir, sizeof(dir), SLOTS "/%s", slot->name);
	r = make_dirs(h, dir);
	return r ? r : write_text(h, dir, "address", "%s\n", slot->address);
}

static int write_frame(struct host *h)
{
	static const char *const dirs[] = { DEVICES, DRIVERS, SLOTS, GROUPS, "sys/devices",
					    "proc",  "etc",   "run", "dev" };
	size_t i;
	int r = 0;

	for (i = 0; !r && i < sizeof(dirs) / sizeof(*dirs); i++)
		r = make_dirs(h, dirs[i]);
	if (!r)
		r = write_trigger(h, "sys/bus/pci", "drivers_probe");
	return r ? r : write_bytes(h, "proc", "cmdline", 0444, "", 0);
}

static int write_host(struct host *h)
{
	char dir[sizeof(DRIVERS "/") + sizeof(name_t)];
	size_t i;
	int r;

	h->line = 0;
	for (i = 0; i < h->n_functions; i++)
		place_function(h, i);
	r = write_frame(h);
	for (i = 0; !r && i < h->n_functions; i++)
		r = write_function(h, &h->functions[i]);
	for (i = 0; !r && i < h->n_functions; i++)
		if (h->functions[i].is_vf)
			r = write_vf_links(h, &h->functions[i]);
	for (i = 0; !r && i < h->n_slots; i++)
		r = write_slot(h, &h->slots[i]);
	for (i = 0; !r && i < h->n_drivers; i++) {
		snprintf(dir, sizeof(dir), DRIVERS "/%s", h->drivers[i]);
		r = write_driver(h, dir);
	}
	return r;
}

static void free_host(struct host *h)
{
	size_t i;

	for (i = 0; i < h->n_functions; i++)
		free(h->functions[i].path);
	free(h->functions);
	free(h->slots);
	free(h->drivers);
}

int hosttree_write(const char *text, const char *dir, char *msg, size_t size)
{
	struct host h = { .msg = msg, .msg_size = size };
	char *copy = strdup(text);
	int r = copy ? 0 : -ENOMEM;

	h.dir = open(dir, O_DIRECTORY | O_PATH | O_CLOEXEC);
	if (h.dir < 0)
		r = fail_path(&h, dir);
	if (!r)
		r = read_text(&h, copy);
	if (!r)
		r = write_host(&h);
	if (h.dir >= 0)
		close(h.dir);
	free_host(&h);
	free(copy);
	return r;
}

/*
 * One card of eight functions is of one model, in a slot of its own; every third card waits for
 * a driver; NICs have serial numbers.
 */
static void describe_function(FILE *out, unsigned int bridge, unsigned int index)
{
	static const struct {
		const char *ids, *driver;
		bool has_serial;
	} models[] = {
		{ "010802: 144d:a808 sub=144d:a801", "nvme", false },
		{ "020000: 8086:1521 sub=8086:0001", "igb", true },
		{ "030000: 10de:1b81 sub=1458:3701", "nouveau", false },
		{ "0c0330: 1b21:2142 sub=1043:8756", "xhci_hcd", false },
	};
	unsigned int card = bridge * 32 + index / 8, model = card % 4;
	unsigned int domain = bridge / 4, bus = bridge % 4 + 1, device = index / 8;

	fprintf(out, "  %04x:%02x:%02x.%x %s group=%u", domain, bus, device, index % 8,
		models[model].ids, card + 4096);
	if (card % 3)
		fprintf(out, " driver=%s", models[model].driver);
	if (models[model].has_serial)
		fprintf(out, " serial=00-15-17-ff-ff-00-%02x-%02x", card >> 8 & 0xff, card & 0xff);
	fputc('\n', out);
	if (index % 8 == 0)
		fprintf(out, "slot %u %04x:%02x:%02x\n", card + 1, domain, bus, device);
}

char *hosttree_describe_synthetic(unsigned int functions)
{
	const unsigned int per_bridge = 1 + 256;
	unsigned int i, bridge;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (i = 0; i < functions; i++) {
		bridge = i / per_bridge;
		if (i % per_bridge)
			describe_function(out, bridge, i % per_bridge - 1);
		else
			fprintf(out, "%04x:00:%02x.0 0604: 8086:1901 driver=pcieport group=%u\n",
				bridge / 4, bridge % 4 + 1, bridge);
	}
	if (fclose(out)) {
		free(text);
		text = NULL;
	}
	return text;
}
