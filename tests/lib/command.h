/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child processes: start one, wait for it no longer than allowed. */
#ifndef COMMAND_H
#define COMMAND_H

#include <sys/types.h>

/* Exit status of a child that could not be started. */
#define COMMAND_NOT_STARTED 127

/*
 * Forks a child that dies with its parent, stdin from /dev/null, stdout and stderr at the end of
 * the files @out and @err, or left as they are if these are NULL. Returns as fork does.
 */
pid_t command_fork(const char *out, const char *err);

/*
 * Waits for @pid, at most @seconds (0: for ever), then kills it. Returns its exit status,
 * 128 and the signal that ended it, or -ETIMEDOUT.
 */
int command_wait(pid_t pid, int seconds);

/* Runs @argv in the root directory @root (NULL: in ours). Returns as command_wait() does. */
int command_run(const char *root, const char *const *argv);

#endif
