/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reading of addresses and routes: answers of rtnetlink, after a byte that says of which
 * kind, and records. What a record has is written and read again as it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* Each number names an interface but some: what the kernel has is no part of the input. */
static char *name_interface(unsigned int index, char *name)
{
	if (index % 16 == 15)
		return NULL;
	snprintf(name, 16, "eth%u", index);
	return name;
}

#define if_indextoname name_interface
/* NOLINTNEXTLINE(bugprone-suspicious-include): its parser has no other way in. */
#include "protect/rtnetlink.c"

enum { ADDRESSES, ROUTES };

static void check_list(const struct route_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct route *route = &list->entries[i];

		require(route->family == AF_INET || route->family == AF_INET6);
		require(strnlen(route->interface, sizeof(route->interface)) <
			sizeof(route->interface));
		routes_match(route, &list->entries[0]);
	}
}

static char *print(const struct routes *routes)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	require(stream);
	routes_print(routes, stream);
	fclose(stream);
	return text;
}

static void check_answer(const uint8_t *data, size_t size, int kind)
{
	struct routes routes = { .routes = { .entries = NULL } };
	char *answer = check_copy_bytes(data, size);

	if (kind == ADDRESSES)
		parse_answer(&routes, answer, size, RTM_NEWADDR, sizeof(struct ifaddrmsg),
			     parse_address);
	else
		parse_answer(&routes, answer, size, RTM_NEWROUTE, sizeof(struct rtmsg),
			     parse_route);
	check_list(&routes.addresses);
	check_list(&routes.routes);
	free(print(&routes));
	free(answer);
	routes_free(&routes);
}

static void check_record(const uint8_t *data, size_t size)
{
	struct routes routes = { .routes = { .entries = NULL } },
		      again = { .routes = { .entries = NULL } };
	char *text = check_copy_text(data, size), *first, *copy, *second;

	require(routes_parse_record(&routes, text) == 0);
	check_list(&routes.addresses);
	check_list(&routes.routes);
	first = print(&routes);
	copy = strdup(first);
	require(copy && routes_parse_record(&again, copy) == 0);
	second = print(&again);
	require(strcmp(first, second) == 0);
	require(routes.routes.count == again.routes.count);
	require(routes.addresses.count == again.addresses.count);
	free(second);
	free(copy);
	free(first);
	free(text);
	routes_free(&routes);
	routes_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] <= ROUTES)
		check_answer(data + 1, size - 1, data[0]);
	else
		check_record(data, size);
	return 0;
}
