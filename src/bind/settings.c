/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes of a device that a rule sets. */
#include <stdio.h>
#include <string.h>

#include "bind/settings.h"
#include "bind/sysfs.h"
#include "core/text.h"

struct setting {
	char name[24], value[RULE_SETTINGS_MAX];
};

/* The kernel has blanks between methods of reset (reset_method_store()). */
static bool take_setting(struct text *rest, struct setting *setting)
{
	struct text line, name;

	if (!text_take_until(rest, '\n', &line))
		return false;
	text_take_until(&line, '=', &name);
	text_copy_printable(&name, setting->name, sizeof(setting->name));
	text_copy_printable(&line, setting->value, sizeof(setting->value));
	for (char *comma = setting->value; (comma = strchr(comma, ','));)
		*comma = ' ';
	return true;
}

/* "default" stands for the methods that the kernel finds, and is not read back. */
static bool is_set(const struct setting *setting, const char *now)
{
	return strcmp(now, setting->value) == 0 || strcmp(setting->value, "default") == 0;
}

/* A value that was refused leaves the one before. */
static void apply_one(int devices, const struct pci_address *address, const struct setting *setting,
		      char told[DETAIL_MAX])
{
	size_t used = strlen(told);
	char now[64];
	int result = sysfs_write_attribute(devices, address, setting->name, setting->value);
	int got = sysfs_read_attribute(devices, address, setting->name, now, sizeof(now));

	if (result == 0)
		result = got;
	now[strcspn(now, "\n")] = '\0';
	if (result == 0 && is_set(setting, now))
		return;
	snprintf(told + used, DETAIL_MAX - used, "%s%s=%.32s: %s%s%s", used ? "; " : "",
		 setting->name, setting->value, result < 0 ? strerror(-result) : "no effect",
		 now[0] ? "; it is " : "", now);
}

void settings_apply(int devices, const struct pci_address *address, const char *settings,
		    char told[DETAIL_MAX])
{
	struct text rest = { settings, settings + strlen(settings) };
	struct setting setting;

	while (take_setting(&rest, &setting))
		apply_one(devices, address, &setting, told);
}
