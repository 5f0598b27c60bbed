/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses and routes of a host: its record, and what /proc/net has of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/array.h"
#include "protect/routes.h"

int routes_add(struct route_list *list, const struct route *route)
{
	struct route *added = array_add(list->entries, list->count);

	if (!added)
		return -ENOMEM;
	*added = *route;
	return 0;
}

void routes_free(struct routes *routes)
{
	free(routes->routes.entries);
	free(routes->addresses.entries);
	*routes = (struct routes){ .routes = { .entries = NULL } };
}

bool routes_parse_prefix(const char *text, int family, struct route *route)
{
	size_t length = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN], *end;
	unsigned long bits;

	*route = (struct route){ .family = family };
	if (strcmp(text, "default") == 0)
		return true;
	if (length >= sizeof(address))
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)length, text);
	route->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	route->length = route->family == AF_INET6 ? 128 : 32;
	if (inet_pton(route->family, address, route->address) != 1)
		return false;
	if (text[length] == '\0')
		return true;
	bits = strtoul(text + length + 1, &end, 10);
	if (*end != '\0' || bits > route->length)
		return false;
	route->length = (unsigned int)bits;
	return true;
}

bool routes_match(const struct route *route, const struct route *address)
{
	unsigned int bytes = route->length / 8, rest = route->length % 8;

	return route->family == address->family &&
	       memcmp(route->address, address->address, bytes) == 0 &&
	       (rest == 0 || (route->address[bytes] ^ address->address[bytes]) >> (8 - rest) == 0);
}

/* As the kernel's dev_valid_name() has it. */
static bool set_interface(struct route *route, const char *name)
{
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    name[strcspn(name, "/: \t\n\v\f\r")] || strlen(name) >= sizeof(route->interface))
		return false;
	strcpy(route->interface, name);
	return true;
}

/* Words of a line, cut there. "\" is where a line without -o would end. */
static char *next_word(char **rest)
{
	char *word;

	while ((word = strsep(rest, " \t\\")))
		if (word[0] != '\0')
			return word;
	return NULL;
}

/* Tables have numbers or the names of /etc/iproute2/rt_tables, which need to differ only. */
static uint32_t parse_table(const char *name)
{
	char *end;
	uint32_t table = (uint32_t)strtoul(name, &end, 10);

	if (*end == '\0')
		return table;
	for (table = 1u << 31; *name; name++)
		table = table * 31 + (unsigned char)*name;
	return table;
}

/* "inet 10.0.0.2/24 brd ..."; the address of a peer is another route. */
static int parse_address(struct routes *routes, const char *interface, char *rest)
{
	const char *address = next_word(&rest);
	struct route route;

	if (!address || !routes_parse_prefix(address, AF_INET, &route) ||
	    !set_interface(&route, interface))
		return 0;
	return routes_add(&routes->addresses, &route);
}

/* More next hops than hosts have; the kernel allows 256 and more. */
#define HOPS_MAX 64

/*
 * "default via 10.0.0.1 dev eno1 table 7 ...", "default ... \ nexthop via 10.0.0.1 dev eno1 ...".
 * All but unicast starts with its type. The words come in no fixed order; "pref", a
 * preference, is of IPv6 alone.
 */
static int parse_route(struct routes *routes, const char *to, char *rest)
{
	const char *devices[HOPS_MAX], *word, *key = "";
	size_t count = 0;
	uint32_t table = ROUTES_MAIN;
	int family = AF_INET, result = 0;
	struct route route;

	while ((word = next_word(&rest))) {
		bool is_table = strcmp(key, "table") == 0, is_device = strcmp(key, "dev") == 0;

		if (is_table)
			table = parse_table(word);
		else if (is_device && count < HOPS_MAX)
			devices[count++] = word;
		else if (strcmp(word, "pref") == 0 ||
			 (strcmp(key, "via") == 0 && strchr(word, ':')))
			family = AF_INET6;
		/* What follows a key is its value, whatever it is. */
		key = is_table || is_device ? "" : word;
	}
	if (!routes_parse_prefix(to, family, &route))
		return 0;
	route.table = table;
	if (count == 0)
		return routes_add(&routes->routes, &route);
	for (size_t i = 0; i < count && result == 0; i++)
		if (set_interface(&route, devices[i]))
			result = routes_add(&routes->routes, &route);
	return result;
}

