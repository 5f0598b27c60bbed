/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl digest: a fingerprint of the rules, for what builds an image. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "image/digest.h"

int command_digest(const struct ctl *ctl, int argc, char **argv)
{
	static const struct options options = {
		.usage = "Usage: vfio-earlyctl digest\nPrint a fingerprint of the rules.\n",
	};
	char text[DIGEST_TEXT_MAX];
	struct host host;
	int result, status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	result = host_open(&host, ctl->root);
	if (result == 0)
		result = digest_rules(&host, text);
	host_close(&host);
	if (result < 0)
		return ctl_fail("rules below %s: %s", ctl->root, strerror(-result));
	puts(text);
	return ctl_finish(CTL_OK);
}
