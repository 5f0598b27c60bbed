/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <libkmod.h>

#include "bind/modules.h"
#include "core/file.h"
#include "core/rule.h"
#include "core/text.h"

#define PATH_TEXT_MAX 512

/* modules.alias of a full Debian kernel is 1.3 MB. */
#define ALIASES_MAX (16u << 20)

/* modprobe.d(5), without /lib/modprobe.d: that is the last of these by another name. */
static const char *const config_directories[] = {
	"/etc/modprobe.d",
	"/run/modprobe.d",
	"/usr/local/lib/modprobe.d",
	"/usr/lib/modprobe.d",
};

#define CONFIG_COUNT (sizeof(config_directories) / sizeof(config_directories[0]))

static int join(char *path, size_t size, const char *root, const char *rest)
{
	int length = snprintf(path, size, "%s%s", root, rest);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

static struct kmod_ctx *new_context(const char *root)
{
	char directory[PATH_TEXT_MAX], configs[CONFIG_COUNT][PATH_TEXT_MAX];
	char release[sizeof("/lib/modules/") + sizeof(((struct utsname *)0)->release)];
	const char *paths[CONFIG_COUNT + 1] = { NULL };
	struct utsname kernel;

	if (uname(&kernel) < 0)
		return NULL;
	snprintf(release, sizeof(release), "/lib/modules/%s", kernel.release);
	if (join(directory, sizeof(directory), root, release) < 0)
		return NULL;
	for (size_t i = 0; i < CONFIG_COUNT; i++) {
		if (join(configs[i], sizeof(configs[i]), root, config_directories[i]) < 0)
			return NULL;
		paths[i] = configs[i];
	}
	return kmod_new(directory, paths);
}

/* Mapping the indexes once saves three quarters of the system calls; it may fail. */
static struct kmod_ctx *get_context(struct modules *modules)
{
	if (modules->kmod)
		return modules->kmod;
	modules->kmod = new_context(modules->root);
	if (modules->kmod)
		kmod_load_resources(modules->kmod);
	return modules->kmod;
}

/* As modprobe(8) does for each module that a name stands for. */
static int insert(struct kmod_module *module)
{
	int result = kmod_module_probe_insert_module(
		module, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, NULL, NULL, NULL, NULL);

	/* Positive: an alias led to it, and it is blacklisted. */
	return result > 0 ? -EPERM : result;
}

int modules_load(struct modules *modules, const char *name)
{
	struct kmod_ctx *context = get_context(modules);
	struct kmod_list *list = NULL, *item;
	int result;

	if (!context)
		return -ENOMEM;
	result = kmod_module_new_from_lookup(context, name, &list);
	if (result == 0 && !list)
		result = -ENOENT;
	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);
		int inserted = insert(module);

		if (inserted < 0)
			result = inserted;
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	return result;
}

int modules_know(struct modules *modules, const char *name)
{
	struct kmod_ctx *context = get_context(modules);
	struct kmod_list *list = NULL;
	bool known;

	if (!context || faccessat(AT_FDCWD, kmod_get_dirname(context), F_OK, 0) < 0)
		return -ENOENT;
	known = kmod_module_new_from_lookup(context, name, &list) == 0 && list;
	kmod_module_unref_list(list);
	return known;
}

static int count_wildcards(const char *pattern)
{
	int count = 0;

	for (; *pattern; pattern++)
		if (*pattern == '*')
			count++;
	return count;
}

/* "alias PATTERN MODULE": *best is the fewest wildcards so far. */
static void consider_alias(const struct text *line, const char *modalias, int *best,
			   char driver[PCI_DRIVER_NAME_MAX])
{
	struct text rest = *line, pattern;
	char copy[2 * PCI_MODALIAS_MAX];
	int wildcards;

	if (!text_take_prefix(&rest, "alias ") || !text_take_until(&rest, ' ', &pattern))
		return;
	if (!text_take_prefix(&(struct text){ pattern.p, pattern.end }, "vfio_pci:"))
		return;
	if (text_length(&pattern) >= sizeof(copy) || text_length(&rest) >= PCI_DRIVER_NAME_MAX)
		return;
	snprintf(copy, sizeof(copy), "%.*s", (int)text_length(&pattern), pattern.p);
	wildcards = count_wildcards(copy);
	if (wildcards >= *best || fnmatch(copy, modalias, 0) != 0)
		return;
	*best = wildcards;
	snprintf(driver, PCI_DRIVER_NAME_MAX, "%.*s", (int)text_length(&rest), rest.p);
}

static void search_aliases(const char *directory, const char *modalias,
			   char driver[PCI_DRIVER_NAME_MAX])
{
	char path[PATH_TEXT_MAX], *aliases;
	struct text text, line;
	size_t length;
	int best = 100;

	if (join(path, sizeof(path), directory, "/modules.alias") < 0 ||
	    file_read_all(AT_FDCWD, path, ALIASES_MAX, &aliases, &length) < 0)
		return;
	text = (struct text){ aliases, aliases + length };
	while (text_take_until(&text, '\n', &line))
		consider_alias(&line, modalias, &best, driver);
	free(aliases);
}

void modules_find_variant(struct modules *modules, const struct pci_device *device,
			  char driver[PCI_DRIVER_NAME_MAX])
{
	struct kmod_ctx *context = get_context(modules);
	char modalias[PCI_MODALIAS_MAX];

	pci_format_modalias(device, "vfio_pci", modalias);
	strcpy(driver, RULE_DEFAULT_DRIVER);
	if (context)
		search_aliases(kmod_get_dirname(context), modalias, driver);
	/* vfio_pci has an alias of wildcards only, too; its driver is spelt otherwise. */
	if (strcmp(driver, "vfio_pci") == 0)
		strcpy(driver, RULE_DEFAULT_DRIVER);
}

void modules_free(struct modules *modules)
{
	if (modules->kmod)
		kmod_unref(modules->kmod);
	modules->kmod = NULL;
}
