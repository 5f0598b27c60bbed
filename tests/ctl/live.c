/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bind and unbind of vfio-earlyctl on a simulated host: what becomes of devices, what is written
 * to them, and what is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "trace.h"
#include "diff.h"
#include "files.h"
#include "tree.h"

#define LIMIT_S   30
#define GRACE_S   3
#define WORDS_MAX 8

#define NIC_A "0000:01:00.0"
#define NIC_B "0000:02:00.0"
#define NIC_C "0000:03:00.0"

/* Three of one model: one that waits for a driver, and two that e1000e has. */
#define NICS                                                                                       \
	"00:01.0 0604: 8086:1901 driver=pcieport group=1\n"                                        \
	"  01:00.0 0200: 8086:10d3 group=11\n"                                                     \
	"00:02.0 0604: 8086:1901 driver=pcieport group=2\n"                                        \
	"  02:00.0 0200: 8086:10d3 driver=e1000e group=12\n"                                       \
	"00:03.0 0604: 8086:1901 driver=pcieport group=3\n"                                        \
	"  03:00.0 0200: 8086:10d3 driver=e1000e group=13\n"

#define HOST "driver vfio-pci\ndriver pci-stub\n" NICS

/* A VM has it: as pci.ids= or new_id would, vfio-pci has it by nature here. */
#define VM_HOST                                                                                    \
	"driver e1000e\n"                                                                          \
	"02:00.0 0200: 8086:10d3 driver=vfio-pci group=12\n"                                       \
	"03:00.0 0200: 8086:10d3 driver=vfio-pci group=13\n"

/* The root file system is in memory; the network is behind the third. */
#define ABOVE                                                                                      \
	"mount 0:20 / tmpfs tmpfs rw\n"                                                            \
	"net eth2 " NIC_C "\n"                                                                     \
	"route4 eth2\n"

#define HINT(device) "This lasts until the next boot; for longer: vfio-earlyctl add '" device "'\n"

