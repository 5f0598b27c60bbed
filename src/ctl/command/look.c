/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How commands begin: a look at the host. */
#include <string.h>

#include "command/look.h"

int look_at_host(struct inventory *inventory, const struct ctl *ctl, unsigned int what)
{
	int result = inventory_open(inventory, ctl->root, what);

	if (result < 0)
		ctl_fail("%s", inventory->problem);
	return result;
}

int open_host(struct host *host, const struct ctl *ctl)
{
	int result = host_open(host, ctl->root);

	if (result < 0)
		ctl_fail("%s: %s", ctl->root, strerror(-result));
	return result;
}
