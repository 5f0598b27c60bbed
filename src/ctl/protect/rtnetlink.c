/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses and routes of this machine, as the kernel tells them (rtnetlink(7)). It needs two
 * dumps and a few attributes, for which libmnl would be one more library that images and small
 * systems lack.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/file.h"
#include "protect/routes.h"

/* The kernel fills 32 KiB at most, if there is room for that (since 4.6, netlink_dump()). */
#define ANSWER_SIZE 32768

/* Changes during a dump make it inconsistent: it is asked for again, at most so often. */
#define ATTEMPTS 5

typedef int parse_message(struct routes *routes, const struct nlmsghdr *message);

static int set_route(struct route *route, const struct rtattr *address, unsigned int index)
{
	size_t size = route->family == AF_INET6 ? 16 : 4;

	if (route->length > 8 * size)
		return -EBADMSG;
	if (address && RTA_PAYLOAD(address) >= size)
		memcpy(route->address, RTA_DATA(address), size);
	/* One that has gone in the meantime is of no interest. */
	return index && !if_indextoname(index, route->interface) ? -ENODEV : 0;
}

static uint32_t read_u32(const struct rtattr *attribute)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(attribute) >= sizeof(value))
		memcpy(&value, RTA_DATA(attribute), sizeof(value));
	return value;
}

/* Fills by_type with the attributes behind a message's header of this size. */
static void read_attributes(const struct nlmsghdr *message, size_t header,
			    const struct rtattr *by_type[], size_t count)
{
	const struct rtattr *attribute =
		(const void *)((const char *)message + NLMSG_SPACE(header));
	int left = (int)message->nlmsg_len - (int)NLMSG_SPACE(header);

	for (size_t i = 0; i < count; i++)
		by_type[i] = NULL;
	while (RTA_OK(attribute, left)) {
		int size = (int)RTA_ALIGN(attribute->rta_len);

		if (attribute->rta_type < count)
			by_type[attribute->rta_type] = attribute;
		attribute = (const void *)((const char *)attribute + size);
		left -= size;
	}
}

/* IFA_LOCAL is this host's address where IFA_ADDRESS is that of a peer. */
static int parse_address(struct routes *routes, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	const struct rtattr *attributes[IFA_MAX + 1];
	struct route route = { .family = header->ifa_family, .length = header->ifa_prefixlen };

	if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
		return 0;
	read_attributes(message, sizeof(*header), attributes, IFA_MAX + 1);
	if (set_route(&route,
		      attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS],
		      header->ifa_index) < 0)
		return 0;
	return routes_add(&routes->addresses, &route);
}

static int add_next_hops(struct routes *routes, struct route *route, const struct rtattr *hops)
{
	const struct rtnexthop *hop = RTA_DATA(hops);
	int left = (int)RTA_PAYLOAD(hops), result = 0;

	/* RTNH_OK() reads the length before it asks whether that is there. */
	while (result == 0 && left >= (int)sizeof(*hop) && RTNH_OK(hop, left)) {
		if (set_route(route, NULL, (unsigned int)hop->rtnh_ifindex) == 0)
			result = routes_add(&routes->routes, route);
		left -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return result;
}

static int parse_route(struct routes *routes, const struct nlmsghdr *message)
{
	const struct rtmsg *header = NLMSG_DATA(message);
	const struct rtattr *attributes[RTA_MAX + 1];
	struct route route = { .family = header->rtm_family,
			       .length = header->rtm_dst_len,
			       .table = header->rtm_table };
	unsigned int index = 0;

	if ((header->rtm_family != AF_INET && header->rtm_family != AF_INET6) ||
	    header->rtm_type != RTN_UNICAST || header->rtm_flags & RTM_F_CLONED)
		return 0;
	read_attributes(message, sizeof(*header), attributes, RTA_MAX + 1);
	if (attributes[RTA_TABLE])
		route.table = read_u32(attributes[RTA_TABLE]);
	if (attributes[RTA_OIF])
		index = read_u32(attributes[RTA_OIF]);
	if (set_route(&route, attributes[RTA_DST], index) < 0)
		return 0;
	if (attributes[RTA_MULTIPATH])
		return add_next_hops(routes, &route, attributes[RTA_MULTIPATH]);
	return routes_add(&routes->routes, &route);
}

/* Parses the messages of one answer. 1 at the end of the dump, 0 if more is to come, -errno. */
static int parse_answer(struct routes *routes, const char *answer, size_t length, uint16_t type,
			size_t header, parse_message *parse)
{
	const struct nlmsghdr *message;
	int result = 0;

	for (size_t at = 0; result == 0 && at + sizeof(*message) <= length;
	     at += NLMSG_ALIGN(message->nlmsg_len)) {
		const struct nlmsgerr *error;

		message = (const void *)(answer + at);
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > length - at)
			return -EBADMSG;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EAGAIN;
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		error = NLMSG_DATA(message);
		if (message->nlmsg_type == NLMSG_ERROR)
			return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) &&
					       error->error < 0
				       ? error->error
				       : -EBADMSG;
		if (message->nlmsg_type == type && message->nlmsg_len >= NLMSG_LENGTH(header))
			result = parse(routes, message);
	}
	return result;
}

static int dump(struct routes *routes, uint16_t request, uint16_t type, size_t header,
		parse_message *parse)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg message;
	} ask = {
		.header = { .nlmsg_len = sizeof(ask),
			    .nlmsg_type = request,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char answer[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int result = 0;

	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0)
		return -errno;
	while (result == 0) {
		ssize_t got = recv(fd, answer, sizeof(answer), MSG_TRUNC);

		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		if ((size_t)got > sizeof(answer))
			return -EMSGSIZE;
		result = parse_answer(routes, answer, (size_t)got, type, header, parse);
	}
	return result < 0 ? result : 0;
}

int routes_read_kernel(struct routes *routes)
{
	int result = -EAGAIN;

	for (int i = 0; i < ATTEMPTS && (result == -EAGAIN || result == -EINTR); i++) {
		routes_free(routes);
		result = dump(routes, RTM_GETADDR, RTM_NEWADDR, sizeof(struct ifaddrmsg),
			      parse_address);
		if (result == 0)
			result = dump(routes, RTM_GETROUTE, RTM_NEWROUTE, sizeof(struct rtmsg),
				      parse_route);
	}
	return result;
}
