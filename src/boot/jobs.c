/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that may block in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "jobs.h"

/* klibc has no clock_gettime(). A tick of times(2) is 10 ms: USER_HZ, asm/param.h. */
long jobs_now(void)
{
	struct tms unused;

	return (long)times(&unused) * 10;
}

/*
 * All children hold the writing end of one pipe, and nobody writes: its reading end hangs up
 * when the last of them has gone.
 */
static void start(struct job *job, const int ends[2])
{
	job->pid = ends[0] < 0 ? -1 : fork();
	if (job->pid == 0) {
		close(ends[0]);
		_exit(-job->run(job->argument));
	}
	if (job->pid < 0)
		job->result = job->run(job->argument);
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
static void collect(struct job *job, bool all_gone)
{
	int status = 0;
	pid_t got;

	do {
		got = waitpid(job->pid, &status, all_gone ? 0 : WNOHANG);
	} while (got < 0 && errno == EINTR);
	if (got == 0)
		job->result = -ETIMEDOUT;
	else if (got < 0 || !WIFEXITED(status))
		job->result = -ECHILD;
	else
		job->result = -WEXITSTATUS(status);
}

static void run_in_time(struct job *jobs, size_t count, long deadline)
{
	int ends[2] = { -1, -1 };
	bool all_gone;

	if (pipe2(ends, O_CLOEXEC) < 0)
		ends[0] = ends[1] = -1;
	for (size_t i = 0; i < count; i++)
		start(&jobs[i], ends);
	file_close(&ends[1]);
	all_gone = ends[0] < 0 || wait_for_all(ends[0], deadline);
	file_close(&ends[0]);
	for (size_t i = 0; i < count; i++)
		if (jobs[i].pid > 0)
			collect(&jobs[i], all_gone);
}

void jobs_run(struct job *jobs, size_t count, long deadline)
{
	if (count > 0 && jobs_now() < deadline) {
		run_in_time(jobs, count, deadline);
		return;
	}
	for (size_t i = 0; i < count; i++)
		jobs[i].result = -ETIMEDOUT;
}
