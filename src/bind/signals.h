/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that wait while a device is between two states. */
#ifndef VFIO_EARLY_BIND_SIGNALS_H
#define VFIO_EARLY_BIND_SIGNALS_H

#include <signal.h>

/*
 * Blocks every signal that can be blocked, in this process and in what it forks from here on. The
 * mask so far goes to before, which may be NULL: then they are blocked until the process ends.
 */
void signals_hold(sigset_t *before);

/* Sets that mask again. A signal that came meanwhile takes effect in this call. */
void signals_release(const sigset_t *before);

#endif