static const struct play {
	const char *name, *host, *above, *rules;
	const char *before; /* a command that makes the scene */
	const char *command;
	struct {
		const char *device;
		enum store store;
		struct reaction reaction;
	} faults[2];
	const char *refusing; /* device that vfio-pci does not take */
	bool override_waits;
	int status;
	const char *out, *err;
	/* driver is what it has in the end; untouched: nothing was written to it */
	struct {
		const char *device, *driver, *override;
		bool untouched;
	} rows[4];
} plays[] = {
	{
		.name = "bind: from no driver",
		.command = "bind 01:00.0",
		.out = NIC_A ": bound to vfio-pci (before: no driver)\n" HINT("01:00.0"),
		.rows = { { NIC_A, "vfio-pci", "vfio-pci" },
			  { NIC_B, "e1000e", "", true },
			  { NIC_C, "e1000e", "", true } },
	},
	{
		.name = "bind: from a host driver; identical siblings untouched",
		.command = "bind 02:00.0",
		.out = NIC_B ": bound to vfio-pci (before: e1000e)\n" HINT("02:00.0"),
		.rows = { { NIC_B, "vfio-pci", "vfio-pci" },
			  { NIC_A, "", "", true },
			  { NIC_C, "e1000e", "", true } },
	},
	{
		.name = "bind: to the driver of its rule, which lasts",
		.rules = "02:00.0 driver=pci-stub\n",
		.command = "bind 02:00.0",
		.out = NIC_B ": bound to pci-stub (before: e1000e)\n",
		.rows = { { NIC_B, "pci-stub", "pci-stub" } },
	},
	{
		.name = "bind: to a driver that is named",
		.rules = "02:00.0\n",
		.command = "bind 02:00.0 pci_stub",
		.out = NIC_B ": bound to pci-stub (before: e1000e)\n",
		.rows = { { NIC_B, "pci-stub", "pci-stub" } },
	},
	{
		.name = "bind: it has the driver already",
		.before = "bind 02:00.0",
		.command = "bind 02:00.0",
		.out = NIC_B ": has vfio-pci already\n" HINT("02:00.0"),
		.rows = { { NIC_B, "vfio-pci", "vfio-pci" } },
	},
	{
		.name = "bind: in use by the host",
		.command = "bind 03:00.0",
		.status = 2,
		.err = "vfio-earlyctl: " NIC_C
		       ": protected: IPv4 default route (eth2); it has e1000e "
		       "now; nothing was changed; --force binds it anyway\n",
		.rows = { { NIC_C, "e1000e", "", true } },
	},
	{
		.name = "bind: in use by the host, by force",
		.command = "bind --force 03:00.0",
		.out = NIC_C ": bound to vfio-pci (before: e1000e)\n" HINT("03:00.0"),
		.err = "vfio-earlyctl: " NIC_C
		       ": forced, in use by the host: IPv4 default route (eth2)\n",
		.rows = { { NIC_C, "vfio-pci", "vfio-pci" } },
	},
	{
		.name = "bind: one of several is protected, so none is bound",
		.command = "bind 8086:10d3",
		.status = 2,
		.err = "vfio-earlyctl: " NIC_C
		       ": protected: IPv4 default route (eth2); it has e1000e "
		       "now; nothing was changed; --force binds it anyway\n",
		.rows = { { NIC_A, "", "", true },
			  { NIC_B, "e1000e", "", true },
			  { NIC_C, "e1000e", "", true } },
	},
	{
		.name = "bind: the host cannot be seen",
		.above = "remove proc/self\n",
		.command = "bind 02:00.0",
		.status = 2,
		.err = "vfio-earlyctl: warning: no /proc: the host can't be seen, so an image that is built "
		       "here binds nothing without /etc/vfio-early.unprotected\n"
		       "vfio-earlyctl: devices in use by the host can't be seen; --force binds "
		       "anyway\n",
		.rows = { { NIC_B, "e1000e", "", true } },
	},
	{
		.name = "bind: refused by vfio-pci, so it goes back",
		.command = "bind 02:00.0",
		.refusing = NIC_B,
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B ": probe-failed: vfio-pci did not take it; see the "
		       "kernel log; it has e1000e now; 'dmesg' may tell why\n",
		.rows = { { NIC_B, "e1000e", "" } },
	},
	{
		.name = "bind: no driver's name",
		.command = "bind 02:00.0 ../vfio-pci",
		.status = 1,
		.err = "vfio-earlyctl: found '../vfio-pci', expected the name of a driver, such as "
		       "vfio-pci\n",
		.rows = { { NIC_B, "e1000e", "", true } },
	},
	{
		.name = "bind: a directory that every directory has",
		.command = "bind 02:00.0 ..",
		.status = 1,
		.err = "vfio-earlyctl: found '..', expected the name of a driver, such as "
		       "vfio-pci\n",
		.rows = { { NIC_B, "e1000e", "", true } },
	},
	{
		.name = "bind: no such driver",
		.command = "bind 02:00.0 nosuch",
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B
		       ": no-driver: nosuch; it has e1000e now; this kernel "
		       "has neither such a driver nor such a module\n",
		.rows = { { NIC_B, "e1000e", "", true } },
	},
	{
		.name = "bind: a bridge",
		.command = "bind 00:01.0",
		.status = 2,
		.err = "vfio-earlyctl: 0000:00:01.0: bridge: vfio-pci; it has pcieport now; bridges "
		       "are never bound\n",
		.rows = { { "0000:00:01.0", "pcieport", "", true } },
	},
	{
		.name = "bind: the host driver never lets go",
		.command = "bind -t 1 02:00.0",
		.faults = { { NIC_B, STORE_UNBIND, { .wedge = true } } },
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B ": timeout: its drivers took too long; it has no "
		       "driver now; the device goes back to the host when the kernel "
		       "lets go of it\n",
		.rows = { { NIC_B, "e1000e", "" } },
	},
	{
		.name = "bind: the firmware's framebuffer stays",
		.host = "driver vfio-pci\n02:00.0 0380: 1002:6900 group=12\n",
		.above = "mount 0:20 / tmpfs tmpfs rw\n"
			 "line proc/iomem e0000000-efffffff : " NIC_B "\n"
			 "line proc/iomem   e0000000-e02fffff : BOOTFB\n",
		.command = "bind 02:00.0",
		.status = 2,
		.out = NIC_B ": bound to vfio-pci (before: no driver)\n",
		.err = "vfio-earlyctl: " NIC_B
		       ": can't be passed through: the firmware's framebuffer is still in its "
		       "memory; boot with initcall_blacklist=sysfb_init\n",
		.rows = { { NIC_B, "vfio-pci", "vfio-pci" } },
	},
	{
		.name = "bind: a VM has it",
		.host = VM_HOST,
		.above = ABOVE "line proc/4711/comm qemu-system-x86\n"
			       "link proc/4711/fd/9 /dev/vfio/12\n",
		.command = "bind 02:00.0 e1000e",
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B
		       ": protected: in use: qemu-system-x86 (process 4711) "
		       "has /dev/vfio/12 open; it has vfio-pci now; nothing was changed; --force "
		       "binds it anyway\n",
		.rows = { { NIC_B, "vfio-pci", "", true } },
	},
	{
		.name = "unbind: back to the host's driver",
		.before = "bind 02:00.0",
		.command = "unbind 02:00.0",
		.out = NIC_B ": returned to e1000e (before: vfio-pci)\n",
		.rows = { { NIC_B, "e1000e", "" },
			  { NIC_A, "", "", true },
			  { NIC_C, "e1000e", "", true } },
	},
	{
		.name = "unbind: a rule takes it again",
		.rules = "# the second\n02:00.0\n",
		.before = "bind 02:00.0",
		.command = "unbind 02:00.0",
		.out = NIC_B ": returned to e1000e (before: vfio-pci)\n" NIC_B
			     ": /etc/vfio-early.conf:2 takes it again at the next boot\n",
		.rows = { { NIC_B, "e1000e", "" } },
	},
	{
		.name = "unbind: the host has it",
		.command = "unbind 02:00.0",
		.out = NIC_B ": is with the host already, driver e1000e\n",
		.rows = { { NIC_B, "e1000e", "", true } },
	},
	{
		.name = "unbind: a VM has it",
		.host = VM_HOST,
		.above = ABOVE "line proc/4711/comm qemu-system-x86\n"
			       "link proc/4711/fd/9 /dev/vfio/12\n",
		.command = "unbind 02:00.0",
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B ": in use: qemu-system-x86 (process 4711) has "
		       "/dev/vfio/12 open; nothing was changed; stop the VM, or use --force\n",
		.rows = { { NIC_B, "vfio-pci", "", true } },
	},
	{
		.name = "unbind: a VM has another group",
		.host = VM_HOST,
		.above = ABOVE "line proc/4711/comm qemu-system-x86\n"
			       "link proc/4711/fd/9 /dev/vfio/112\n"
			       "link proc/4711/fd/10 /dev/vfio/13\n",
		.command = "unbind 02:00.0",
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B ": vfio-pci took it again; its ID is in ids= of "
		       "/etc/modprobe.d or of the kernel command line, or was written to new_id\n",
		.rows = { { NIC_B, "vfio-pci", "" }, { NIC_C, "vfio-pci", "", true } },
	},
	{
		.name = "unbind: vfio-pci never lets go; later the host gets it",
		.before = "bind 02:00.0",
		.command = "unbind --timeout=1 02:00.0",
		.faults = { { NIC_B, STORE_UNBIND, { .wedge = true } } },
		.override_waits = true,
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B
		       ": vfio-pci did not let go of it within 1 s; the host "
		       "gets it when the kernel lets go of it\n",
		.rows = { { NIC_B, "e1000e", "" } },
	},
	{
		.name = "unbind: a write that fails once",
		.before = "bind 02:00.0",
		.command = "unbind 02:00.0",
		.faults = { { NIC_B, STORE_OVERRIDE, { .error = EIO, .times = 1 } },
			    { NIC_B, STORE_PROBE, { .error = EIO, .times = 1 } } },
		.out = NIC_B ": returned to e1000e (before: vfio-pci)\n",
		.rows = { { NIC_B, "e1000e", "" } },
	},
	{
		.name = "unbind: it cannot be unbound",
		.before = "bind 02:00.0",
		.command = "unbind 02:00.0",
		.faults = { { NIC_B, STORE_UNBIND, { .error = EIO } } },
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B ": Input/output error; it has vfio-pci now; 'dmesg' "
		       "may tell why\n",
		.rows = { { NIC_B, "vfio-pci", "" } },
	},
	{
		.name = "unbind: an override was left behind",
		.host = "driver vfio-pci\n02:00.0 0200: 8086:10d3 override=vfio-pci group=12\n",
		.above = "mount 0:20 / tmpfs tmpfs rw\n",
		.command = "unbind 02:00.0",
		.status = 2,
		.err = "vfio-earlyctl: " NIC_B ": no driver of the host took it; 'dmesg' may tell "
		       "why\n",
		.rows = { { NIC_B, "", "" } },
	},
	{
		.name = "unbind: all of a card in one go",
		.before = "bind --force 8086:10d3",
		.command = "unbind 8086:10d3",
		.status = 2,
		.out = NIC_B ": returned to e1000e (before: vfio-pci)\n" NIC_C
			     ": returned to e1000e (before: vfio-pci)\n",
		.err = "vfio-earlyctl: " NIC_A ": no driver of the host took it; 'dmesg' may tell "
		       "why\n",
		.rows = { { NIC_A, "", "" }, { NIC_B, "e1000e", "" }, { NIC_C, "e1000e", "" } },
	},
	{
		.name = "a time-out of no sense",
		.command = "bind --timeout 0 02:00.0",
		.status = 1,
		.err = "vfio-earlyctl: --timeout: found '0', expected 1 to 600 seconds\n",
		.rows = { { NIC_B, "e1000e", "", true } },
	},
	{
		.name = "no device",
		.command = "unbind",
		.status = 1,
		.err = "vfio-earlyctl: unbind: no device given; 'vfio-earlyctl list' shows them\n",
	},
	{
		.name = "an operand too many",
		.command = "unbind 02:00.0 e1000e",
		.status = 1,
		.err = "vfio-earlyctl: unbind: found 'e1000e' behind the last operand\n",
		.rows = { { NIC_B, "e1000e", "", true } },
	},
};

