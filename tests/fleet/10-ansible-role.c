/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The role of conf/ansible, played by the real ansible-playbook against two Debian systems in
 * namespaces. Each test goes on where the one before it ended. Needs root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "container.h"
#include "exposition.h"

#define RULES_FILE "/etc/vfio-early.conf.d/50-ansible.conf"

#define NO_REBOOT "\"vfio_early_reboot\": false"
#define REBOOT    "\"vfio_early_reboot\": true"
#define FIRST     "{\"vfio_early_rules\": [\"0b:00 id=10de:1b81\", \"!0b:00.1\"], "
#define WRONG     "{\"vfio_early_rules\": [\"0b:00 drivr=vfio-pci\"], "
#define SECOND    "{\"vfio_early_rules\": [\"0b:00.*\"], "

/* Limit of one run, most of which is the building of images, on a slow machine. */
enum { LIMIT_S = 300, HOSTS = 2, FAILED = 2 };

static struct host {
	const char *suite;
	struct container container;
} hosts[HOSTS] = { { .suite = "bookworm" }, { .suite = "trixie" } };

static char build[PATH_MAX], work[PATH_MAX], enter[PATH_MAX];
static char config[PATH_MAX], inventory[PATH_MAX], log_path[PATH_MAX];

static const char devices[] =
	"00:03.1 0604: 1022:1453 driver=pcieport group=6\n"
	"  0a:00.0 0300: 10de:1b81 (rev a1) sub=1458:3701 driver=nouveau group=16 boot_vga\n"
	"  0a:00.1 0403: 10de:10f0 (rev a1) sub=1458:3701 driver=snd_hda_intel group=16\n"
	"00:03.2 0604: 1022:1453 driver=pcieport group=7\n"
	"  0b:00.0 0300: 10de:1b81 (rev a1) sub=1458:3701 driver=nouveau group=17\n"
	"  0b:00.1 0403: 10de:10f0 (rev a1) sub=1458:3701 driver=snd_hda_intel group=17\n";

static void path_in(char path[PATH_MAX], const struct host *host, const char *name)
{
	files_path(path, "%s%s", host->container.root, name);
}

/* Runs a command for the shell on the host; its output, to be freed. */
static char *run_on(const struct host *host, const char *command, int status)
{
	char output[PATH_MAX], name[16];
	pid_t pid;
	char *text;

	files_path(output, "%s/output", work);
	snprintf(name, sizeof(name), "%d", (int)host->container.pid);
	unlink(output);
	pid = command_fork(output, output);
	assert_true(pid >= 0);
	if (pid == 0) {
		execl(enter, enter, name, command, NULL);
		_exit(COMMAND_NOT_STARTED);
	}
	assert_int_equal(command_wait(pid, LIMIT_S), status);
	text = files_read(output);
	assert_non_null(text);
	return text;
}

static void assert_fact(const struct host *host, const char *fact)
{
	char *facts = run_on(host, "/etc/ansible/facts.d/vfio_early.fact", 0);

	if (!strstr(facts, fact))
		fail_msg("%s: expected %s in: %s", host->suite, fact, facts);
	free(facts);
}

/* The finished image is as it should be; from a container, it protects nothing on purpose. */
static void assert_image(const struct host *host)
{
	char expected[NAME_MAX + 128];
	char *said = run_on(host, "vfio-earlyctl image -lnro NAME,STATE", 0);

	snprintf(expected, sizeof(expected),
		 "/boot/initrd.img-%s ok\n"
		 "program ok\nscript ok\nrules ok\nprotected ok\nmodules ok\n",
		 host->container.kernel);
	assert_string_equal(said, expected);
	free(said);
}

/* Every file of rules and every image, with its time of change. */
static uint64_t fingerprint(const struct host *host)
{
	char rules[PATH_MAX], boot[PATH_MAX];
	uint64_t sum_of_rules, sum_of_images;

	path_in(rules, host, "/etc/vfio-early.conf.d");
	path_in(boot, host, "/boot");
	assert_int_equal(files_fingerprint_tree(rules, &sum_of_rules), 0);
	assert_int_equal(files_fingerprint_tree(boot, &sum_of_images), 0);
	return sum_of_rules * 31 + sum_of_images;
}

