/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts, udev rules and units of administrators that give devices to VFIO by themselves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "rules/conflicts.h"

/* What people write by hand is shorter. */
#define SCRIPT_MAX (64u << 10)

/* Devices that one file names. */
#define DEVICES_MAX 32

/* Files and folders; of packages, whose folders are others, nothing of the kind is known. */
static const char *const places[] = {
	"/etc/initramfs-tools/scripts",
	"/etc/initramfs-tools/hooks",
	"/etc/udev/rules.d",
	"/etc/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/local/bin",
	"/usr/local/sbin",
	"/etc/sysfs.d",
};
static const char *const files[] = { "rc.local", "sysfs.conf" };

struct scan {
	const struct host *host;
	void (*take)(void *context, const char *where, const char *file, const char *device);
	void *context;
	unsigned int depth; /* of folders */
};

struct devices {
	char list[DEVICES_MAX][PCI_ADDRESS_TEXT_MAX];
	size_t count;
};

static const char *find_target(const char *line)
{
	static const char *const targets[] = { "driver_override", "new_id", "driver/unbind",
					       "vfio-pci/bind", "driverctl" };

	line += strspn(line, " \t");
	for (size_t i = 0; *line != '#' && i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strstr(line, targets[i]))
			return targets[i];
	return NULL;
}

/* False if it is there already, or there is no room. */
static bool add_device(struct devices *devices, const char *text)
{
	for (size_t i = 0; i < devices->count; i++)
		if (strcmp(devices->list[i], text) == 0)
			return false;
	if (devices->count == DEVICES_MAX)
		return false;
	strcpy(devices->list[devices->count++], text);
	return true;
}

static bool is_id(const char *token, size_t length)
{
	return length == 4 && strspn(token, "0123456789abcdefABCDEF") >= 4;
}

/*
 * Addresses as "0000:01:00.0", also with backslashes as in a shell; IDs as new_id takes them,
 * "10de 1b81".
 */
static void find_devices(const char *text, struct devices *devices)
{
	const char *before = NULL; /* a first half of an ID */

	while (*text) {
		size_t length = strspn(text, "0123456789abcdefABCDEF:.\\"), used = 0;
		char token[PCI_ADDRESS_TEXT_MAX];
		struct pci_address address;

		for (size_t i = 0; i < length && used < sizeof(token) - 1; i++)
			if (text[i] != '\\')
				token[used++] = text[i];
		token[used] = '\0';
		if (length > 0 && pci_address_parse(token, &address))
			add_device(devices, pci_address_format(&address, token));
		if (is_id(text, length) && before) {
			snprintf(token, sizeof(token), "%.4s:%.4s", before, text);
			add_device(devices, token);
			before = NULL;
		} else if (is_id(text, length) && text[length] == ' ') {
			before = text;
		} else if (length > 0) {
			before = NULL;
		}
		text += length;
		text += *text != '\0';
	}
}

static void scan_text(struct scan *scan, const char *path, char *text)
{
	struct devices all = { .count = 0 }, told = { .count = 0 };
	char *rest = text, *line;

	find_devices(text, &all);
	for (unsigned int number = 1; (line = strsep(&rest, "\n")); number++) {
		const char *target = find_target(line);
		struct devices own = { .count = 0 };
		char where[RULE_WHERE_MAX + 16];

		if (!target)
			continue;
		snprintf(where, sizeof(where), "%.*s:%u", RULE_WHERE_MAX, path, number);
		find_devices(line, &own);
		/* Without any, those of the whole file, as of a loop's variable. */
		if (own.count == 0)
			own = all;
		for (size_t i = 0; i < own.count; i++)
			if (add_device(&told, own.list[i]))
				scan->take(scan->context, where, target, own.list[i]);
		if (add_device(&told, "") && own.count == 0)
			scan->take(scan->context, where, target, "");
	}
}

static int scan_file(void *context, const char *directory, const char *name)
{
	struct scan *scan = context;
	char path[PATH_MAX], real[PATH_MAX], *text;
	size_t length;
	int result;

	if (host_path(path, "%s/%s", directory, name) < 0 ||
	    host_resolve(scan->host, path, real) < 0)
		return 0;
	result = file_read_all(scan->host->directory, host_below(real), SCRIPT_MAX, &text, &length);
	if (result == -EISDIR && scan->depth < 2) {
		scan->depth++;
		host_each(scan->host, path, scan_file, scan);
		scan->depth--;
	}
	if (result < 0)
		return 0;
	if (strlen(text) == length && (strstr(text, "vfio") || strstr(text, "pci-stub")))
		scan_text(scan, path, text);
	free(text);
	return 0;
}

void conflict_each_write(const struct host *host,
			 void (*take)(void *context, const char *where, const char *file,
				      const char *device),
			 void *context)
{
	struct scan scan = { .host = host, .take = take, .context = context };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		host_each(host, places[i], scan_file, &scan);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		scan_file(&scan, "/etc", files[i]);
}
