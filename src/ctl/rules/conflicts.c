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
#include "host/modprobe.h"
#include "rules/conflicts.h"
#include "rules/foreign.h"

#define CMDLINE          "/proc/cmdline"
#define DRIVERCTL        "/etc/driverctl.d"
#define DRIVERCTL_PREFIX "pci-"

#define MODALIAS_MAX 80

struct reader {
	struct rivals *rivals;
	const struct host *host;
};

static void add(struct rivals *rivals, const struct rival *rival)
{
	struct rival *list = reallocarray(rivals->list, rivals->count + 1, sizeof(*list));

	if (!list) {
		rivals->error = -ENOMEM;
		return;
	}
	rivals->list = list;
	list[rivals->count++] = *rival;
}

/* Adds a copy of it with what one word says, or with what is wrong about that. */
static void take_word(struct rivals *rivals, const struct rival *kind, const char *word,
		      const char *(*parse)(const char *text, struct rule *rule))
{
	struct rival rival = *kind;

	snprintf(rival.text, sizeof(rival.text), "%s", word);
	rival.expected = parse(word, &rival.rule);
	if (rival.expected)
		rival.kind = RIVAL_BAD;
	add(rivals, &rival);
}

static void take_list(struct rivals *rivals, enum rival_kind kind, const char *where, char *list)
{
	struct rival rival = { .kind = kind, .driver = RULE_DEFAULT_DRIVER };
	const char *word;

	snprintf(rival.where, sizeof(rival.where), "%s", where);
	while ((word = strsep(&list, kind == RIVAL_IDS ? ",\"" : MODPROBE_BLANK "\"")))
		if (word[0] != '\0')
			take_word(rivals, &rival, word,
				  kind == RIVAL_IDS ? foreign_parse_id : foreign_parse_bind);
}

static void take_module(struct rivals *rivals, enum rival_kind kind, const char *where,
			const char *module)
{
	struct rival rival = { .kind = kind };

	snprintf(rival.where, sizeof(rival.where), "%s", where);
	snprintf(rival.text, sizeof(rival.text), "%s", module);
	add(rivals, &rival);
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
	struct rivals *rivals = context;
	char *rest, *word, *module, *argument;

	if (strncmp(line, bind, strlen(bind)) == 0) {
		take_list(rivals, RIVAL_UNRAID, where, line + strlen(bind));
		return;
	}
	word = strtok_r(line, MODPROBE_BLANK, &rest);
	module = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;
	if (!module || word[0] == '#')
		return;
	argument = strtok_r(NULL, MODPROBE_BLANK, &rest);
	if (strcmp(word, "blacklist") == 0 ||
	    (strcmp(word, "install") == 0 && argument && is_dummy(argument)))
		take_module(rivals, RIVAL_BLACKLIST, where, module);
	for (; argument; argument = strtok_r(NULL, MODPROBE_BLANK, &rest))
		if (strcmp(word, "softdep") == 0 && text_same_name(argument, "vfio_pci"))
			take_module(rivals, RIVAL_SOFTDEP, where, module);
		else if (strcmp(word, "options") == 0 && text_same_name(module, "vfio_pci") &&
			 strncmp(argument, "ids=", 4) == 0)
			take_list(rivals, RIVAL_IDS, where, argument + 4);
}

static const char *parse_address(const char *text, struct rule *rule)
{
	if (!pci_address_parse(text, &rule->place.start))
		return "an address such as 0000:01:00.0";
	rule->terms = RULE_PLACE;
	return NULL;
}

static void trim_end(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && strchr(MODPROBE_BLANK, text[length - 1]))
		text[--length] = '\0';
}

/* Those for another bus than PCI have its name in front. */
static void take_override(void *context, const char *directory, const char *name)
{
	struct reader *reader = context;
	struct rival rival = { .kind = RIVAL_DRIVERCTL };
	const char *address = name;

	if (strncmp(name, DRIVERCTL_PREFIX, strlen(DRIVERCTL_PREFIX)) == 0)
		address += strlen(DRIVERCTL_PREFIX);
	else if (!isxdigit((unsigned char)name[0]) || !strchr(name, ':'))
		return;
	if (host_read_line(reader->host, directory, name, rival.driver, sizeof(rival.driver)) <= 0)
		return;
	snprintf(rival.where, sizeof(rival.where), "%s/%.*s", directory, NAME_MAX / 4, name);
	trim_end(rival.driver);
	if (!foreign_is_driver(rival.driver)) {
		rival.kind = RIVAL_BAD;
		rival.expected = "the name of a driver, such as vfio-pci";
		strcpy(rival.text, rival.driver);
		add(reader->rivals, &rival);
		return;
	}
	take_word(reader->rivals, &rival, address, parse_address);
}

/* The parameter of a module that is built in, or that modprobe(8) takes from here. */
static void take_cmdline(struct rivals *rivals, const struct host *host)
{
	static const char *const names[] = { "vfio-pci.ids=", "vfio_pci.ids=" };
	char *text, *rest, *word;

	if (host_read_text(host, CMDLINE, &text) < 0)
		return;
	for (word = strtok_r(text, MODPROBE_BLANK "\n", &rest); word;
	     word = strtok_r(NULL, MODPROBE_BLANK "\n", &rest))
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strncmp(word, names[i], strlen(names[i])) == 0)
				take_list(rivals, RIVAL_IDS, CMDLINE, word + strlen(names[i]));
	free(text);
}

