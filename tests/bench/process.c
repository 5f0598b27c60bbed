/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one run of a program costs, with all processes that it starts. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |  \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

/* Opened once, so that a run has not even that to do. */
static int open_null(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd;
}

static void become(const char *const *argv, int null)
{
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t to_ns(const struct timeval *time)
{
	return ((int64_t)time->tv_sec * 1000000 + time->tv_usec) * 1000;
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int process_time(const char *const *argv, struct process_time *time)
{
	int null = open_null(), status;
	int64_t begin = now();
	struct rusage used;
	pid_t pid = vfork();

	if (pid == 0)
		become(argv, null);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return -errno;
	*time = (struct process_time){
		.wall_ns = now() - begin,
		.cpu_ns = to_ns(&used.ru_utime) + to_ns(&used.ru_stime),
		.status = exit_status(status),
	};
	return 0;
}

static long read_peak(pid_t pid)
{
	char path[32], line[256];
	long peak = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmHWM:", 6) == 0)
			peak = strtol(line + 6, NULL, 10);
	if (file)
		fclose(file);
	return peak;
}

struct trace {
	pid_t first;
	bool started; /* past its execve(2) */
	struct process_count *count;
};

static void count_call(struct trace *trace, pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (trace->started && ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
	    info.op == PTRACE_SYSCALL_INFO_ENTRY)
		trace->count->calls++;
}

/* Returns the signal to pass on. */
static int handle_stop(struct trace *trace, pid_t pid, int status)
{
	int signal = WSTOPSIG(status);
	long peak;

	if (signal == (SIGTRAP | 0x80)) {
		count_call(trace, pid);
		return 0;
	}
	if (status >> 16 == PTRACE_EVENT_EXEC && !trace->started) {
		trace->started = true;
		trace->count->calls++;
	} else if (status >> 16 == PTRACE_EVENT_EXIT) {
		peak = read_peak(pid);
		if (peak > trace->count->peak_kib)
			trace->count->peak_kib = peak;
	}
	return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

/* Until the first process has ended, and all that it started. */
static void follow(struct trace *trace)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid > 0 && WIFSTOPPED(status))
			ptrace(PTRACE_SYSCALL, pid, 0, (long)handle_stop(trace, pid, status));
		else if (pid == trace->first)
			trace->count->status = exit_status(status);
	}
}

int process_count(const char *const *argv, struct process_count *count)
{
	int null = open_null(), status;
	pid_t pid = fork();
	struct trace trace = { .first = pid, .count = count };

	*count = (struct process_count){ .calls = 0 };
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		become(argv, null);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, (long)OPTIONS) || ptrace(PTRACE_SYSCALL, pid, 0, 0L))
		return -errno;
	follow(&trace);
	return 0;
}
