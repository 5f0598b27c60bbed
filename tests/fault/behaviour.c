/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of devices whose drivers are slow, stuck or refuse, on a simulated host. After
 * every run, host_is_sane() must hold: no device is left with an override and no driver.
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "host.h"
#include "modules.h"
#include "trace.h"

/* In all tests whose drivers never return. */
#define SHORT_TIMEOUT   "vfio_early.timeout=2"
#define SHORT_TIMEOUT_S 2

/* Nothing of the host may hold up the boot for longer than the timeout and this. */
#define GRACE_S 3

#define LIMIT_S 30

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

#define HOST "driver vfio-pci\n" NICS

/* Lists of devices in use by the host. */
#define NO_ENTRIES "# entries: 0\n"
#define ENTRY_B    "02:00.0 id=8086:10d3 # " NIC_B " network\n"

static const struct play {
	const char *name, *host, *rules, *cmdline;
	struct {
		const char *device;
		enum store store;
		struct reaction reaction;
	} faults[3];
	const char *refusing; /* device that vfio-pci does not take */
	const char *denied;   /* a path at which changes fail, so: */
	int denial;
	int status;
	/* driver is "gone" for a device that is; the device must be untouched where code is "" */
	struct {
		const char *device, *code, *driver;
	} rows[4];
	const char *stderr_has;
} plays[] = {
	{
		.name = "bound from no driver",
		.host = HOST,
		.rules = "01:00.0\n",
		.rows = { { NIC_A, "bound", "vfio-pci" } },
	},
	{
		.name = "bound from a host driver; identical siblings untouched",
		.host = HOST,
		.rules = "02:00.0\n",
		.rows = { { NIC_B, "bound", "vfio-pci" },
			  { NIC_A, "", "" },
			  { NIC_C, "", "e1000e" } },
	},
	{
		.name = "all of one ID but the excluded one",
		.host = HOST,
		.rules = "!03:00.0\n8086:10d3\n",
		.rows = { { NIC_A, "bound", "vfio-pci" },
			  { NIC_B, "bound", "vfio-pci" },
			  { NIC_C, "excluded", "e1000e" } },
	},
	{
		.name = "already bound",
		.host = "driver vfio-pci\n02:00.0 0200: 8086:10d3 driver=vfio-pci group=12\n",
		.rules = "02:00.0\n",
		.rows = { { NIC_B, "already-bound", "vfio-pci" } },
	},
	{
		.name = "skipped by the kernel command line",
		.host = HOST,
		.rules = "01:00.0\n02:00.0\n",
		.cmdline = "vfio_early.skip=02:00.0",
		.rows = { { NIC_A, "bound", "vfio-pci" }, { NIC_B, "excluded", "e1000e" } },
	},
	{
		.name = "refused by vfio-pci, held before",
		.host = HOST,
		.rules = "02:00.0\n",
		.refusing = NIC_B,
		.status = 2,
		.rows = { { NIC_B, "probe-failed", "e1000e" } },
	},
	{
		.name = "refused by vfio-pci, not held before",
		.host = HOST,
		.rules = "01:00.0\n",
		.refusing = NIC_A,
		.status = 2,
		.rows = { { NIC_A, "probe-failed", "" } },
	},
	{
		.name = "refused by vfio-pci, others are not affected",
		.host = HOST,
		.rules = "8086:10d3\n",
		.refusing = NIC_B,
		.status = 2,
		.rows = { { NIC_A, "bound", "vfio-pci" },
			  { NIC_B, "probe-failed", "e1000e" },
			  { NIC_C, "bound", "vfio-pci" } },
	},
	{
		.name = "override refused, held before",
		.host = HOST,
		.rules = "02:00.0\n01:00.0\n",
		.faults = { { NIC_B, STORE_OVERRIDE, { .error = EACCES } } },
		.status = 2,
		.rows = { { NIC_B, "probe-failed", "e1000e" }, { NIC_A, "bound", "vfio-pci" } },
	},
	{
		.name = "override refused, not held before",
		.host = HOST,
		.rules = "01:00.0\n",
		.faults = { { NIC_A, STORE_OVERRIDE, { .error = EINVAL } } },
		.status = 2,
		.rows = { { NIC_A, "probe-failed", "" } },
	},
	{
		.name = "unbind fails",
		.host = HOST,
		.rules = "02:00.0\n01:00.0\n",
		.faults = { { NIC_B, STORE_UNBIND, { .error = EIO } } },
		.status = 2,
		.rows = { { NIC_B, "probe-failed", "e1000e" }, { NIC_A, "bound", "vfio-pci" } },
	},
	{
		.name = "the first write of drivers_probe fails",
		.host = HOST,
		.rules = "02:00.0\n",
		.faults = { { NIC_B, STORE_PROBE, { .error = EIO, .times = 1 } } },
		.status = 2,
		.rows = { { NIC_B, "probe-failed", "e1000e" } },
	},
	{
		.name = "a device vanishes when its override is written",
		.host = HOST,
		.rules = "8086:10d3\n",
		.faults = { { NIC_B, STORE_OVERRIDE, { .vanish = true } } },
		.status = 2,
		.rows = { { NIC_A, "bound", "vfio-pci" },
			  { NIC_B, "probe-failed", "gone" },
			  { NIC_C, "bound", "vfio-pci" } },
	},
	{
		.name = "a device vanishes when it is unbound",
		.host = HOST,
		.rules = "8086:10d3\n",
		.faults = { { NIC_B, STORE_UNBIND, { .vanish = true } } },
		.status = 2,
		.rows = { { NIC_A, "bound", "vfio-pci" },
			  { NIC_B, "probe-failed", "gone" },
			  { NIC_C, "bound", "vfio-pci" } },
	},
	{
		.name = "a device vanishes when it is probed",
		.host = HOST,
		.rules = "8086:10d3\n",
		.faults = { { NIC_A, STORE_PROBE, { .vanish = true } } },
		.status = 2,
		.rows = { { NIC_A, "probe-failed", "gone" },
			  { NIC_B, "bound", "vfio-pci" },
			  { NIC_C, "bound", "vfio-pci" } },
	},
	{
		.name = "no IOMMU group",
		.host = "driver vfio-pci\n02:00.0 0200: 8086:10d3 driver=e1000e\n",
		.rules = "02:00.0\n",
		.status = 2,
		.rows = { { NIC_B, "no-iommu", "e1000e" } },
	},
	{
		.name = "a bridge",
		.host = HOST,
		.rules = "00:01.0\n",
		.status = 2,
		.rows = { { "0000:00:01.0", "bridge", "pcieport" } },
	},
	{
		.name = "another card than the guard says",
		.host = HOST,
		.rules = "02:00.0 id=10de:1381\n",
		.status = 2,
		.rows = { { NIC_B, "guard-mismatch", "e1000e" } },
	},
	{
		.name = "no vfio-pci in this kernel, and no modules",
		.host = NICS,
		.rules = "02:00.0\n01:00.0\n",
		.status = 2,
		.rows = { { NIC_B, "no-driver", "e1000e" }, { NIC_A, "no-driver", "" } },
	},
	{
		.name = "an override left by others",
		.host = "driver vfio-pci\n02:00.0 0200: 8086:10d3 driver=e1000e override=e1000e group=12\n",
		.rules = "02:00.0\n",
		.rows = { { NIC_B, "bound", "vfio-pci" } },
	},
	{
		.name = "read-only run",
		.host = HOST,
		.rules = "02:00.0\n",
		.denied = "run",
		.denial = EROFS,
		.status = 1,
		.rows = { { NIC_B, NULL, "vfio-pci" } },
	},
	{
		.name = "no kernel log",
		.host = HOST,
		.rules = "02:00.0\n",
		.denied = "dev/kmsg",
		.denial = EPERM,
		.rows = { { NIC_B, "bound", "vfio-pci" } },
		.stderr_has = "summary: 1 bound",
	},
	{
		.name = "no sysfs",
		.host = HOST,
		.rules = "02:00.0\n",
		.denied = "sys",
		.denial = ENOENT,
		.status = 1,
		.rows = { { NIC_B, NULL, "e1000e" } },
	},
	{
		.name = "sysfs that cannot be written to",
		.host = HOST,
		.rules = "8086:10d3\n",
		.denied = "sys",
		.denial = EROFS,
		.status = 2,
		.rows = { { NIC_A, "probe-failed", "" },
			  { NIC_B, "probe-failed", "e1000e" },
			  { NIC_C, "probe-failed", "e1000e" } },
	},
	{
		.name = "a line that does not parse beside a good one",
		.host = HOST,
		.rules = "nonsense\n02:00.0\n",
		.status = 3,
		.rows = { { NIC_B, "bound", "vfio-pci" } },
	},
};

