/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that a person means. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/match.h"
#include "core/text.h"
#include "look/find.h"
#include "look/nearest.h"
#include "protect/disks.h"

#define SHOWN_MAX 64

#define BLANKS " \t"

/*
 * The classes whose names people use. Where another class has such a name, too, these win: sound
 * has a card0 as well, but only drm's is in /dev.
 */
static const char *const classes[] = { "block", "net", "drm", "nvme", NULL };

struct search_by_name {
	struct forecast *forecast;
	const struct host *host;
	const char *name;      /* one component of a path */
	char shown[SHOWN_MAX]; /* what messages call it */
	bool *meant;           /* one a device */
	size_t count;
};

static void mark(struct search_by_name *search, const struct pci_device *device)
{
	bool *meant = &search->meant[device - search->forecast->pci.devices];

	search->count += !*meant;
	*meant = true;
}

/* Of the functions on a path in /sys/devices the last one is the device, the others are above. */
static bool mark_path(struct search_by_name *search, const char *path)
{
	const struct pci_device *last = NULL;
	struct pci_address address;
	char part[PCI_ADDRESS_TEXT_MAX];

	for (const char *slash = path; *slash; slash += strcspn(slash, "/")) {
		size_t length = strcspn(++slash, "/");
		const struct pci_device *device;

		if (length >= sizeof(part))
			continue;
		memcpy(part, slash, length);
		part[length] = '\0';
		device = pci_address_parse(part, &address)
				 ? pci_find(&search->forecast->pci, &address)
				 : NULL;
		last = device ? device : last;
	}
	if (last)
		mark(search, last);
	return last;
}

/* A disk of a multipath subsystem has its controllers as links nvme0, ... beside it. */
static int mark_controller(void *context, const char *directory, const char *name)
{
	char path[PATH_MAX], resolved[PATH_MAX];
	struct search_by_name *search = context;

	if (disks_is_nvme_controller(name) && host_path(path, "%s/%s", directory, name) == 0 &&
	    host_resolve(search->host, path, resolved) == 0)
		mark_path(search, resolved);
	return 0;
}

static void take_path(struct search_by_name *search, const char *path)
{
	char resolved[PATH_MAX];
	char *slash;

	if (host_resolve(search->host, path, resolved) < 0 || mark_path(search, resolved))
		return;
	slash = strrchr(resolved, '/');
	if (!strstr(resolved, "/nvme-subsystem/") || strncmp(slash, "/nvme", 5) != 0)
		return;
	*slash = '\0';
	host_each(search->host, resolved, mark_controller, search);
}

static int take_class(void *context, const char *directory, const char *name)
{
	struct search_by_name *search = context;
	char path[PATH_MAX];

	if (host_path(path, "%s/%s/%s", directory, name, search->name) == 0)
		take_path(search, path);
	return 0;
}

static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void take_kernel_name(struct search_by_name *search, const char *name)
{
	if (!is_component(name))
		return;
	search->name = name;
	for (const char *const *class = classes; *class && search->count == 0; class ++)
		take_class(search, "/sys/class", *class);
	if (search->count == 0)
		host_each(search->host, "/sys/class", take_class, search);
}

/* Nodes of /dev can be links, /dev/disk/by-id/..., to one with the kernel's name. */
static void take_absolute(struct search_by_name *search, const char *path)
{
	char resolved[PATH_MAX];

	if (strncmp(path, "/sys/", 5) == 0) {
		take_path(search, path);
		return;
	}
	if (host_resolve(search->host, path, resolved) == 0)
		path = resolved;
	take_kernel_name(search, strrchr(path, '/') + 1);
}

static void take_rule(struct search_by_name *search, const struct rule *rule)
{
	struct pci *pci = &search->forecast->pci;

	if (rule->terms & RULE_SERIAL)
		pci_read_serials(pci);
	for (size_t i = 0; i < pci->count; i++)
		if (match_rule(rule, pci, &pci->devices[i]) == MATCH_YES)
			mark(search, &pci->devices[i]);
}

/*
 * "01:00.0 VGA compatible controller: ..." and, with -m, "01:00.0 \"VGA compatible ..."; a line of
 * our list, "01:00.0 14 10de:1b81 GPU ...". Options and terms of rules begin with lower case.
 */
static bool parse_lspci(const char *line, struct rule *rule)
{
	size_t length = strcspn(line, " \t");
	const char *rest = line + length + strspn(line + length, BLANKS);
	size_t digits = strspn(rest, "0123456789"); /* of a group */
	struct rule_error error;

	return (*rest == '"' || isupper((unsigned char)*rest) || strstr(rest, ": ") ||
		(digits > 0 && strchr(BLANKS, rest[digits]))) &&
	       rule_parse(line, length, rule, &error) > 0 && rule->terms == RULE_PLACE &&
	       rule->options == 0 && !rule->exclude;
}

