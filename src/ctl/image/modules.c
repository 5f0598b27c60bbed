/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel modules that rules need in an image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/vfio.h"
#include "image/modules.h"

struct need {
	/* What depmod(8) knows of the kernel; NULL where its modules are not installed here. */
	char *dependencies, *builtin, *aliases;
	void (*each)(void *context, const struct image_module *module);
	void *context;
};

static int read_depmod(const struct host *host, const char *kernel, const char *name, char **text)
{
	char path[PATH_MAX];

	return host_path(path, "/lib/modules/%s/%s", kernel, name)
		       ?: host_read_text(host, path, text);
}

static struct text whole(const char *string)
{
	struct text text = { string, string ? strchr(string, '\0') : NULL };

	return text;
}

/* The rest of the line of a module, "PATH" or "PATH: PATH ..."; false if the list has none. */
static bool find_line(const char *list, const char *module, struct text *rest)
{
	struct text text = whole(list), line, path;
	char name[NAME_MAX + 1];

	while (text_take_until(&text, '\n', &line))
		if (text_take_until(&line, ':', &path) &&
		    contents_module_name(path.p, text_length(&path), name) &&
		    strcmp(name, module) == 0) {
			*rest = line;
			return true;
		}
	return false;
}

int image_modules_has(const struct host *host, const char *kernel, const char *module)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	int result = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && result == 0; i++) {
		char *text = NULL;
		struct text rest;

		result = read_depmod(host, kernel, lists[i], &text);
		if (result == 0)
			result = find_line(text, module, &rest);
		free(text);
	}
	return result;
}

static void require_module(const struct need *need, const char *driver)
{
	char file[PCI_DRIVER_NAME_MAX + sizeof(".ko")], name[NAME_MAX + 1];
	struct image_module module = { .driver = driver, .name = name };

	snprintf(file, sizeof(file), "%s.ko", driver);
	if (!contents_module_name(file, strlen(file), name))
		return;
	module.known = find_line(need->dependencies, name, &module.dependencies) ||
		       !need->dependencies || find_line(need->builtin, name, &module.dependencies);
	need->each(need->context, &module);
}

/* "alias vfio_pci:... NAME": drivers that know some device better than vfio-pci does. */
static void require_variants(const struct need *need)
{
	struct text text = whole(need->aliases), line, pattern;
	char name[PCI_DRIVER_NAME_MAX], last[PCI_DRIVER_NAME_MAX] = "";

	while (text_take_until(&text, '\n', &line)) {
		if (!text_take_prefix(&line, "alias vfio_pci:") ||
		    !text_take_until(&line, ' ', &pattern) || text_length(&line) >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)text_length(&line), line.p);
		if (strcmp(name, last) != 0 && strcmp(name, "vfio_pci") != 0)
			require_module(need, name);
		strcpy(last, name);
	}
}

static bool is_first_with_driver(const struct rules *rules, size_t index)
{
	const char *driver = rule_driver(&rules->list[index]);

	for (size_t i = 0; i < index; i++)
		if (!rules->list[i].exclude && strcmp(rule_driver(&rules->list[i]), driver) == 0)
			return false;
	return true;
}

void image_modules_each(const struct host *host, const char *kernel, const struct rules *rules,
			void (*each)(void *context, const struct image_module *module),
			void *context)
{
	struct need need = { .each = each, .context = context };
	bool vfio = false, variant = false;

	read_depmod(host, kernel, "modules.dep", &need.dependencies);
	read_depmod(host, kernel, "modules.builtin", &need.builtin);
	read_depmod(host, kernel, "modules.alias", &need.aliases);
	for (size_t i = 0; i < rules->count; i++) {
		const char *driver = rule_driver(&rules->list[i]);

		if (rules->list[i].exclude || !is_first_with_driver(rules, i))
			continue;
		vfio = vfio || vfio_is_driver(driver);
		if (strcmp(driver, RULE_VARIANT_DRIVER) == 0)
			variant = true;
		else
			require_module(&need, driver);
	}
	if (variant)
		require_module(&need, RULE_DEFAULT_DRIVER);
	if (variant)
		require_variants(&need);
	if (vfio || variant)
		require_module(&need, VFIO_IOMMU_MODULE);
	free(need.dependencies);
	free(need.builtin);
	free(need.aliases);
}

/* What is found in an image beside that. */
struct comparison {
	const struct contents *contents;
	struct findings *findings;
};

static void compare_module(void *context, const struct image_module *module)
{
	const struct comparison *comparison = context;
	const struct contents *contents = comparison->contents;
	struct findings *findings = comparison->findings;
	struct text paths = module->dependencies, path;
	char name[NAME_MAX + 1];

	if (!contents_has_module(contents, module->driver)) {
		findings_add(findings, FINDING_ERROR, NULL, "%s is missing%s", module->driver,
			     module->known ? "" : ", also from the kernel");
		return;
	}
	findings_add(findings, FINDING_OK, NULL, "%s", module->driver);
	while (text_take_until(&paths, ' ', &path))
		if (contents_module_name(path.p, text_length(&path), name) &&
		    !contents_has_module(contents, name))
			findings_add(findings, FINDING_ERROR, NULL,
				     "%s is missing, which %s depends on", name, module->name);
}

void image_modules_check(const struct host *host, const struct contents *contents,
			 const struct rules *rules, struct findings *findings)
{
	struct comparison comparison = { contents, findings };

	image_modules_each(host, contents->kernel, rules, compare_module, &comparison);
}
