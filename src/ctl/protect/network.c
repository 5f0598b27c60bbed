/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the network: default routes, links of a cluster, and interfaces down to their devices.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/file.h"
#include "core/protections.h"
#include "protect/network.h"
#include "protect/routes.h"

#define INTERFACES "/sys/class/net"

/* /etc/pve has it as well, but not while packages of Proxmox VE are upgraded. */
#define COROSYNC "/etc/corosync"

/* The list of each kernel's image, KERNEL.protected. */
#define LISTS "/var/lib/vfio-early"

/* Uses, by which entries of earlier lists are known. */
#define NO_DEFAULT_ROUTE "no default route"
#define CLUSTER_LINK     "Corosync link"
#define OF_EARLIER       "network of an earlier image"

/* Open vSwitch's datapath: below it are all ports but its internal ones. */
#define OVS_DATAPATH "ovs-system"

/* The sessions of PPP over Ethernet: a heading, then lines of ID, MAC address, interface. */
#define PPPOE "/proc/net/pppoe"

/* More than a session has processes above the command, and than a process has variables. */
#define PARENTS_MAX 32
#define ENVIRON_MAX (4u << 20)

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

/* Whether other hosts can send to an address: not to those of this host or of one link alone. */
static bool is_reachable(const struct walk *walk, const struct route *address)
{
	return strcmp(address->interface, "lo") != 0 &&
	       (address->family != AF_INET6 || address->address[0] != 0xfe ||
		(address->address[1] & 0xc0) != 0x80) &&
	       host_has(walk->host, INTERFACES, address->interface);
}

/* Follows the interface of every such address. Those of virtual machines and the like lead nowhere.
 */
