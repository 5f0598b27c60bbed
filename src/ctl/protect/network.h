/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the network. */
#ifndef VFIO_EARLY_PROTECT_NETWORK_H
#define VFIO_EARLY_PROTECT_NETWORK_H

#include "protect/walk.h"

/*
 * Searches below the interfaces of every default route, or where there is none, of every address
 * and of what earlier images list; below the links of a cluster; then below every other interface
 * with an address, which is used and not needed. error is what reading addresses and routes ended
 * with: unless it is 0, every network controller is needed.
 */
void network_find(struct walk *walk, int error);

/*
 * Follows the interfaces on the way to a server, which something that is part of the search comes
 * from. Where these can't be told (the address is NULL or no number, no route leads there), every
 * interface with an address is protected if the server is needed, and that is told of.
 */
void network_follow_server(struct walk *walk, const char *address);

/* Whether the text is a numeric address of IPv4 or IPv6, which may have a "%scope". */
bool network_is_address(const char *text);

#endif
