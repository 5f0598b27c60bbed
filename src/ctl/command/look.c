/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How commands begin: a look at the host. */
#include "command/look.h"

int look_at_host(struct inventory *inventory, const struct ctl *ctl, unsigned int what)
{
	int result = inventory_open(inventory, ctl->root, what);

	if (result < 0)
		ctl_fail("%s", inventory->problem);
	return result;
}
