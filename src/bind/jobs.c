/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that may block in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bind/jobs.h"
#include "core/file.h"

/* A result that no child has left yet. */
#define UNKNOWN 1

/* klibc has no clock_gettime(). A tick of times(2) is 10 ms: USER_HZ, asm/param.h. */
long jobs_now(void)
{
	struct tms unused;

	return (long)times(&unused) * 10;
}

/* Run in this process, a step that blocks would block the boot for ever. */
static void do_without(struct job *job, int error)
{
	job->pid = -1;
	job->result = job->instead ? job->instead(job->argument) : error;
}

static void do_all_without(struct job *jobs, size_t count, int error)
{
	for (size_t i = 0; i < count; i++)
		do_without(&jobs[i], error);
}

/*
 * All children hold the writing end of one pipe, and nobody writes: its reading end hangs up
 * when the last of them has gone.
 */
static void start(struct job *job, int *result, int reading_end)
{
	*result = UNKNOWN;
	job->pid = fork();
	if (job->pid == 0) {
		close(reading_end);
		*result = job->run(job->argument);
		_exit(0);
	}
	if (job->pid < 0)
		do_without(job, -errno);
}

/*
 * Whether all children have gone before the deadline. That poll() failed does not mean that they
 * have: without it the pipe is looked at a hundred times a second.
 */
static bool wait_for_all(int reading_end, long deadline)
{
	const struct timespec nap = { 0, 10000000 };
	struct pollfd end = { .fd = reading_end, .events = POLLIN };
	int ready;

	do {
		long left = deadline - jobs_now();

		ready = poll(&end, 1, left > 0 ? (int)left : 0);
		if (ready < 0 && errno != EINTR)
			nanosleep(&nap, NULL);
	} while (ready < 0 && jobs_now() < deadline);
	return ready > 0;
}

/* A child closes its files a moment before it can be waited for: so do wait, if all did. */
static void collect(struct job *job, const int *result, bool all_gone)
{
	pid_t got;

	do {
		got = waitpid(job->pid, NULL, all_gone ? 0 : WNOHANG);
	} while (got < 0 && errno == EINTR);
	if (*result != UNKNOWN)
		job->result = *result;
	else
		job->result = got == 0 ? -ETIMEDOUT : -ECHILD;
}

static void run_in_time(struct job *jobs, int *results, size_t count, long deadline)
{
	int ends[2] = { -1, -1 };
	bool all_gone;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		do_all_without(jobs, count, -errno);
		return;
	}
	for (size_t i = 0; i < count; i++)
		start(&jobs[i], &results[i], ends[0]);
	file_close(&ends[1]);
	all_gone = wait_for_all(ends[0], deadline);
	file_close(&ends[0]);
	for (size_t i = 0; i < count; i++)
		if (jobs[i].pid > 0)
			collect(&jobs[i], &results[i], all_gone);
}

/*
 * Children leave their results in memory that is shared with them: an exit status has eight bits,
 * and errors of the kernel's own such as EPROBE_DEFER need ten.
 */
void jobs_run(struct job *jobs, size_t count, long deadline)
{
	size_t size = count * sizeof(int);
	int *results;

	if (count == 0 || jobs_now() >= deadline) {
		for (size_t i = 0; i < count; i++)
			jobs[i].result = -ETIMEDOUT;
		return;
	}
	results = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED) {
		do_all_without(jobs, count, -errno);
		return;
	}
	run_in_time(jobs, results, count, deadline);
	munmap(results, size);
}
