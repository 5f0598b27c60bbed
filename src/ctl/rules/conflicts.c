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
#include "rules/conflicts.h"

#define CMDLINE          "/proc/cmdline"
#define DRIVERCTL        "/etc/driverctl.d"
#define DRIVERCTL_PREFIX "pci-"

struct override_reader {
	struct conflicts *conflicts;
	const struct host *host;
};

/*
 * Adds what one word says, or what is wrong about that; without parse, the word is a module. A file
 * may be called anything, and what import writes has its name in a comment.
 */
static void take(struct conflicts *conflicts, enum conflict_kind kind, const char *where,
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

static void take_list(struct conflicts *conflicts, enum conflict_kind kind, const char *where,
		      char *list)
{
	const char *word;

	while ((word = strsep(&list, kind == CONFLICT_IDS ? ",\"" : MODPROBE_BLANK "\"")))
		if (word[0] != '\0')
			take(conflicts, kind, where, RULE_DEFAULT_DRIVER, word,
			     kind == CONFLICT_IDS ? conflict_parse_id : conflict_parse_bind);
}

/* "install nouveau /bin/false" is how those blacklist who do not trust a blacklist. */
static bool is_dummy(const char *command)
{
	static const char *const dummies[] = { "/bin/false",    "/bin/true", "/usr/bin/false",
					       "/usr/bin/true", "false",     "true" };

	for (size_t i = 0; i < sizeof(dummies) / sizeof(dummies[0]); i++)
		if (strcmp(command, dummies[i]) == 0)
			return true;
	return false;
}

static void take_line(void *context, const char *where, char *line)
{
	static const char bind[] = "BIND=";
	struct conflicts *conflicts = context;
	char *rest, *word, *module, *argument;

	if (strncmp(line, bind, strlen(bind)) == 0) {
		take_list(conflicts, CONFLICT_UNRAID, where, line + strlen(bind));
		return;
	}
	word = strtok_r(line, MODPROBE_BLANK, &rest);
	module = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;
	if (!module || word[0] == '#')
		return;
	argument = strtok_r(NULL, MODPROBE_BLANK, &rest);
	if (strcmp(word, "blacklist") == 0 ||
	    (strcmp(word, "install") == 0 && argument && is_dummy(argument)))
		take(conflicts, CONFLICT_BLACKLIST, where, "", module, NULL);
	for (; argument; argument = strtok_r(NULL, MODPROBE_BLANK, &rest))
		if (strcmp(word, "softdep") == 0 && text_same_name(argument, "vfio_pci"))
			take(conflicts, CONFLICT_SOFTDEP, where, "", module, NULL);
		else if (strcmp(word, "options") == 0 && text_same_name(module, "vfio_pci") &&
			 strncmp(argument, "ids=", 4) == 0)
			take_list(conflicts, CONFLICT_IDS, where, argument + 4);
}

static const char *parse_address(const char *text, struct rule *rule)
{
	if (!pci_address_parse(text, &rule->place.start))
		return "an address such as 0000:01:00.0";
	rule->terms = RULE_PLACE;
	return NULL;
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
	length = host_readf(reader->host, driver, sizeof(driver), "%s/%s", directory, name);
	if (length <= 0)
		return 0;
	while (length > 0 && strchr(MODPROBE_BLANK, driver[length - 1]))
		driver[--length] = '\0';
	snprintf(where, sizeof(where), "%s/%s", directory, name);
	if (conflict_is_driver(driver))
		take(reader->conflicts, CONFLICT_DRIVERCTL, where, driver, address, parse_address);
	else
		take(reader->conflicts, CONFLICT_DRIVERCTL, where, driver, driver, refuse_driver);
	return 0;
}

/* The parameter of a module that is built in, or that modprobe(8) takes from here. */
static void take_cmdline(struct conflicts *conflicts, const struct host *host)
{
	static const char *const names[] = { "vfio-pci.ids=", "vfio_pci.ids=" };
	char *text, *rest, *word;

	if (host_read_text(host, CMDLINE, &text) < 0)
		return;
	for (word = strtok_r(text, MODPROBE_BLANK "\n", &rest); word;
	     word = strtok_r(NULL, MODPROBE_BLANK "\n", &rest))
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strncmp(word, names[i], strlen(names[i])) == 0)
				take_list(conflicts, CONFLICT_IDS, CMDLINE,
					  word + strlen(names[i]));
	free(text);
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

	if (conflict->kind == CONFLICT_BAD)
		return false;
	if (!names_module(conflict))
		return match_rule(&conflict->rule, pci, device) == MATCH_YES;
	if (device->driver && text_same_name(device->driver, conflict->text))
		return true;
	pci_format_modalias(device, "pci", modalias);
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
	modprobe_parse(path, text, take_line, conflicts);
	free(text);
	sort(conflicts);
	return conflicts->error;
}

int conflicts_read(struct conflicts *conflicts, const struct host *host)
{
	struct override_reader reader = { .conflicts = conflicts, .host = host };
	int result;

	*conflicts = (struct conflicts){ .count = 0 };
	result = modprobe_read(host, take_line, conflicts);
	if (result < 0)
		conflicts->error = result;
	take_cmdline(conflicts, host);
	host_each(host, DRIVERCTL, take_override, &reader);
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
