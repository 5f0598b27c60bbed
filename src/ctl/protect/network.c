/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the network: default routes, and interfaces down to their devices. */
#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "protect/network.h"
#include "protect/routes.h"

#define INTERFACES "/sys/class/net"

/* Open vSwitch's datapath: below it are all ports but its internal ones. */
#define OVS_DATAPATH "ovs-system"

/* The sessions of PPP over Ethernet: a heading, then lines of ID, MAC address, interface. */
#define PPPOE "/proc/net/pppoe"

/* The kernel's; glibc lacks it. */
#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823
#endif

/* Halves of all addresses, and the eighths and sixteenths of IPv6 that VPNs use for a default
 * route which wins over another. */
static bool is_default(const struct route *route)
{
	return route->length <= (route->family == AF_INET6 ? 4 : 1) &&
	       strcmp(route->interface, "lo") != 0;
}

static void follow_interface(struct walk *walk, const char *name);

static int follow_lower(void *context, const char *directory, const char *name)
{
	static const char prefix[] = "lower_";

	(void)directory;
	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		follow_interface(context, name + sizeof(prefix) - 1);
	return 0;
}

/*
 * What openvswitch calls an internal port has no type of its own and, unlike all else that has
 * none, nothing below it.
 */
static bool is_ovs_internal(const struct walk *walk, const char *directory)
{
	char *text, path[PATH_MAX];
	bool has_type = true;

	if (!host_has(walk->host, INTERFACES, OVS_DATAPATH) ||
	    !strstr(directory, "/virtual/net/") || host_has(walk->host, directory, "tun_flags") ||
	    host_path(path, "%s/uevent", directory) < 0 ||
	    host_read_text(walk->host, path, &text) < 0)
		return false;
	has_type = strncmp(text, "DEVTYPE=", 8) == 0 || strstr(text, "\nDEVTYPE=");
	free(text);
	return !has_type;
}

/*
 * Ports of bridges that lead to virtual machines and the like are on no PCI bus and no fault:
 * only an interface below which nothing at all was found is one, see walk_end().
 */
static void follow_interface(struct walk *walk, const char *name)
{
	char directory[PATH_MAX];
	size_t ends = walk->ends;

	if (walk_resolve(walk, INTERFACES, name, directory) < 0 || !walk_enter(walk, directory))
		return;
	walk_take_path(walk, directory);
	walk_list(walk, directory, follow_lower, walk);
	if (walk->ends == ends && is_ovs_internal(walk, directory))
		follow_interface(walk, OVS_DATAPATH);
	if (walk->ends == ends && !strstr(directory, "/virtual/")) {
		walk_note(walk, "%s: %s is on no PCI bus", walk->use.text, name);
		walk_take_other(walk);
	}
	walk_leave(walk);
}

/*
 * Follows the interface of every address that other hosts can send to: not those of this host or of
 * one link alone. Those of virtual machines and the like lead nowhere.
 */
static void follow_addresses(struct walk *walk, const char *what)
{
	const struct route_list *addresses = &walk->routes.addresses;
	struct protect_use before = walk->use;
	/* The interface that a server is behind is no use of its own. */
	enum protect_kind kind = before.kind == PROTECT_NETWORK ? PROTECT_NETWORK : PROTECT_OTHER;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct route *entry = &addresses->entries[i];

		if (strcmp(entry->interface, "lo") == 0 ||
		    (entry->family == AF_INET6 && entry->address[0] == 0xfe &&
		     (entry->address[1] & 0xc0) == 0x80) ||
		    !host_has(walk->host, INTERFACES, entry->interface))
			continue;
		walk_set_use(walk, kind, what, entry->interface);
		follow_interface(walk, entry->interface);
	}
	walk->use = before;
}

/* What is needed but can't be followed may be behind every interface with an address. */
static void widen(struct walk *walk, const char *what, const char *use)
{
	size_t ends = walk->ends;

	if (walk->grade != PROTECT_NEEDED)
		return;
	walk->protect->incomplete = true;
	walk_warn(walk, "%s: %s is not known: every interface with an address is protected",
		  walk->use.text, what);
	follow_addresses(walk, use);
	if (walk->ends == ends)
		walk_lose(walk, "%s: no interface with an address has a device", walk->use.text);
}

/*
 * Calls follow for the interfaces of routes to an address but one: of those with the longest prefix
 * in each table, as which one the rules of policy routing choose is not known here.
 */
static void follow_routes(struct walk *walk, const struct route *address, const char *except,
			  void (*follow)(struct walk *walk, const char *interface))
{
	const struct route_list *list = &walk->routes.routes;

	for (size_t i = 0; i < list->count; i++) {
		const struct route *route = &list->entries[i];
		bool best = routes_match(route, address) && strcmp(route->interface, except) != 0;

		for (size_t j = 0; best && j < list->count; j++) {
			const struct route *other = &list->entries[j];

			best = other->table != route->table || other->length <= route->length ||
			       !routes_match(other, address) ||
			       strcmp(other->interface, except) == 0;
		}
		if (best)
			follow(walk, route->interface);
	}
}

