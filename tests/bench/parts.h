/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the bench: each adds its rows and goals. They return 0 or -errno. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "table.h"

/* Beside what people use instead, in a booted machine: in counted instructions, or in time. */
int boot_measure(struct table *table);
int timed_measure(struct table *table);

/* What an image grows by. */
int size_measure(struct table *table);

/* Growth with functions and rules, on made-up hosts. */
int scale_measure(struct table *table);

/* How long the admin tool takes, on a described host with an image of 100 MB. */
int tool_measure(struct table *table);

/* Devices that are slow to let go, on a simulated driver core. */
int slow_measure(struct table *table);

#endif
