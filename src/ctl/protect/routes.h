/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses and routes of a host, in every table and of both families. */
#ifndef VFIO_EARLY_PROTECT_ROUTES_H
#define VFIO_EARLY_PROTECT_ROUTES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "host/host.h"

/*
 * The network of a recorded host: its addresses and routes, one a line, as iproute2 prints them. It
 * is the output of `ip -o address` and of `ip -o route show table all` in any order, of which these
 * parts count:
 *
 *	[NUMBER:] INTERFACE inet|inet6 ADDRESS[/LENGTH]
 *	[unicast] default|ADDRESS[/LENGTH] [via GATEWAY] [dev INTERFACE] [table NAME] [pref medium]
 *	... nexthop via GATEWAY dev INTERFACE nexthop via GATEWAY dev INTERFACE
 *
 * A default route of IPv6 has pref or a gateway of IPv6. Interfaces themselves are those of sysfs.
 */
#define ROUTES_RECORD "/run/vfio-early/network"

/* The kernel's RT_TABLE_MAIN. */
#define ROUTES_MAIN 254

/* An address with its network, or where a route leads to. */
struct route {
	int family; /* AF_INET or AF_INET6 */
	unsigned char address[16];
	unsigned int length;      /* of the prefix, in bits */
	uint32_t table;           /* of a route */
	char interface[IFNAMSIZ]; /* empty: of a route whose next hop is not shown */
};

struct route_list {
	struct route *entries;
	size_t count;
};

/* A route with several next hops is one entry for each. Only routes to other hosts are here. */
struct routes {
	struct route_list routes, addresses;
};

/*
 * Reads the routes: of this machine from the kernel, of a recorded host from ROUTES_RECORD and from
 * /proc/net/route, which a copied /proc has. It has the main table of IPv4 with the first next hop
 * and no address: every interface with a route there counts as one with an address. *routes is
 * filled from scratch. 0 or -errno; the caller frees it in either case.
 */
int routes_read(struct routes *routes, const struct host *host);
void routes_free(struct routes *routes);

/* Writes them as a record has them. */
void routes_print(const struct routes *routes, FILE *stream);

/* Adds what the text of a record has, and changes it; other lines are passed over. 0 or -ENOMEM. */
int routes_parse_record(struct routes *routes, char *text);

/* Fills *routes with what rtnetlink(7) has of this network namespace. 0 or -errno. */
int routes_read_kernel(struct routes *routes);

/* Adds one entry. 0 or -ENOMEM. */
int routes_add(struct route_list *list, const struct route *route);

/* Reads ADDRESS[/LENGTH] or "default", whose family is the one given. False if it is neither. */
bool routes_parse_prefix(const char *text, int family, struct route *route);

/* Whether the address is in the network that a route leads to. */
bool routes_match(const struct route *route, const struct route *address);

#endif
