/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Debian system with vfio-early installed, in mount, process and UTS namespaces of its own, so
 * that it can be managed like a host. It has the PCI devices that a description names.
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <limits.h>
#include <sys/types.h>

/* Below here it has the machine's own /usr, for its python: Debian's essential packages have none.
 */
#define CONTAINER_MACHINE "/opt/machine"

/* Runs the machine's python with the machine's libraries, and all that it starts without them. */
#define CONTAINER_PYTHON "/opt/python3"

struct container {
	pid_t pid;             /* of its process 1, as seen from outside */
	char root[PATH_MAX];   /* its files, as seen from outside */
	char kernel[NAME_MAX]; /* release of the kernel whose image is there */
};

/*
 * Starts one of build/roots/@suite with the devices of @host, as tests/lib/hosttree.h has them,
 * and keeps what it needs below @work. Its image was built before there was vfio-early. Nothing
 * of it outlives the caller. Returns 0 or -errno.
 */
int container_start(struct container *container, const char *suite, const char *host,
		    const char *work);
void container_stop(struct container *container);

#endif