/* Set-up and what all tests check. */

struct context {
	struct host host;
	const void *row; /* of the table, for tests that have one */
};

static int set_up(void **state)
{
	static struct context context;

	memset(&context, 0, sizeof(context));
	context.row = *state;
	*state = &context;
	return 0;
}

static int tear_down(void **state)
{
	struct context *context = *state;

	host_tear_down(&context->host);
	return 0;
}

static void start_host(struct host *host, const char *description, const char *rules,
		       const char *cmdline)
{
	assert_int_equal(host_set_up(host, "behaviour", description, rules, cmdline), 0);
}

static void react(struct host *host, const char *device, enum store store,
		  const struct reaction *reaction)
{
	assert_true(drivercore_set_reaction(host->core, device, store, reaction));
}

static void assert_sane(const struct host *host)
{
	char problem[256];

	if (!host_is_sane(host, problem, sizeof(problem)))
		fail_msg("%s", problem);
}

static void assert_driver(const struct host *host, const char *device, const char *driver)
{
	struct device_state state;

	assert_true(drivercore_get(host->core, device, &state));
	assert_string_equal(state.gone ? "gone" : state.driver, driver);
}

static void assert_code(const struct host *host, const char *device, const char *code)
{
	struct host_row row;

	if (!host_read_row(host, device, &row))
		fail_msg("%s has no row in the status file", device);
	if (strcmp(row.code, code))
		fail_msg("%s is %s (%s), not %s", device, row.code, row.detail, code);
}

static size_t count_events(const struct host *host)
{
	struct write_event event;

	return drivercore_events(host->core, &event, 1);
}

static bool is_success(const char *code)
{
	static const char *const codes[] = { "bound", "already-bound", "excluded" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (!strcmp(code, codes[i]))
			return true;
	return false;
}

/* One message about the device, with its code and of a level that suits it. */
static void assert_message(const struct host *host, const char *device, const char *code)
{
	static struct hostfs_message messages[HOST_MESSAGES_MAX];
	size_t count = hostfs_messages(host->fs, messages, HOST_MESSAGES_MAX), found = 0;

	for (size_t i = 0; i < count; i++) {
		const char *text = messages[i].text;

		if (!strstr(text, device))
			continue;
		found++;
		if (!strstr(text, code))
			fail_msg("no %s in: %s", code, text);
		if ((text[1] == '6') != is_success(code))
			fail_msg("level of: %s", text);
	}
	assert_int_equal(found, 1);
}

static void assert_told(const struct host *host, const char *message)
{
	static struct hostfs_message messages[HOST_MESSAGES_MAX];
	size_t count = hostfs_messages(host->fs, messages, HOST_MESSAGES_MAX);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(messages[i].text, message))
			return;
	fail_msg("no message: %s", message);
}

/* Each message is one write to a file that was opened for it. */
static size_t check_messages(const struct host *host)
{
	static struct hostfs_message messages[HOST_MESSAGES_MAX];
	size_t count = hostfs_messages(host->fs, messages, HOST_MESSAGES_MAX);

	assert_true(count <= HOST_MESSAGES_MAX);
	for (size_t i = 0; i < count; i++) {
		assert_true(messages[i].size < 1000);
		assert_true(strchr(messages[i].text, '\n') ==
			    messages[i].text + messages[i].size - 1);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(messages[i].open, messages[j].open);
	}
	return count;
}

/* The tables. */

static void play_faults(struct host *host, const struct play *play)
{
	for (size_t i = 0; i < sizeof(play->faults) / sizeof(*play->faults); i++)
		if (play->faults[i].device)
			react(host, play->faults[i].device, play->faults[i].store,
			      &play->faults[i].reaction);
	if (play->refusing)
		assert_true(drivercore_set_refusal(host->core, play->refusing, "vfio-pci"));
	if (play->denied)
		hostfs_deny(host->fs, play->denied, play->denial);
}

static bool is_acted_on(const char *code)
{
	return !strcmp(code, "bound") || !strcmp(code, "probe-failed") || !strcmp(code, "timeout");
}

static void check_row(const struct host *host, const struct play *play, size_t number)
{
	const char *device = play->rows[number].device, *code = play->rows[number].code;

	assert_driver(host, device, play->rows[number].driver);
	if (!code)
		return;
	if (!is_acted_on(code) && !host_is_untouched(host, device))
		fail_msg("%s was written to", device);
	if (!*code)
		return;
	assert_code(host, device, code);
	if (!play->denied || strcmp(play->denied, "dev/kmsg"))
		assert_message(host, device, code);
}

static void check_stderr(const struct host *host, const char *wanted)
{
	char *text = host_read(host, "stderr");

	assert_non_null(text);
	if (wanted ? !strstr(text, wanted) : *text != '\0')
		fail_msg("standard error: %s", text);
	free(text);
}

/* The second run finds all as it should be, and writes nothing. */
static void check_second_run(const struct host *host, const struct play *play)
{
	size_t before = count_events(host);

	assert_int_equal(host_run(host, LIMIT_S).status, 0);
	assert_int_equal(count_events(host), before);
	for (size_t i = 0; i < 4 && play->rows[i].device; i++) {
		const char *code = play->rows[i].code;

		if (*code)
			assert_code(host, play->rows[i].device,
				    strcmp(code, "bound") ? code : "already-bound");
	}
}

static void test_play(void **state)
{
	struct context *context = *state;
	const struct play *play = context->row;
	struct host *host = &context->host;

	start_host(host, play->host, play->rules, play->cmdline ? play->cmdline : "");
	play_faults(host, play);
	assert_int_equal(host_run(host, LIMIT_S).status, play->status);
	for (size_t i = 0; i < 4 && play->rows[i].device; i++)
		check_row(host, play, i);
	check_stderr(host, play->stderr_has);
	check_messages(host);
	assert_sane(host);
	assert_true(host_wait_children(1));
	if (play->status == 0)
		check_second_run(host, play);
}

/* Drivers that do not return. */

static const struct wedge {
	const char *name, *device;
	enum store store;
	bool override_waits; /* as in Linux before 6.12.91 */
	bool refuses;        /* when it goes on at last */
	const char *finally; /* the driver that has the device at last */
} wedges[] = {
	{ "unbind never returns", NIC_B, STORE_UNBIND, false, false, "e1000e" },
	{ "unbind never returns, override waits", NIC_B, STORE_UNBIND, true, false, "e1000e" },
	{ "probe never returns, then succeeds", NIC_B, STORE_PROBE, false, false, "vfio-pci" },
	{ "probe never returns, then succeeds, override waits", NIC_B, STORE_PROBE, true, false,
	  "vfio-pci" },
	{ "probe never returns, then fails", NIC_B, STORE_PROBE, false, true, "e1000e" },
	{ "probe never returns, then fails, override waits", NIC_B, STORE_PROBE, true, true,
	  "e1000e" },
	{ "probe of a device without driver never returns, then fails", NIC_A, STORE_PROBE, false,
	  true, "" },
	{ "override never returns", NIC_B, STORE_OVERRIDE, true, false, "e1000e" },
};

static void check_others(const struct host *host, const char *stuck)
{
	static const char *const nics[] = { NIC_A, NIC_B, NIC_C };

	for (size_t i = 0; i < sizeof(nics) / sizeof(*nics); i++) {
		if (!strcmp(nics[i], stuck))
			continue;
		assert_code(host, nics[i], "bound");
		assert_driver(host, nics[i], "vfio-pci");
	}
}

/* Once the driver goes on, what the run left behind finishes the work. */
static void test_wedge(void **state)
{
	struct context *context = *state;
	const struct wedge *wedge = context->row;
	const struct reaction stuck = { .wedge = true };
	struct host *host = &context->host;
	struct host_result result;

	start_host(host, HOST, "8086:10d3\n", SHORT_TIMEOUT);
	drivercore_set_override_waits(host->core, wedge->override_waits);
	react(host, wedge->device, wedge->store, &stuck);
	if (wedge->refuses)
		assert_true(drivercore_set_refusal(host->core, wedge->device, "vfio-pci"));
	result = host_run(host, LIMIT_S);
	assert_int_equal(result.status, 2);
	assert_true(result.seconds < SHORT_TIMEOUT_S + GRACE_S);
	assert_code(host, wedge->device, "timeout");
	assert_message(host, wedge->device, "timeout");
	check_others(host, wedge->device);
	drivercore_release(host->core);
	assert_true(host_wait_children(5));
	assert_driver(host, wedge->device, wedge->finally);
	assert_sane(host);
}

