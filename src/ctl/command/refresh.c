/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a change of the kernel command line into effect. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "command/command.h"
#include "command/refresh.h"

static int confirm(struct bootchange *change)
{
	int result = bootchange_confirm(change);

	findings_report(&change->said);
	return result < 0 ? CTL_INCOMPLETE : CTL_OK;
}

int refresh_run(struct bootchange *change)
{
	const char *command = change->loader->refresh;
	int result = bootloader_refresh(change->loader, change->host, stdout);

	if (result == 0)
		return confirm(change);
	if (result == -EXDEV) {
		ctl_fail("the change has no effect before '%s' on that host", command);
		return CTL_INCOMPLETE;
	}
	if (result < 0)
		return ctl_fail("%s: %s; the change has no effect before it", command,
				strerror(-result));
	return ctl_fail(
		"%s: found exit status %d, expected 0; the change has no effect before that",
		command, result);
}

void refresh_tell_undo(const struct transaction *transaction, const char *then)
{
	for (size_t i = 0; i < transaction->count; i++) {
		const struct transaction_file *file = &transaction->list[i];

		if (file->backup[0] && !(file->flags & TRANSACTION_OURS))
			ctl_fail("to undo: mv %s %s%s%s", file->backup, file->path,
				 then ? " && " : "", then ? then : "");
	}
}

int refresh_apply(struct bootchange *change, bool dry_run, bool tell_undo)
{
	struct transaction transaction = { .host = change->host };
	struct findings done = { .count = 0 };
	int result = bootchange_fill(change, &transaction), status = CTL_INTERNAL;

	if (result == 0 && !bootchange_needs_refresh(change)) {
		transaction_free(&transaction);
		return confirm(change);
	}
	if (result == 0)
		result = bootchange_check(change);
	findings_report(&change->said);
	if (result == 0 && dry_run) {
		transaction_show(&transaction, stdout);
		printf("then: %s\n", change->loader->refresh);
		status = CTL_OK;
	} else if (result == 0) {
		result = transaction_write(&transaction, &done);
		if (result == 0)
			transaction_keep(&transaction, &done);
		findings_report(&done);
		if (result == 0)
			status = refresh_run(change);
		if (result == 0 && tell_undo)
			refresh_tell_undo(&transaction, change->loader->refresh);
	}
	transaction_free(&transaction);
	return status;
}
