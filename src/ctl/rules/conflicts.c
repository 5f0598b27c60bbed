/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else on this system decides which driver a PCI device gets. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/match.h"
#include "core/text.h"
#include "core/vfio.h"
#include "host/array.h"
#include "host/modprobe.h"
#include "host/replace.h"
#include "rules/conflicts.h"

#define DRIVERCTL        "/etc/driverctl.d"
#define DRIVERCTL_PREFIX "pci-"

struct override_reader {
	struct conflicts *conflicts;
	const struct host *host;
};

void conflict_add(struct conflicts *conflicts, enum conflict_kind kind, const char *where,
		  const char *driver, const char *word,
		  const char *(*parse)(const char *text, struct rule *rule))
{
	struct conflict *conflict = array_add(conflicts->list, conflicts->count);
	const struct text place = { where, where + strlen(where) };

	if (!conflict) {
		conflicts->error = -ENOMEM;
		return;
	}
	conflict->kind = kind;
	text_copy_printable(&place, conflict->where, sizeof(conflict->where));
	snprintf(conflict->driver, sizeof(conflict->driver), "%s", driver);
	snprintf(conflict->text, sizeof(conflict->text), "%s", word);
	conflict->expected = parse ? parse(word, &conflict->rule) : NULL;
	if (conflict->expected)
		conflict->kind = CONFLICT_BAD;
}

static const char *refuse_driver(const char *text, struct rule *rule)
{
	(void)text;
	(void)rule;
	return "the name of a driver, such as vfio-pci";
}

/* Those for another bus than PCI have its name in front. */
static int take_override(void *context, const char *directory, const char *name)
{
	struct override_reader *reader = context;
	char where[sizeof(DRIVERCTL) + 1 + NAME_MAX], driver[PCI_DRIVER_NAME_MAX];
	const char *address = name;
	int length;

	if (strncmp(name, DRIVERCTL_PREFIX, strlen(DRIVERCTL_PREFIX)) == 0)
		address += strlen(DRIVERCTL_PREFIX);
	else if (!isxdigit((unsigned char)name[0]) || !strchr(name, ':'))
		return 0;
	if (text_ends_with(name, REPLACE_BACKUP_SUFFIX))
		return 0;
	length = host_readf(reader->host, driver, sizeof(driver), "%s/%s", directory, name);
	if (length <= 0)
		return 0;
	while (length > 0 && strchr(MODPROBE_BLANK, driver[length - 1]))
		driver[--length] = '\0';
	snprintf(where, sizeof(where), "%s/%s", directory, name);
	if (conflict_is_driver(driver))
		conflict_add(reader->conflicts, CONFLICT_DRIVERCTL, where, driver, address,
			     conflict_parse_address);
	else
		conflict_add(reader->conflicts, CONFLICT_DRIVERCTL, where, driver, driver,
			     refuse_driver);
	return 0;
}

static void take_write(void *context, const char *where, const char *file, const char *device)
{
	struct conflicts *conflicts = context;
	struct conflict *last;

	conflict_add(conflicts, CONFLICT_WRITE, where, RULE_DEFAULT_DRIVER,
		     device[0] ? device : file, NULL);
	last = conflicts->error ? NULL : &conflicts->list[conflicts->count - 1];
	if (!last)
		return;
	last->attribute = file;
	if (conflict_parse_address(device, &last->rule))
		conflict_parse_id(device, &last->rule);
}

static int compare(const void *a, const void *b)
{
	const struct conflict *one = a, *other = b;
	int order = strverscmp(one->where, other->where);

	if (order == 0)
		order = (int)one->kind - (int)other->kind;
	return order != 0 ? order : strcmp(one->text, other->text);
}

static bool names_module(const struct conflict *conflict)
{
	return conflict->kind == CONFLICT_BLACKLIST || conflict->kind == CONFLICT_SOFTDEP;
}