/* Many devices. */

static void doze(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static void become(const void *host)
{
	host_exec(host);
}

static char *describe_many(unsigned int count, const char *words)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs("driver vfio-pci\n", out);
	for (unsigned int i = 0; i < count; i++)
		fprintf(out, "%04x:%02x:00.0 0200: 8086:10d3 group=%u %s\n", i / 255, i % 255 + 1,
			i + 1, words);
	assert_int_equal(fclose(out), 0);
	return text;
}

static double time_slow_devices(struct host *host, unsigned int count)
{
	const struct reaction slow = { .delay_ms = 1000 };
	char *description = describe_many(count, "driver=e1000e");
	struct host_result result;
	const char *name;

	start_host(host, description, "8086:10d3\n", "");
	free(description);
	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++)
		react(host, name, STORE_UNBIND, &slow);
	result = host_run(host, LIMIT_S);
	assert_int_equal(result.status, 0);
	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++)
		assert_driver(host, name, "vfio-pci");
	assert_sane(host);
	host_tear_down(host);
	return result.seconds;
}

static void test_slow_devices(void **state)
{
	struct context *context = *state;
	double one = time_slow_devices(&context->host, 1);
	double sixteen = time_slow_devices(&context->host, 16);

	fprintf(stderr, "# drivers that take 1 s to let go: 1 device %.2f s, 16 devices %.2f s\n",
		one, sixteen);
	assert_true(one >= 1.0 && one < 2.0);
	assert_true(sixteen >= 1.0 && sixteen < 4.0);
}

static void test_many_messages(void **state)
{
	char *description = describe_many(64, "");
	struct host *host = &((struct context *)*state)->host;
	const char *name;

	start_host(host, description, "8086:10d3\n", "");
	free(description);
	assert_int_equal(host_run(host, LIMIT_S).status, 0);
	assert_int_equal(check_messages(host), 64 + 1);
	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++)
		assert_message(host, name, "bound");
	assert_sane(host);
}

/* The kernel's buffer for messages is limited; the status file has a row for each device. */
static void test_messages_of_a_rule(void **state)
{
	char *description = describe_many(260, "");
	struct host *host = &((struct context *)*state)->host;
	const char *name;

	start_host(host, description, "0000:07:00.0\n8086:10d3\n", "");
	free(description);
	assert_true(drivercore_set_refusal(host->core, NIC_B, "vfio-pci"));
	assert_true(drivercore_set_refusal(host->core, NIC_C, "vfio-pci"));
	assert_int_equal(host_run(host, LIMIT_S).status, 2);
	assert_int_equal(check_messages(host), 3 + 1);
	assert_told(host, "<6>vfio-early: 0000:07:00.0 8086:10d3 bound, driver vfio-pci (before: "
			  "-), rule /etc/vfio-early.conf:1\n");
	assert_told(host, "<6>vfio-early: " NIC_A " 8086:10d3 bound, driver vfio-pci (before: -), "
			  "rule /etc/vfio-early.conf:2; the same for 256 more, see "
			  "/run/vfio-early/status\n");
	assert_told(host, "<3>vfio-early: " NIC_B " 8086:10d3 probe-failed, driver - (before: -), "
			  "rule /etc/vfio-early.conf:2: vfio-pci did not take it; see the kernel "
			  "log; the same for 1 more, see /run/vfio-early/status\n");
	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++)
		assert_code(host, name,
			    strcmp(name, NIC_B) && strcmp(name, NIC_C) ? "bound" : "probe-failed");
	assert_sane(host);
}

static void note_process(void *context, const struct trace_call *call)
{
	unsigned int *processes = context;

	if (call->process + 1 > *processes)
		*processes = call->process + 1;
}

/* Not thousands, where there are as many devices. */
static void test_processes(void **state)
{
	char *description = describe_many(80, "driver=e1000e");
	struct host *host = &((struct context *)*state)->host;
	unsigned int processes = 0;
	const char *name;

	start_host(host, description, "8086:10d3\n", "");
	free(description);
	assert_int_equal(trace_run(become, host, LIMIT_S, NULL, note_process, &processes).status,
			 0);
	assert_int_equal(processes, 1 + 64);
	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++)
		assert_driver(host, name, "vfio-pci");
	assert_sane(host);
}

/*
 * More drivers that never return than processes: a device whose turn never came keeps its driver,
 * or loses the override that was written while it had none, although no process is left.
 */
static void test_all_wedged(void **state)
{
	static const struct {
		const char *words, *driver;
		enum store store;
	} runs[] = {
		{ "driver=e1000e", "e1000e", STORE_UNBIND },
		{ "", "", STORE_PROBE },
	};
	const struct reaction stuck = { .wedge = true };
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		char *description = describe_many(70, runs[i].words);
		struct device_state last;
		const char *name;

		if (i)
			host_tear_down(host);
		start_host(host, description, "8086:10d3\n", SHORT_TIMEOUT);
		free(description);
		drivercore_set_override_waits(host->core, true);
		for (size_t j = 0; (name = drivercore_name(host->core, j)); j++)
			react(host, name, runs[i].store, &stuck);
		assert_int_equal(host_run(host, LIMIT_S).status, 2);
		for (int tries = 0; tries < 500; tries++, doze())
			if (drivercore_get(host->core, "0000:46:00.0", &last) && !last.override[0])
				break;
		assert_string_equal(last.override, "");
		assert_string_equal(last.driver, runs[i].driver);
		for (size_t j = 0; (name = drivercore_name(host->core, j)); j++)
			assert_code(host, name, "timeout");
		drivercore_release(host->core);
		assert_true(host_wait_children(5));
		assert_sane(host);
	}
}

/* Devices of a driver that hangs if it lets go of several at a time. */
static void test_queued(void **state)
{
	const struct reaction slow = { .delay_ms = 300 };
	struct host *host = &((struct context *)*state)->host;
	struct host_result result;
	const char *name;

	start_host(host,
		   "driver vfio-pci\n"
		   "00:01.0 0200: 8086:10d3 driver=e1000e group=1\n"
		   "00:04.0 0880: 8086:2021 driver=ioatdma group=2\n"
		   "00:04.1 0880: 8086:2021 driver=ioatdma group=3\n"
		   "00:04.2 0880: 8086:2021 driver=ioatdma group=4\n",
		   "class=08\nclass=02\n", "");
	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++)
		react(host, name, STORE_UNBIND, &slow);
	result = host_run(host, LIMIT_S);
	assert_int_equal(result.status, 0);
	assert_true(result.seconds >= 0.9);
	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++)
		assert_driver(host, name, "vfio-pci");
	assert_sane(host);
}

static void test_dry_run(void **state)
{
	struct host *host = &((struct context *)*state)->host;

	start_host(host, HOST, "8086:10d3\n", "vfio_early=dry-run");
	assert_int_equal(host_run(host, LIMIT_S).status, 0);
	assert_int_equal(count_events(host), 0);
	assert_code(host, NIC_A, "would-bind");
	assert_code(host, NIC_B, "would-bind");
}

static void test_off(void **state)
{
	struct host *host = &((struct context *)*state)->host;

	start_host(host, HOST, "8086:10d3\n", "vfio_early=off");
	assert_int_equal(host_run(host, LIMIT_S).status, 0);
	assert_int_equal(count_events(host), 0);
	assert_int_equal(check_messages(host), 1);
}

/* Whatever the rules say: that they have changed since is asked of an image without rules, too. */
static void test_digest(void **state)
{
	static const struct {
		const char *rules, *cmdline;
	} boots[] = { { "8086:10d3\n", "" }, { "8086:10d3\n", "vfio_early=off" }, { "", "" } };
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(boots) / sizeof(boots[0]); i++) {
		char path[PATH_MAX], *noted;

		if (i)
			host_tear_down(host);
		start_host(host, HOST, boots[i].rules, boots[i].cmdline);
		snprintf(path, sizeof(path), "%s/tree/etc/vfio-early.digest", host->work);
		assert_int_equal(files_write(path, "0123abcd\n"), 0);
		assert_int_equal(host_run(host, LIMIT_S).status, 0);
		noted = host_read(host, "tree/run/vfio-early/digest");
		assert_non_null(noted);
		assert_string_equal(noted, "0123abcd\n");
		free(noted);
	}
}

