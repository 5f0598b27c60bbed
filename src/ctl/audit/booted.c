/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vfio-early(8) did at this boot. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/booted.h"
#include "core/outcome.h"
#include "core/report.h"
#include "core/vfio.h"
#include "host/array.h"
#include "image/digest.h"

#define FIELDS 7

/* What the version of this boot left unsaid: a rule's text, which may be cut, has its options. */
static bool guess_satisfied(const struct booted_row *row)
{
	if (strcmp(row->code, outcome_name(OUTCOME_NOT_FOUND)) == 0)
		return strstr(row->detail, " optional");
	for (int outcome = 0; outcome < OUTCOMES; outcome++)
		if (strcmp(row->code, outcome_name((enum outcome)outcome)) == 0)
			return outcome_satisfies((enum outcome)outcome);
	return false;
}

static bool split_row(char *line, struct booted_row *row)
{
	const char **fields[FIELDS] = { &row->address,  &row->id,   &row->code,  &row->driver,
					&row->previous, &row->rule, &row->detail };
	const char *satisfied;

	for (size_t i = 0; i < FIELDS; i++) {
		const char *field = strsep(&line, "\t");

		if (!field)
			return false;
		*fields[i] = strcmp(field, "-") == 0 ? "" : field;
	}
	satisfied = strsep(&line, "\t");
	row->satisfied = satisfied ? strcmp(satisfied, "yes") == 0 : guess_satisfied(row);
	return true;
}

static int split(struct booted *booted, char *text)
{
	char *line = strsep(&text, "\n");

	if (strncmp(line, REPORT_FIRST_COLUMNS, strlen(REPORT_FIRST_COLUMNS)) != 0)
		return -EBADMSG;
	while ((line = strsep(&text, "\n")) && line[0] != '\0') {
		struct booted_row *row = array_add(booted->rows, booted->count);

		if (!row)
			return -ENOMEM;
		if (!split_row(line, row)) {
			booted->count--;
			return -EBADMSG;
		}
	}
	return 0;
}

/* What was said of a device, or of a rule that none answered, before the device came. */
static bool is_past(const struct booted_row *row, const struct booted_row *later)
{
	return later->id[0] != '\0' &&
	       (strcmp(row->address, later->address) == 0 ||
		(row->id[0] == '\0' && strcmp(row->rule, later->rule) == 0));
}

/* A device that comes after the boot, once or again, gets a row at the end. */
static void drop_past(struct booted *booted)
{
	size_t kept = 0;

	for (size_t i = 0; i < booted->count; i++) {
		bool past = false;

		for (size_t j = i + 1; j < booted->count && !past; j++)
			past = is_past(&booted->rows[i], &booted->rows[j]);
		if (!past)
			booted->rows[kept++] = booted->rows[i];
	}
	booted->count = kept;
}

int booted_read(struct booted *booted, const struct host *host)
{
	int result;

	*booted = (struct booted){ .count = 0 };
	result = host_read_text(host, BOOTED_STATUS, &booted->text);
	if (result < 0)
		booted->text = NULL;
	result = result < 0 ? result : split(booted, booted->text);
	drop_past(booted);
	return result;
}

void booted_free(struct booted *booted)
{
	free(booted->rows);
	free(booted->text);
	*booted = (struct booted){ .count = 0 };
}

const struct pci_device *booted_device(const struct booted_row *row, const struct pci *pci)
{
	struct pci_address address;

	return pci_address_parse(row->address, &address) ? pci_find(pci, &address) : NULL;
}

bool booted_is_bound(const struct booted_row *row)
{
	return strcmp(row->code, outcome_name(OUTCOME_BOUND)) == 0 ||
	       strcmp(row->code, outcome_name(OUTCOME_ALREADY_BOUND)) == 0;
}

enum booted_change booted_compare(const struct booted_row *row, const struct pci *pci)
{
	const struct pci_device *device = booted_device(row, pci);
	char id[16];

	if (row->id[0] == '\0') /* of a rule that no device answered */
		return BOOTED_SAME;
	if (!device)
		return BOOTED_GONE;
	snprintf(id, sizeof(id), "%04x:%04x", device->vendor, device->device);
	if (strcmp(id, row->id) != 0)
		return BOOTED_OTHER;
	if (booted_is_bound(row))
		return device->driver && strcmp(device->driver, row->driver) == 0 ? BOOTED_SAME
										  : BOOTED_LOST;
	return device->driver && vfio_is_driver(device->driver) ? BOOTED_SINCE : BOOTED_SAME;
}

int booted_compare_rules(const struct host *host, enum booted_rules *rules)
{
	char noted[DIGEST_TEXT_MAX], current[DIGEST_TEXT_MAX];
	int result = digest_rules(host, current);

	if (result < 0)
		return result;
	*rules = BOOTED_RULES_UNKNOWN;
	if (digest_read(host, DIGEST_BOOTED, noted) == 0)
		*rules = strcmp(noted, current) == 0 ? BOOTED_RULES_CURRENT : BOOTED_RULES_CHANGED;
	return 0;
}
