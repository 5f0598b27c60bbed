/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image that lets guest/runner.c run in the place of the init-top script. */
#ifndef BENCH_INITRD_H
#define BENCH_INITRD_H

#define INITRD_SUITE  "trixie"
#define INITRD_SOURCE "tests/bench/guest"

struct initrd {
	const char *suite;     /* Debian's, whose system below build/roots it comes from */
	const char *image;     /* that it is made from */
	const char *addresses; /* of the devices to bind, one a line */
	const char *options;   /* what takes the same devices by their model */
	int count;             /* of devices: build/tests/bench/floor-SUITE-COUNT binds them */
};

/* 0 or -errno. */
int initrd_write(const char *path, const struct initrd *initrd);

#endif
