/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program with one system call failing, by ptrace(2). */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
#error "set_number() and set_result() are written for x86-64 only"
#endif

#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |  \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

struct process {
	pid_t pid;
	unsigned int calls;
	unsigned long path; /* the last that a call named, without numbers */
	bool counted;       /* past its execve */
	bool failing;       /* between entry and exit of the call that fails */
	bool gone;
};

struct trace {
	struct process processes[TRACE_PROCESSES_MAX]; /* in the order of their making */
	unsigned int count;
	pid_t early; /* a child whose maker has not told of it yet */
	struct trace_fault *fault;
	void (*each)(void *context, const struct trace_call *call);
	void *context;
	int status;
};

static void set_number(pid_t pid, long nr)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), nr);
}

static void set_result(pid_t pid, long result)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result);
}

static unsigned int find_process(const struct trace *trace, pid_t pid)
{
	unsigned int i = 0;

	while (i < trace->count && (trace->processes[i].pid != pid || trace->processes[i].gone))
		i++;
	return i;
}

static void add_process(struct trace *trace, pid_t pid, bool counted)
{
	if (trace->count == TRACE_PROCESSES_MAX)
		abort(); /* no scenario has as many */
	trace->processes[trace->count++] = (struct process){ .pid = pid, .counted = counted };
}

static bool is_open(long nr)
{
	return nr == SYS_open || nr == SYS_openat;
}

/* Where a call has the address of its path; -1: it has none. */
static int find_path(long nr)
{
	switch (nr) {
	case SYS_open:
	case SYS_readlink:
		return 0;
	case SYS_openat:
	case SYS_openat2:
	case SYS_readlinkat:
	case SYS_newfstatat:
	case SYS_faccessat:
	case SYS_faccessat2:
		return 1;
	}
	return -1;
}

/* Numbers of devices are hexadecimal; one that has no path goes with the last that had one. */
static unsigned long make_key(struct process *process, const struct __ptrace_syscall_info *info)
{
	int argument = find_path((long)info->entry.nr);
	char path[256] = "";

	if (argument >= 0) {
		struct iovec to = { path, sizeof(path) - 1 };
		struct iovec from = { (void *)(uintptr_t)info->entry.args[argument],
				      sizeof(path) - 1 };

		process_vm_readv(process->pid, &to, 1, &from, 1, 0);
		if (path[0])
			process->path = 0;
		for (const char *p = path; *p; p++)
			if (!strchr("0123456789abcdef", *p))
				process->path = process->path * 31 + (unsigned char)*p;
	}
	return process->path * 31 + info->entry.nr;
}

static bool is_meant(const struct trace_fault *fault, const struct trace_call *call)
{
	return fault && fault->call.process == call->process &&
	       (fault->call.number == call->number ||
		(fault->onwards && fault->call.number < call->number)) &&
	       fault->call.nr == call->nr;
}

static void enter_call(struct trace *trace, struct process *process,
		       const struct __ptrace_syscall_info *info)
{
	uint64_t flags = info->entry.args[info->entry.nr == SYS_openat ? 2 : 1];
	const struct trace_call call = {
		.process = (unsigned int)(process - trace->processes),
		.number = process->calls++,
		.nr = (long)info->entry.nr,
		.creates = is_open((long)info->entry.nr) && flags & O_CREAT,
		.key = trace->each ? make_key(process, info) : 0,
	};

	if (trace->each)
		trace->each(trace->context, &call);
	process->failing = is_meant(trace->fault, &call);
	if (!process->failing)
		return;
	trace->fault->hit = true;
	if (trace->fault->signal) {
		process->failing = false;
		kill(-trace->processes[0].pid, trace->fault->signal);
	} else if (trace->fault->kill) {
		kill(process->pid, SIGKILL);
	} else if (!trace->fault->after_all) {
		set_number(process->pid, -1);
	}
}

