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

/* A process each would be thousands with as many virtual functions. */
#define PROCESSES_MAX 64

/* Shared with all children, except for jobs. */
struct batch {
	struct job *jobs;
	const struct jobs_kind *kind;
	int *results; /* one a job, and the next job that nobody has */
	size_t count, processes;
	long deadline;
};

/* The queued job after this one, or count. */
static size_t find_queued(const struct batch *batch, size_t i)
{
	do {
		i++;
	} while (i < batch->count && !batch->jobs[i].queued);
	return i;
}

/* The job that the same process runs after this one, or count. */
static size_t find_next(const struct batch *batch, size_t i)
{
	return batch->jobs[i].queued ? find_queued(batch, i) : batch->count;
}

/* Whether the process that runs the first queued job runs this one, too. */
static bool is_behind(const struct batch *batch, size_t i)
{
	size_t first = batch->jobs[0].queued ? 0 : find_queued(batch, 0);

	return batch->jobs[i].queued && i != first;
}

/* Run in this process, a step that blocks would block the boot for ever. */
static void do_without(const struct batch *batch, size_t i, int error)
{
	struct job *job = &batch->jobs[i];

	job->pid = -1;
	job->result = batch->kind->instead ? batch->kind->instead(job->argument) : error;
}

static void do_all_without(const struct batch *batch, int error)
{
	for (size_t i = 0; i < batch->count; i++)
		do_without(batch, i, error);
}

/* Takes the next job that nobody has; count or more: there is none. */
static size_t take_job(const struct batch *batch)
{
	return (size_t)__atomic_fetch_add(&batch->results[batch->count], 1, __ATOMIC_RELAXED);
}

/* A child: its first job, those queued behind it, and then what nobody has. */
static void work(const struct batch *batch, size_t first)
{
	for (size_t i = first; i < batch->count; i = take_job(batch))
		for (size_t j = is_behind(batch, i) ? batch->count : i; j < batch->count;
		     j = find_next(batch, j)) {
			if (j != first && !batch->kind->always && jobs_now() >= batch->deadline)
				return;
			batch->results[j] = batch->kind->run(batch->jobs[j].argument);
		}
}

/*
 * All children hold the writing end of one pipe, and nobody writes: its reading end hangs up
 * when the last of them has gone.
 */
static void start(const struct batch *batch, size_t i, int reading_end)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(reading_end);
		work(batch, i);
		_exit(0);
	}
	batch->jobs[i].pid = pid;
	if (pid < 0) {
		int error = -errno;

		for (size_t j = i; j < batch->count; j = find_next(batch, j))
			do_without(batch, j, error);
	}
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

/*
 * What no child has begun: all were killed or none could be made, or all hang. From here on, none
 * begins another.
 */
static void do_rest(const struct batch *batch, bool all_gone, int reading_end)
{
	for (size_t i = take_job(batch); i < batch->count; i = take_job(batch))
		if (is_behind(batch, i))
			continue;
		else if (all_gone)
			do_without(batch, i, jobs_now() >= batch->deadline ? -ETIMEDOUT : -ECHILD);
		else if (batch->kind->always)
			start(batch, i, reading_end);
}

/* A child closes its files a moment before it can be waited for: so do wait, if all did. */
static void collect(const struct batch *batch, size_t i, bool all_gone)
{
	struct job *job = &batch->jobs[i];
	pid_t got = all_gone ? -1 : 0;

	while (job->pid > 0 && (got = waitpid(job->pid, NULL, all_gone ? 0 : WNOHANG)) < 0 &&
	       errno == EINTR)
		;
	if (batch->results[i] != UNKNOWN)
		job->result = batch->results[i];
	else
		job->result = got == 0 || jobs_now() >= batch->deadline ? -ETIMEDOUT : -ECHILD;
}

static void run_in_time(const struct batch *batch)
{
	int ends[2] = { -1, -1 };
	bool all_gone;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		do_all_without(batch, -errno);
		return;
	}
	for (size_t i = 0; i < batch->processes; i++)
		if (!is_behind(batch, i))
			start(batch, i, ends[0]);
	file_close(&ends[1]);
	all_gone = wait_for_all(ends[0], batch->deadline);
	do_rest(batch, all_gone, ends[0]);
	file_close(&ends[0]);
	for (size_t i = 0; i < batch->count; i++)
		if (batch->jobs[i].pid >= 0)
			collect(batch, i, all_gone);
}

/*
 * Children leave their results in memory that is shared with them: an exit status has eight bits,
 * and errors of the kernel's own such as EPROBE_DEFER need ten.
 */
void jobs_run(struct job *jobs, size_t count, const struct jobs_kind *kind, long deadline)
{
	struct batch batch = {
		.jobs = jobs,
		.kind = kind,
		.count = count,
		.processes = count < PROCESSES_MAX ? count : PROCESSES_MAX,
		.deadline = deadline,
	};
	size_t size = (count + 1) * sizeof(int);

	if (count == 0 || jobs_now() >= deadline) {
		for (size_t i = 0; i < count; i++)
			jobs[i].result = -ETIMEDOUT;
		return;
	}
	batch.results = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (batch.results == MAP_FAILED) {
		do_all_without(&batch, -errno);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		jobs[i].pid = 0;
		batch.results[i] = UNKNOWN;
	}
	batch.results[count] = (int)batch.processes;
	run_in_time(&batch);
	munmap(batch.results, size);
}