static void take_group(struct search_by_name *search, unsigned int group)
{
	struct forecast *forecast = search->forecast;

	for (size_t i = 0; i < forecast->pci.count; i++)
		if (!pci_is_bridge(&forecast->pci.devices[i]) &&
		    pci_read_group(&forecast->pci, &forecast->pci.devices[i]) == 0 &&
		    forecast->pci.devices[i].group == (int)group)
			mark(search, &forecast->pci.devices[i]);
}

/* Several in one word, as lists and scripts have them; all of them must be rules' terms. */
static bool take_list(struct search_by_name *search, const char *name)
{
	struct text rest = { name, name + strlen(name) }, part;
	char separator = strchr(name, ';') ? ';' : ',';
	struct rule_error error;
	struct rule rule;

	if (!strchr(name, separator))
		return false;
	while (text_take_until(&rest, separator, &part))
		if (!text_at_end(&part) &&
		    (rule_parse(part.p, text_length(&part), &rule, &error) <= 0 || rule.options ||
		     rule.exclude))
			return false;
	rest = (struct text){ name, name + strlen(name) };
	while (text_take_until(&rest, separator, &part))
		if (rule_parse(part.p, text_length(&part), &rule, &error) > 0)
			take_rule(search, &rule);
	return true;
}

/*
 * What other tools call a device: libvirt "pci_0000_01_00_0", Unraid "0000:01:00.0|10de:1b81",
 * scripts that list groups "IOMMU Group 14 01:00.0 VGA ...". Marks what is meant; false if it is
 * none of these.
 */
static bool take_foreign(struct search_by_name *search, const char *name)
{
	const char *group = strncasecmp(name, "iommu ", 6) == 0 ? name + 6 : name, *rest, *bar;
	char text[SHOWN_MAX];
	struct pci_address address;
	struct rule_error error;
	struct rule rule;
	unsigned int number;
	int used = 0;

	if (strncasecmp(group, "group ", 6) == 0 &&
	    sscanf(group + 6, "%u%n", &number, &used) == 1) {
		rest = group + 6 + used + strspn(group + 6 + used, ": \t");
		if (*rest == '\0')
			take_group(search, number);
		else if (rule_parse(rest, strcspn(rest, BLANKS), &rule, &error) > 0)
			take_rule(search, &rule);
		return true;
	}
	snprintf(text, sizeof(text), "%s", name);
	bar = strchr(text, '|');
	if (strncmp(text, "pci_", 4) == 0 && strlen(text) == strlen("pci_0000_01_00_0")) {
		text[8] = text[11] = ':';
		text[14] = '.';
		if (!pci_address_parse(text + 4, &address))
			return false;
		rule = (struct rule){ .terms = RULE_PLACE, .place.start = address };
	} else if (bar) {
		snprintf(text, sizeof(text), "%.*s id=%s", (int)(bar - text), name,
			 name + (bar - text) + 1);
		if (rule_parse(text, strlen(text), &rule, &error) <= 0)
			return false;
	} else {
		return take_list(search, name);
	}
	take_rule(search, &rule);
	return true;
}

/* What has none of these in its first word is a kernel's name, or words of a description. */
static bool looks_like_terms(const char *name)
{
	const char *word = name + strspn(name, " \t");

	return word[0] != '/' && strcspn(word, ":=!") < strcspn(word, " \t");
}

/* Marks what the name means; with a message what is wrong with it. */
static int take_name(struct search_by_name *search, const char *name,
		     char message[FIND_MESSAGE_MAX])
{
	struct rule_error error;
	struct rule rule;
	int parsed = rule_parse(name, strlen(name), &rule, &error);

	if (parsed > 0 && (rule.exclude || rule.options != 0)) {
		snprintf(message, FIND_MESSAGE_MAX,
			 "%s: found an option or !, expected terms that name a device",
			 search->shown);
		return -EINVAL;
	}
	if (parsed > 0 || parse_lspci(name, &rule)) {
		take_rule(search, &rule);
	} else if (take_foreign(search, name)) {
		return 0;
	} else if (looks_like_terms(name) && parsed < 0) {
		snprintf(message, FIND_MESSAGE_MAX, "%s: found %s, expected %s", search->shown,
			 error.found, error.expected);
		return -EINVAL;
	} else if (name[0] == '/') {
		take_absolute(search, name);
	} else {
		take_kernel_name(search, name);
	}
	return 0;
}

static unsigned int read_sriov(const struct search_by_name *search, const struct pci_device *device,
			       const char *attribute)
{
	char address[PCI_ADDRESS_TEXT_MAX], line[16] = "";

	pci_address_format(&device->address, address);
	if (host_readf(search->host, line, sizeof(line), "/" PCI_DEVICES "/%s/%s", address,
		       attribute) < 0)
		return 0;
	return (unsigned int)strtoul(line, NULL, 10);
}

/* Bus, device and function as one number, as PCI Express has it. */
static unsigned int routing_id(const struct pci_address *address)
{
	return (unsigned int)address->bus << 8 | (unsigned int)address->device << 3 |
	       (unsigned int)address->function;
}

