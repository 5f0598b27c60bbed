/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault injection: for every system call that a run makes, in the program and in its children,
 * that call fails once with EINTR, once with ENOMEM, and once with another error, as far as it can
 *have them. Which one, goes round: the program takes them alike. After each schedule:
 *
 *	the exit status is one of vfio-early(8), and no signal ended it
 *	it ended, with all of its children, without waiting for the deadline of its drivers
 *	host_is_sane(): no device has an override and no driver
 *	if anything is not as it is without the fault, something says so that does not without: a
 *	message of level warning or error, standard error, or the exit status
 *	with EINTR, everything is as it is without
 *
 *	inject [-v]	-v prints each schedule's end
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "files.h"
#include "host.h"
#include "modules.h"
#include "trace.h"

/* No driver is slow here: a run that takes as long has waited for what does not come. */
#define TIMEOUT   "vfio_early.timeout=3"
#define TIMEOUT_S 3
#define KILL_S    12

#define CALLS_MAX  4096
#define ERRORS_MAX 8
#define LINES_MAX  40 /* of what went wrong in a scenario */

/* Which errors apply: what the call can return for these files, or on a host out of something. */
static const struct rule {
	long nr;
	const char *name;
	int errors[ERRORS_MAX];
	bool after_all; /* it has its effect even where it fails: close(2), Linux */
} rules[] = {
	{ SYS_openat, "openat", { EIO, ENOMEM, EACCES, EMFILE, EINTR }, false },
	{ SYS_open, "open", { EIO, ENOMEM, EACCES, EMFILE, EINTR }, false },
	{ SYS_read, "read", { EIO, ENOMEM, EACCES, EINTR }, false },
	{ SYS_pread64, "pread64", { EIO, ENOMEM, EINTR }, false },
	{ SYS_write, "write", { EIO, ENOMEM, EACCES, ENOSPC, EINTR }, false },
	{ SYS_close, "close", { EIO, ENOSPC, EINTR }, true },
	{ SYS_getdents64, "getdents64", { EIO, ENOMEM, EACCES }, false },
	{ SYS_getdents, "getdents", { EIO, ENOMEM, EACCES }, false },
	{ SYS_readlinkat, "readlinkat", { EIO, ENOMEM, EACCES }, false },
	{ SYS_faccessat, "faccessat", { EIO, ENOMEM, EACCES }, false },
	{ SYS_stat, "stat", { EIO, ENOMEM, EACCES }, false },
	{ SYS_fstat, "fstat", { EIO, ENOMEM, EACCES }, false },
	{ SYS_newfstatat, "newfstatat", { EIO, ENOMEM, EACCES }, false },
	{ SYS_fsync, "fsync", { EIO, ENOSPC, EINTR }, false },
	{ SYS_mkdirat, "mkdirat", { EIO, ENOMEM, EACCES, ENOSPC }, false },
	{ SYS_renameat, "renameat", { EIO, ENOMEM, EACCES, ENOSPC }, false },
	{ SYS_unlinkat, "unlinkat", { EIO, ENOMEM, EACCES }, false },
	{ SYS_mmap, "mmap", { ENOMEM }, false },
	{ SYS_munmap, "munmap", { ENOMEM }, false },
	{ SYS_pipe2, "pipe2", { EMFILE, ENOMEM }, false },
	{ SYS_fork, "fork", { ENOMEM, EAGAIN }, false },
	{ SYS_clone, "clone", { ENOMEM, EAGAIN }, false },
	{ SYS_poll, "poll", { EINTR, ENOMEM }, false },
	{ SYS_ppoll, "ppoll", { EINTR, ENOMEM }, false },
	{ SYS_wait4, "wait4", { EINTR }, false },
	{ SYS_fcntl, "fcntl", { ENOMEM }, false },
	{ SYS_lseek, "lseek", { EIO }, false },
	{ SYS_ioctl, "ioctl", { EIO }, false },
	{ SYS_getcwd, "getcwd", { ENOMEM, EACCES }, false },
	{ SYS_finit_module, "finit_module", { ENOEXEC, ENOMEM, EPERM }, false },
	{ SYS_uname, "uname", { 0 }, false },
	{ SYS_times, "times", { 0 }, false },
	{ SYS_umask, "umask", { 0 }, false },
	{ SYS_rt_sigprocmask, "rt_sigprocmask", { 0 }, false },
	{ SYS_kill, "kill", { 0 }, false },
	{ SYS_exit, "exit", { 0 }, false },
	{ SYS_exit_group, "exit_group", { 0 }, false },
};