/* Of ipip, sit, gre and their kind for IPv6: the hardware address is the tunnel's other end. */
static bool read_endpoint(struct walk *walk, const char *name, struct route *endpoint)
{
	static const unsigned int types[] = { ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT,
					      ARPHRD_IPGRE, ARPHRD_IP6GRE };
	char line[64], *rest = line, *byte;
	size_t size = 0;
	bool is_tunnel = false;

	if (host_readf(walk->host, line, sizeof(line), INTERFACES "/%s/type", name) <= 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		is_tunnel |= strtoul(line, NULL, 10) == types[i];
	if (!is_tunnel ||
	    host_readf(walk->host, line, sizeof(line), INTERFACES "/%s/broadcast", name) <= 0)
		return false;
	*endpoint = (struct route){ .family = AF_INET };
	while ((byte = strsep(&rest, ":")) && size < sizeof(endpoint->address))
		endpoint->address[size++] = (unsigned char)strtoul(byte, NULL, 16);
	if (size > 4)
		endpoint->family = AF_INET6;
	return true;
}

static void follow_pppoe(struct walk *walk)
{
	char *text, *rest, *line, interface[IFNAMSIZ];

	if (host_read_text(walk->host, PPPOE, &text) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "%*x %*s %15s", interface) == 1)
			follow_interface(walk, interface);
	free(text);
}

/* Follows an interface; one with no device is a tunnel, whose packets go out by another one. */
static void follow_way(struct walk *walk, const char *name)
{
	size_t ends = walk->ends;
	struct route endpoint;

	follow_interface(walk, name);
	if (walk->ends > ends)
		return;
	if (strncmp(name, "ppp", 3) == 0)
		follow_pppoe(walk);
	else if (read_endpoint(walk, name, &endpoint))
		follow_routes(walk, &endpoint, name, follow_interface);
}

static bool parse_address(const char *text, struct route *address)
{
	char number[64];

	snprintf(number, sizeof(number), "%.*s", (int)strcspn(text, "%/"), text);
	return strcmp(number, "default") != 0 && routes_parse_prefix(number, AF_INET, address);
}

bool network_is_address(const char *text)
{
	struct route address;

	return parse_address(text, &address);
}

static void follow_server_way(struct walk *walk, const char *name)
{
	struct protect_use before = walk->use;
	char what[PROTECT_USE_MAX + 32];

	snprintf(what, sizeof(what), "server of %s", before.what);
	walk_set_use(walk, PROTECT_OTHER, what, name);
	follow_way(walk, name);
	walk->use = before;
}

void network_follow_server(struct walk *walk, const char *address)
{
	char use[PROTECT_USE_MAX + 32];
	size_t ends = walk->ends;
	struct route server;

	if (address && parse_address(address, &server))
		follow_routes(walk, &server, "", follow_server_way);
	if (walk->ends > ends)
		return;
	snprintf(use, sizeof(use), "address: server of %s unknown", walk->use.what);
	widen(walk, "the interface to its server", use);
	if (walk->ends == ends)
		walk_take_other(walk);
}

/* All default routes of an interface are one use, which is found with the first. */
static void find_default(struct walk *walk, size_t index)
{
	const struct route_list *list = &walk->routes.routes;
	const char *name = list->entries[index].interface;
	char what[32], use[64];
	bool ipv4 = false, ipv6 = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct route *other = &list->entries[i];

		if (!is_default(other) || strcmp(other->interface, name) != 0)
			continue;
		if (i < index)
			return;
		ipv4 |= other->family == AF_INET;
		ipv6 |= other->family == AF_INET6;
	}
	name = name[0] ? name : "?";
	snprintf(what, sizeof(what), "%s default route",
		 ipv4 && ipv6 ? "IPv4/IPv6"
		 : ipv6       ? "IPv6"
			      : "IPv4");
	walk_begin(walk, PROTECT_NETWORK, what, "%s", name);
	follow_way(walk, name);
	snprintf(use, sizeof(use), "address: default route in %s", name);
	if (walk->found == 0 || walk->lost)
		widen(walk, "the interface below it", use);
	walk_end(walk);
}

void network_find(struct walk *walk)
{
	const struct route_list *list = &walk->routes.routes;
	bool found = false;

	for (size_t i = 0; i < list->count; i++)
		if (is_default(&list->entries[i])) {
			found = true;
			find_default(walk, i);
		}
	if (found)
		return;
	walk_begin(walk, PROTECT_NETWORK, "no default route", "%s", "");
	follow_addresses(walk, "address: no default route");
	walk_note(walk, "no default route: %s",
		  walk->found ? "every interface with an address is protected"
			      : "no network device is protected");
	walk_take_other(walk);
	walk_end(walk);
}