struct context {
	struct host host;
	const struct play *play;
};

static int set_up(void **state)
{
	static struct context context;

	memset(&context, 0, sizeof(context));
	context.play = *state;
	*state = &context;
	return 0;
}

static int tear_down(void **state)
{
	host_tear_down(&((struct context *)*state)->host);
	return 0;
}

static void redirect(const char *name, int to)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(127);
	close(fd);
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1 };

/* A shell starts background jobs with some signals ignored; a person's command has none. */
static void become_program(const struct host *host, const char *name, const char *command)
{
	char text[256], program[PATH_MAX + 32], *rest = text;
	char *argv[WORDS_MAX + 4] = { "vfio-earlyctl", "--root", "mount" };
	sigset_t none;

	snprintf(text, sizeof(text), "%s", command);
	for (size_t i = 3; rest && i < WORDS_MAX + 3; i++)
		argv[i] = strsep(&rest, " ");
	snprintf(program, sizeof(program), "%s", host->program);
	strcpy(strrchr(program, '/'), name);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_DFL);
	if (setpgid(0, 0) || chdir(host->work))
		_exit(127);
	redirect("stdout", 1);
	redirect("stderr", 2);
	execv(program, argv);
	_exit(127);
}

/* In a process group of its own. */
static pid_t start(const struct host *host, const char *command)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(LIMIT_S);
		become_program(host, "/sanitized/vfio-earlyctl", command);
	}
	return pid;
}