#define NICS                                                                                       \
	"00:01.0 0604: 8086:1901 driver=pcieport group=1\n"                                        \
	"  01:00.0 0200: 8086:10d3 group=11\n"                                                     \
	"00:02.0 0604: 8086:1901 driver=pcieport group=2\n"                                        \
	"  02:00.0 0200: 8086:10d3 driver=e1000e group=12\n"

static const struct scenario {
	const char *name, *host, *rules;
	const char *modules; /* as for modules_set_up(); NULL: there are none, and vfio is loaded */
	const char *config;  /* what modprobe.d says of them */
	const char *cmdline; /* beside the timeout */
	const char *refusing; /* device that vfio-pci does not take */
	const char *methods;  /* of reset, which all devices have; NULL: they have none */
	int status;
} scenarios[] = {
	{
		.name = "a device that waits for a driver and one that a host driver has",
		.host = "driver vfio-pci\n" NICS,
		.rules = "01:00.0\n02:00.0\n",
	},
	{
		.name = "a device that vfio-pci does not take",
		.host = "driver vfio-pci\n" NICS,
		.rules = "02:00.0\n",
		.refusing = "0000:02:00.0",
		.status = 2,
	},
	{
		.name = "attributes that rules set",
		.host = "driver vfio-pci\n" NICS,
		.rules = "01:00.0 reset_method=bus\n02:00.0 reset_method=bus\n",
		.methods = "flr bus\n",
	},
	{
		.name = "a driver that is not there",
		.host = NICS,
		.rules = "01:00.0\n02:00.0\n",
		.status = 2,
	},
	{
		.name = "modules that are to be loaded",
		.host = "driver vfio-pci\n" NICS,
		.rules = "01:00.0\n",
		.modules = "vfio:\nvfio_iommu_type1: vfio\nvfio_pci: vfio\n",
		.config = "softdep vfio post: vfio_iommu_type1\n"
			  "options vfio-pci disable_vga=1\n",
	},
	{
		.name = "rules of every kind",
		.host = "driver vfio-pci\n"
			"00:01.0 0604: 8086:1901 driver=pcieport group=1\n"
			"  01:00.0 0300: 10de:1381 driver=nouveau group=11\n"
			"  01:00.1 0403: 10de:0fbc group=11\n"
			"  01:01.0 0200: 8086:10d3 serial=00-15-17-ff-ff-aa-bb-cc group=12\n"
			"slot 3 0000:01:00\n",
		.rules = "!class=0604\nslot=3 group\nserial=00-15-17-ff-ff-aa-bb-cc\n",
		.cmdline = " vfio_early.bind=00:01.0/01.0",
	},
};

/* A scenario being run. */
struct campaign {
	const struct scenario *scenario;
	struct host host;
	struct trace_call calls[CALLS_MAX]; /* of the run without a fault */
	size_t n_calls;
	char *expected; /* its outcome */
	unsigned int schedules, missed, as_without, told, wrong;
	unsigned int turn; /* of the errors that are alike */
};

static bool verbose;

static const struct rule *find_rule(long nr)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].nr == nr)
			return &rules[i];
	return NULL;
}

/* The result of a run. */

static void print_file(FILE *out, const struct host *host, const char *file)
{
	char *text = host_read(host, file);

	fprintf(out, "%s:\n%s\n", file, text ? text : "none");
	free(text);
}

