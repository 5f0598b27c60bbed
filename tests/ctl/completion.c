/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bash offers behind "vfio-earlyctl ...". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "hosttree.h"
#include "run.h"
#include "tree.h"

#define COMPLETION "conf/completions/vfio-earlyctl"
#define HOST       "tests/scenario/hosts/desktop"

static char root[PATH_MAX];

/* In a line, @ stands for the root. What bash has replaced, up to a colon or =, is not offered. */
static const struct completion {
	const char *line, *offers;
} completions[] = {
	{ "st", "status" },
	{ "fill", "fill-image" },
	{ "no-such-command ", "" },
	{ "--r", "--root" },
	{ "list --o", "--output --output-all" },
	{ "fill-image --", "" },
	{ "check -o DEVICE,N", "DEVICE,NAME DEVICE,NEXT" },
	{ "check -o +W", "+WHY" },
	{ "check --output=OUT", "OUTCOME" },
	{ "--root @ bind 0b", "0b:00.0 0b:00.1" },
	{ "--root @ bind 0b:", "00.0 00.1" },
	{ "--root @ bind 0000:0b:00.", "00.0 00.1" },
	{ "--root=@ unbind 05", "" },
	{ "--root=@ unbind 0c", "0c:00.3" },
	{ "--root @ bind enp", "enp5s0" },
	{ "--root @ bind nv", "" },
	{ "--root @ list nv", "nvme0n1" },
	{ "--root @ bind 00:0", "00.2" },
	{ "--root @ list 00:0", "00.2" },
	{ "--root @ bind -t 5 0b:00.0 n", "nouveau nvme" },
	{ "--root @ bind 0b:00.0 vf", "vfio-pci" },
	{ "--root @ bind 0b:00.0 vfio-pci ", "" },
	{ "--root @ bind --timeout ", "" },
	{ "--root @ unbind 0b:00.0 ", "" },
	{ "--root @ image 6.1.", "6.1.0-28-amd64" },
	{ "--root @ image --quiet 6.1.0-28-amd64 6.12", "6.12.5-amd64" },
	{ "--root @ image --record 6.12", "6.12.5-amd64" },
	{ "--root @ add 0b", "0b:00" },
	{ "--root @ add 0a:00.0 0b:00.0 0b:", "00" },
	{ "--root @ add 0b:00.", "00.0 00.1" },
	{ "--root @ add 0000:0b", "0b:00" },
	{ "--root @ add 0a", "" },
	{ "--root @ add 01", "" },
	{ "--root @ setup 00:", "14 00" },
	{ "--root @ remove 0", "0a:00" },
	{ "--root @ remove 0b", "" },
	{ "--root @ cmdline remove i", "intel_iommu=on iommu=pt" },
	{ "--root @ cmdline add i", "" },
	{ "--root @ vm --vmid 10", "100 101" },
	{ "list --kind g", "gpu" },
	{ "list -o DEVICE,D", "DEVICE,DRIVER" },
	{ "list -o +NUMA,N", "+NUMA,NAME" },
	{ "--root @ add --by s", "slot serial" },
	{ "--root @ rom 0b:", "00.0 00.1" },
	{ "vm --for=l", "libvirt" },
	{ "cmdline --dry-run a", "add" },
	{ "cmdline add a", "" },
	{ "rom conf/vfio-early.c", "conf/vfio-early.conf" },
	{ "import conf/vfio-early.c", "conf/vfio-early.conf" },
	{ "check conf/vfio-early.conf conf/vfio-early.c", "conf/vfio-early.conf" },
	{ "--root tests/scen", "tests/scenario" },
};

static const char above[] = "disk nvme0n1 259:0 0000:01:00.0/nvme/nvme0\n"
			    "mount 259:0 / ext4 /dev/nvme0n1\n"
			    "net enp5s0 0000:05:00.0\n"
			    "line sys/class/net/enp5s0/device -\n"
			    "line sys/class/block/nvme0n1/device -\n"
			    "line etc/vfio-early.conf 0a:00\n"
			    "line proc/cmdline quiet intel_iommu=on iommu=pt\n"
			    "remove sys/bus/pci/devices/0000:0c:00.3/driver_override\n"
			    "line sys/bus/pci/devices/0000:0c:00.3/driver_override vfio-pci\n";