static void write_below(const struct host *host, const char *directory, const char *name,
			const char *text)
{
	char path[PATH_MAX + 128];

	for (const char *slash = directory; slash; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%s/tree/%.*s", host->work, (int)(slash - directory),
			 directory);
		mkdir(path, 0755);
	}
	snprintf(path, sizeof(path), "%s/tree/%s", host->work, directory);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/tree/%s/%s", host->work, directory, name);
	assert_int_equal(files_write(path, text), 0);
}

/*
 * A hot-plugged device: nothing else is touched, nor is it if it is in use by the host or if
 * nobody knows that.
 */
static void test_added(void **state)
{
	static const struct {
		const char *added, *protected; /* NULL: there is no list */
		int status;
		const char *code; /* NULL: nothing is touched, and no row tells of it */
	} runs[] = {
		{ NIC_B, NULL, 1, NULL },
		{ NIC_B, "", 1, NULL },
		{ NIC_B, "# entries: 1\n", 1, NULL },
		{ "02:00.0", NO_ENTRIES, 1, NULL },
		{ "dry-run", NO_ENTRIES, 1, NULL },
		{ NIC_B, ENTRY_B "# entries: 1\n", 2, "protected" },
		{ NIC_B, NO_ENTRIES, 0, "bound" },
	};
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct host_row row;
		bool bound = runs[i].code && strcmp(runs[i].code, "bound") == 0;

		if (i)
			host_tear_down(host);
		start_host(host, HOST, "8086:10d3\n", "");
		write_below(host, "run/vfio-early", "status", "address\tid\n");
		if (runs[i].protected)
			write_below(host, "run/vfio-early", "protected", runs[i].protected);
		host->added = runs[i].added;
		assert_int_equal(host_run(host, LIMIT_S).status, runs[i].status);
		assert_driver(host, NIC_A, "");
		assert_driver(host, NIC_B, bound ? "vfio-pci" : "e1000e");
		assert_driver(host, NIC_C, "e1000e");
		if (!bound)
			assert_int_equal(count_events(host), 0);
		if (runs[i].code)
			assert_code(host, NIC_B, runs[i].code);
		else
			assert_false(host_read_row(host, NIC_B, &row));
		assert_false(host_read_row(host, NIC_A, &row));
	}
}

static void count_call(void *context, const struct trace_call *call)
{
	(void)call;
	++*(unsigned int *)context;
}

/* The system calls that 20:00.0 costs, hot-plugged among so many. */
static unsigned int count_added(struct host *host, unsigned int functions, const char *rules,
				const char *list, const char *code)
{
	char *description = describe_many(functions, "driver=e1000e");
	unsigned int calls = 0;
	struct host_row row;

	start_host(host, description, rules, "");
	free(description);
	write_below(host, "run/vfio-early", "status", "address\tid\n");
	write_below(host, "run/vfio-early", "protected", list);
	host->added = "0000:20:00.0";
	trace_run(become, host, LIMIT_S, NULL, count_call, &calls);
	assert_int_equal(host_read_row(host, host->added, &row), code != NULL);
	if (code)
		assert_string_equal(row.code, code);
	host_tear_down(host);
	return calls;
}

/* Thousands of virtual functions are hot-plugged at once. */
static void test_added_among_many(void **state)
{
	static const struct {
		const char *rules, *list, *code; /* NULL: there is no row */
		bool reads_all;
	} runs[] = {
		{ "8086:1234\n21:00.0\nslot=4\nserial=00-15-17-ff-ff-aa-bb-cc\n21:00.0 group\n",
		  NO_ENTRIES, NULL, false },
		{ "8086:10d3\n", NO_ENTRIES, "bound", false },
		{ "!20:00.0\n8086:10d3\n", NO_ENTRIES, "excluded", false },
		{ "20:00 id=8086:1234\n", NO_ENTRIES, "guard-mismatch", false },
		{ "20:00.0\n", "00:05.0/00.0 id=8086:1234 # 0000:05:00.0 disk\n# entries: 1\n",
		  "bound", false },
		{ "20:00.0\n", "00:05.0/00.0 id=8086:10d3 # 0000:05:00.0 disk\n# entries: 1\n",
		  "protected", true },
		{ "20:00.0\n", "21:00.0 id=8086:10d3 # 0000:21:00.0 disk\n# entries: 1\n", "bound",
		  true },
	};
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		unsigned int few, many;

		few = count_added(host, 40, runs[i].rules, runs[i].list, runs[i].code);
		many = count_added(host, 200, runs[i].rules, runs[i].list, runs[i].code);
		if (runs[i].reads_all ? many < few + 160 : many > few || many > 200)
			fail_msg("%s: %u calls, with 40 functions %u", runs[i].rules, many, few);
	}
}

/* Rules that a hot-plugged device alone does not decide. */
static void test_added_beside_others(void **state)
{
	static const char described[] = "driver vfio-pci\n"
					"00:01.0 0604: 8086:1901 driver=pcieport group=1\n"
					"  01:00.0 0300: 10de:1381 driver=nouveau group=11\n"
					"  01:00.1 0403: 10de:0fbc serial=00-15-17-ff-ff-aa-bb-cc "
					"driver=snd group=11\n"
					"00:02.0 0604: 8086:1901 driver=pcieport group=2\n"
					"  02:00.0 0200: 8086:10d3 driver=e1000e group=11\n"
					"slot 3 0000:01:00\n";
	static const struct {
		const char *rules, *code, *detail;
	} runs[] = {
		{ "01:00.1 group\n", "bound", "-" },
		{ "00:02.0/00.0 group\n", "bound", "-" },
		{ "00:01.0/00.0\n", "bound",
		  "can't be passed through alone: 0000:01:00.1 is in the same IOMMU group (11) and "
		  "stays with snd" },
		{ "01:00 id=10de:0fbc group\n", "bound", "-" },
		{ "serial=00-15-17-ff-ff-aa-bb-cc group\n", "bound", "-" },
		{ "slot=3 group\n", "bound", "-" },
		{ "!00:01.0/00.*\n02:00.0 group\n", "excluded", "-" },
	};
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct host_row row;

		if (i)
			host_tear_down(host);
		start_host(host, described, runs[i].rules, "");
		write_below(host, "run/vfio-early", "status", "address\tid\n");
		write_below(host, "run/vfio-early", "protected", NO_ENTRIES);
		host->added = "0000:01:00.0";
		assert_int_equal(host_run(host, LIMIT_S).status, 0);
		assert_true(host_read_row(host, host->added, &row));
		if (strcmp(row.code, runs[i].code) || strcmp(row.detail, runs[i].detail))
			fail_msg("%s is %s: %s", runs[i].rules, row.code, row.detail);
	}
}

/* As on a running system, where somebody starts the program by hand: the rule may be the disk's. */
static void test_unknown_stand(void **state)
{
	static const struct {
		const char *list, *message; /* NULL: there is none */
	} runs[] = {
		{ NULL, "No such file or directory; nothing is bound" },
		{ "", "the list is not complete; nothing is bound" },
		{ ENTRY_B, "the list is not complete; nothing is bound" },
		{ ENTRY_B "# entries: 2\n", "the list is not complete; nothing is bound" },
		{ ENTRY_B "# entries: 1", "the list is not complete; nothing is bound" },
		{ "# entries: 1\n" ENTRY_B, "the list is not complete; nothing is bound" },
		{ "bananas\n" NO_ENTRIES, "the list is not complete; nothing is bound" },
		{ "# none: the rules are not valid\n",
		  "the rules are not valid; nothing is bound" },
	};
	struct host *host = &((struct context *)*state)->host;
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		if (i)
			host_tear_down(host);
		start_host(host, HOST, "8086:10d3\n", "");
		snprintf(path, sizeof(path), "%s/tree/etc/vfio-early.protected", host->work);
		if (runs[i].list)
			assert_int_equal(files_write(path, runs[i].list), 0);
		else
			assert_int_equal(unlink(path), 0);
		assert_int_equal(host_run(host, LIMIT_S).status, 1);
		assert_int_equal(count_events(host), 0);
		assert_message(host, "/etc/vfio-early.protected", runs[i].message);
	}
}

