/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every one of 64 devices has its message in the kernel log, which takes ten of them in five
 * seconds from one open file.
 */
#include <stdio.h>

#include "expect.h"

#define COUNT 64

static struct machine machine = {
	.name = "boot/80-many-devices",
	.image = { .suite = "trixie", .rules = "1af4:1005\n!00:17\n" },
};

/* Eight devices of eight functions on the root bus. */
static void add_devices(char devices[COUNT][64])
{
	for (int i = 0; i < COUNT; i++) {
		snprintf(devices[i], sizeof(devices[i]), "virtio-rng-pci,addr=%x.%x,multifunction=on",
			 0x10 + i / 8, i % 8);
		machine.devices[i] = devices[i];
	}
}

static void all_messages_arrive(void **state)
{
	char devices[COUNT][64];
	struct machine_run run;

	(void)state;
	add_devices(devices);
	expect_boot(&machine, &run);
	for (int i = 0; i < COUNT; i++) {
		char address[16], message[64];
		const char *code = i >= 56 ? "excluded" : "bound";

		snprintf(address, sizeof(address), "0000:00:%02x.%x", 0x10 + i / 8, i % 8);
		snprintf(message, sizeof(message), "vfio-early: %s 1af4:1005 %s", address, code);
		expect_status(&run, address, "code", code);
		expect_message(&run, 6, message);
	}
	expect_message(&run, 6, "summary: 56 bound");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_messages_arrive) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
