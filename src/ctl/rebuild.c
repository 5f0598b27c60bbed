/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that makes initramfs images anew on a host. */
#include "rebuild.h"

#define UPDATE "update-initramfs"

/* Without a release, dracut takes the kernel that runs, which need not be the next to boot. */
#define DRACUT_ALL "dracut --force --regenerate-all"
#define DRACUT_ONE "dracut --force --kver"

static const struct rebuild initramfs_tools = {
	.argv = { UPDATE, "-u" },
	.command = UPDATE " -u",
	.all = UPDATE " -u -k all",
	.one = UPDATE " -u -k",
	.first = UPDATE " -c -k",
};

static const struct rebuild dracut = {
	.argv = { "dracut", "--force", "--regenerate-all" },
	.command = DRACUT_ALL,
	.all = DRACUT_ALL,
	.one = DRACUT_ONE,
	.first = DRACUT_ONE,
};

const struct rebuild *rebuild_find(const struct host *host)
{
	if (host_has(host, "/usr/bin", "dracut") && !host_has(host, "/usr/sbin", UPDATE) &&
	    !host_has(host, "/usr/local/sbin", UPDATE))
		return &dracut;
	return &initramfs_tools;
}