static int await_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const struct host *host, const char *command, double *seconds)
{
	double begin = host_now();
	int status = await_end(start(host, command));

	*seconds = host_now() - begin;
	return status;
}

static void set_drivers(const struct host *host, const struct play *play)
{
	double seconds;

	drivercore_set_override_waits(host->core, play->override_waits);
	if (play->before)
		assert_int_equal(run(host, play->before, &seconds), 0);
	for (size_t i = 0; i < sizeof(play->faults) / sizeof(*play->faults); i++)
		if (play->faults[i].device)
			assert_true(drivercore_set_reaction(host->core, play->faults[i].device,
							    play->faults[i].store,
							    &play->faults[i].reaction));
	if (play->refusing)
		assert_true(drivercore_set_refusal(host->core, play->refusing, "vfio-pci"));
}

static void set_scene(struct host *host, const struct play *play)
{
	char tree[PATH_MAX + 8], names[PATH_MAX];

	assert_int_equal(host_set_up(host, "ctl", play->host ? play->host : HOST,
				     play->rules ? play->rules : "", ""),
			 0);
	snprintf(tree, sizeof(tree), "%s/tree", host->work);
	/* Without it, this machine's long list is read at each run. */
	files_path(names, "%s/usr/share/misc/pci.ids", tree);
	files_make_parents(names);
	assert_int_equal(files_copy("tests/ctl/pci.ids", names), 0);
	if (!play->host)
		tree_write(tree, ABOVE);
	if (play->above)
		tree_write(tree, play->above);
	set_drivers(host, play);
}

