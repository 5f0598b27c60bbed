/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A script that runs after udev comes too late: the host driver has had the card by then. That it
 * is taken away again is no fix, since not every driver lets go of a device that it started.
 */
#include "cards.h"
#include "expect.h"

/*
 * The hook refuses such an image (tests/image has that), so this renames the script behind its
 * back: the order of the scripts is settled only when all hooks are done, by the names in the
 * image and by what the building host has under these names.
 */
static const char late_hook[] =
	"#!/bin/sh\n"
	"case $1 in prereqs) echo vfio-early; exit ;; esac\n"
	"for scripts in \"$DESTDIR/scripts\" /usr/share/initramfs-tools/scripts; do\n"
	"	mv \"$scripts/init-top/00-vfio-early\" \"$scripts/init-top/vfio-early\"\n"
	"done\n";

static const struct machine machine = {
	.name = "boot/70-control-after-udev",
	.image = { .suite = "trixie",
		   .rules = "02:00.0\n",
		   .files = { { .path = "etc/initramfs-tools/hooks/zz-late",
				.text = late_hook,
				.executable = true } },
		   .unpack = true },
	.devices = THREE_CARDS,
};

static void host_driver_was_first(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_no_file(&run.image, "scripts/init-top/00-vfio-early");
	expect_file(&run.image, "scripts/init-top/vfio-early");
	expect_status(&run, CARD_2, "previous", "e1000e");
	expect_touched(&run, CARD_2, "e1000e");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(host_driver_was_first) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