/* Where images can't have a list, a file says on purpose that they protect nothing. */
static void test_unprotected(void **state)
{
	static const struct {
		const char *list, *added; /* NULL: there is no list */
		const char *protected;    /* address that is */
	} runs[] = {
		{ NULL, NULL, NULL },
		{ "", NULL, NULL },
		{ NULL, NIC_B, NULL },
		{ ENTRY_B "# entries: 1\n", NULL, NIC_B },
	};
	struct host *host = &((struct context *)*state)->host;
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		const char *directory = runs[i].added ? "run/vfio-early" : "etc";
		const char *name = runs[i].added ? "unprotected" : "vfio-early.unprotected";

		if (i)
			host_tear_down(host);
		start_host(host, HOST, "8086:10d3\n", "");
		snprintf(path, sizeof(path), "%s/tree/etc/vfio-early.protected", host->work);
		assert_int_equal(unlink(path), 0);
		if (runs[i].list)
			assert_int_equal(files_write(path, runs[i].list), 0);
		write_below(host, "run/vfio-early", "status", "address\tid\n");
		write_below(host, directory, name, "");
		host->added = runs[i].added;
		assert_int_equal(host_run(host, LIMIT_S).status, runs[i].protected ? 2 : 0);
		assert_code(host, NIC_B, runs[i].protected ? "protected" : "bound");
		if (runs[i].protected)
			continue;
		assert_message(host, name, "no device in use by the host is protected, on purpose");
		snprintf(path, sizeof(path), "%s/tree/run/vfio-early/unprotected", host->work);
		assert_int_equal(access(path, F_OK), 0);
	}
}

/* Such an image has no list, as nothing in it takes a device. */
static void test_exclusions_only(void **state)
{
	struct host *host = &((struct context *)*state)->host;
	char path[PATH_MAX];

	start_host(host, HOST, "!02:00.0\n", "");
	snprintf(path, sizeof(path), "%s/tree/etc/vfio-early.protected", host->work);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(host_run(host, LIMIT_S).status, 0);
	assert_int_equal(count_events(host), 0);
	assert_code(host, NIC_B, "excluded");
}

/* The event of a device that is added comes before any driver can match it. */
static void test_added_early(void **state)
{
	static const struct {
		unsigned int early;
		int status;
		const char *code, *driver;
	} runs[] = {
		{ 1, 0, "bound", "vfio-pci" },
		{ 7, 0, "bound", "vfio-pci" }, /* 0.64 s */
		{ 1000, 2, "probe-failed", "" },
	};
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		const struct reaction being_added = { .early = runs[i].early };
		struct host_result result;

		if (i)
			host_tear_down(host);
		start_host(host, HOST, "01:00.0\n", "");
		write_below(host, "run/vfio-early", "status", "address\tid\n");
		write_below(host, "run/vfio-early", "protected", NO_ENTRIES);
		react(host, NIC_A, STORE_PROBE, &being_added);
		host->added = NIC_A;
		result = host_run(host, LIMIT_S);
		assert_int_equal(result.status, runs[i].status);
		assert_true(result.seconds < 2.5 + GRACE_S);
		assert_code(host, NIC_A, runs[i].code);
		assert_driver(host, NIC_A, runs[i].driver);
		assert_sane(host);
	}
}

/* As of Debian's kernels. */
static const char vfio_modules[] = "irqbypass:\n"
				   "vfio:\n"
				   "vfio_iommu_type1: vfio\n"
				   "vfio_pci: vfio_pci_core vfio irqbypass\n"
				   "vfio_pci_core: vfio irqbypass\n";

static void give_modules(struct host *host, const char *modules,
			 void (*loading)(void *context, const char *name))
{
	assert_int_equal(modules_set_up(host, modules), 0);
	hostfs_set_loading(host->fs, loading, host);
}

static void take_5_s(void *context, const char *name)
{
	(void)context;
	if (!strcmp(name, "vfio_pci"))
		nanosleep(&(struct timespec){ .tv_sec = 5 }, NULL);
}

/*
 * A module whose loading does not end, for one probe in it that does not: the driver is there, and
 * has the devices in spite of that.
 */
static void test_stuck_module(void **state)
{
	struct host *host = &((struct context *)*state)->host;
	struct host_result result;

	start_host(host, HOST, "8086:10d3\n", SHORT_TIMEOUT);
	give_modules(host, vfio_modules, take_5_s);
	result = host_run(host, LIMIT_S);
	assert_int_equal(result.status, 0);
	assert_true(result.seconds < SHORT_TIMEOUT_S + GRACE_S);
	check_others(host, "");
	assert_sane(host);
	assert_true(host_wait_children(10));
}

/*
 * Modules come in the order of modprobe(8): dependencies, each between its softdeps, then the
 * module. The IOMMU backend is left out, unless its options tell whether a VM can use the device.
 * No command is run, not even that of a module which only a command makes known. An alias leads to
 * no module that is blacklisted or has a command.
 */
static void test_modules(void **state)
{
	static const struct {
		const char *modules, *rule, *config;
		const char *chip; /* of an interrupt; NULL: none tells */
		int status;
		const char *loaded, *detail, *message;
	} runs[] = {
		{ .modules = vfio_modules,
		  .rule = "01:00.0\n",
		  .config = "softdep vfio post: vfio_iommu_type1\n",
		  .loaded = "irqbypass vfio vfio_pci_core vfio_pci ",
		  .detail = "-" },
		{ .modules = vfio_modules,
		  .rule = "01:00.0\n",
		  .config = "softdep vfio post: vfio_iommu_type1\n",
		  .chip = "IR-IO-APIC\n",
		  .loaded = "irqbypass vfio vfio_pci_core vfio_pci ",
		  .detail = "-" },
		{ .modules = vfio_modules,
		  .rule = "01:00.0\n",
		  .config = "softdep vfio post: vfio_iommu_type1\n",
		  .chip = "IO-APIC\n",
		  .loaded = "irqbypass vfio vfio_pci_core vfio_pci vfio_iommu_type1 ",
		  .detail = "can't be passed through: interrupts are not remapped, and "
			    "vfio_iommu_type1 has not allow_unsafe_interrupts=1" },
		{ .modules = vfio_modules,
		  .rule = "01:00.0\n",
		  .config = "softdep vfio_pci pre: a_wish irqbypass post: vfio_pci_core vfio_pci\n"
			    "softdep irqbypass pre: vfio_pci\n"
			    "blacklist vfio_pci\n",
		  .loaded = "irqbypass vfio vfio_pci_core vfio_pci ",
		  .detail = "-" },
		{ .modules = "lost:\nvfio_pci:\n",
		  .rule = "01:00.0\n",
		  .config = "softdep vfio_pci pre: lost post: vfio_iommu_spapr_tce\n",
		  .loaded = "vfio_pci ",
		  .detail = "-",
		  .message = "<4>vfio-early: modprobe.d: the softdep 'lost' is not loaded: No such "
			     "file or directory\n" },
		{ .modules = "vfio_pci:\n",
		  .rule = "01:00.0\n",
		  .config = "install vfio-pci touch /run/\tbad; /sbin/modprobe -i vfio-pci\n"
			    "install vfio_iommu_type1 /bin/true\n"
			    "remove vfio_pci /bin/true\n",
		  .loaded = "vfio_pci ",
		  .detail = "-",
		  .message = "<4>vfio-early: modprobe.d: 'install vfio_pci touch /run/\\x09bad; "
			     "/sbin/modprobe -i vfio-pci' is not run; the module is loaded\n" },
		{ .modules = "vfio_pci:\n",
		  .rule = "01:00.0 driver=other\n",
		  .config = "alias other vfio_pci\ninstall vfio_pci /bin/false\n",
		  .status = 2,
		  .loaded = "",
		  .detail = "loading its module: Operation not permitted",
		  .message = "<4>vfio-early: modprobe.d: 'install vfio_pci /bin/false' is not run; "
			     "the module is not loaded\n" },
		{ .modules = "vfio_pci:\n",
		  .rule = "01:00.0 driver=other\n",
		  .config = "alias other vfio_pci\nblacklist vfio_pci\n",
		  .status = 2,
		  .loaded = "",
		  .detail = "loading its module: Operation not permitted" },
		/* Cards for which the kernel has no method of its own. */
		{ .modules = "vfio_pci:\nvendor_reset:\n",
		  .rule = "01:00.0 reset_method=device_specific\n",
		  .config = "",
		  .status = 2,
		  .loaded = "vendor_reset vfio_pci ",
		  .detail = "reset_method=device_specific: No such file or directory" },
		{ .modules = "vfio_pci:\nvendor_reset:\n",
		  .rule = "01:00.0 reset_method=flr\n",
		  .config = "",
		  .status = 2,
		  .loaded = "vfio_pci ",
		  .detail = "reset_method=flr: No such file or directory" },
	};
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct host_row row;

		if (i)
			host_tear_down(host);
		start_host(host, HOST, runs[i].rule, "");
		give_modules(host, runs[i].modules, NULL);
		write_below(host, "etc/modprobe.d", "vfio.conf", runs[i].config);
		if (runs[i].chip)
			write_below(host, "sys/kernel/irq/0", "chip_name", runs[i].chip);
		assert_int_equal(host_run(host, LIMIT_S).status, runs[i].status);
		assert_string_equal(hostfs_loaded(host->fs), runs[i].loaded);
		assert_true(host_read_row(host, NIC_A, &row));
		assert_string_equal(row.detail, runs[i].detail);
		if (runs[i].message)
			assert_told(host, runs[i].message);
		assert_int_equal(check_messages(host), runs[i].message ? 3 : 2);
	}
}

