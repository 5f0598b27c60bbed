/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the kernel was loading modules, by a probe on its finit_module(2). */
#ifndef BENCH_GUEST_LOADING_H
#define BENCH_GUEST_LOADING_H

#include <stdint.h>

/* 0 or -errno. */
int loading_set_up(void);

/* Forgets what was seen. */
void loading_reset(void);

/* Nanoseconds in finit_module(2) since then, binding included: loading a driver binds. */
int64_t loading_time(void);

#endif
