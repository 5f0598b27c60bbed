/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How commands begin: a look at the host. */
#ifndef VFIO_EARLY_COMMAND_LOOK_H
#define VFIO_EARLY_COMMAND_LOOK_H

#include "command/command.h"
#include "look/inventory.h"

/* inventory_open() below ctl->root. 0, or -errno after a message on standard error. */
int look_at_host(struct inventory *inventory, const struct ctl *ctl, unsigned int what);

/* host_open() of ctl->root, with a message if it fails; host_close() in any case. */
int open_host(struct host *host, const struct ctl *ctl);

#endif
