/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of rules and kernel command line, for commands that change them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command/lock.h"
#include "host/lock.h"
#include "term/message.h"

#define WAIT_S 10

/* " (process 123)"; "" where the process is not known. */
static const char *format_holder(pid_t holder, char text[32])
{
	text[0] = '\0';
	if (holder > 0)
		snprintf(text, 32, " (process %d)", (int)holder);
	return text;
}

int lock_host(const struct host *host)
{
	pid_t holder = 0;
	char text[32];
	int fd = lock_take(host, 0, &holder);

	if (fd == -EBUSY) {
		ctl_fail("waiting for another vfio-earlyctl%s, which is changing rules or the "
			 "kernel command line",
			 format_holder(holder, text));
		fd = lock_take(host, WAIT_S, &holder);
	}
	if (fd == -EBUSY)
		ctl_fail(LOCK_FILE ": another vfio-earlyctl%s has held it for %d seconds; nothing "
				   "was changed, run this again when that has ended",
			 format_holder(holder, text), WAIT_S);
	else if (fd < 0)
		ctl_fail(LOCK_FILE ": cannot be locked: %s", strerror(-fd));
	return fd;
}

int lock_root(const char *root)
{
	struct host host;
	int result = host_open(&host, root);

	if (result < 0)
		ctl_fail("%s: %s", root, strerror(-result));
	else
		result = lock_host(&host);
	host_close(&host);
	return result;
}