static void check_text(const struct host *host, const char *file, const char *expected)
{
	char *text = host_read(host, file);

	assert_non_null(text);
	if (strcmp(text, expected ? expected : "") != 0) {
		diff_show(expected ? expected : "", text);
		fail_msg("%s", file);
	}
	free(text);
}

static void check_row(const struct host *host, const struct play *play, size_t number)
{
	const char *device = play->rows[number].device;
	struct device_state state;

	assert_true(drivercore_get(host->core, device, &state));
	assert_string_equal(state.driver, play->rows[number].driver);
	assert_string_equal(state.override, play->rows[number].override);
	if (play->rows[number].untouched && !host_is_untouched(host, device))
		fail_msg("%s was written to", device);
}

static void test_play(void **state)
{
	struct context *context = *state;
	const struct play *play = context->play;
	struct host *host = &context->host;
	double seconds;

	set_scene(host, play);
	assert_int_equal(run(host, play->command, &seconds), play->status);
	assert_true(seconds < 1 + 2 + GRACE_S);
	check_text(host, "stdout", play->out);
	check_text(host, "stderr", play->err);
	drivercore_release(host->core);
	assert_true(host_wait_children(5));
	for (size_t i = 0; i < 4 && play->rows[i].device; i++)
		check_row(host, play, i);
}

/* The signal comes while the driver is slow; the command prints the result, then ends by it. */

static const struct play interrupted[] = {
	{
		.name = "bind: signals while its driver is slow",
		.command = "bind 02:00.0",
		.faults = { { NIC_B, STORE_UNBIND, { .delay_ms = 300 } } },
		.out = NIC_B ": bound to vfio-pci (before: e1000e)\n" HINT("02:00.0"),
		.rows = { { NIC_B, "vfio-pci", "vfio-pci" } },
	},
	{
		.name = "unbind: signals while its driver is slow",
		.before = "bind 02:00.0",
		.command = "unbind 02:00.0",
		.faults = { { NIC_B, STORE_UNBIND, { .delay_ms = 300 } } },
		.out = NIC_B ": returned to e1000e (before: vfio-pci)\n",
		.rows = { { NIC_B, "e1000e", "" } },
	},
	{
		.name = "bind: signals while it is refused",
		.command = "bind 02:00.0",
		.faults = { { NIC_B, STORE_PROBE, { .delay_ms = 300 } } },
		.refusing = NIC_B,
		.err = "vfio-earlyctl: " NIC_B ": probe-failed: vfio-pci did not take it; see the "
		       "kernel log; it has e1000e now; 'dmesg' may tell why\n",
		.rows = { { NIC_B, "e1000e", "" } },
	},
};

static size_t count_events(const struct host *host, enum store store)
{
	static struct write_event events[HOST_EVENTS_MAX];
	size_t all = drivercore_events(host->core, events, HOST_EVENTS_MAX), count = 0;

	for (size_t i = 0; i < all && i < HOST_EVENTS_MAX; i++)
		count += events[i].store == store;
	return count;
}

static void interrupt(struct host *host, const struct play *play, int signal)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	enum store store = play->faults[0].store;
	size_t before;
	pid_t pid;

	set_scene(host, play);
	before = count_events(host, store);
	pid = start(host, play->command);
	for (double begin = host_now();
	     count_events(host, store) == before && host_now() < begin + LIMIT_S;)
		nanosleep(&moment, NULL);
	assert_int_equal(kill(-pid, signal), 0);
	assert_int_equal(await_end(pid), 128 + signal);
	check_text(host, "stdout", play->out);
	check_text(host, "stderr", play->err);
	assert_true(host_wait_children(5));
	check_row(host, play, 0);
}

static void test_signals(void **state)
{
	struct context *context = *state;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if (i)
			host_tear_down(&context->host);
		interrupt(&context->host, context->play, signals[i]);
	}
}

