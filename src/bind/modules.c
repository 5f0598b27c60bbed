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
#include "core/vfio.h"

#define PATH_TEXT_MAX 512

/* modules.alias of a full Debian kernel is 1.3 MB. */
#define ALIASES_MAX (16u << 20)

/* What is shown of a command; a message to the kernel log has about 1000 bytes. */
#define COMMAND_TEXT_MAX 128

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

/* A module whose dependencies are being loaded: softdeps can go round in circles. */
struct visit {
	const struct kmod_module *module;
	const struct visit *above;
};

typedef int load_function(const struct modules *modules, struct kmod_module *module,
			  const struct visit *above);

/* Takes the list over. Goes on after an error, and returns the last one. */
static int load_each(const struct modules *modules, struct kmod_list *list,
		     const struct visit *above, load_function *load)
{
	struct kmod_list *item;
	int result = 0;

	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);
		int loaded = load(modules, module, above);

		if (loaded < 0)
			result = loaded;
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	return result;
}

static void tell_command(const struct modules *modules, const struct kmod_module *module,
			 const char *command, const char *outcome)
{
	const struct text text = { command, command + strlen(command) };
	char shown[COMMAND_TEXT_MAX], message[2 * COMMAND_TEXT_MAX];

	if (!modules->warn)
		return;
	text_copy_printable(&text, shown, sizeof(shown));
	snprintf(message, sizeof(message),
		 "modprobe.d: 'install %.64s %s' is not run; the module is %s",
		 kmod_module_get_name(module), shown, outcome);
	modules->warn(modules->context, message);
}

static bool is_loaded(const struct modules *modules, const struct kmod_module *module)
{
	char path[PATH_TEXT_MAX], state[8];
	int length = snprintf(path, sizeof(path), "%s/sys/module/%s/initstate", modules->root,
			      kmod_module_get_name(module));

	return length > 0 && (size_t)length < sizeof(path) &&
	       file_read(AT_FDCWD, path, state, sizeof(state)) > 0 && strcmp(state, "live\n") == 0;
}

static bool is_builtin(const struct kmod_module *module)
{
	return kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN;
}

/* The module alone. A line "install" of modprobe.d(5) also brings names for which there is none. */
static int insert(const struct modules *modules, struct kmod_module *module)
{
	const char *command = kmod_module_get_install_commands(module);
	int result;

	if (!kmod_module_get_path(module))
		return is_builtin(module) ? 0 : -ENOENT;
	if (command)
		tell_command(modules, module, command, "loaded");
	result = kmod_module_insert_module(module, 0, kmod_module_get_options(module));
	return result == -EEXIST ? 0 : result;
}

static load_function load;

/* One that no module has the name of is not known here: libkmod leaves it out. */
static int load_softdep(const struct modules *modules, struct kmod_module *module,
			const struct visit *above)
{
	int result = load(modules, module, above);
	char message[2 * COMMAND_TEXT_MAX];

	if (result < 0 && modules->warn) {
		snprintf(message, sizeof(message), "modprobe.d: the softdep '%.64s' is not loaded: %s",
			 kmod_module_get_name(module), strerror(-result));
		modules->warn(modules->context, message);
	}
	return result;
}

/* With its softdeps, whose errors do not count. Its dependencies are loaded. */
static int load_alone(const struct modules *modules, struct kmod_module *module,
		      const struct visit *above)
{
	struct kmod_list *before = NULL, *after = NULL;
	int result;

	if (is_loaded(modules, module))
		return 0;
	kmod_module_get_softdeps(module, &before, &after);
	load_each(modules, before, above, load_softdep);
	result = insert(modules, module);
	load_each(modules, after, above, load_softdep);
	return result;
}

/* As modprobe(8) does it: modules.dep has dependencies of dependencies, in order. */
static int load(const struct modules *modules, struct kmod_module *module,
		const struct visit *above)
{
	const struct visit visit = { module, above };
	int result;

	if (modules->without_iommu && above &&
	    strcmp(kmod_module_get_name(module), VFIO_IOMMU_MODULE) == 0)
		return 0;
	for (; above; above = above->above)
		if (above->module == module)
			return 0;
	if (is_loaded(modules, module))
		return 0;
	result = load_each(modules, kmod_module_get_dependencies(module), &visit, load_alone);
	return result < 0 ? result : load_alone(modules, module, &visit);
}

/* Often "install NAME /bin/false" says of a device's driver that it must not be loaded. */
static int load_by_alias(const struct modules *modules, struct kmod_module *module,
			 const struct visit *above)
{
	const char *command = kmod_module_get_install_commands(module);

	if (!command)
		return load(modules, module, above);
	tell_command(modules, module, command, "not loaded");
	return -EPERM;
}

int modules_load(struct modules *modules, const char *name)
{
	struct kmod_ctx *context = get_context(modules);
	struct kmod_list *found = NULL, *allowed = NULL;
	struct kmod_module *first;
	bool by_alias;
	int result;

	if (!context)
		return -ENOMEM;
	result = kmod_module_new_from_lookup(context, name, &found);
	if (result < 0 || !found)
		return result < 0 ? result : -ENOENT;
	first = kmod_module_get_module(found);
	by_alias = !text_same_name(kmod_module_get_name(first), name);
	kmod_module_unref(first);
	if (!by_alias)
		return load_each(modules, found, NULL, load);
	result = kmod_module_apply_filter(context, KMOD_FILTER_BLACKLIST, found, &allowed);
	kmod_module_unref_list(found);
	if (result == 0 && !allowed)
		result = -EPERM;
	return result < 0 ? result : load_each(modules, allowed, NULL, load_by_alias);
}

int modules_know(struct modules *modules, const char *name)
{
	struct kmod_ctx *context = get_context(modules);
	struct kmod_list *list = NULL, *item;
	bool known = false;

	if (!context || faccessat(AT_FDCWD, kmod_get_dirname(context), F_OK, 0) < 0)
		return -ENOENT;
	kmod_module_new_from_lookup(context, name, &list);
	kmod_list_foreach(item, list)
	{
		struct kmod_module *module = kmod_module_get_module(item);

		known = known || kmod_module_get_path(module) || is_builtin(module);
		kmod_module_unref(module);
	}
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
