/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and routes of a network namespace of its own, as the kernel tells them and as iproute2
 * prints them: both are read to the same. It runs as root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "protect/routes.h"

/* Two networks, the next hops of one default route in both; the same by nexthop objects; policy
 * routing by a table; a VPN that takes all with halves, and one to a peer; what is no route to
 * another host. */
static const char *const commands[] = {
	"ip link set lo up",
	"ip tuntap add tun9 mode tun",
	"ip link set tap0 up",
	"ip link set tap1 up",
	"ip link set tun9 up",
	"ip address add 10.0.0.2/24 dev tap0",
	"ip address add 10.1.0.2/24 dev tap1",
	"ip address add 10.9.0.1 peer 10.9.0.2/32 dev tun9",
	"ip -6 address add fd00::2/64 dev tap1 nodad",
	"ip route add default nexthop via 10.0.0.1 dev tap0 nexthop via 10.1.0.1 dev tap1",
	"ip -6 route add default nexthop via fe80::1 dev tap0 nexthop via fe80::2 dev tap1",
	"ip route add default via 10.1.0.1 dev tap1 table 100",
	"ip route add default dev tun9 table 51820",
	"ip -6 route add default via fe80::2 dev tap1 table 77",
	"ip route add 0.0.0.0/1 dev tun9",
	"ip route add 128.0.0.0/1 dev tun9",
	"ip route add 192.0.2.7 via 10.0.0.1 dev tap0",
	"ip route add 10.2.0.0/16 via 10.0.0.1 dev tap0 metric 5",
	"ip route add 10.2.0.0/16 via 10.1.0.1 dev tap1 metric 6",
	"ip route add unreachable 10.7.0.0/16",
	"ip -6 route add blackhole fd07::/16",
	"ip rule add fwmark 1 table 100",
	"ip nexthop add id 1 via 10.0.0.1 dev tap0",
	"ip nexthop add id 2 via 10.1.0.1 dev tap1",
	"ip nexthop add id 3 via fe80::2 dev tap1",
	"ip nexthop add id 10 group 1/2",
	"ip route add default nhid 10 table 200",
	"ip route add 10.4.0.0/16 nhid 2",
	"ip -6 route add fd04::/16 nhid 3",
	"ip route add 10.5.0.0/16 via inet6 fe80::1 dev tap0",
};