#define ATTRIBUTES(device) "sys/bus/pci/devices/" device

static void assert_attribute(const struct host *host, const char *path, const char *expected)
{
	char full[PATH_MAX + 128], *text;

	snprintf(full, sizeof(full), "%s/tree/%s", host->work, path);
	text = files_read(full);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void give_attributes(const struct host *host)
{
	static const char *const nics[] = { ATTRIBUTES(NIC_A), ATTRIBUTES(NIC_B) };

	for (size_t i = 0; i < 2; i++) {
		write_below(host, nics[i], "reset_method", "flr bus\n");
		write_below(host, nics[i], "d3cold_allowed", "1\n");
	}
}

/* What the first device has when the driver's module is loaded, which can bind it. */
static char at_loading[64];

static void look_at_loading(void *context, const char *name)
{
	char *text = host_read(context, "tree/" ATTRIBUTES(NIC_A) "/reset_method");

	if (!strcmp(name, "vfio_pci"))
		snprintf(at_loading, sizeof(at_loading), "%s", text ?: "");
	free(text);
}

/*
 * Attributes are set before a driver is there, of a device without one and of one that e1000e has.
 * What the kernel refuses is a warning, and the device is bound.
 */
static void test_settings(void **state)
{
	static const char order[] = "reset_method=bus,flr d3cold_allowed=0";
	struct host *host = &((struct context *)*state)->host;
	struct host_row row;
	char rules[256];

	snprintf(rules, sizeof(rules),
		 "01:00.0 %s\n02:00.0 %s\n03:00.0 reset_method=flr\n", order, order);
	start_host(host, HOST, rules, "");
	give_attributes(host);
	give_modules(host, "vfio_pci:\n", look_at_loading);
	assert_int_equal(host_run(host, LIMIT_S).status, 2);
	assert_sane(host);
	assert_string_equal(at_loading, "bus flr\n");
	assert_true(host_read_row(host, NIC_A, &row));
	assert_string_equal(row.code, "bound");
	assert_string_equal(row.detail, "-");
	assert_true(host_read_row(host, NIC_B, &row));
	assert_string_equal(row.detail, "-");
	assert_attribute(host, ATTRIBUTES(NIC_A) "/reset_method", "bus flr\n");
	assert_attribute(host, ATTRIBUTES(NIC_B) "/d3cold_allowed", "0\n");
	/* Before 5.15 no device has it. */
	assert_true(host_read_row(host, NIC_C, &row));
	assert_string_equal(row.code, "bound");
	assert_string_equal(row.detail, "reset_method=flr: No such file or directory");
}

#define BOUND_B   "02:00.0 0200: 8086:10d3 driver=vfio-pci group=12\n"
#define ONE_GROUP "driver vfio-pci\n01:00.0 0200: 8086:10d3 group=11\n" \
		  "02:00.0 0200: 8086:10d3 driver=e1000e group=11\n"

/* Each is told with its reason, also where there is another warning, or no need to bind. */
static void test_refused_settings(void **state)
{
	static const struct {
		const char *host, *rules, *in_use, *code, *detail, *methods;
		int error;
	} runs[] = {
		{ HOST, "02:00.0 reset_method=acpi,flr d3cold_allowed=0\n", NULL, "bound",
		  "reset_method=acpi flr: Invalid argument; it is flr bus", "flr bus\n", 0 },
		{ HOST, "02:00.0 reset_method=flr d3cold_allowed=0\n", NULL, "bound",
		  "reset_method=flr: Permission denied; it is flr bus; "
		  "d3cold_allowed=0: Permission denied; it is 1", "flr bus\n", EACCES },
		{ HOST, "02:00.0 force reset_method=acpi\n", ENTRY_B "# entries: 1\n", "bound",
		  "forced, in use by the host: network; reset_method=acpi: Invalid argument; "
		  "it is flr bus", "flr bus\n", 0 },
		{ BOUND_B, "02:00.0 reset_method=acpi\n", NULL, "already-bound",
		  "reset_method=acpi: Invalid argument; it is flr bus", "flr bus\n", 0 },
		{ BOUND_B, "02:00.0 reset_method=bus\n", NULL, "already-bound", "-", "bus\n", 0 },
		{ HOST, "02:00.0 reset_method=default\n", NULL, "bound", "-", "flr bus\n", 0 },
		/* Those that "group" adds keep theirs. */
		{ ONE_GROUP, "01:00.0 group reset_method=bus\n", NULL, "bound", "-", "flr bus\n", 0 },
	};
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		const struct reaction refusal = { .error = runs[i].error };
		struct host_row row;

		if (i)
			host_tear_down(host);
		start_host(host, runs[i].host, runs[i].rules, "");
		give_attributes(host);
		if (runs[i].in_use)
			write_below(host, "etc", "vfio-early.protected", runs[i].in_use);
		react(host, NIC_B, STORE_SETTING, &refusal);
		assert_int_equal(host_run(host, LIMIT_S).status, runs[i].detail[0] == '-' ? 0 : 2);
		assert_sane(host);
		assert_true(host_read_row(host, NIC_B, &row));
		assert_string_equal(row.code, runs[i].code);
		assert_string_equal(row.detail, runs[i].detail);
		assert_attribute(host, ATTRIBUTES(NIC_B) "/reset_method", runs[i].methods);
	}
}

/* A device that does not wake up: it is bound, and so are the others, in time. */
static void test_stuck_setting(void **state)
{
	const struct reaction stuck = { .wedge = true };
	struct host *host = &((struct context *)*state)->host;
	struct host_result result;
	struct host_row row;

	start_host(host, HOST, "01:00.0 d3cold_allowed=0\n02:00.0 d3cold_allowed=0\n",
		   SHORT_TIMEOUT);
	give_attributes(host);
	react(host, NIC_A, STORE_SETTING, &stuck);
	result = host_run(host, LIMIT_S);
	assert_int_equal(result.status, 2);
	assert_true(result.seconds < SHORT_TIMEOUT_S + GRACE_S);
	assert_true(host_read_row(host, NIC_A, &row));
	assert_string_equal(row.code, "bound");
	assert_string_equal(row.detail, "setting its attributes: Connection timed out");
	assert_code(host, NIC_B, "bound");
	assert_attribute(host, ATTRIBUTES(NIC_B) "/d3cold_allowed", "0\n");
	drivercore_release(host->core);
	assert_true(host_wait_children(5));
}

/*
 * One that came late while the driver of the host probes it: up to Linux 6.12.91, its override
 * waits for that.
 */
static void test_added_while_probed(void **state)
{
	const struct reaction stuck = { .wedge = true };
	struct host *host = &((struct context *)*state)->host;
	struct host_result result;

	start_host(host, HOST, "8086:10d3\n", SHORT_TIMEOUT);
	write_below(host, "run/vfio-early", "status", "address\tid\n");
	write_below(host, "run/vfio-early", "protected", NO_ENTRIES);
	drivercore_set_override_waits(host->core, true);
	react(host, NIC_A, STORE_OVERRIDE, &stuck);
	host->added = NIC_A;
	result = host_run(host, LIMIT_S);
	assert_int_equal(result.status, 2);
	assert_true(result.seconds < SHORT_TIMEOUT_S + GRACE_S);
	assert_code(host, NIC_A, "timeout");
	drivercore_release(host->core);
	assert_true(host_wait_children(5));
	assert_sane(host);
}

/* By an option ids= the module takes a device that is in use by the host. */
static void take_device(void *context, const char *name)
{
	const struct host *host = context;

	if (strcmp(name, "vfio_pci"))
		return;
	drivercore_write(host->core, STORE_OVERRIDE, NIC_A, "vfio-pci\n", 9);
	drivercore_write(host->core, STORE_PROBE, NULL, NIC_A, strlen(NIC_A));
}