static void follow_addresses(struct walk *walk, const char *what)
{
	const struct route_list *addresses = &walk->routes.addresses;
	struct protect_use before = walk->use;
	/* The interface that a server is behind is no use of its own. */
	enum protect_kind kind = before.kind == PROTECT_NETWORK ? PROTECT_NETWORK : PROTECT_OTHER;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct route *entry = &addresses->entries[i];

		if (!is_reachable(walk, entry))
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

/* Each interface on the way is a use of its own. */
static void follow_named_way(struct walk *walk, const char *name)
{
	struct protect_use before = walk->use;

	walk_set_use(walk, PROTECT_OTHER, before.what, name);
	follow_way(walk, name);
	walk->use = before;
}

void network_follow_server(struct walk *walk, const char *address)
{
	struct protect_use before = walk->use;
	char use[PROTECT_USE_MAX + 32];
	size_t ends = walk->ends;
	struct route server;

	snprintf(use, sizeof(use), "server of %s", before.what);
	walk_set_use(walk, PROTECT_OTHER, use, "");
	if (address && parse_address(address, &server))
		follow_routes(walk, &server, "", follow_named_way);
	walk->use = before;
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

enum link { LINK_NONE, LINK_FOLLOWED, LINK_UNKNOWN };

/* Follows the way to the address that a line has, of this node or of another. */
static enum link follow_link(struct walk *walk, const char *line)
{
	char key[32], value[256];
	struct route address;
	size_t ends = walk->ends;

	if (sscanf(line, " %31[^:# \t] : %255s", key, value) != 2 ||
	    (strcmp(key, "bindnetaddr") != 0 &&
	     (strncmp(key, "ring", 4) != 0 || !strstr(key, "_addr"))))
		return LINK_NONE;
	if (!parse_address(value, &address))
		return LINK_UNKNOWN;
	if (strncmp(value, "127.", 4) == 0 || strcmp(value, "::1") == 0)
		return LINK_FOLLOWED; /* a node without others, as Debian installs it */
	follow_routes(walk, &address, "", follow_named_way);
	return walk->ends > ends ? LINK_FOLLOWED : LINK_UNKNOWN;
}

/* A node that can't reach the others loses its quorum, and where it runs guests, it is fenced. */
static void find_cluster(struct walk *walk)
{
	char *text = NULL, *rest, *line;
	size_t count[] = { [LINK_NONE] = 0, [LINK_FOLLOWED] = 0, [LINK_UNKNOWN] = 0 };
	int result = host_read_text(walk->host, COROSYNC "/corosync.conf", &text);

	if (result == -ENOENT && !host_has(walk->host, COROSYNC, "authkey"))
		return;
	walk_begin(walk, PROTECT_OTHER, CLUSTER_LINK, "%s", "");
	rest = text;
	while ((line = strsep(&rest, "\n")))
		count[follow_link(walk, line)]++;
	free(text);
	if (result < 0)
		widen(walk, "what is in " COROSYNC "/corosync.conf", "address: Corosync");
	else if (count[LINK_UNKNOWN] > 0 || count[LINK_FOLLOWED] == 0)
		widen(walk, "the interface to a node", "address: Corosync");
	walk_take_other(walk);
	walk_end(walk);
}

/*
 * The address of the client that this process was started from over SSH. sudo drops the variable;
 * the shell that started it still has it.
 */
static bool find_client(const struct host *host, char client[64])
{
	char process[16] = "self", path[64], line[512], *text;
	bool found = false;
	size_t length;

	for (int i = 0; i < PARENTS_MAX && !found; i++) {
		snprintf(path, sizeof(path), "proc/%s/environ", process);
		if (file_read_all(host->directory, path, ENVIRON_MAX, &text, &length) == 0) {
			for (const char *p = text; p < text + length; p = strchr(p, '\0') + 1)
				found |= sscanf(p, "SSH_CONNECTION=%63s", client) == 1;
			free(text);
		}
		if (host_readf(host, line, sizeof(line), "/proc/%s/stat", process) <= 0 ||
		    !strrchr(line, ')') || sscanf(strrchr(line, ')'), ") %*c %15s", process) != 1)
			break;
	}
	return found;
}

static void find_session(struct walk *walk)
{
	struct route client;
	char address[64];

	if (!find_client(walk->host, address) || !parse_address(address, &client))
		return;
	walk_begin(walk, PROTECT_OTHER, "SSH session", "%s", "");
	follow_routes(walk, &client, "", follow_named_way);
	walk_take_other(walk);
	walk_end(walk);
}

/* The network of an address, where a host has cards for several. */
static void find_networks(struct walk *walk)
{
	const struct route_list *addresses = &walk->routes.addresses;

	for (size_t i = 0; i < addresses->count; i++) {
		struct route network = addresses->entries[i];
		char text[INET6_ADDRSTRLEN], what[INET6_ADDRSTRLEN + 16];

		if (!is_reachable(walk, &network) || is_default(&network))
			continue;
		for (unsigned int bit = network.length; bit < 8 * sizeof(network.address); bit++)
			network.address[bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
		inet_ntop(network.family, network.address, text, sizeof(text));
		snprintf(what, sizeof(what), "network %s/%u", text, network.length);
		walk_begin(walk, PROTECT_OTHER, what, "%s", network.interface);
		follow_interface(walk, network.interface);
		walk_take_other(walk);
		walk_end(walk);
	}
}

static bool is_controller(const struct pci_device *device)
{
	return device->class >> 16 == 0x02;
}

/* Whether an entry of a list is there for the network: controllers of USB can be, too. */
static bool is_network(const struct rule *entry, const struct pci_device *device)
{
	static const char *const uses[] = { "default route", CLUSTER_LINK, OF_EARLIER };
	bool found = is_controller(device);

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		found |= strstr(entry->note, uses[i]) != NULL;
	return found;
}

/* Takes what the list of an earlier image protects, as a boot with that image does. */
static void keep_entries(struct walk *walk, const struct rules *list)
{
	struct pci *pci = &walk->protect->pci;
	struct plan plan;
	int result;

	if (rules_terms(list) & RULE_SERIAL)
		pci_read_serials(pci);
	result = protect_apply_list(&plan, list, pci);
	if (result < 0)
		walk->error = result;
	for (size_t i = 0; i < pci->count && result == 0; i++)
		if (plan.choices[i].protects &&
		    is_network(plan.choices[i].protects, &pci->devices[i]))
			walk_take(walk, &pci->devices[i]);
	plan_free(&plan);
}

struct keeping {
	struct walk *walk;
	bool addressed; /* there are addresses now: those of another time are of no interest */
};

static int keep_list(void *context, const char *directory, const char *name)
{
	const struct keeping *keeping = context;
	struct rules list = { .list = NULL };
	char path[PATH_MAX], why[PROTECTIONS_WHY_MAX], *text;
	const char *end = strrchr(name, '.');
	size_t kept = 0;

	if (!end || strcmp(end, ".protected") != 0 ||
	    host_path(path, "%s/%s", directory, name) < 0 ||
	    host_read_text(keeping->walk->host, path, &text) < 0)
		return 0;
	if (protections_parse(&list, path, text, strlen(text), why) == 0) {
		for (size_t i = 0; i < list.count; i++)
			if (!keeping->addressed || !strstr(list.list[i].note, NO_DEFAULT_ROUTE))
				list.list[kept++] = list.list[i];
		list.count = kept;
		keep_entries(keeping->walk, &list);
	}
	rules_free(&list);
	free(text);
	return 0;
}

/*
 * Early in the boot, or with networking down, what the host needs can't be seen: what the images
 * have that were built at a better time stays in the list.
 */
static void keep_earlier(struct walk *walk)
{
	struct keeping keeping = { walk, walk->found > 0 };
	size_t count = walk->protect->count;

	walk_set_use(walk, PROTECT_NETWORK, OF_EARLIER, "");
	host_each(walk->host, LISTS, keep_list, &keeping);
	if (walk->protect->count > count)
		walk_warn(walk, NO_DEFAULT_ROUTE
			  ": network devices in the lists of earlier images stay protected");
}

static void find_defaults(struct walk *walk)
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
	walk_begin(walk, PROTECT_NETWORK, NO_DEFAULT_ROUTE, "%s", "");
	follow_addresses(walk, "address: " NO_DEFAULT_ROUTE);
	walk_note(walk, NO_DEFAULT_ROUTE ": %s",
		  walk->found ? "every interface with an address is protected"
			      : "no network device is protected");
	keep_earlier(walk);
	walk_take_other(walk);
	walk_end(walk);
}

/* Then any card can have the route that the host needs. */
static void take_controllers(struct walk *walk, int error)
{
	struct pci *pci = &walk->protect->pci;

	walk_begin(walk, PROTECT_NETWORK, "addresses and routes unknown", "%s", "");
	walk_lose(walk, "addresses and routes: %s: every network controller is protected",
		  strerror(-error));
	for (size_t i = 0; i < pci->count; i++)
		if (is_controller(&pci->devices[i]))
			walk_take(walk, &pci->devices[i]);
	walk_end(walk);
}

void network_find(struct walk *walk, int error)
{
	if (error < 0)
		take_controllers(walk, error);
	else
		find_defaults(walk);
	find_cluster(walk);
	walk->grade = PROTECT_USED;
	find_session(walk);
	find_networks(walk);
	walk->grade = PROTECT_NEEDED;
}
