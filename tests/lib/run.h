/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs vfio-earlyctl, with the sanitizers, and keeps what it says. For cmocka tests. */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <limits.h>

struct run_result {
	int status; /* as command_wait() has it */
	char *out, *err;
};

/* Makes an empty directory of this name below the build directory. */
void run_work(const char *name, char path[PATH_MAX]);

/* Runs it with these arguments, NULL at the end. */
void run_ctl(const char *const *arguments, struct run_result *result);
void run_free(struct run_result *result);

/*
 * The digest of the rules below a directory, as an image with them gets it, and in *list, if that is
 * not NULL, the list of devices in use by the host, or NULL; freed by the caller.
 */
char *run_digest(const char *root, char **list);

#endif