/* "alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau" */
static void take_alias(struct conflicts *conflicts, char *line)
{
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest);
	char *pattern = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;
	char *module = pattern ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;

	if (!module || strcmp(word, "alias") != 0 || strncmp(pattern, "pci:", 4) != 0)
		return;
	for (size_t i = 0; i < conflicts->count; i++) {
		struct conflict *conflict = &conflicts->list[i];
		char **alias;

		if (!names_module(conflict) || !text_same_name(conflict->text, module))
			continue;
		alias = array_add(conflict->aliases, conflict->alias_count);
		if (!alias || !(*alias = strdup(pattern)))
			conflicts->error = -ENOMEM;
	}
}

/* What the kernel's modules are for, as the running kernel has them. */
static void read_aliases(struct conflicts *conflicts, const struct host *host)
{
	char release[NAME_MAX + 1], path[PATH_MAX], *text, *rest, *line;

	if (host_readf(host, release, sizeof(release), "/proc/sys/kernel/osrelease") <= 0 ||
	    host_path(path, "/lib/modules/%s/modules.alias", release) < 0 ||
	    host_read_text(host, path, &text) < 0)
		return;
	for (rest = text; (line = strsep(&rest, "\n"));)
		take_alias(conflicts, line);
	free(text);
}

bool conflicts_means(const struct conflict *conflict, const struct pci *pci,
		     const struct pci_device *device)
{
	char modalias[PCI_MODALIAS_MAX];

	if (conflict->rule.terms)
		return match_rule(&conflict->rule, pci, device) == MATCH_YES;
	pci_format_modalias(device, "pci", modalias);
	if (conflict->kind == CONFLICT_ALIAS)
		return fnmatch(conflict->text, modalias, 0) == 0;
	if (!names_module(conflict))
		return false;
	if (device->driver && text_same_name(device->driver, conflict->text))
		return true;
	for (size_t i = 0; i < conflict->alias_count; i++)
		if (conflict->aliases[i] && fnmatch(conflict->aliases[i], modalias, 0) == 0)
			return true;
	return false;
}

bool conflicts_is_for_host(const struct conflict *conflict)
{
	return !vfio_is_reserving(conflict->driver);
}

/* driverctl unset-override would unbind the device at once. */
const char *conflicts_fix(const struct conflict *conflict)
{
	return conflict->kind == CONFLICT_DRIVERCTL ? "remove the file"
	       : conflict->kind == CONFLICT_WRITE   ? "remove the line"
						    : "take that ID out of the line";
}

static void sort(struct conflicts *conflicts)
{
	if (conflicts->count > 1)
		qsort(conflicts->list, conflicts->count, sizeof(*conflicts->list), compare);
}

int conflicts_read_file(struct conflicts *conflicts, const char *path)
{
	char *text;
	size_t length;
	int result = file_read_all(AT_FDCWD, path, RULES_FILE_MAX, &text, &length);

	*conflicts = (struct conflicts){ .count = 0 };
	if (result < 0)
		return result;
	conflict_read_text(conflicts, path, text);
	free(text);
	sort(conflicts);
	return conflicts->error;
}

int conflicts_read_modprobe(struct conflicts *conflicts, const struct host *host)
{
	*conflicts = (struct conflicts){ .count = 0 };
	conflict_read_modprobe(conflicts, host);
	sort(conflicts);
	return conflicts->error;
}

int conflicts_read(struct conflicts *conflicts, const struct host *host,
		   const struct conflict_word *words, size_t count)
{
	struct override_reader reader = { .conflicts = conflicts, .host = host };

	*conflicts = (struct conflicts){ .count = 0 };
	conflict_read_modprobe(conflicts, host);
	conflict_read_lists(conflicts, host);
	for (size_t i = 0; i < count; i++)
		conflict_read_word(conflicts, &words[i], i > 0 ? &words[i - 1] : NULL);
	host_each(host, DRIVERCTL, take_override, &reader);
	conflict_each_write(host, take_write, conflicts);
	sort(conflicts);
	read_aliases(conflicts, host);
	return conflicts->error;
}

void conflicts_free(struct conflicts *conflicts)
{
	while (conflicts->count > 0) {
		struct conflict *last = &conflicts->list[--conflicts->count];

		while (last->alias_count > 0)
			free(last->aliases[--last->alias_count]);
		free(last->aliases);
	}
	free(conflicts->list);
	conflicts->list = NULL;
}
