/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that makes initramfs images anew on a host. */
#include "image/builder.h"

#define UPDATE "update-initramfs"

#define DRACUT_ONE "dracut --force --kver"

static const struct builder initramfs_tools = {
	.argv = { UPDATE, "-u", "-k", "all" },
	.command = UPDATE " -u -k all",
	.one = UPDATE " -u -k",
	.first = UPDATE " -c -k",
};

static const struct builder dracut = {
	.argv = { "dracut", "--force", "--regenerate-all" },
	.command = "dracut --force --regenerate-all",
	.one = DRACUT_ONE,
	.first = DRACUT_ONE,
};

const struct builder *builder_find(const struct host *host)
{
	if (host_has(host, "/usr/bin", "dracut") && !host_has(host, "/usr/sbin", UPDATE) &&
	    !host_has(host, "/usr/local/sbin", UPDATE))
		return &dracut;
	return &initramfs_tools;
}
