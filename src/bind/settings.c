/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes of a device that a rule sets. */
#include <stdio.h>
#include <string.h>

#include "bind/settings.h"
#include "bind/sysfs.h"
#include "core/bounds.h"
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

void settings_write(int devices, const struct pci_address *address, const char *settings)
{
	struct text rest = { settings, settings + strlen(settings) };
	struct setting setting;

	while (take_setting(&rest, &setting))
		sysfs_write_attribute(devices, address, setting.name, setting.value);
}

/* A value that was refused leaves the ones before, which are all that are possible. */
bool settings_check(int devices, const struct pci_address *address, const char *settings,
		    char *text, size_t size)
{
	struct text rest = { settings, settings + strlen(settings) };
	struct setting setting;

	while (take_setting(&rest, &setting)) {
		char now[64];
		int result = sysfs_read_attribute(devices, address, setting.name, now, sizeof(now));

		now[strcspn(now, "\n")] = '\0';
		if (result == 0 && strcmp(now, setting.value) == 0)
			continue;
		if (result < 0)
			snprintf(text, size, "%s: %s", setting.name, strerror(-result));
		else
			snprintf(text, size, "%s=%.32s was refused; it is: %.40s", setting.name,
				 setting.value, now);
		return false;
	}
	return true;
}