/* ADDRESS/LENGTH INTERFACE TABLE; the kernel has others of its own. */
static const char *const expected[] = {
	"0.0.0.0/0 tap0 254",    "0.0.0.0/0 tap1 254",   "0.0.0.0/0 tap1 100",
	"0.0.0.0/0 tun9 51820",  "0.0.0.0/1 tun9 254",   "128.0.0.0/1 tun9 254",
	"::/0 tap0 254",         "::/0 tap1 254",        "::/0 tap1 77",
	"10.0.0.0/24 tap0 254",  "10.1.0.0/24 tap1 254", "10.9.0.2/32 tun9 254",
	"192.0.2.7/32 tap0 254", "10.2.0.0/16 tap0 254", "10.2.0.0/16 tap1 254",
	"fd00::/64 tap1 254",    "0.0.0.0/0 tap0 200",   "0.0.0.0/0 tap1 200",
	"10.4.0.0/16 tap1 254",  "fd04::/16 tap1 254",   "10.5.0.0/16 tap0 254",
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One line an entry, in order; the caller frees it. */
static char *format_list(const struct route_list *list)
{
	char **lines = calloc(list->count + 1, sizeof(*lines)), *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_true(lines && file);
	for (size_t i = 0; i < list->count; i++) {
		const struct route *route = &list->entries[i];
		char address[INET6_ADDRSTRLEN];

		inet_ntop(route->family, route->address, address, sizeof(address));
		assert_true(asprintf(&lines[i], "%s/%u %s %u", address, route->length,
				     route->interface, route->table) > 0);
	}
	qsort(lines, list->count, sizeof(*lines), compare);
	for (size_t i = 0; i < list->count; i++) {
		fprintf(file, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	assert_int_equal(fclose(file), 0);
	return text;
}

static char *read_command(const char *command)
{
	char *text = NULL;
	size_t size = 0;
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	assert_true(getdelim(&text, &size, '\0', pipe) > 0);
	assert_int_equal(pclose(pipe), 0);
	return text;
}

static void test_kernel(void **state)
{
	struct routes routes = { .routes = { .entries = NULL } };
	char *addresses, *list;

	(void)state;
	assert_int_equal(routes_read_kernel(&routes), 0);
	list = format_list(&routes.routes);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!strstr(list, expected[i]))
			fail_msg("no %s in\n%s", expected[i], list);
	assert_null(strstr(list, "10.7."));
	assert_null(strstr(list, "fd07:"));
	assert_null(strstr(list, "127.0.0."));
	addresses = format_list(&routes.addresses);
	/* This host's address, with the length of its peer's. */
	assert_non_null(strstr(addresses, "10.9.0.1/32 tun9 0\n"));
	assert_non_null(strstr(addresses, "fd00::2/64 tap1 0\n"));
	free(addresses);
	free(list);
	routes_free(&routes);
}

static void check_same(const struct route_list *wanted, const struct route_list *got)
{
	char *a = format_list(wanted), *b = format_list(got);

	assert_string_equal(a, b);
	free(a);
	free(b);
}

/* Whether a record says the same; frees both. */
static void check_record(struct routes *kernel, char *text)
{
	struct routes record = { .routes = { .entries = NULL } };

	assert_int_equal(routes_parse_record(&record, text), 0);
	check_same(&kernel->routes, &record.routes);
	check_same(&kernel->addresses, &record.addresses);
	free(text);
	routes_free(kernel);
	routes_free(&record);
}

static void test_record(void **state)
{
	struct routes kernel = { .routes = { .entries = NULL } };
	char *text = read_command("ip -o address && ip -o route show table all");

	(void)state;
	assert_int_equal(routes_read_kernel(&kernel), 0);
	check_record(&kernel, text);
}

/* What is written is read as it was. */
static void test_written(void **state)
{
	struct routes kernel = { .routes = { .entries = NULL } };
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(routes_read_kernel(&kernel), 0);
	routes_print(&kernel, stream);
	assert_int_equal(fclose(stream), 0);
	assert_non_null(strstr(text, "\ndefault dev tap1 table 77 pref medium\n"));
	assert_non_null(strstr(text, "tun9 inet 10.9.0.1/32\n"));
	check_record(&kernel, text);
}

/* The kernel tells of objects by their numbers alone then: the interface is not known. */
static void test_objects_alone(void **state)
{
	struct routes routes = { .routes = { .entries = NULL } };
	char *list;

	(void)state;
	assert_int_equal(system("echo 0 > /proc/sys/net/ipv4/nexthop_compat_mode"), 0);
	assert_int_equal(routes_read_kernel(&routes), 0);
	list = format_list(&routes.routes);
	assert_non_null(strstr(list, "0.0.0.0/0  200\n"));
	free(list);
	routes_free(&routes);
	assert_int_equal(system("echo 1 > /proc/sys/net/ipv4/nexthop_compat_mode"), 0);
}

/* More than one answer of the kernel. */
static void test_many(void **state)
{
	struct routes routes = { .routes = { .entries = NULL } };
	size_t before;

	(void)state;
	assert_int_equal(routes_read_kernel(&routes), 0);
	before = routes.routes.count;
	assert_int_equal(system("i=0; while [ $i -lt 5000 ]; do "
				"echo route add 172.$((16 + i / 250)).$((i % 250)).0/24 dev tap0; "
				"i=$((i + 1)); done | ip -batch -"),
			 0);
	assert_int_equal(routes_read_kernel(&routes), 0);
	assert_int_equal(routes.routes.count, before + 5000);
	routes_free(&routes);
}

/* An interface that nobody has open has no carrier, so that nexthop objects refuse it. */
static bool hold_carrier(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0;
}

static int make_network(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) < 0) {
		print_error("unshare: %s\n", strerror(errno));
		return -1;
	}
	if (!hold_carrier("tap0") || !hold_carrier("tap1")) {
		print_error("/dev/net/tun: %s\n", strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (system(commands[i]) != 0) {
			print_error("failed: %s\n", commands[i]);
			return -1;
		}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),  cmocka_unit_test(test_record),
		cmocka_unit_test(test_written), cmocka_unit_test(test_objects_alone),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("routes", tests, make_network, NULL);
}