static void take_by_ids(struct host *host)
{
	write_below(host, "etc", "vfio-early.protected",
		    "01:00.0 id=8086:10d3 # " NIC_A " network\n# entries: 1\n");
	give_modules(host, vfio_modules, take_device);
}

/* The same with an option ids=, by which it is the probe of a device in use by the host. */
static void test_stuck_ids(void **state)
{
	static const struct reaction wedge = { .wedge = true };
	struct host *host = &((struct context *)*state)->host;
	struct host_result result;

	start_host(host, HOST, "8086:10d3\n", SHORT_TIMEOUT);
	react(host, NIC_A, STORE_PROBE, &wedge);
	take_by_ids(host);
	result = host_run(host, LIMIT_S);
	assert_int_equal(result.status, 2);
	assert_true(result.seconds < SHORT_TIMEOUT_S + GRACE_S);
	check_others(host, NIC_A);
	drivercore_release(host->core);
	assert_true(host_wait_children(5));
	assert_driver(host, NIC_A, "");
}

/* Interruptions. */

/* In a process group of its own. */
static pid_t start_run(const struct host *host)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setpgid(0, 0);
		host_exec(host);
	}
	setpgid(pid, pid);
	return pid;
}

static bool has_event(const struct host *host, enum store store, const char *text)
{
	static struct write_event events[HOST_EVENTS_MAX];
	size_t count = drivercore_events(host->core, events, HOST_EVENTS_MAX);

	for (size_t i = 0; i < count && i < HOST_EVENTS_MAX; i++)
		if (events[i].store == store &&
		    (!strcmp(events[i].device, text) || !strcmp(events[i].value, text)))
			return true;
	return false;
}

static void await_event(const struct host *host, enum store store, const char *device)
{
	for (int i = 0; i < 5000 && !has_event(host, store, device); i++)
		doze();
	assert_true(has_event(host, store, device));
}

/* What systemd sends at switch-root to processes without its mark, and a few more. */
static void send_signals(pid_t group)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_int_equal(kill(-group, signals[i]), 0);
}

static void test_signals(void **state)
{
	static const struct reaction slow = { .delay_ms = 500 };
	static const enum store stores[] = { STORE_OVERRIDE, STORE_UNBIND, STORE_PROBE };
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		int status;
		pid_t pid;

		if (i)
			host_tear_down(host);
		start_host(host, HOST, "02:00.0\n", "");
		react(host, NIC_B, stores[i], &slow);
		pid = start_run(host);
		await_event(host, stores[i], NIC_B);
		send_signals(pid);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_code(host, NIC_B, "bound");
		assert_driver(host, NIC_B, "vfio-pci");
		assert_sane(host);
	}
}

/* systemd reads /proc/PID/cmdline. The marked process is one that the program has left behind. */
static void assert_marked(void)
{
	char path[64], *children, *end, *cmdline;
	long pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	children = files_read(path);
	assert_non_null(children);
	pid = strtol(children, &end, 10);
	if (pid <= 0 || strcmp(end, " ") != 0)
		fail_msg("found '%s', expected one child", children);
	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	cmdline = files_read(path);
	assert_non_null(cmdline);
	if (cmdline[0] != '@')
		fail_msg("argv[0] is %s", cmdline);
	free(cmdline);
	free(children);
}

/* The driver lets go when the program has ended, as after switch-root. */
static void test_signals_left_behind(void **state)
{
	static const struct reaction wedge = { .wedge = true };
	struct host *host = &((struct context *)*state)->host;
	int status;
	pid_t pid;

	start_host(host, HOST, "02:00.0\n", SHORT_TIMEOUT);
	react(host, NIC_B, STORE_UNBIND, &wedge);
	pid = start_run(host);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_code(host, NIC_B, "timeout");
	assert_marked();
	send_signals(pid);
	drivercore_release(host->core);
	assert_true(host_wait_children(5));
	assert_driver(host, NIC_B, "e1000e");
	assert_sane(host);
}

/* In the child that takes the device, every write fails. */
static void test_whole_errors(void **state)
{
	static const struct {
		int error;
		const char *detail;
	} runs[] = {
		{ 256, "unbind and probe: " }, /* such as these have no low bits, or others' */
		{ 512, "unbind and probe: " },
		{ 517, "517" },
		{ EIO, "unbind and probe: I/O error" },
	};
	struct host *host = &((struct context *)*state)->host;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct trace_fault fault = {
			.call = { .process = 1, .nr = SYS_write },
			.error = runs[i].error,
			.onwards = true,
		};
		struct host_row row;

		if (i)
			host_tear_down(host);
		start_host(host, HOST, "02:00.0\n", "");
		assert_int_equal(trace_run(become, host, LIMIT_S, &fault, NULL, NULL).status, 2);
		assert_true(fault.hit);
		assert_true(host_read_row(host, NIC_B, &row));
		if (!strstr(row.detail, runs[i].detail))
			fail_msg("error %d: %s", runs[i].error, row.detail);
		assert_driver(host, NIC_B, "e1000e");
		assert_sane(host);
	}
}

/* In the boot process itself, a driver that does not let go would have no deadline. */
static void test_no_child(void **state)
{
	static const struct reaction slow = { .delay_ms = 8000 };
	struct host *host = &((struct context *)*state)->host;
	struct trace_fault fault = {
		.call = { .nr = SYS_fork },
		.error = EAGAIN,
		.onwards = true,
	};
	struct host_result result;

	start_host(host, HOST, "8086:10d3\n", SHORT_TIMEOUT);
	react(host, NIC_B, STORE_UNBIND, &slow);
	result = trace_run(become, host, LIMIT_S, &fault, NULL, NULL);
	assert_int_equal(result.status, 2);
	assert_true(result.seconds < SHORT_TIMEOUT_S + GRACE_S);
	assert_code(host, NIC_A, "probe-failed");
	assert_code(host, NIC_B, "probe-failed");
	assert_driver(host, NIC_A, "");
	assert_true(host_is_untouched(host, NIC_B));
	assert_true(host_is_untouched(host, NIC_C));
	assert_sane(host);
}

/* The number of a fork. */
struct fork_search {
	unsigned int wanted, found, number;
};

static void find_fork(void *context, const struct trace_call *call)
{
	struct fork_search *search = context;

	if (call->process == 0 && call->nr == SYS_fork && search->found++ == search->wanted)
		search->number = call->number;
}

/* A device of the host that a module took returns to its host driver. */
static void test_no_child_for_ids(void **state)
{
	struct host *host = &((struct context *)*state)->host;
	struct fork_search second = { .wanted = 1 };
	struct trace_fault fault = { .call = { .nr = SYS_fork }, .error = EAGAIN, .onwards = true };

	start_host(host, HOST, "8086:10d3\n", "");
	take_by_ids(host);
	assert_int_equal(trace_run(become, host, LIMIT_S, NULL, find_fork, &second).status, 2);
	assert_true(second.found > 1);
	host_tear_down(host);
	start_host(host, HOST, "8086:10d3\n", "");
	take_by_ids(host);
	fault.call.number = second.number;
	assert_int_equal(trace_run(become, host, LIMIT_S, &fault, NULL, NULL).status, 2);
	assert_true(fault.hit);
	assert_driver(host, NIC_A, "");
	assert_driver(host, NIC_B, "e1000e");
}

/* The third argument of poll(2), in ms: /proc/PID/syscall, proc_pid_syscall(5). */
static unsigned long read_poll_timeout(pid_t pid)
{
	unsigned long timeout = 0;
	char path[64], *text;
	long nr = -1;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	for (int i = 0; i < 2500 && nr != SYS_poll; i++) {
		doze();
		text = files_read(path);
		assert_non_null(text);
		if (sscanf(text, "%ld %*x %*x %lx", &nr, &timeout) != 2)
			nr = -1;
		free(text);
	}
	assert_int_equal(nr, SYS_poll);
	return timeout;
}

