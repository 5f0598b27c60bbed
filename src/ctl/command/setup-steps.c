/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the changes that setup has shown, all of them or none. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "command/edit.h"
#include "command/lock.h"
#include "command/rebuild.h"
#include "command/refresh.h"
#include "command/setup.h"
#include "core/file.h"
#include "image/builder.h"

/* A person, a lost connection, and a reader of our output who has gone. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

static volatile sig_atomic_t stopped; /* the last signal */

static void note_signal(int number)
{
	stopped = number;
}

static int write_files(struct setup *setup)
{
	struct findings done = { .count = 0 };
	int result = transaction_write(&setup->transaction, &done);

	findings_report(&done);
	return result < 0 ? CTL_INTERNAL : CTL_OK;
}

static int refresh(struct setup *setup)
{
	return refresh_run(&setup->boot);
}

static int rebuild(struct setup *setup)
{
	const struct host *host = &setup->edit.inventory.host;
	int result = rebuild_run(host);

	if (result == 0)
		return edit_check_images(&setup->kernels, host, true);
	if (result != -EXDEV)
		return CTL_INTERNAL;
	ctl_fail("the rules take effect after '%s' on that host", builder_find(host)->command);
	return CTL_INCOMPLETE;
}

static void undo_files(struct setup *setup, bool *failed)
{
	struct findings done = { .count = 0 };

	*failed |= transaction_undo(&setup->transaction, &done) < 0;
	findings_report(&done);
}

/* On another host nothing was run, and so nothing is to be run again. */
static void check_undo(const char *command, int result, bool *failed)
{
	if (result == 0 || result == -EXDEV)
		return;
	ctl_fail("%s: failed; run it by hand", command);
	*failed = true;
}

static void undo_refresh(struct setup *setup, bool *failed)
{
	const struct bootloader *loader = setup->boot.loader;

	check_undo(loader->refresh, bootloader_refresh(loader, setup->boot.host, stdout), failed);
}

static void undo_rebuild(struct setup *setup, bool *failed)
{
	const struct host *host = &setup->edit.inventory.host;

	check_undo(builder_find(host)->command, rebuild_run(host), failed);
}

/* In the order in which they are done, and undone. */
static const struct setup_step {
	int (*carry_out)(struct setup *setup);
	void (*undo)(struct setup *setup, bool *failed);
} steps[] = {
	{ write_files, undo_files },
	{ refresh, undo_refresh },
	{ rebuild, undo_rebuild },
};

#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

static bool is_wanted(const struct setup *setup, const struct setup_step *step)
{
	if (step->carry_out == refresh)
		return setup->refresh;
	return step->carry_out == rebuild ? setup->rebuild : setup->transaction.count > 0;
}

/* A step that failed may have done a part of its work, and is undone as well. */
static int undo(struct setup *setup, size_t begun)
{
	bool failed = false;

	/* Files that could not be written were restored already. */
	if (begun == 1 && !stopped)
		return CTL_INTERNAL;
	/* Once more on the same key must not stop what restores things. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	ctl_fail("undoing all changes");
	for (size_t i = 0; i < begun; i++)
		if (is_wanted(setup, &steps[i]))
			steps[i].undo(setup, &failed);
	return ctl_fail(failed ? "not all changes could be undone, see above"
			       : "all changes were undone");
}

static int run_step(struct setup *setup, const struct setup_step *step)
{
	int status = is_wanted(setup, step) ? step->carry_out(setup) : CTL_OK;

	if (stopped && status != CTL_INTERNAL)
		status = ctl_fail("stopped by signal %d (%s)", (int)stopped, strsignal(stopped));
	return status;
}

static int run_steps(struct setup *setup)
{
	struct findings done = { .count = 0 };
	int status = CTL_OK;

	for (size_t i = 0; i < STEP_COUNT; i++) {
		int step = run_step(setup, &steps[i]);

		if (step == CTL_INTERNAL)
			return undo(setup, i + 1);
		if (step != CTL_OK)
			status = step;
	}
	transaction_keep(&setup->transaction, &done);
	findings_report(&done);
	return status;
}

/*
 * The lock is kept while the bootloader is refreshed and images are built: if that fails, files
 * are put back, and what others wrote meanwhile would be lost.
 */
int setup_carry_out(struct setup *setup)
{
	const struct sigaction action = { .sa_handler = note_signal };
	cleanup_fd int lock = lock_host(&setup->edit.inventory.host);

	if (lock < 0)
		return CTL_INTERNAL;
	/* What is run gets the signals of the terminal, too, and ends of them as always. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	return run_steps(setup);
}
