/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people operate the host by. */
#ifndef VFIO_EARLY_PROTECT_CONSOLE_H
#define VFIO_EARLY_PROTECT_CONSOLE_H

#include "protect/walk.h"

/*
 * Searches below the only keyboard, which is needed where the boot asks for a passphrase, and below
 * serial consoles of the kernel command line, which are used.
 */
void console_find(struct walk *walk);

#endif