/* udevd kills the program after 180 s, and what it finds in its control group when it is idle. */
static void test_below_udev(void **state)
{
	static const struct reaction wedge = { .wedge = true };
	struct host *host = &((struct context *)*state)->host;
	unsigned long timeout;
	int status;
	pid_t pid;

	start_host(host, HOST, "8086:10d3\n", "vfio_early.timeout=600");
	write_below(host, "run/vfio-early", "status", "address\tid\n");
	write_below(host, "run/vfio-early", "protected", NO_ENTRIES);
	write_below(host, "sys/fs/cgroup", "cgroup.procs", "");
	react(host, NIC_B, STORE_UNBIND, &wedge);
	host->added = NIC_B;
	pid = start_run(host);
	await_event(host, STORE_UNBIND, NIC_B);
	timeout = read_poll_timeout(pid);
	assert_true(has_event(host, STORE_OTHER, "sys/fs/cgroup/cgroup.procs"));
	drivercore_release(host->core);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_code(host, NIC_B, "bound");
	assert_in_range(timeout, 50000, 60000);
}

/* Whatever else has interrupts, such as the remapping unit itself. */
static void test_interrupts(void **state)
{
	static const struct {
		const char *chips[2], *unsafe;
		bool refused;
	} hosts[] = {
		{ { "IO-APIC\n", "DMAR-MSI\n" }, "N\n", true },
		{ { "PCI-MSI-0000:00:1f.0\n", "IO-APIC\n" }, "N\n", true },
		{ { "IO-APIC\n", "\n" }, "Y\n", false },
		{ { "IR-IO-APIC\n", "DMAR-MSI\n" }, "N\n", false },
		{ { "XT-PIC\n", "IR-PCI-MSI-0000:00:1f.0\n" }, "N\n", false },
		{ { "XT-PIC\n", "HV-PCI-MSI\n" }, "N\n", false },
	};
	struct host *host = &((struct context *)*state)->host;
	struct host_row row;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (i)
			host_tear_down(host);
		start_host(host, HOST, "01:00.0\n", "");
		write_below(host, "sys/kernel/irq/0", "chip_name", hosts[i].chips[0]);
		write_below(host, "sys/kernel/irq/24", "chip_name", hosts[i].chips[1]);
		write_below(host, "sys/module/vfio_iommu_type1/parameters",
			    "allow_unsafe_interrupts", hosts[i].unsafe);
		assert_int_equal(host_run(host, LIMIT_S).status, 0);
		assert_true(host_read_row(host, NIC_A, &row));
		assert_string_equal(row.code, "bound");
		assert_int_equal(strstr(row.detail, "interrupts are not remapped") != NULL,
				 hosts[i].refused);
	}
}

#define VGA_A     "0000:04:00.0"
#define DISPLAY_A "0000:05:00.0"
#define DISPLAY_B "0000:06:00.0"

/* On a kernel with SYSFB_SIMPLEFB the platform device itself owns the region, with a driver or not.
 */
static void test_framebuffer(void **state)
{
	static const struct {
		const char *device, *driver, *region;
		bool held;
	} hosts[] = {
		{ DISPLAY_A, "", "BOOTFB", true },
		{ DISPLAY_A, "", "something else", false },
		{ DISPLAY_A, " driver=vfio-pci", "BOOTFB", true },
		{ VGA_A, "", "simpledrm", true },
	};
	struct host *host = &((struct context *)*state)->host;
	struct host_row row;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		const char *code = *hosts[i].driver ? "already-bound" : "bound";
		char devices[256], iomem[256];

		if (i)
			host_tear_down(host);
		snprintf(devices, sizeof(devices),
			 "driver vfio-pci\n04:00.0 0300: 1234:1111 group=4\n"
			 "05:00.0 0380: 1234:1111%s group=5\n06:00.0 0380: 1234:1111 group=6\n",
			 hosts[i].driver);
		snprintf(iomem, sizeof(iomem),
			 "80000000-80ffffff : %s\n  80000000-802fffff : %s\n"
			 "81000000-81ffffff : " DISPLAY_B "\n",
			 hosts[i].device, hosts[i].region);
		start_host(host, devices, "1234:1111\n", "");
		write_below(host, "proc", "iomem", iomem);
		write_below(host, "sys/bus/platform/devices/simple-framebuffer.0", "uevent", "");
		assert_int_equal(host_run(host, LIMIT_S).status, hosts[i].held ? 2 : 0);
		assert_true(host_read_row(host, hosts[i].device, &row));
		assert_string_equal(row.code, code);
		assert_string_equal(row.driver, "vfio-pci");
		assert_string_equal(row.detail,
				    hosts[i].held ? "can't be passed through: the firmware's "
						    "framebuffer is still in its memory; boot with "
						    "initcall_blacklist=sysfb_init"
						  : "-");
		assert_true(host_read_row(host, DISPLAY_B, &row));
		assert_string_equal(row.code, "bound");
		assert_string_equal(row.detail, "-");
		assert_told(host, hosts[i].held ? "<4>vfio-early: summary: 3 bound, 1 not as "
						  "configured, 0 invalid lines\n"
						: "<6>vfio-early: summary: 3 bound, 0 not as "
						  "configured, 0 invalid lines\n");
		assert_sane(host);
	}
}

/* All tests. */

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct CMUnitTest single_tests[] = {
	{ "sixteen slow devices cost what one costs", test_slow_devices, set_up, tear_down, NULL },
	{ "64 devices: each has its message", test_many_messages, set_up, tear_down, NULL },
	{ "260 devices: a rule has a message", test_messages_of_a_rule, set_up, tear_down, NULL },
	{ "80 devices, 64 processes", test_processes, set_up, tear_down, NULL },
	{ "more drivers that never return than processes", test_all_wedged, set_up, tear_down,
	  NULL },
	{ "a driver whose devices come one by one", test_queued, set_up, tear_down, NULL },
	{ "dry run of the kernel command line", test_dry_run, set_up, tear_down, NULL },
	{ "off", test_off, set_up, tear_down, NULL },
	{ "interrupts that are not remapped", test_interrupts, set_up, tear_down, NULL },
	{ "a framebuffer that stays", test_framebuffer, set_up, tear_down, NULL },
	{ "the image's digest is noted", test_digest, set_up, tear_down, NULL },
	{ "a device that came late", test_added, set_up, tear_down, NULL },
	{ "one that came late among many", test_added_among_many, set_up, tear_down, NULL },
	{ "one that came late, and others that decide", test_added_beside_others, set_up, tear_down,
	  NULL },
	{ "devices in use by the host are not known", test_unknown_stand, set_up, tear_down, NULL },
	{ "nothing is protected on purpose", test_unprotected, set_up, tear_down, NULL },
	{ "exclusions alone need no list of that", test_exclusions_only, set_up, tear_down, NULL },
	{ "a device that is just being added", test_added_early, set_up, tear_down, NULL },
	{ "one that came late while it is probed", test_added_while_probed, set_up, tear_down,
	  NULL },
	{ "modules in their order, and no commands", test_modules, set_up, tear_down, NULL },
	{ "attributes are set before a driver", test_settings, set_up, tear_down, NULL },
	{ "attributes that the kernel refuses", test_refused_settings, set_up, tear_down, NULL },
	{ "an attribute whose write never returns", test_stuck_setting, set_up, tear_down, NULL },
	{ "a module that never finishes loading", test_stuck_module, set_up, tear_down, NULL },
	{ "a module stuck in a device of the host", test_stuck_ids, set_up, tear_down, NULL },
	{ "signals while a driver is slow", test_signals, set_up, tear_down, NULL },
	{ "signals after a driver was too slow", test_signals_left_behind, set_up, tear_down,
	  NULL },
	{ "a child's error, whole", test_whole_errors, set_up, tear_down, NULL },
	{ "no child can be made", test_no_child, set_up, tear_down, NULL },
	{ "no child can be made to free a device of the host", test_no_child_for_ids, set_up,
	  tear_down, NULL },
	{ "one that came late, and udevd", test_below_udev, set_up, tear_down, NULL },
};

static void add_test(struct CMUnitTest **next, const char *name, CMUnitTestFunction run,
		     const void *row)
{
	*(*next)++ = (struct CMUnitTest){ name, run, set_up, tear_down, (void *)row };
}

/* With a pattern, only tests of such a name run. */
int main(int argc, char **argv)
{
	static struct CMUnitTest tests[COUNT(plays) + COUNT(wedges) + COUNT(single_tests)];
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
	for (size_t i = 0; i < COUNT(plays); i++)
		add_test(&next, plays[i].name, test_play, &plays[i]);
	for (size_t i = 0; i < COUNT(wedges); i++)
		add_test(&next, wedges[i].name, test_wedge, &wedges[i]);
	for (size_t i = 0; i < COUNT(single_tests); i++)
		*next++ = single_tests[i];
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("behaviour", tests, COUNT(tests), NULL, NULL);
}