/* The signal comes at each system call in turn, from a few before the first write on. */
#define TWO_NICS                                                                                   \
	"driver vfio-pci\n"                                                                        \
	"01:00.0 0200: 8086:10d3 group=11\n"                                                       \
	"02:00.0 0200: 8086:10d3 driver=e1000e group=12\n"

static const struct play traced[] = {
	{
		.name = "bind: a signal at each call",
		.host = TWO_NICS,
		.above = "mount 0:20 / nfs server:/root rw\n",
		.command = "bind 8086:10d3",
		.refusing = NIC_B,
	},
	{
		.name = "unbind: a signal at each call",
		.before = "bind 02:00.0",
		.command = "unbind 02:00.0",
	},
};

struct campaign {
	struct context *context;
	struct trace_call calls[4096];
	size_t count, first; /* the first: some calls before what changes a device */
};

static void become(const void *argument)
{
	const struct context *context = argument;

	/* The sanitizers' search for leaks does not work under ptrace(2). */
	become_program(&context->host, "/vfio-earlyctl", context->play->command);
}

static void keep_call(void *argument, const struct trace_call *call)
{
	struct campaign *campaign = argument;

	assert_true(campaign->count < sizeof(campaign->calls) / sizeof(*campaign->calls));
	if (!campaign->first && (call->nr == SYS_write || call->process))
		campaign->first = campaign->count - 5;
	campaign->calls[campaign->count++] = *call;
}

/* Either the old driver or the new one, and no override that keeps the host driver away. */
static void check_settled(const struct host *host, const struct trace_call *call, int signal)
{
	struct device_state state;
	const char *name;

	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++) {
		drivercore_get(host->core, name, &state);
		if ((*state.override && strcmp(state.override, state.driver) != 0) ||
		    (*state.natural && !*state.driver))
			fail_msg("signal %d at call %u (nr %ld) of process %u: %s has driver '%s', "
				 "override '%s'",
				 signal, call->number, call->nr, call->process, name, state.driver,
				 state.override);
	}
}

/* Returns whether there was such a call. */
static bool interrupt_call(struct context *context, const struct trace_call *call, int signal)
{
	struct trace_fault fault = { .call = *call, .signal = signal };
	int status;

	host_reset(&context->host);
	set_drivers(&context->host, context->play);
	status = trace_run(become, context, LIMIT_S, &fault, NULL, NULL).status;
	if (fault.hit && status != 128 + signal && call->nr != SYS_exit_group)
		fail_msg("signal %d at call %u (nr %ld) of process %u: status %d", signal,
			 call->number, call->nr, call->process, status);
	check_settled(&context->host, call, signal);
	return fault.hit;
}

static void test_traced(void **state)
{
	static struct campaign campaign;
	size_t all, hit = 0;

	campaign = (struct campaign){ .context = *state };
	set_scene(&campaign.context->host, campaign.context->play);
	trace_run(become, campaign.context, LIMIT_S, NULL, keep_call, &campaign);
	for (size_t i = campaign.first; i < campaign.count; i++)
		hit += interrupt_call(campaign.context, &campaign.calls[i],
				      signals[i % (sizeof(signals) / sizeof(*signals))]);
	all = campaign.count - campaign.first;
	fprintf(stderr, "# %zu calls, %zu of them reached\n", all, hit);
	assert_in_range(hit, all - all / 10, all);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void add_tests(struct CMUnitTest **next, CMUnitTestFunction function,
		      const struct play *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*(*next)++ = (struct CMUnitTest){ rows[i].name, function, set_up, tear_down,
						  (void *)&rows[i] };
}

int main(void)
{
	static struct CMUnitTest tests[COUNT(plays) + COUNT(interrupted) + COUNT(traced)];
	struct CMUnitTest *next = tests;
	int result = host_prepare_process();
	sigset_t set;

	if (result < 0) {
		fprintf(stderr, "a mount namespace: %s\n", strerror(-result));
		return 1;
	}
	/* Before there are threads: trace_run() waits for it. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	add_tests(&next, test_play, plays, COUNT(plays));
	add_tests(&next, test_signals, interrupted, COUNT(interrupted));
	add_tests(&next, test_traced, traced, COUNT(traced));
	return _cmocka_run_group_tests("live", tests, COUNT(tests), NULL, NULL);
}