/* --- playing ------------------------------------------------------------------------------- */

static void become_playbook(const char *variables, const char *option)
{
	const char *argv[] = { "/usr/bin/ansible-playbook", "-i",   inventory, "-e", variables,
			       "conf/ansible/playbook.yml", option, NULL };

	setenv("ANSIBLE_CONFIG", config, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	execv(argv[0], (char *const *)argv);
	_exit(COMMAND_NOT_STARTED);
}

/* By parts: cmocka cuts what is long. */
static void print_output(const char *text)
{
	enum { PART = 500 };

	for (size_t left = strlen(text); left > 0;) {
		int length = left < PART ? (int)left : PART;

		print_message("%.*s", length, text);
		text += length;
		left -= (size_t)length;
	}
}

/* Its output, to be freed. */
static char *play(const char *variables, const char *option, int status)
{
	char *text;
	pid_t pid;

	unlink(log_path);
	pid = command_fork(log_path, log_path);
	assert_true(pid >= 0);
	if (pid == 0)
		become_playbook(variables, option);
	pid = command_wait(pid, LIMIT_S);
	text = files_read(log_path);
	assert_non_null(text);
	if (pid != status)
		print_output(text);
	assert_int_equal(pid, status);
	return text;
}

/* A line of it as "TASK: RESULT" if it is about the host, such as "changed: [trixie]". */
static void add_result(FILE *stream, const char *line, const char *task, const char *suite)
{
	const char *bracket = strstr(line, ": [");
	size_t length = strlen(suite);

	if (!bracket || strncmp(bracket + 3, suite, length) != 0 || bracket[3 + length] != ']')
		return;
	fprintf(stream, "%s: %.*s\n", task, (int)(bracket - line), line);
}

static void assert_played(const struct host *host, const char *output, const char *expected)
{
	char task[128] = "", *said = NULL, *copy = strdup(output), *rest = copy;
	size_t size = 0;
	FILE *stream = open_memstream(&said, &size);

	assert_non_null(copy);
	assert_non_null(stream);
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (sscanf(line, "TASK [vfio_early : %127[^]]", task) != 1)
			add_result(stream, line, task, host->suite);
	fclose(stream);
	if (strcmp(said, expected) != 0)
		print_output(output);
	assert_string_equal(said, expected);
	free(said);
	free(copy);
}

/* --- tests --------------------------------------------------------------------------------- */

static const char played_check[] = "Make the directory of rules: changed\n"
				   "Write the rules: changed\n"
				   "Make the directory of local facts: changed\n"
				   "Install the local fact: changed\n"
				   "Read the facts: ok\n";

static void test_check_mode_changes_nothing(void **state)
{
	char *output, *listed;

	(void)state;
	output = play(FIRST NO_REBOOT "}", "--check", 0);
	for (int i = 0; i < HOSTS; i++) {
		assert_played(&hosts[i], output, played_check);
		listed = run_on(&hosts[i], "ls /etc/vfio-early.conf.d /etc/ansible; cat /boot/i*",
				0);
		assert_non_null(strstr(listed, "the image from before\n"));
		assert_null(strstr(listed, "50-ansible.conf"));
		assert_null(strstr(listed, "facts.d"));
		free(listed);
	}
	free(output);
}

static const char played_first[] = "Look for vfio-early: ok\n"
				   "Make the directory of rules: changed\n"
				   "Write the rules: changed\n"
				   "Make the directory of local facts: changed\n"
				   "Install the local fact: changed\n"
				   "Read the facts: ok\n"
				   "Build the images: changed\n"
				   "Read the facts after the build: ok\n"
				   "Say that a reboot is needed: ok\n";

static void test_first_run_writes_and_builds(void **state)
{
	char *output = play(FIRST NO_REBOOT "}", NULL, 0);
	char path[PATH_MAX];

	(void)state;
	for (int i = 0; i < HOSTS; i++) {
		assert_played(&hosts[i], output, played_first);
		path_in(path, &hosts[i], RULES_FILE);
		assert_true(files_equal(path, "# Ansible managed\n"
					      "0b:00 id=10de:1b81\n"
					      "!0b:00.1\n"));
		assert_image(&hosts[i]);
		assert_fact(&hosts[i], "\"update_needed\": false");
		assert_fact(&hosts[i], "\"reboot_needed\": true");
	}
	free(output);
}

static const char played_again[] = "Look for vfio-early: ok\n"
				   "Make the directory of rules: ok\n"
				   "Write the rules: ok\n"
				   "Make the directory of local facts: ok\n"
				   "Install the local fact: ok\n"
				   "Read the facts: ok\n"
				   "Say that a reboot is needed: ok\n";

static void test_second_run_changes_nothing(void **state)
{
	uint64_t before[HOSTS];
	char *output;

	(void)state;
	for (int i = 0; i < HOSTS; i++)
		before[i] = fingerprint(&hosts[i]);
	output = play(FIRST NO_REBOOT "}", NULL, 0);
	for (int i = 0; i < HOSTS; i++) {
		assert_played(&hosts[i], output, played_again);
		assert_int_equal(fingerprint(&hosts[i]), before[i]);
	}
	free(output);
}

static const char played_wrong[] = "Look for vfio-early: ok\n"
				   "Make the directory of rules: ok\n"
				   "Write the rules: fatal\n";

static void test_wrong_rule_never_lands(void **state)
{
	uint64_t before[HOSTS];
	char *output;

	(void)state;
	for (int i = 0; i < HOSTS; i++)
		before[i] = fingerprint(&hosts[i]);
	output = play(WRONG REBOOT "}", NULL, FAILED);
	assert_non_null(strstr(output, ":2:7: error: found \\\"drivr=vfio-pci\\\", expected"));
	for (int i = 0; i < HOSTS; i++) {
		assert_played(&hosts[i], output, played_wrong);
		assert_int_equal(fingerprint(&hosts[i]), before[i]);
	}
	free(output);
}

static const char played_reboot[] = "Look for vfio-early: ok\n"
				    "Make the directory of rules: ok\n"
				    "Write the rules: changed\n"
				    "Make the directory of local facts: ok\n"
				    "Install the local fact: ok\n"
				    "Read the facts: ok\n"
				    "Build the images: changed\n"
				    "Read the facts after the build: ok\n"
				    "Reboot: changed\n"
				    "Read the facts after the boot: ok\n";

/* One host has lost its image besides. */
static void test_reboots_if_allowed(void **state)
{
	char *output;

	(void)state;
	free(run_on(&hosts[1], "rm /boot/initrd.img-*", 0));
	output = play(SECOND REBOOT "}", NULL, 0);
	for (int i = 0; i < HOSTS; i++) {
		assert_played(&hosts[i], output, played_reboot);
		assert_image(&hosts[i]);
		assert_fact(&hosts[i], "\"would-bind\": 2");
		assert_fact(&hosts[i], "\"reboot_needed\": false");
	}
	free(output);
}

static const char played_done[] = "Look for vfio-early: ok\n"
				  "Make the directory of rules: ok\n"
				  "Write the rules: ok\n"
				  "Make the directory of local facts: ok\n"
				  "Install the local fact: ok\n"
				  "Read the facts: ok\n";

static void test_no_reboot_without_need(void **state)
{
	char *output = play(SECOND REBOOT "}", NULL, 0);

	(void)state;
	for (int i = 0; i < HOSTS; i++)
		assert_played(&hosts[i], output, played_done);
	free(output);
}

#define METRIC "# HELP a b\n# TYPE a gauge\n"

/* What the check of the next test must not let through. */
static const char *const no_metrics[] = {
	"a 1\n",
	"# HELP a b\na 1\n",
	"# TYPE a gauge\na 1\n",
	METRIC,
	METRIC "a 1",
	METRIC "a 1\n\n",
	METRIC "a one\n",
	METRIC "a  1\n",
	METRIC "a 1\na 1\n",
	METRIC "b 1\n",
	METRIC "a{b=\"c\"} 1\na{b=\"c\"} 2\n",
	METRIC "a{b=c} 1\n",
	METRIC "a{b=\"c} 1\n",
	METRIC "a{b=\"\\c\"} 1\n",
	METRIC "a{0=\"c\"} 1\n",
	METRIC "a 1\n" METRIC "a 2\n",
	"# HELP a b\n# TYPE a counter\na 1\n",
	"# HELP a_total b\n# TYPE a_total gauge\na_total 1\n",
};

static void test_wrong_prometheus_text(void **state)
{
	char message[128];

	(void)state;
	assert_int_equal(exposition_check(METRIC "a{b=\"\\\"c\"} 1\na{b=\"d\"} -2.5\n", message,
					  sizeof(message)),
			 2);
	for (size_t i = 0; i < sizeof(no_metrics) / sizeof(no_metrics[0]); i++)
		if (exposition_check(no_metrics[i], message, sizeof(message)) >= 0)
			fail_msg("let through: %s", no_metrics[i]);
}

static void test_prometheus_text(void **state)
{
	char expected[NAME_MAX + 64], message[128];

	(void)state;
	for (int i = 0; i < HOSTS; i++) {
		char *text = run_on(&hosts[i], "vfio-earlyctl facts --prometheus", 0);

		if (exposition_check(text, message, sizeof(message)) < 0)
			fail_msg("%s: %s", message, text);
		snprintf(expected, sizeof(expected),
			 "\nvfio_early_image_current{kernel=\"%s\"} 1\n",
			 hosts[i].container.kernel);
		assert_non_null(strstr(text, expected));
		assert_non_null(strstr(text, "\nvfio_early_devices{outcome=\"would-bind\"} 2\n"));
		free(text);
	}
}

/* --- hosts --------------------------------------------------------------------------------- */

static void stop_hosts(void)
{
	for (int i = 0; i < HOSTS; i++)
		container_stop(&hosts[i].container);
}

/* Skipped tasks say nothing; files go the way of commands. */
static int write_config(void)
{
	char text[3 * PATH_MAX];

	snprintf(text, sizeof(text),
		 "[defaults]\nhome = %s/ansible\nnocolor = true\ndisplay_skipped_hosts = false\n"
		 "[ssh_connection]\nssh_executable = %s\nssh_args =\ntransfer_method = piped\n"
		 "pipelining = true\n",
		 work, enter);
	return files_write(config, text);
}

/* What is ssh for it takes a process for a host. */
static int write_inventory(void)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "%s ansible_host=%d\n%s ansible_host=%d\n[all:vars]\nansible_user=root\n"
		 "ansible_python_interpreter=" CONTAINER_PYTHON "\n",
		 hosts[0].suite, (int)hosts[0].container.pid, hosts[1].suite,
		 (int)hosts[1].container.pid);
	return files_write(inventory, text);
}

