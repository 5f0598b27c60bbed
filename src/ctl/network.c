/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the network: default routes, and interfaces down to their devices. */
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

#define INTERFACES "/sys/class/net"

/* Open vSwitch's datapath: below it are all ports but its internal ones. */
#define OVS_DATAPATH "ovs-system"

/* Hosts have a few default routes; more than this would be the routes of something else. */
#define DEFAULTS_MAX 32

enum family {
	IPV4 = 1 << 0,
	IPV6 = 1 << 1,
};

struct default_route {
	char interface[IFNAMSIZ];
	unsigned int families;
};

struct defaults {
	struct default_route list[DEFAULTS_MAX];
	size_t count;
	bool too_many;
};

static void add_default(struct defaults *defaults, const char *interface, enum family family)
{
	for (size_t i = 0; i < defaults->count; i++)
		if (strcmp(defaults->list[i].interface, interface) == 0) {
			defaults->list[i].families |= family;
			return;
		}
	if (defaults->count == DEFAULTS_MAX) {
		defaults->too_many = true;
		return;
	}
	snprintf(defaults->list[defaults->count].interface, IFNAMSIZ, "%s", interface);
	defaults->list[defaults->count++].families = family;
}

/* As the kernel's dev_valid_name() has it. */
static bool is_interface_name(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       !strchr(name, '/');
}

static bool is_in_use(unsigned int flags)
{
	return flags & RTF_UP && !(flags & RTF_REJECT);
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ... */
static bool parse_ipv4(const char *line, char interface[IFNAMSIZ])
{
	unsigned int destination, flags, mask;

	return sscanf(line, "%15s %8x %*8x %x %*d %*d %*d %8x", interface, &destination, &flags,
		      &mask) == 4 &&
	       destination == 0 && mask == 0 && is_in_use(flags);
}

/* destination length source length gateway metric refcnt use flags interface */
static bool parse_ipv6(const char *line, char interface[IFNAMSIZ])
{
	static const char any[] = "00000000000000000000000000000000";
	char destination[sizeof(any)];
	unsigned int length, flags;

	return sscanf(line, "%32s %2x %*32s %*2x %*32s %*8x %*8x %*8x %x %15s", destination,
		      &length, &flags, interface) == 4 &&
	       strcmp(destination, any) == 0 && length == 0 && is_in_use(flags) &&
	       strcmp(interface, "lo") != 0;
}

static const struct routes {
	const char *file;
	enum family family;
	bool (*parse)(const char *line, char interface[IFNAMSIZ]);
} tables[] = {
	{ "/proc/net/route", IPV4, parse_ipv4 },
	{ "/proc/net/ipv6_route", IPV6, parse_ipv6 },
};

/* A kernel without the family has no such file. */
static void read_routes(struct search *search, const struct routes *routes,
			struct defaults *defaults)
{
	char interface[IFNAMSIZ], *text, *rest, *line;
	int result = host_read_text(search->host, routes->file, &text);

	if (result < 0) {
		if (result != -ENOENT)
			search_lose(search, "%s: %s", routes->file, strerror(-result));
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (routes->parse(line, interface) && is_interface_name(interface))
			add_default(defaults, interface, routes->family);
	free(text);
}

static void follow_interface(struct search *search, const char *name);

static void follow_lower(void *context, const char *directory, const char *name)
{
	static const char prefix[] = "lower_";

	(void)directory;
	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		follow_interface(context, name + sizeof(prefix) - 1);
}

/*
 * What openvswitch calls an internal port has no type of its own and, unlike all else that has
 * none, nothing below it.
 */
static bool is_ovs_internal(const struct search *search, const char *directory)
{
	char *text, path[PATH_MAX];
	bool has_type = true;

	if (!host_has(search->host, INTERFACES, OVS_DATAPATH) ||
	    !strstr(directory, "/virtual/net/") || host_has(search->host, directory, "tun_flags") ||
	    host_path(path, "%s/uevent", directory) < 0 ||
	    host_read_text(search->host, path, &text) < 0)
		return false;
	has_type = strncmp(text, "DEVTYPE=", 8) == 0 || strstr(text, "\nDEVTYPE=");
	free(text);
	return !has_type;
}

/*
 * Ports of bridges that lead to virtual machines and the like are on no PCI bus and no fault:
 * only an interface below which nothing at all was found is one, see search_end().
 */
static void follow_interface(struct search *search, const char *name)
{
	char link[64], directory[PATH_MAX];
	size_t ends = search->ends;

	snprintf(link, sizeof(link), INTERFACES "/%.*s", IFNAMSIZ, name);
	if (search_resolve(search, link, directory) < 0 || !search_enter(search, directory))
		return;
	search_take_path(search, directory);
	search_list(search, directory, follow_lower, search);
	if (search->ends == ends && is_ovs_internal(search, directory))
		follow_interface(search, OVS_DATAPATH);
	if (search->ends == ends && !strstr(directory, "/virtual/")) {
		search_note(search, "%s: %s is on no PCI bus", search->reason, name);
		search_take_other(search);
	}
	search_leave(search);
}

static const char *const family_names[] = {
	[IPV4] = "IPv4",
	[IPV6] = "IPv6",
	[IPV4 | IPV6] = "IPv4/IPv6",
};

static void find_default(struct search *search, const struct default_route *route)
{
	search_begin(search, "%s default route (%s)", family_names[route->families],
		     route->interface);
	follow_interface(search, route->interface);
	search_end(search);
}

void network_find(struct search *search)
{
	struct defaults defaults = { .count = 0 };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		read_routes(search, &tables[i], &defaults);
	for (size_t i = 0; i < defaults.count; i++)
		find_default(search, &defaults.list[i]);
	if (defaults.too_many)
		search_lose(search, "more than %d interfaces have a default route", DEFAULTS_MAX);
	if (defaults.count == 0)
		search_note(search, "no default route: no network device is protected");
}
