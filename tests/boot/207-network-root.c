/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root file system is a network block device, and a rule by ID matches the card on the way to
 * it and two of the same model: with the list that the host makes, it comes up. With "force", the
 * root can't be reached.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cards.h"
#include "command.h"
#include "expect.h"

/*
 * The package's script asks for the root, and with a word on the kernel command line takes it that
 * it has waited for the card and for the root already; the script of mdadm would run for each
 * second.
 */
static const struct image_spec spec = {
	.suite = "trixie-full",
	.rules = "8086:10d3\n",
	.files = { { .path = "etc/fstab", .text = "" },
		   { .path = "usr/share/initramfs-tools/scripts/local-block/mdadm" },
		   { .path = "etc/initramfs-tools/hooks/nbd",
		     .text = "#!/bin/sh\n"
			     "[ \"$1\" = prereqs ] && exit\n"
			     ". /usr/share/initramfs-tools/hook-functions\n"
			     "manual_add_modules nbd\n"
			     "copy_exec /usr/sbin/nbd-client\n",
		     .executable = true },
		   { .path = "etc/initramfs-tools/scripts/local-top/a-no-wait",
		     .text = "#!/bin/sh\n"
			     "[ \"$1\" = prereqs ] && exit 0\n"
			     "read -r words < /proc/cmdline\n"
			     "case $words in *test-no-wait*)\n"
			     "echo starttime=-300 >>/conf/param.conf ;; esac\n",
		     .executable = true } },
	.keep_system = true,
};

static struct image image, updated;

/*
 * The first card has a network with the server, without a gateway; the second one gets the default
 * route. No router of IPv6 may advertise itself to the first: it would have a default route, too.
 */
#define ROOT "root=/dev/nbd0 ip=10.0.2.15:::255.255.255.0::enp1s0:off "
#define MACHINE(boot)                                                                              \
	{                                                                                          \
		.name = "boot/207-network-root/" boot, .network = "user,id=net,ipv6=off",          \
		.disks = { "boot/207-network-root/new-initrd" },                                   \
		.devices = { MACHINE_PORT(1),                                                      \
			     MACHINE_PORT(2),                                                      \
			     MACHINE_PORT(3),                                                      \
			     "e1000e,bus=port1,netdev=net",                                        \
			     "e1000e,bus=port2",                                                   \
			     "e1000e,bus=port3",                                                   \
			     "virtio-blk-pci,drive=disk0,serial=result" },                         \
	}

static struct machine before = MACHINE("before"), after = MACHINE("after"), lost = MACHINE("lost");

static pid_t server;

/* The server has a socket on any free port, and the guest reaches this machine at 10.0.2.2. */
static int listen_for_guest(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static char words[3][256];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(bind(fd, (struct sockaddr *)&address, size), errno);
	assert_return_code(listen(fd, 8), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&address, &size), errno);
	snprintf(words[0], sizeof(words[0]),
		 ROOT "nbdroot=10.0.2.2:%u/root vfio_early=off -- uplink fill",
		 ntohs(address.sin_port));
	snprintf(words[1], sizeof(words[1]), ROOT "nbdroot=10.0.2.2:%u/root",
		 ntohs(address.sin_port));
	snprintf(words[2], sizeof(words[2]),
		 ROOT "nbdroot=10.0.2.2:%u/root test-no-wait vfio_early.bind=\"8086:10d3 force\"",
		 ntohs(address.sin_port));
	before.words = words[0];
	after.words = words[1];
	lost.words = words[2];
	return fd;
}

static void serve_root(void)
{
	char log[PATH_MAX + 16], disk[PATH_MAX + 64], address[64];
	int fd = listen_for_guest();

	snprintf(log, sizeof(log), "%s/server.log", image.dir);
	snprintf(disk, sizeof(disk), "file,node-name=root,read-only=on,filename=%s", image.disk);
	snprintf(address, sizeof(address), "addr.type=fd,addr.str=%d", fd);
	server = command_fork(log, log);
	assert_return_code(server, errno);
	if (server == 0) {
		execlp("qemu-storage-daemon", "qemu-storage-daemon", "--blockdev", disk,
		       "--nbd-server", address, "--export", "nbd,id=root,node-name=root,name=root",
		       NULL);
		_exit(COMMAND_NOT_STARTED);
	}
	close(fd);
}

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/207-network-root", &image);
	expect_built(&image);
	serve_root();
	return 0;
}

/* It is large. */
static int clean_up(void **state)
{
	(void)state;
	kill(server, SIGTERM);
	command_wait(server, 10);
	unlink(image.disk);
	return 0;
}

static void protected_host_comes_up(void **state)
{
	struct machine_run run;

	(void)state;
	expect_update(&before, &image, &run, &updated);
	expect_console(&run, CARD_1 " (8086:10d3) stays with the host, which uses it: "
				    "address: server of / unknown (enp1s0)");
	report_free(&run.report);

	expect_boot_with(&after, &updated, &run);
	expect_root(&run, "/dev/nbd0");
	expect_protected(&run, CARD_1, "e1000e",
			 "8086:10d3 protected, driver - (before: -), rule /etc/vfio-early.conf:1: "
			 "address: server of / unknown (enp1s0)");
	expect_protected(&run, CARD_2, "e1000e",
			 "8086:10d3 protected, driver - (before: -), rule /etc/vfio-early.conf:1: "
			 "IPv4 default route (enp2s0)");
	expect_passed(&run, CARD_3);
	report_free(&run.report);
}

static void host_is_lost_by_force(void **state)
{
	struct machine_run run;

	(void)state;
	expect_no_boot(&lost, &updated, &run);
	expect_console(&run, CARD_1 " 8086:10d3 bound");
	expect_console(&run, "forced, in use by the host: address: server of / unknown (enp1s0)");
	expect_console(&run, "/dev/nbd0 does not exist");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protected_host_comes_up),
		cmocka_unit_test(host_is_lost_by_force),
	};

	return cmocka_run_group_tests(tests, build, clean_up);
}