static int find_paths(void)
{
	if (!realpath(files_build(), build))
		return -errno;
	files_path(work, "%s/tests/fleet/work", build);
	files_path(enter, "%s/tests/fleet/enter", build);
	files_path(config, "%s/ansible.cfg", work);
	files_path(inventory, "%s/inventory", work);
	files_path(log_path, "%s/log", work);
	return 0;
}

static int start_hosts(void **state)
{
	char path[PATH_MAX];
	int ret = find_paths();

	(void)state;
	for (int i = 0; i < HOSTS; i++) {
		files_path(path, "%s/%s", work, hosts[i].suite);
		ret = ret ?: container_start(&hosts[i].container, hosts[i].suite, devices, path);
	}
	ret = ret ?: write_config();
	ret = ret ?: write_inventory();
	if (ret < 0)
		stop_hosts();
	return ret;
}

static int end(void **state)
{
	(void)state;
	stop_hosts();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_mode_changes_nothing),
		cmocka_unit_test(test_first_run_writes_and_builds),
		cmocka_unit_test(test_second_run_changes_nothing),
		cmocka_unit_test(test_wrong_rule_never_lands),
		cmocka_unit_test(test_reboots_if_allowed),
		cmocka_unit_test(test_no_reboot_without_need),
		cmocka_unit_test(test_wrong_prometheus_text),
		cmocka_unit_test(test_prometheus_text),
	};

	return cmocka_run_group_tests(tests, start_hosts, end);
}
