/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of vfio-earlyctl doctor ask in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"
#include "doctor/doctor.h"
#include "host/modprobe.h"

const struct pci_device *doctor_next(const struct doctor *doctor, size_t *i)
{
	const struct forecast *forecast = &doctor->inventory.forecast;

	while (*i < forecast->plan.count) {
		const struct plan_row *row = &forecast->plan.rows[(*i)++];

		if (inventory_is_for_vm(row) &&
		    (!doctor->meant || doctor->meant[row->device - forecast->pci.devices]))
			return row->device;
	}
	return NULL;
}

bool doctor_has_word(const struct doctor *doctor, const char *word)
{
	return bootwords_find(&doctor->boot.running, word) >= 0;
}

void doctor_find_word(const struct doctor *doctor, const char *word, char where[PATH_MAX])
{
	bootconfig_find(&doctor->boot.config, word, where);
	if (!where[0])
		strcpy(where, "/proc/cmdline");
}

void doctor_fix_word(const struct doctor *doctor, struct findings *findings, const char *word,
		     bool reboot)
{
	const struct bootchange *boot = &doctor->boot;

	if (!boot->loader || boot->config.files.count == 0)
		findings_fix(findings, "Remove it where the kernel's command line is set");
	else if (bootwords_find(&boot->config.opaque, word) >= 0)
		findings_fix(findings, "Remove it from this line by hand, then run '%s'%s",
			     boot->loader->refresh, reboot ? " and reboot" : "");
	else if (bootwords_find(&boot->config.words, word) >= 0)
		findings_fix(findings, "Run 'vfio-earlyctl cmdline remove %s'%s", word,
			     reboot ? ", then reboot" : "");
	else
		findings_fix(findings, "Reboot: no file of %s has it", boot->loader->name);
}

bool doctor_is_kernel(const struct doctor *doctor, unsigned int major, unsigned int minor)
{
	unsigned int got_major, got_minor;

	if (sscanf(doctor->release, "%u.%u", &got_major, &got_minor) != 2)
		return false;
	return got_major > major || (got_major == major && got_minor >= minor);
}

int doctor_read_switch(const struct doctor *doctor, const char *module, const char *parameter)
{
	char value[4] = "";
	int result = host_readf(&doctor->inventory.host, value, sizeof(value),
				"/sys/module/%s/parameters/%s", module, parameter);

	return result < 0 ? result : value[0] == 'Y';
}

/* An option that is on or off, and where that is set. */
struct wanted {
	const char *module, *option;
	int value;                      /* the last one; -ENOENT: it is not set */
	char where[MODPROBE_WHERE_MAX]; /* in modprobe.d; "" if it is not there */
	const char *word;               /* of the running kernel; NULL: none */
};

/* As the kernel reads it: lib/kstrtox.c, kstrtobool(); without a value, it is on. */
static int read_option(const char *text, const char *option)
{
	const char *value = text;

	for (; *option; option++, value++)
		if (*value != *option && !(*value == '-' && *option == '_'))
			return -ENOENT;
	if (*value != '\0' && *value != '=')
		return -ENOENT;
	return *value == '\0' || (value[1] && strchr("1yYtT", value[1])) ||
	       strncasecmp(value + 1, "on", 2) == 0;
}

static void take_option(void *context, const char *where, char *line)
{
	struct wanted *wanted = context;
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest);
	char *module = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;

	if (!module || strcmp(word, "options") != 0 || !text_same_name(module, wanted->module))
		return;
	while ((word = strtok_r(NULL, MODPROBE_BLANK, &rest))) {
		int value = read_option(word, wanted->option);

		if (value < 0)
			continue;
		wanted->value = value;
		snprintf(wanted->where, sizeof(wanted->where), "%s", where);
	}
}

/* Words "MODULE.OPTION=..." come behind what modprobe.d has. */
static void find_option(const struct doctor *doctor, struct wanted *wanted)
{
	const struct bootwords *words = &doctor->boot.running;
	char name[80];

	wanted->value = -ENOENT;
	modprobe_read(&doctor->inventory.host, take_option, wanted);
	if (snprintf(name, sizeof(name), "%s.%s", wanted->module, wanted->option) >= 80)
		return;
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i].text, *dot = strchr(word, '.');

		if (!dot || !bootword_has_name(word, name))
			continue;
		wanted->value = read_option(dot + 1, wanted->option);
		wanted->word = word;
	}
}

int doctor_read_option(const struct doctor *doctor, const char *module, const char *option)
{
	struct wanted wanted = { .module = module, .option = option };

	find_option(doctor, &wanted);
	return wanted.value;
}

void doctor_fix_option(const struct doctor *doctor, struct findings *findings, const char *module,
		       const char *option)
{
	struct wanted wanted = { .module = module, .option = option };

	find_option(doctor, &wanted);
	if (wanted.where[0])
		findings_fix(findings, "Remove it from %s, run '%s', then reboot", wanted.where,
			     builder_find(&doctor->inventory.host)->command);
	else if (wanted.word)
		doctor_fix_word(doctor, findings, wanted.word, true);
	else
		findings_fix(findings, "Reboot: neither modprobe.d nor the kernel command line "
				       "sets it");
}

const char *doctor_name_device(struct doctor *doctor, const struct pci_device *device,
			       char text[PCI_IDS_SENTENCE_MAX])
{
	return pci_ids_sentence(&doctor->inventory.names, device, text, PCI_IDS_SENTENCE_MAX);
}