static void stop_at_call(struct trace *trace, struct process *process)
{
	struct __ptrace_syscall_info info;

	if (!process->counted ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(info), &info) <= 0)
		return;
	/* A poll(2) that a child's end interrupted goes on: no call of the program's. */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_restart_syscall)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		enter_call(trace, process, &info);
	} else if (process->failing) {
		set_result(process->pid, -trace->fault->error);
		process->failing = false;
	}
}

/* Whether any call of a process that is to come has to be looked at. */
static bool is_watched(const struct trace *trace, pid_t pid)
{
	const struct trace_fault *fault = trace->fault;
	unsigned int number = find_process(trace, pid);

	if (trace->each)
		return true;
	return fault && fault->call.process == number &&
	       (!fault->hit || fault->onwards || trace->processes[number].failing);
}

static void resume(const struct trace *trace, pid_t pid, int signal)
{
	ptrace(is_watched(trace, pid) ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, (long)signal);
}

/* The child's first stop may come before its maker's, or after it. */
static void meet_child(struct trace *trace, pid_t maker)
{
	unsigned long child = 0;

	ptrace(PTRACE_GETEVENTMSG, maker, 0, &child);
	add_process(trace, (pid_t)child, true);
	if (trace->early == (pid_t)child) {
		trace->early = 0;
		resume(trace, (pid_t)child, 0);
	}
}

/* Returns the signal to pass on. */
static int handle_stop(struct trace *trace, struct process *process, int status)
{
	int signal = WSTOPSIG(status);

	switch (status >> 16) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		meet_child(trace, process->pid);
		return 0;
	case PTRACE_EVENT_EXEC:
		process->counted = true;
		return 0;
	}
	if (signal == (SIGTRAP | 0x80)) {
		stop_at_call(trace, process);
		return 0;
	}
	return signal == SIGSTOP || signal == SIGTRAP ? 0 : signal;
}

static void handle(struct trace *trace, pid_t pid, int status)
{
	unsigned int number = find_process(trace, pid);
	struct process *process = number < trace->count ? &trace->processes[number] : NULL;

	if (!process && WIFSTOPPED(status)) {
		trace->early = pid;
	} else if (WIFSTOPPED(status)) {
		resume(trace, pid, handle_stop(trace, process, status));
	} else if (process) {
		process->gone = true;
		if (process == trace->processes)
			trace->status = status;
	}
}

static void kill_all(const struct trace *trace)
{
	for (unsigned int i = 0; i < trace->count; i++)
		if (!trace->processes[i].gone)
			kill(trace->processes[i].pid, SIGKILL);
}

/* Waits for a child to stop or end; SIGCHLD is blocked. */
static void await_child(double end)
{
	double left = end - host_now();
	struct timespec time = { 0 };
	sigset_t set;

	if (left > 0) {
		time.tv_sec = (time_t)left;
		time.tv_nsec = (long)((left - (double)time.tv_sec) * 1e9);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &time);
}

static void follow(struct trace *trace, double end)
{
	bool killed = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) >= 0) {
		if (pid > 0) {
			handle(trace, pid, status);
			continue;
		}
		if (!killed && host_now() >= end) {
			kill_all(trace);
			killed = true;
		}
		await_child(killed ? host_now() + 1 : end);
	}
}

static pid_t start(void (*become)(const void *program), const void *program)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		become(program);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, (long)OPTIONS))
		return -1;
	return pid;
}

struct host_result trace_run(void (*become)(const void *program), const void *program,
			     unsigned int seconds, struct trace_fault *fault,
			     void (*each)(void *context, const struct trace_call *call),
			     void *context)
{
	struct trace trace = { .fault = fault, .each = each, .context = context };
	double begin = host_now();
	pid_t pid = start(become, program);

	if (pid < 0)
		return (struct host_result){ .status = 127 };
	add_process(&trace, pid, false);
	resume(&trace, pid, 0);
	follow(&trace, begin + seconds);
	return (struct host_result){
		WIFEXITED(trace.status) ? WEXITSTATUS(trace.status) : 128 + WTERMSIG(trace.status),
		host_now() - begin,
	};
}
