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
	return bootwords_find(&doctor->words, word) >= 0;
}

bool doctor_is_kernel(const struct doctor *doctor, unsigned int major, unsigned int minor)
{
	unsigned int got_major, got_minor;

	if (sscanf(doctor->release, "%u.%u", &got_major, &got_minor) != 2)
		return false;
	return got_major > major || (got_major == major && got_minor >= minor);
}

int doctor_has_config(const struct doctor *doctor, const char *line)
{
	char *text = NULL, *rest, *found;
	int result = kernels_read_config(&doctor->inventory.host, doctor->release, &text);

	if (result < 0)
		return result;
	rest = text;
	while ((found = strsep(&rest, "\n")) && strcmp(found, line) != 0)
		;
	free(text);
	return found != NULL;
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
	bool found;
};

static void take_option(void *context, const char *where, char *line)
{
	struct wanted *wanted = context;
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest);
	char *module = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;

	(void)where;
	if (!module || strcmp(word, "options") != 0 || !text_same_name(module, wanted->module))
		return;
	while ((word = strtok_r(NULL, MODPROBE_BLANK, &rest)))
		wanted->found |= strcmp(word, wanted->option) == 0;
}

bool doctor_has_option(const struct doctor *doctor, const char *module, const char *option)
{
	struct wanted wanted = { module, option, false };
	char word[80];

	if (snprintf(word, sizeof(word), "%s.%s", module, option) < (int)sizeof(word) &&
	    doctor_has_word(doctor, word))
		return true;
	modprobe_read(&doctor->inventory.host, take_option, &wanted);
	return wanted.found;
}

const char *doctor_name_device(struct doctor *doctor, const struct pci_device *device,
			       char text[PCI_IDS_SENTENCE_MAX])
{
	return pci_ids_sentence(&doctor->inventory.names, device, text, PCI_IDS_SENTENCE_MAX);
}