static void make_file(const char *path)
{
	char whole[PATH_MAX];

	files_path(whole, "%s/%s", root, path);
	files_make_parents(whole);
	assert_int_equal(files_write(whole, ""), 0);
}

static int set_up(void **state)
{
	char *text = files_read(HOST), message[256] = "", trap[PATH_MAX];

	(void)state;
	run_work("completion", root);
	assert_non_null(text);
	assert_int_equal(hosttree_write(text, root, message, sizeof(message)), 0);
	free(text);
	make_file("boot/initrd.img-6.1.0-28-amd64");
	make_file("boot/initrd.img-6.12.5-amd64");
	make_file("etc/pve/qemu-server/100.conf");
	make_file("etc/pve/qemu-server/101.conf");
	tree_write(root, above);
	files_path(trap, "%s/trap", root);
	snprintf(message, sizeof(message), "#!/bin/sh\necho trapped; : >'%.200s.sprung'\n", trap);
	assert_int_equal(files_write(trap, message), 0);
	return chmod(trap, 0755);
}

/* As bash does it when a person types a tab, behind a program that is not the one in $PATH. */
static void complete(const char *line, char *offers, size_t size)
{
	static const char script[] = "source " COMPLETION " || exit\n"
				     "COMP_LINE=\"vfio-earlyctl ${1//@/$2}\"\n"
				     "COMP_POINT=${#COMP_LINE}\n"
				     "PATH=${3%/*}:$PATH\n"
				     "_vfio_earlyctl \"$2/trap\" && echo \"${COMPREPLY[*]}\"\n";
	char program[PATH_MAX], command[3 * PATH_MAX];
	FILE *stream;

	files_path(program, "%s/sanitized/vfio-earlyctl", files_build());
	assert_int_equal(setenv("SCRIPT", script, 1), 0);
	snprintf(command, sizeof(command),
		 "exec bash --noprofile --norc -c \"$SCRIPT\" bash '%s' '%s' '%s'", line, root,
		 program);
	stream = popen(command, "r");
	assert_non_null(stream);
	assert_non_null(fgets(offers, (int)size, stream));
	offers[strcspn(offers, "\n")] = '\0';
	assert_int_equal(pclose(stream), 0);
}

static void test_completions(void **state)
{
	char offers[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(completions) / sizeof(completions[0]); i++) {
		complete(completions[i].line, offers, sizeof(offers));
		if (strcmp(offers, completions[i].offers) != 0)
			fail_msg("%s: found '%s', expected '%s'", completions[i].line, offers,
				 completions[i].offers);
	}
}

static void test_program_on_the_line(void **state)
{
	char path[PATH_MAX], offers[4096];

	(void)state;
	complete("st", offers, sizeof(offers));
	assert_string_equal(offers, "status");
	files_path(path, "%s/trap.sprung", root);
	assert_int_equal(access(path, F_OK), -1);
}

/* Every command that --help has is offered, and nothing else. */
static void test_commands(void **state)
{
	const char *const arguments[] = { "--help", NULL }, *const none[] = { NULL };
	struct run_result help, usage;
	char offers[4096], expected[4096] = "";

	(void)state;
	run_ctl(arguments, &help);
	assert_int_equal(help.status, 0);
	run_ctl(none, &usage);
	assert_int_equal(usage.status, 1);
	assert_string_equal(usage.err, help.out);
	run_free(&usage);
	for (char *rest = help.out, *line; (line = strsep(&rest, "\n"));) {
		size_t used = strlen(expected);

		if (strncmp(line, "  ", 2) == 0 && line[2] != ' ' && line[2] != '-')
			snprintf(expected + used, sizeof(expected) - used, "%s%.*s",
				 used ? " " : "", (int)strcspn(line + 2, " "), line + 2);
	}
	assert_non_null(strstr(expected, "list check"));
	run_free(&help);
	complete("", offers, sizeof(offers));
	assert_string_equal(offers, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_completions),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_program_on_the_line),
	};

	return cmocka_run_group_tests_name("completion", tests, set_up, NULL);
}