/* Whether the address is that of a virtual function that could be made: "PCI Express", 9.2.1.2. */
static bool report_virtual(const struct search_by_name *search, const char *name,
			   char message[FIND_MESSAGE_MAX])
{
	const struct pci *pci = &search->forecast->pci;
	char address[PCI_ADDRESS_TEXT_MAX];
	struct rule_error error;
	struct rule rule;

	if (rule_parse(name, strlen(name), &rule, &error) <= 0 || !(rule.terms & RULE_PLACE) ||
	    rule.place.step_count > 0 || rule_names_card(&rule))
		return false;
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		unsigned int total = read_sriov(search, device, "sriov_totalvfs");
		unsigned int stride = read_sriov(search, device, "sriov_stride") ?: 1;
		unsigned int first =
			routing_id(&device->address) + read_sriov(search, device, "sriov_offset");
		unsigned int wanted = routing_id(&rule.place.start);

		if (total == 0 || device->address.domain != rule.place.start.domain ||
		    wanted < first || (wanted - first) / stride >= total ||
		    (wanted - first) % stride)
			continue;
		pci_address_format(&device->address, address);
		snprintf(message, FIND_MESSAGE_MAX,
			 "%s: no such device yet; with %u or more virtual functions, which 'echo "
			 "NUMBER > /sys/bus/pci/devices/%s/sriov_numvfs' makes, %s has it",
			 search->shown, (wanted - first) / stride + 1, address, address);
		return true;
	}
	return false;
}

/* The words after a semicolon, if there is anything near. */
static int report_unknown(const struct search_by_name *search, const char *name,
			  char message[FIND_MESSAGE_MAX])
{
	char nearest[NEAREST_MAX];

	if (report_virtual(search, name, message))
		return -ENOENT;
	nearest_find(search->forecast, search->host, classes, name, nearest);
	if (nearest[0] != '\0')
		snprintf(message, FIND_MESSAGE_MAX, "%s: no such device; did you mean %s?",
			 search->shown, nearest);
	else
		snprintf(message, FIND_MESSAGE_MAX,
			 "%s: no such device; 'vfio-earlyctl list' shows them", search->shown);
	return -ENOENT;
}

static int collect(const struct search_by_name *search, size_t **found, size_t *count)
{
	size_t *list = calloc(search->count, sizeof(*list)), used = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < search->forecast->pci.count; i++)
		if (search->meant[i])
			list[used++] = i;
	*found = list;
	*count = used;
	return 0;
}

static int find(struct search_by_name *search, const char *name, char message[FIND_MESSAGE_MAX])
{
	const struct text text = { name, name + strlen(name) };
	int result;

	if (name[0] == '\0') {
		snprintf(message, FIND_MESSAGE_MAX,
			 "found an empty name, expected a device; 'vfio-earlyctl list' shows them");
		return -EINVAL;
	}
	text_copy_printable(&text, search->shown, sizeof(search->shown));
	result = take_name(search, name, message);
	return result == 0 && search->count == 0 ? report_unknown(search, name, message) : result;
}

/* A name that was copied from somewhere often has blanks around it. */
static char *trim(const char *name)
{
	size_t length;

	name += strspn(name, BLANKS);
	length = strlen(name);
	while (length > 0 && strchr(BLANKS, name[length - 1]))
		length--;
	return strndup(name, length);
}

int find_by_name(struct forecast *forecast, const struct host *host, const char *name,
		 size_t **found, size_t *count, char message[FIND_MESSAGE_MAX])
{
	struct search_by_name search = {
		.forecast = forecast,
		.host = host,
		.meant = calloc(forecast->pci.count + 1, sizeof(bool)),
	};
	char *trimmed = trim(name);
	int result = search.meant && trimmed ? 0 : -ENOMEM;

	message[0] = '\0';
	if (result == 0)
		result = find(&search, trimmed, message);
	if (result == 0)
		result = collect(&search, found, count);
	if (result < 0 && !message[0])
		snprintf(message, FIND_MESSAGE_MAX, "%s", strerror(-result));
	free(trimmed);
	free(search.meant);
	return result;
}

int find_passable(struct forecast *forecast, const struct host *host, const char *name, bool *meant,
		  char message[FIND_MESSAGE_MAX])
{
	size_t *found = NULL, count = 0, bridges = 0;
	int result = find_by_name(forecast, host, name, &found, &count, message);

	for (size_t i = 0; i < count && result == 0; i++) {
		bool bridge = pci_is_bridge(&forecast->pci.devices[found[i]]);

		meant[found[i]] |= !bridge;
		bridges += bridge;
	}
	free(found);
	if (result < 0 || bridges < count)
		return result;
	snprintf(message, FIND_MESSAGE_MAX,
		 "%s is a bridge, which can't be passed through; name a device behind it", name);
	return -EPERM;
}