/* Prints the messages; returns whether one that is not in usual tells of something wrong. */
static bool print_messages(FILE *out, const struct host *host, const char *usual)
{
	static struct hostfs_message messages[HOST_MESSAGES_MAX];
	size_t count = hostfs_messages(host->fs, messages, HOST_MESSAGES_MAX);
	bool wrong = false;

	for (size_t i = 0; i < count; i++) {
		fputs(messages[i].text, out);
		wrong = wrong || (messages[i].text[1] < '6' && !strstr(usual, messages[i].text));
	}
	return wrong;
}

static void print_devices(FILE *out, const struct host *host)
{
	struct device_state state;
	const char *name;

	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++) {
		drivercore_get(host->core, name, &state);
		fprintf(out, "%s driver \"%s\" override \"%s\"\n", name, state.driver,
			state.override);
	}
}

static bool is_stderr_empty(const struct host *host)
{
	char *text = host_read(host, "stderr");
	bool empty = !text || !*text;

	free(text);
	return empty;
}

/*
 * The outcome as a text, and whether the host's administrator could know from it that something
 * is not as it is without a fault.
 */
static char *describe_outcome(const struct campaign *campaign, int status, bool *told)
{
	const struct host *host = &campaign->host;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fprintf(out, "exit status %d\n", status);
	*told = print_messages(out, host, campaign->expected ? campaign->expected : "");
	*told = *told || status != campaign->scenario->status || !is_stderr_empty(host);
	print_devices(out, host);
	print_file(out, host, "tree/run/vfio-early/status");
	print_file(out, host, "stderr");
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Judging. Each says what is wrong, or returns NULL. */

static const char *judge_run(const struct host *host, const struct host_result *result)
{
	static char problem[256];

	if (result->status > 3 && result->status < 128)
		return "an exit status that is not documented";
	if (result->status >= 128)
		return result->status == 128 + SIGKILL ? "it did not end" : "a signal ended it";
	if (result->seconds >= TIMEOUT_S)
		return "it waited for the deadline";
	return host_is_sane(host, problem, sizeof(problem)) ? NULL : problem;
}

static const char *judge(struct campaign *campaign, const struct trace_fault *fault,
			 const struct host_result *result)
{
	const char *problem = judge_run(&campaign->host, result);
	bool told;
	char *outcome = describe_outcome(campaign, result->status, &told);
	bool same = !strcmp(outcome, campaign->expected);

	if (same)
		campaign->as_without++;
	else if (told)
		campaign->told++;
	if (!problem && !same && fault->error == EINTR)
		problem = "an interrupted call changed the outcome";
	if (!problem && !same && !told)
		problem = "nothing tells that something went wrong";
	if (problem && verbose)
		print_error("%s\n", outcome);
	free(outcome);
	return problem;
}

static void print_schedule(const struct trace_fault *fault, const char *end)
{
	fprintf(stderr, "# process %u, call %u, %s fails with %s: %s\n", fault->call.process,
		fault->call.number, find_rule(fault->call.nr)->name, strerrorname_np(fault->error),
		end);
}

/* Running. */

static void prepare(struct campaign *campaign)
{
	struct host *host = &campaign->host;
	char path[PATH_MAX + 128];
	const char *name;

	host_reset(host);
	for (size_t i = 0; campaign->scenario->methods && (name = drivercore_name(host->core, i));
	     i++) {
		snprintf(path, sizeof(path), "%s/tree/sys/bus/pci/devices/%s/reset_method",
			 host->work, name);
		assert_int_equal(files_write(path, campaign->scenario->methods), 0);
	}
	if (campaign->scenario->refusing)
		assert_true(drivercore_set_refusal(host->core, campaign->scenario->refusing,
						   "vfio-pci"));
}

static void become(const void *host)
{
	host_exec(host);
}

static void run_schedule(struct campaign *campaign, const struct trace_call *call, int error)
{
	struct trace_fault fault = {
		.call = *call,
		.error = error,
		.after_all = find_rule(call->nr)->after_all,
	};
	struct host_result result;
	const char *problem;

	prepare(campaign);
	result = trace_run(become, &campaign->host, KILL_S, &fault, NULL, NULL);
	campaign->schedules++;
	if (!fault.hit)
		campaign->missed++;
	problem = judge(campaign, &fault, &result);
	if (problem)
		campaign->wrong++;
	if (verbose || (problem && campaign->wrong <= LINES_MAX))
		print_schedule(&fault, problem ? problem : "fine");
}

/* An interrupted call is repeated, and a want of memory ends the reading of rules. */
static bool is_distinct(int error)
{
	return error == EINTR || error == ENOMEM;
}

static void run_call(struct campaign *campaign, const struct trace_call *call)
{
	const struct rule *rule = find_rule(call->nr);
	int alike[ERRORS_MAX + 1];
	unsigned int count = 0;

	if (!rule)
		fail_msg("system call %ld is not in the table", call->nr);
	for (size_t i = 0; i < ERRORS_MAX && rule->errors[i]; i++) {
		if (is_distinct(rule->errors[i]))
			run_schedule(campaign, call, rule->errors[i]);
		else
			alike[count++] = rule->errors[i];
	}
	if (call->creates)
		alike[count++] = ENOSPC;
	if (count > 0)
		run_schedule(campaign, call, alike[campaign->turn++ % count]);
}

static void keep_call(void *context, const struct trace_call *call)
{
	struct campaign *campaign = context;

	assert_true(campaign->n_calls < CALLS_MAX);
	campaign->calls[campaign->n_calls++] = *call;
}

static void run_without_fault(struct campaign *campaign)
{
	struct host_result result;
	bool told;

	prepare(campaign);
	result = trace_run(become, &campaign->host, KILL_S, NULL, keep_call, campaign);
	assert_int_equal(result.status, campaign->scenario->status);
	campaign->expected = describe_outcome(campaign, result.status, &told);
}

static void summarize(const struct campaign *campaign)
{
	fprintf(stderr,
		"# %s: %zu calls, %u schedules: %u as without, %u told, %u wrong (%u not reached)\n",
		campaign->scenario->name, campaign->n_calls, campaign->schedules,
		campaign->as_without, campaign->told, campaign->wrong, campaign->missed);
}

static struct campaign current;

static int set_up(void **state)
{
	const struct scenario *scenario = *state;
	char cmdline[128], path[PATH_MAX + 32];
	int result;

	/* The turn goes on, so that a call that all scenarios make has other errors in the next. */
	current = (struct campaign){ .scenario = scenario, .turn = current.turn };
	*state = &current;
	snprintf(cmdline, sizeof(cmdline), TIMEOUT "%s",
		 scenario->cmdline ? scenario->cmdline : "");
	result = host_set_up(&current.host, "inject", scenario->host, scenario->rules, cmdline);
	if (result < 0 || !scenario->modules)
		return result;
	snprintf(path, sizeof(path), "%s/tree/etc/modprobe.d", current.host.work);
	mkdir(path, 0755);
	strcat(path, "/vfio.conf");
	result = files_write(path, scenario->config);
	return result < 0 ? result : modules_set_up(&current.host, scenario->modules);
}

static int tear_down(void **state)
{
	(void)state;
	host_tear_down(&current.host);
	free(current.expected);
	return 0;
}

static void test_scenario(void **state)
{
	struct campaign *campaign = *state;

	run_without_fault(campaign);
	for (size_t i = 0; i < campaign->n_calls; i++)
		run_call(campaign, &campaign->calls[i]);
	summarize(campaign);
	assert_int_equal(campaign->wrong, 0);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

int main(int argc, char **argv)
{
	struct CMUnitTest tests[COUNT(scenarios)];
	int result = host_prepare_process();
	sigset_t set;

	verbose = argc > 1 && !strcmp(argv[1], "-v");
	if (result < 0) {
		fprintf(stderr, "a mount namespace: %s\n", strerror(-result));
		return 1;
	}
	/* Before there are threads: trace_run() waits for it. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < COUNT(scenarios); i++)
		tests[i] = (struct CMUnitTest){ scenarios[i].name, test_scenario, set_up, tear_down,
						(void *)&scenarios[i] };
	return _cmocka_run_group_tests("inject", tests, COUNT(tests), NULL, NULL);
}