/* An address is "eno1 inet ...", with or without the interface's number, "2:"; all else a route. */
static int parse_line(struct routes *routes, char *line)
{
	const char *word = next_word(&line);
	size_t digits = word ? strspn(word, "0123456789") : 0;
	char *second = line;

	if (digits > 0 && strcmp(word + digits, ":") == 0) {
		word = next_word(&line);
		second = line;
	}
	second = second ? second + strspn(second, " \t") : "";
	if (word && (strncmp(second, "inet ", 5) == 0 || strncmp(second, "inet6 ", 6) == 0)) {
		next_word(&line);
		return parse_address(routes, word, line);
	}
	if (word && strcmp(word, "unicast") == 0)
		word = next_word(&line);
	return word ? parse_route(routes, word, line) : 0;
}

static int parse_lines(struct routes *routes, char *text,
		       int (*parse)(struct routes *routes, char *line))
{
	char *line;
	int result = 0;

	while (result == 0 && (line = strsep(&text, "\n")))
		result = parse(routes, line);
	return result;
}

int routes_parse_record(struct routes *routes, char *text)
{
	return parse_lines(routes, text, parse_line);
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ...; addresses as they are in memory. */
static int parse_ipv4(struct routes *routes, char *line)
{
	struct route route = { .family = AF_INET, .table = ROUTES_MAIN };
	unsigned int to, flags, mask;
	char name[IFNAMSIZ];
	int result;

	if (sscanf(line, "%15s %8x %*8x %x %*d %*d %*d %8x", name, &to, &flags, &mask) != 4 ||
	    !(flags & RTF_UP) || flags & RTF_REJECT || !set_interface(&route, name))
		return 0;
	memcpy(route.address, &to, sizeof(to));
	route.length = (unsigned int)__builtin_popcount(mask);
	result = routes_add(&routes->routes, &route);
	return result < 0 ? result : routes_add(&routes->addresses, &route);
}

int routes_read(struct routes *routes, const struct host *host)
{
	static const struct source {
		const char *file;
		int (*parse)(struct routes *routes, char *line);
	} sources[] = { { ROUTES_RECORD, parse_line }, { "/proc/net/route", parse_ipv4 } };
	int result = 0;

	*routes = (struct routes){ .routes = { .entries = NULL } };
	if (host->live)
		return routes_read_kernel(routes);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && result == 0; i++) {
		char *text;

		result = host_read_text(host, sources[i].file, &text);
		if (result == 0) {
			result = parse_lines(routes, text, sources[i].parse);
			free(text);
		} else if (result == -ENOENT) {
			result = 0;
		}
	}
	return result;
}

static void print_entry(FILE *stream, const struct route *entry, bool is_route)
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(entry->family, entry->address, address, sizeof(address));
	if (!is_route) {
		fprintf(stream, "%s inet%s %s/%u\n", entry->interface,
			entry->family == AF_INET6 ? "6" : "", address, entry->length);
		return;
	}
	if (entry->length > 0)
		fprintf(stream, "%s/%u", address, entry->length);
	else
		fputs("default", stream);
	if (entry->interface[0])
		fprintf(stream, " dev %s", entry->interface);
	if (entry->table != ROUTES_MAIN)
		fprintf(stream, " table %u", entry->table);
	fputs(entry->family == AF_INET6 ? " pref medium\n" : "\n", stream);
}

void routes_print(const struct routes *routes, FILE *stream)
{
	for (size_t i = 0; i < routes->addresses.count; i++)
		print_entry(stream, &routes->addresses.entries[i], false);
	for (size_t i = 0; i < routes->routes.count; i++)
		print_entry(stream, &routes->routes.entries[i], true);
}
