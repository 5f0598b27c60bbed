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

void network_open(struct search *search)
{
	int result = routes_read(&search->routes, search->host);

	if (result < 0)
		search_lose(search, "addresses and routes: %s", strerror(-result));
}

void network_close(struct search *search)
{
	routes_free(&search->routes);
}

/* Halves of all addresses, and the eighths and sixteenths of IPv6 that VPNs use for a default
 * route which wins over another. */
static bool is_default(const struct route *route)
{
	return route->length <= (route->family == AF_INET6 ? 4 : 1) &&
	       strcmp(route->interface, "lo") != 0;
}

/* Whether other hosts can send to the address: it is not of this host or of one link alone. */
static bool is_reachable(const struct route *address)
{
	const unsigned char *bytes = address->address;

	if (strcmp(address->interface, "lo") == 0)
		return false;
	return address->family == AF_INET || bytes[0] != 0xfe || (bytes[1] & 0xc0) != 0x80;
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

/* Follows the interface of every address; those of virtual machines and the like lead nowhere. */
static void follow_addresses(struct search *search, const char *why)
{
	const struct route_list *addresses = &search->routes.addresses;
	char before[PROTECT_REASON_MAX + 1];

	for (size_t i = 0; i < addresses->count; i++) {
		const char *interface = addresses->entries[i].interface;

		if (!is_reachable(&addresses->entries[i]) ||
		    !host_has(search->host, INTERFACES, interface))
			continue;
		search_set_reason(search, before, "address: %s (%s)", why, interface);
		follow_interface(search, interface);
		search_restore_reason(search, before);
	}
}

/* What is needed but can't be followed may be behind every interface with an address. */
static void widen(struct search *search, const char *what, const char *why)
{
	size_t ends = search->ends;

	if (search->grade != PROTECT_NEEDED)
		return;
	search->protect->incomplete = true;
	search_warn(search, "%s: %s is not known: every interface with an address is protected",
		    search->reason, what);
	follow_addresses(search, why);
	if (search->ends == ends)
		search_lose(search, "%s: no interface with an address has a device",
			    search->reason);
}

/* Whether a route leads to the address, and no longer prefix of the same table does. */
static bool is_best(const struct route_list *list, const struct route *route,
		    const struct route *address, const char *except)
{
	if (!routes_match(route, address) || strcmp(route->interface, except) == 0)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		const struct route *other = &list->entries[i];

		if (other->table == route->table && other->length > route->length &&
		    routes_match(other, address) && strcmp(other->interface, except) != 0)
			return false;
	}
	return true;
}

/*
 * Calls follow for the interfaces of routes to an address but one: of those in each table, as
 * which one the rules of policy routing choose is not known here.
 */
static void follow_routes(struct search *search, const struct route *address, const char *except,
			  void (*follow)(struct search *search, const char *interface))
{
	const struct route_list *list = &search->routes.routes;

	for (size_t i = 0; i < list->count; i++)
		if (is_best(list, &list->entries[i], address, except))
			follow(search, list->entries[i].interface);
}

/* Of ipip, sit, gre and their kind for IPv6: the hardware address is the tunnel's other end. */
static bool read_endpoint(struct search *search, const char *name, struct route *endpoint)
{
	static const unsigned int types[] = { ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT,
					      ARPHRD_IPGRE, ARPHRD_IP6GRE };
	char directory[PATH_MAX], line[64], *rest = line, *byte;
	size_t size = 0;
	bool is_tunnel = false;

	if (host_path(directory, INTERFACES "/%s", name) < 0 ||
	    host_read_line(search->host, directory, "type", line, sizeof(line)) <= 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		is_tunnel |= strtoul(line, NULL, 10) == types[i];
	if (!is_tunnel ||
	    host_read_line(search->host, directory, "broadcast", line, sizeof(line)) <= 0)
		return false;
	*endpoint = (struct route){ .family = AF_INET };
	while ((byte = strsep(&rest, ":")) && size < sizeof(endpoint->address))
		endpoint->address[size++] = (unsigned char)strtoul(byte, NULL, 16);
	if (size > 4)
		endpoint->family = AF_INET6;
	return true;
}

static void follow_pppoe(struct search *search)
{
	char *text, *rest, *line, interface[IFNAMSIZ];

	if (host_read_text(search->host, PPPOE, &text) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "%*x %*s %15s", interface) == 1)
			follow_interface(search, interface);
	free(text);
}

/* Follows an interface; one with no device is a tunnel, whose packets go out by another one. */
static void follow_way(struct search *search, const char *name)
{
	size_t ends = search->ends;
	struct route endpoint;

	follow_interface(search, name);
	if (search->ends > ends)
		return;
	if (strncmp(name, "ppp", 3) == 0)
		follow_pppoe(search);
	else if (read_endpoint(search, name, &endpoint))
		follow_routes(search, &endpoint, name, follow_interface);
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

static void follow_server_way(struct search *search, const char *name)
{
	char before[PROTECT_REASON_MAX + 1];

	search_set_reason(search, before, "server of %.*s (%s)", search_subject_length(search),
			  search->reason, name);
	follow_way(search, name);
	search_restore_reason(search, before);
}

void network_follow_server(struct search *search, const char *address)
{
	char why[PROTECT_REASON_MAX + 1];
	size_t ends = search->ends;
	struct route server;

	if (address && parse_address(address, &server))
		follow_routes(search, &server, "", follow_server_way);
	if (search->ends > ends)
		return;
	snprintf(why, sizeof(why), "server of %.*s unknown", search_subject_length(search),
		 search->reason);
	widen(search, "the interface to its server", why);
	if (search->ends == ends)
		search_take_other(search);
}

static const char *name_family(const struct route_list *list, const struct route *route)
{
	bool ipv4 = false, ipv6 = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct route *other = &list->entries[i];

		if (!is_default(other) || strcmp(other->interface, route->interface) != 0)
			continue;
		ipv4 |= other->family == AF_INET;
		ipv6 |= other->family == AF_INET6;
	}
	return ipv4 && ipv6 ? "IPv4/IPv6" : ipv6 ? "IPv6" : "IPv4";
}

/* Whether the interface has no default route before this one. */
static bool is_first(const struct route_list *list, const struct route *route)
{
	for (const struct route *other = list->entries; other < route; other++)
		if (is_default(other) && strcmp(other->interface, route->interface) == 0)
			return false;
	return true;
}

static void find_default(struct search *search, const struct route *route)
{
	const char *name = route->interface[0] ? route->interface : "?";
	char why[64];

	search_begin(search, "%s default route (%s)", name_family(&search->routes.routes, route),
		     name);
	follow_way(search, name);
	snprintf(why, sizeof(why), "default route in %s", name);
	if (search->found == 0 || search->lost)
		widen(search, "the interface below it", why);
	search_end(search);
}

static void find_addresses(struct search *search)
{
	search_begin(search, "no default route");
	follow_addresses(search, "no default route");
	search_note(search, "no default route: %s",
		    search->found ? "every interface with an address is protected"
				  : "no network device is protected");
	search_take_other(search);
	search_end(search);
}

void network_find(struct search *search)
{
	const struct route_list *list = &search->routes.routes;
	bool found = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct route *route = &list->entries[i];

		found |= is_default(route);
		if (is_default(route) && is_first(list, route))
			find_default(search, route);
	}
	if (!found)
		find_addresses(search);
}
