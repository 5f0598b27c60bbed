/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs each fuzzer for some seconds, always with the same inputs. */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"

#include <cmocka.h>

struct fuzzer {
	const char *name;
	int runs, length;
};

static struct fuzzer fuzzers[] = {
	{ "rules", 20000, 1200 }, { "cmdline", 200000, 1200 }, { "sysfs", 200000, 4097 },
	{ "grub", 20000, 1200 },  { "rom", 100000, 9216 },     { "routes", 100000, 4097 },
	{ "guests", 20000, 1200 }, { "files", 5000, 4097 },
};

/* "-seed_inputs=FILE,FILE,...": to a directory of inputs libFuzzer would add its own. */
static char *list_seeds(const char *name)
{
	char pattern[256], *list = NULL;
	size_t length;
	FILE *stream = open_memstream(&list, &length);
	glob_t seeds;

	snprintf(pattern, sizeof(pattern), "tests/fuzz/corpus/%s/*", name);
	assert_int_equal(glob(pattern, 0, NULL, &seeds), 0);
	assert_non_null(stream);
	for (size_t i = 0; i < seeds.gl_pathc; i++)
		fprintf(stream, "%s%s", i ? "," : "-seed_inputs=", seeds.gl_pathv[i]);
	fclose(stream);
	globfree(&seeds);
	return list;
}

/* libFuzzer writes to standard error, and an input that it ends with where prefix says. */
static _Noreturn void run(const struct fuzzer *fuzzer, const char *seeds)
{
	char program[256], log[300], prefix[300], dictionary[256], runs[32], length[32];
	int fd;

	snprintf(program, sizeof(program), "%s/tests/fuzz/%s", files_build(), fuzzer->name);
	snprintf(log, sizeof(log), "%s.log", program);
	snprintf(prefix, sizeof(prefix), "-artifact_prefix=%s-", program);
	snprintf(dictionary, sizeof(dictionary), "-dict=tests/fuzz/%s.dict", fuzzer->name);
	snprintf(runs, sizeof(runs), "-runs=%d", fuzzer->runs);
	snprintf(length, sizeof(length), "-max_len=%d", fuzzer->length);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0 && dup2(fd, STDERR_FILENO) >= 0)
		execl(program, program, runs, length, "-seed=1", "-timeout=10", prefix, dictionary,
		      seeds, NULL);
	_exit(127);
}

static void finds_nothing(void **state)
{
	const struct fuzzer *fuzzer = *state;
	char *seeds = list_seeds(fuzzer->name);
	int status;
	pid_t child = fork();

	if (child == 0)
		run(fuzzer, seeds);
	free(seeds);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		print_message("# see %s/tests/fuzz/%s.log\n", files_build(), fuzzer->name);
	assert_int_equal(status, 0);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(fuzzers) / sizeof(fuzzers[0])];

	for (size_t i = 0; i < sizeof(fuzzers) / sizeof(fuzzers[0]); i++)
		tests[i] = (struct CMUnitTest){ .name = fuzzers[i].name,
						.test_func = finds_nothing,
						.initial_state = &fuzzers[i] };
	return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
