/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that wait while a device is between two states. */
#include <stddef.h>

#include "bind/signals.h"

void signals_hold(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, before);
}

void signals_release(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}
