/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vm --check` says of a VM of Proxmox VE before its start, and whether the hook script stops
 * it; and what `vm DEVICE` says of one and prints for it. Each row is a file of VM 100 on the
 * described host, and what is said of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "hosttree.h"
#include "run.h"
#include "tree.h"

#define HOST "tests/scenario/hosts/desktop"
#define HOOK "conf/check-vm"

#define ABOVE                                                                                      \
	"disk nvme0n1 259:0 0000:01:00.0/nvme/nvme0\n"                                             \
	"mount 259:0 / ext4 /dev/nvme0n1\n"                                                        \
	"disk sda 8:0 0000:02:00.1/ata1\n"                                                         \
	"mount 8:0 /srv ext4 /dev/sda\n"                                                           \
	"line etc/hostname pve1\n"                                                                 \
	"line sys/bus/pci/devices/0000:0b:00.0/sriov_numvfs 2\n"                                   \
	"line sys/bus/pci/devices/0000:0a:00.0/mdev_supported_types/a/name a\n"

#define CARD       "id=10de:1b81,iommugroup=17,node=pve1,path=0000:0b:00,subsystem-id=1458:3701"
#define TAKES_ROOT "takes 0000:01:00.0 (hostpci0), which the host needs: / (ext4 on /dev/nvme0n1)"
#define DROPS      "which Proxmox VE drops"

static const struct row {
	const char *name, *config, *mappings, *rules;
	int status;       /* of --check; the hook script stops the VM with 2 */
	const char *says; /* "": nothing is said */
} rows[] = {
	{ "no device", "name: x\n", .says = "" },
	{ "a free card", "hostpci0: 0000:0c:00.3\n", .says = "" },
	{ "the root disk", "hostpci0: 0000:01:00.0\n", .status = 2, .says = TAKES_ROOT },
	{ "as host=, without a domain", "hostpci0: pcie=1,host=01:00\n", .status = 2,
	  .says = TAKES_ROOT },
	{ "with the end of a line as of Windows", "hostpci0: 01:00.0\r\n", .status = 2,
	  .says = TAKES_ROOT },
	{ "by its group", "hostpci0: 02:00.0\n",
	  .says = "takes 0000:02:00.1 with the rest of IOMMU group 15 (hostpci0), which the host uses" },
	{ "a data disk is a warning", "hostpci0: 02:00.1\n", .says = "which the host uses: /srv" },
	{ "one that is not there", "hostpci0: 0000:0f:00\n", .status = 2,
	  .says = "does not start: 0000:0f:00.* (hostpci0) is not there" },
	{ "the last line counts", "hostpci0: 0000:01:00.0\nhostpci0: 0000:0c:00.3\n", .says = "" },
	{ "the last valid one", "hostpci0: 0000:01:00.0\nhostpci0: 0000:0C:00.3\n", .status = 2,
	  .says = TAKES_ROOT },
	{ "upper case", "hostpci0: 0000:0C:00.3\n", .says = DROPS ": an address is not valid" },
	{ "a blank before", " hostpci0: 01:00.0\n", .says = DROPS ": that is not a setting" },
	{ "no such number", "hostpci16: 01:00.0\n", .says = DROPS ": that is not a setting" },
	{ "an unknown property", "hostpci0: 01:00.0,pci=1\n",
	  .says = DROPS ": a property is unknown" },
	{ "a property twice", "hostpci0: 01:00.0,pcie=1,pcie=1\n",
	  .says = DROPS ": a property is there twice" },
	{ "no boolean", "hostpci0: 01:00.0,pcie=2\n", .says = DROPS ": a value is not valid" },
	{ "a comment", "#hostpci0: 01:00.0\n", .says = "" },
	{ "a snapshot", "name: x\n\n[before]\nhostpci0: 01:00.0\n", .says = "" },
	{ "pending", "name: x\n\n[pending]\nhostpci0: 01:00.0\n", .status = 2, .says = TAKES_ROOT },
	{ "pending deletion", "hostpci0: 01:00.0\n\n[PENDING]\ndelete: name,!hostpci0\n",
	  .says = "" },
	{ "delete is for pending ones", "delete: hostpci0\nhostpci0: 01:00.0\n", .status = 2,
	  .says = TAKES_ROOT },
	{ "a template", "template: 1\nhostpci0: 01:00.0\n", .says = "" },
	{ "at boot", "onboot: 1\nhostpci0: 01:00.0\n", .status = 2,
	  .says = "VM 100 starts at boot and " TAKES_ROOT },
	{ "on demand", "onboot: 0\nhostpci0: 01:00.0\n", .status = 2,
	  .says = "VM 100 " TAKES_ROOT },
	{ "no template", "template: 0\nhostpci0: 01:00.0\n", .status = 2, .says = TAKES_ROOT },
	{ "with driver=keep nothing is taken", "hostpci0: 01:00.0,driver=keep\n", .says = "" },
	{ "args take nothing, and must be there", "args: -device vfio-pci,host=0f:00.0\n",
	  .status = 2, .says = "0000:0f:00.0 (-device in args) is not there" },
	{ "args as JSON", "args: -device {\"driver\":\"vfio-pci\",\"host\":\"0000:0f:00.1\"}\n",
	  .status = 2, .says = "0000:0f:00.1 (-device in args) is not there" },
	{ "args by sysfs", "args: -device vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:0f:00.2\n",
	  .status = 2, .says = "0000:0f:00.2 (-device in args) is not there" },
	{ "other args", "args: -chardev socket,host=0f:00.0\n", .says = "" },
	{ "virtual functions", "hostpci0: 0b:00.0\n", .says = "2 virtual functions vanish" },
	{ "a mapping", "hostpci0: mapping=card\n", "card\n\tmap " CARD "\n",
	  .says = "2 virtual functions vanish" },
	{ "no mapping", "hostpci0: mapping=card\n", .status = 2,
	  .says = "does not start: the mapping card does not exist" },
	{ "of another node", "hostpci0: mapping=card\n",
	  "card\n\tmap id=10de:1b81,node=pve2,path=0000:0b:00\n", .status = 2,
	  .says = "the mapping card has no entry for this node" },
	{ "another card", "hostpci0: mapping=card\n",
	  "card\n\tmap id=8086:1533,iommugroup=17,node=pve1,path=0000:0b:00\n", .status = 2,
	  .says = "has id 8086:1533, and 0000:0b:00 has 10de:1b81" },
	{ "another group", "hostpci0: mapping=card\n",
	  "card\n\tmap id=10de:1b81,iommugroup=7,node=pve1,path=0000:0b:00,"
	  "subsystem-id=1458:3701\n",
	  .status = 2, .says = "has iommugroup 7, and 0000:0b:00 has 17" },
	{ "a group where there is none", "hostpci0: mapping=card\n",
	  "card\n\tmap id=1022:1451,iommugroup=7,node=pve1,path=0000:00:00.2,"
	  "subsystem-id=1043:8747\n",
	  .status = 2, .says = "has iommugroup 7, and 0000:00:00.2 has none" },
	{ "no subsystem", "hostpci0: mapping=card\n",
	  "card\n\tmap id=10de:1b81,iommugroup=17,node=pve1,path=0000:0b:00\n", .status = 2,
	  .says = "has subsystem-id none, and 0000:0b:00 has 1458:3701" },
	{ "no mdev 1", "hostpci0: mapping=card\n",
	  "card\n\tmap id=10de:1b81,iommugroup=16,node=pve1,path=0000:0a:00,subsystem-id=1458:3701\n",
	  .status = 2, .says = "has mdev 0, and 0000:0a:00 has 1" },
	{ "mdev 1 behind it", "hostpci0: mapping=card,mdev=a\n",
	  "card\n\tmap id=10de:1b81,iommugroup=16,node=pve1,path=0000:0a:00,subsystem-id=1458:3701\n"
	  "\tmdev 1\n",
	  .says = "" },
	{ "its device is gone", "hostpci0: mapping=card\n",
	  "card\n\tmap id=10de:1b81,node=pve1,path=0000:0f:00\n", .status = 2,
	  .says = "is for 0000:0f:00, which is not there" },
	{ "comments in a section", "hostpci0: mapping=card\n",
	  "card\n# a\n\t# b\nc\n\tmap " CARD "\n", .says = "2 virtual functions vanish" },
	{ "an empty line ends it", "hostpci0: mapping=card\n", "card\n\n\tmap " CARD "\n",
	  .status = 2, .says = "does not exist" },
	{ "the last section counts", "hostpci0: mapping=card\n",
	  "card\n\tmap " CARD "\n\ncard\n\tmap id=10de:1b81,node=pve2,path=0000:0b:00\n",
	  .status = 2, .says = "no entry for this node" },
	{ "an unknown property of a map", "hostpci0: mapping=card\n", "card\n\tmap " CARD ",x=1\n",
	  .status = 2, .says = "does not exist" },
	{ "a pool", "hostpci0: mapping=card\n",
	  "card\n\tmap " CARD "\n\tmap id=144d:a808,iommugroup=14,node=pve1,path=0000:01:00.0,"
	  "subsystem-id=144d:a801\n",
	  .status = 2, .says = "can take 0000:01:00.0 (hostpci0, by the mapping card)" },
	{ "mdev beside a rule", "hostpci0: 0a:00.0,mdev=a\n", .rules = "0a:00\n", .status = 2,
	  .says = "its mediated device (hostpci0) needs the host driver of 0000:0a:00.0" },
	{ "another driver of VFIO", "hostpci0: 0a:00.1\n", .rules = "0a:00 driver=mlx5_vfio_pci\n",
	  .status = 2, .says = "Proxmox VE takes 0000:0a:00.1 (hostpci0) from mlx5_vfio_pci" },
};

#define KEEP_RULE "0a:00 driver=mlx5_vfio_pci\n"
#define EFIDISK   "--efidisk0 STORAGE:1,efitype=4m"

/* Texts with "!" before them must not be there. */
static const struct advice {
	const char *name, *device, *config, *rules, *version; /* of qemu-server */
	const char *prints[2], *says;
} advices[] = {
	{ "driver=keep", "0a:00", "machine: q35\n", KEEP_RULE, "9.0.25",
	  .prints = { ",driver=keep\n" }, .says = "needs qemu-server 9.0.25 or later" },
	{ "driver=keep of a later one", "0a:00", "machine: q35\n", KEEP_RULE, "9.2.1~bpo1",
	  .prints = { ",driver=keep\n" } },
	{ "the last version without it", "0a:00", "machine: q35\n", KEEP_RULE, "9.0.24",
	  .prints = { "!driver=keep" },
	  .says = "Proxmox VE 8 takes it from a driver other than vfio-pci" },
	{ "Proxmox VE 8", "0a:00", "machine: q35\n", KEEP_RULE, "8.4.5",
	  .prints = { "!driver=keep" } },
	{ "a version that can't be seen", "0a:00", "machine: q35\n", KEEP_RULE, NULL,
	  .prints = { ",driver=keep\n" } },
	{ "vfio-pci needs none", "0a:00", "machine: q35\n", "0a:00\n", "9.0.25",
	  .prints = { "!driver=keep" } },
	{ "no EFI disk", "0b:00", "machine: q35\n", .says = "--bios ovmf " EFIDISK "'" },
	{ "an EFI disk that is there stays", "0b:00", "efidisk0: local:1\n", .says = "!efidisk0" },
	{ "a group goes into the mapping", "0b:00", "",
	  .prints = { "id=10de:1b81,iommugroup=17,node=pve1,", "!--mdev" } },
	{ "no group does not", "00:00.2", "",
	  .prints = { "id=1022:1451,node=pve1,path=0000:00:00.2" }, .says = "has no IOMMU group" },
	{ "a card with mediated devices", "0a:00", "",
	  .prints = { ",subsystem-id=1458:3701 --mdev 1" } },
	{ "a second display", "0b:00", "vga: qxl\n", .says = "'vga: qxl' is a second display" },
	{ "vga: none", "0b:00", "vga: none\n", .says = "!second display" },
	{ "a display beside a card without one", "05:00.0", "vga: qxl\n",
	  .says = "!second display" },
	{ "ballooning", "0b:00", "balloon: 512\n", .says = "'balloon: 512' frees no memory" },
	{ "ballooning that is off", "0b:00", "balloon: 0\n", .says = "!balloon" },
	{ "a template", "0b:00", "template: 1\n",
	  .says = "It is a template, which is never started" },
	{ "no hook script", "0b:00", "",
	  .prints = { "qm set 100 --hookscript local:snippets/check-vm" } },
	{ "its own hook script", "0b:00", "hookscript: local:snippets/a.pl\n",
	  .prints = { "!--hookscript" },
	  .says = "'hookscript: local:snippets/a.pl' is there already: have it call 'vfio-earlyctl vm " },
	{ "a machine that stays with its other settings", "0b:00", "machine: pc,viommu=intel\n",
	  .says = "--machine q35,viommu=intel'" },
};

static char root[PATH_MAX];

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];

	files_path(path, "%s/%s", root, name);
	files_remove_tree(path);
	if (!text)
		return;
	assert_int_equal(files_make_parents(path), 0);
	assert_int_equal(files_write(path, text), 0);
}

/* The script, with the program that is tested, in a phase; 1 stops the VM. */
static int run_hook(const char *phase)
{
	char command[3 * PATH_MAX], base[PATH_MAX];

	assert_non_null(realpath(files_build(), base));
	snprintf(command, sizeof(command),
		 "sed 's|^/usr/sbin/vfio-earlyctl|%s/sanitized/vfio-earlyctl --root %s|' " HOOK
		 " | sh -s 100 %s >/dev/null 2>&1",
		 base, root, phase);
	return command_run(NULL, (const char *const[]){ "sh", "-c", command, NULL });
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct run_result result;

	write_file("etc/pve/qemu-server/100.conf", row->config);
	write_file("etc/pve/mapping/pci.cfg", row->mappings);
	write_file("etc/vfio-early.conf", row->rules);
	run_ctl((const char *const[]){ "--root", root, "vm", "--check", "100", NULL }, &result);
	if (row->says[0] ? !strstr(result.err, row->says) : result.err[0] != '\0')
		fail_msg("%s: expected '%s', found '%s'", row->name, row->says, result.err);
	assert_int_equal(result.status, row->status);
	assert_string_equal(result.out, "");
	run_free(&result);
}

static void expect_text(const char *name, const char *found, const char *text)
{
	bool absent = text[0] == '!';

	if (absent ? !!strstr(found, text + 1) : !strstr(found, text))
		fail_msg("%s: expected '%s', found '%s'", name, text, found);
}

static void test_advice(void **state)
{
	const struct advice *advice = *state;
	char status[128];
	struct run_result result;

	snprintf(status, sizeof(status), "Package: qemu-server\nStatus: x\nVersion: %s\n",
		 advice->version ?: "");
	write_file("etc/pve/qemu-server/100.conf", advice->config);
	write_file("etc/pve/mapping/pci.cfg", NULL);
	write_file("etc/vfio-early.conf", advice->rules);
	write_file("var/lib/dpkg/status", advice->version ? status : NULL);
	run_ctl((const char *const[]){ "--root", root, "vm", advice->device, "-i", "100", NULL },
		&result);
	for (size_t i = 0; i < 2 && advice->prints[i]; i++)
		expect_text(advice->name, result.out, advice->prints[i]);
	expect_text(advice->name, result.err, advice->says ?: "");
	assert_in_range(result.status, 0, 2);
	run_free(&result);
}

static void expect_refusal(const char *option, const char *value, const char *says)
{
	struct run_result result;

	run_ctl((const char *const[]){ "--root", root, "vm", option, value, "0b:00", NULL },
		&result);
	expect_text(option, result.err, says);
	assert_int_equal(result.status, 1);
	assert_string_equal(result.out, "");
	run_free(&result);
}

static void test_no_such_vm(void **state)
{
	(void)state;
	expect_refusal("--vmid", "99", "--vmid: found '99', expected the number of a VM, 100 to");
	expect_refusal("--check", "x", "--check: found 'x', expected the number of a VM, 100 to");
	expect_refusal("--vmid", "999", "'qm list' shows the VMs of this node");
	write_file("usr/bin/pmxcfs", "");
	expect_refusal("--vmid", "999", "/etc/pve is not mounted, so VM 999 can't be seen");
	write_file("usr/bin/pmxcfs", NULL);
}

static void test_hook(void **state)
{
	(void)state;
	write_file("etc/pve/qemu-server/100.conf", "hostpci0: 0000:01:00.0\n");
	write_file("etc/vfio-early.conf", NULL);
	assert_int_equal(run_hook("pre-start"), 1);
	assert_int_equal(run_hook("post-start"), 0);
	assert_int_equal(run_hook("pre-stop"), 0);
	write_file("etc/pve/qemu-server/100.conf", "hostpci0: 0000:02:00.1\n");
	assert_int_equal(run_hook("pre-start"), 0);
	/* What can't be checked is not stopped. */
	write_file("etc/pve/qemu-server/100.conf", NULL);
	assert_int_equal(run_hook("pre-start"), 0);
}

static int make_host(void **state)
{
	char message[256] = "", *host = files_read(HOST);

	(void)state;
	run_work("vm", root);
	assert_non_null(host);
	if (hosttree_write(host, root, message, sizeof(message)) < 0)
		fail_msg("%s", message);
	free(host);
	tree_write(root, ABOVE);
	return 0;
}

int main(void)
{
	enum {
		ROWS = sizeof(rows) / sizeof(rows[0]),
		ADVICES = sizeof(advices) / sizeof(advices[0])
	};
	struct CMUnitTest tests[ROWS + ADVICES + 2];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
						.test_func = test_row,
						.initial_state = (void *)&rows[i] };
	for (size_t i = 0; i < ADVICES; i++)
		tests[ROWS + i] = (struct CMUnitTest){ .name = advices[i].name,
						       .test_func = test_advice,
						       .initial_state = (void *)&advices[i] };
	tests[ROWS + ADVICES] = (struct CMUnitTest)cmocka_unit_test(test_hook);
	tests[ROWS + ADVICES + 1] = (struct CMUnitTest)cmocka_unit_test(test_no_such_vm);
	return cmocka_run_group_tests_name("vm", tests, make_host, NULL);
}
