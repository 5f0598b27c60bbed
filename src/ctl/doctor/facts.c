/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of vfio-earlyctl doctor ask in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct wanted {
	const char *module, *option;
	char where[MODPROBE_WHERE_MAX]; /* "" until it is found */
};

static void take_option(void *context, const char *where, char *line)
{
	struct wanted *wanted = context;
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest);
	char *module = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;

	if (!module || strcmp(word, "options") != 0 || !text_same_name(module, wanted->module))
		return;
	while ((word = strtok_r(NULL, MODPROBE_BLANK, &rest)))
		if (strcmp(word, wanted->option) == 0)
			snprintf(wanted->where, sizeof(wanted->where), "%s", where);
}

/* Finds the option in modprobe.d, with its place, or as a word of the kernel; "" if in neither. */
static void find_option(const struct doctor *doctor, struct wanted *wanted, char word[80])
{
	wanted->where[0] = '\0';
	if (snprintf(word, 80, "%s.%s", wanted->module, wanted->option) >= 80 ||
	    !doctor_has_word(doctor, word))
		word[0] = '\0';
	modprobe_read(&doctor->inventory.host, take_option, wanted);
}

bool doctor_has_option(const struct doctor *doctor, const char *module, const char *option)
{
	struct wanted wanted = { .module = module, .option = option };
	char word[80];

	find_option(doctor, &wanted, word);
	return word[0] || wanted.where[0];
}

void doctor_fix_option(const struct doctor *doctor, struct findings *findings, const char *module,
		       const char *option)
{
	struct wanted wanted = { .module = module, .option = option };
	char word[80];

	find_option(doctor, &wanted, word);
	if (wanted.where[0])
		findings_fix(findings, "Remove it from %s, run '%s', then reboot", wanted.where,
			     builder_find(&doctor->inventory.host)->command);
	else if (word[0])
		doctor_fix_word(doctor, findings, word, true);
	else
		findings_fix(findings, "Reboot: neither modprobe.d nor the kernel command line "
				       "sets it");
}

const char *doctor_name_device(struct doctor *doctor, const struct pci_device *device,
			       char text[PCI_IDS_SENTENCE_MAX])
{
	return pci_ids_sentence(&doctor->inventory.names, device, text, PCI_IDS_SENTENCE_MAX);
}
