/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes of a device that a rule sets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bind/settings.h"
#include "bind/sysfs.h"

/* A value that was refused leaves the one before. */
static void apply_one(int devices, const struct pci_address *address, const char *name,
		      const char *value, char told[DETAIL_MAX])
{
	size_t used = strlen(told);
	char now[64];
	int result = sysfs_write_attribute(devices, address, name, value);
	int got = sysfs_read_attribute(devices, address, name, now, sizeof(now));

	if (result == 0)
		result = got;
	now[strcspn(now, "\n")] = '\0';
	/* "default" stands for the methods that the kernel finds, and is not read back. */
	if (result == 0 && strcmp(now, value) != 0 && strcmp(value, "default") != 0)
		result = -EIO;
	if (result < 0)
		snprintf(told + used, DETAIL_MAX - used, "%s%s=%.32s: %s%s%s", used ? "; " : "",
			 name, value, strerror(-result), now[0] ? "; it is " : "", now);
}

void settings_apply(int devices, const struct pci_address *address, const char *settings,
		    char told[DETAIL_MAX])
{
	char copy[RULE_SETTINGS_MAX], *next = copy, *value;

	strcpy(copy, settings);
	while ((value = strsep(&next, "\n")) && value[0]) {
		const char *name = strsep(&value, "=");

		/* The kernel has blanks between methods of reset (reset_method_store()). */
		for (char *comma = value; (comma = strchr(comma, ','));)
			*comma = ' ';
		apply_one(devices, address, name, value, told);
	}
}