static int compare(const void *a, const void *b)
{
	const struct rival *one = a, *other = b;
	int order = strverscmp(one->where, other->where);

	if (order == 0)
		order = (int)one->kind - (int)other->kind;
	return order != 0 ? order : strcmp(one->text, other->text);
}

static bool names_module(const struct rival *rival)
{
	return rival->kind == RIVAL_BLACKLIST || rival->kind == RIVAL_SOFTDEP;
}

static bool add_alias(struct rival *rival, const char *pattern)
{
	char **aliases = reallocarray(rival->aliases, rival->alias_count + 1, sizeof(*aliases));

	if (aliases)
		rival->aliases = aliases;
	if (!aliases || !(aliases[rival->alias_count] = strdup(pattern)))
		return false;
	rival->alias_count++;
	return true;
}

/* "alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau" */
static void take_alias(struct rivals *rivals, char *line)
{
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest);
	char *pattern = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;
	char *module = pattern ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;

	if (!module || strcmp(word, "alias") != 0 || strncmp(pattern, "pci:", 4) != 0)
		return;
	for (size_t i = 0; i < rivals->count; i++)
		if (names_module(&rivals->list[i]) &&
		    text_same_name(rivals->list[i].text, module) &&
		    !add_alias(&rivals->list[i], pattern))
			rivals->error = -ENOMEM;
}

/* What the kernel's modules are for, as the running kernel has them. */
static void read_aliases(struct rivals *rivals, const struct host *host)
{
	char release[NAME_MAX + 1], path[PATH_MAX], *text, *rest, *line;

	if (host_read_line(host, "/proc/sys/kernel", "osrelease", release, sizeof(release)) <= 0 ||
	    host_path(path, "/lib/modules/%s/modules.alias", release) < 0 ||
	    host_read_text(host, path, &text) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		take_alias(rivals, line);
	free(text);
}

/* As the kernel writes it, file2alias.c in reverse. */
static void format_modalias(const struct pci_device *device, char text[MODALIAS_MAX])
{
	snprintf(text, MODALIAS_MAX, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", device->vendor,
		 device->device, device->subvendor, device->subdevice, device->class >> 16 & 0xff,
		 device->class >> 8 & 0xff, device->class & 0xff);
}

/* Whether the module that is named is for the device. */
static bool drives(const struct rival *rival, const struct pci_device *device)
{
	char modalias[MODALIAS_MAX];

	if (device->driver && text_same_name(device->driver, rival->text))
		return true;
	format_modalias(device, modalias);
	for (size_t i = 0; i < rival->alias_count; i++)
		if (fnmatch(rival->aliases[i], modalias, 0) == 0)
			return true;
	return false;
}

bool rivals_means(const struct rival *rival, const struct pci *pci, const struct pci_device *device)
{
	if (rival->kind == RIVAL_BAD)
		return false;
	return names_module(rival) ? drives(rival, device)
				   : match_rule(&rival->rule, pci, device) == MATCH_YES;
}

/* pci-stub is how devices were kept from the host before vfio-pci. */
bool rivals_is_for_host(const struct rival *rival)
{
	return !strstr(rival->driver, "vfio") && strcmp(rival->driver, "pci-stub") != 0;
}

/* driverctl unset-override would unbind the device at once. */
const char *rivals_cure(const struct rival *rival)
{
	return rival->kind == RIVAL_DRIVERCTL ? "remove the file" : "take that ID out of the line";
}

int rivals_read_file(struct rivals *rivals, const char *path)
{
	char *text;
	size_t length;
	int result = file_read_all(AT_FDCWD, path, RULES_FILE_MAX, &text, &length);

	*rivals = (struct rivals){ .count = 0 };
	if (result < 0)
		return result;
	modprobe_parse(path, text, take_line, rivals);
	free(text);
	if (rivals->count > 1)
		qsort(rivals->list, rivals->count, sizeof(*rivals->list), compare);
	return rivals->error;
}

int rivals_read(struct rivals *rivals, const struct host *host)
{
	struct reader reader = { .rivals = rivals, .host = host };
	int result;

	*rivals = (struct rivals){ .count = 0 };
	result = modprobe_read(host, take_line, rivals);
	if (result < 0)
		rivals->error = result;
	take_cmdline(rivals, host);
	host_list(host, DRIVERCTL, take_override, &reader);
	if (rivals->count > 1)
		qsort(rivals->list, rivals->count, sizeof(*rivals->list), compare);
	read_aliases(rivals, host);
	return rivals->error;
}

void rivals_free(struct rivals *rivals)
{
	while (rivals->count > 0) {
		struct rival *last = &rivals->list[--rivals->count];

		while (last->alias_count > 0)
			free(last->aliases[--last->alias_count]);
		free(last->aliases);
	}
	free(rivals->list);
	rivals->list = NULL;
}
