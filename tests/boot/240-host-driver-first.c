/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host driver that has the cards before the program runs, as one that is built in would: it lets
 * go of what the rules name, except devices in use by the host, unless that is forced.
 */
#include "cards.h"
#include "expect.h"

static const char early_script[] = "#!/bin/sh\n"
				   "case $1 in prereqs) exit ;; esac\n"
				   "modprobe e1000e\n";

/* What a host would find that uses the second and third card. */
static const char protecting_hook[] =
	"#!/bin/sh\n"
	"case $1 in prereqs) echo vfio-early; exit ;; esac\n"
	". /usr/share/initramfs-tools/hook-functions\n"
	"manual_add_modules e1000e\n"
	"cat >\"$DESTDIR/etc/vfio-early.protected\" <<'EOF'\n"
	"0000:00:02.0/00.0 id=8086:10d3 # " CARD_2 " default route (IPv4 by enp2s0)\n"
	"0000:00:03.0/00.0 id=8086:10d3 # " CARD_3 " default route (IPv6 by enp3s0)\n"
	"# entries: 2\n"
	"EOF\n";

static const struct machine machine = {
	.name = "boot/240-host-driver-first",
	.image = { .suite = "trixie",
		   .rules = "01:00.0\n02:00.0 force\n8086:10d3\n",
		   .files = { { .path = "etc/initramfs-tools/scripts/init-top/00-a",
				.text = early_script,
				.executable = true },
			      { .path = "etc/initramfs-tools/hooks/zz-protect",
				.text = protecting_hook,
				.executable = true } } },
	.devices = THREE_CARDS,
};

static void cards_change_hands(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_passed(&run, CARD_1);
	expect_status(&run, CARD_1, "previous", "e1000e");
	expect_touched(&run, CARD_1, "e1000e");

	expect_passed(&run, CARD_2);
	expect_status(&run, CARD_2, "previous", "e1000e");
	expect_message(&run, 4,
		       "rule /etc/vfio-early.conf:2: forced, in use by the host: "
		       "default route (IPv4 by enp2s0)");

	expect_kept(&run, CARD_3, "e1000e");
	expect_status(&run, CARD_3, "code", "protected");
	expect_message(&run, 4, "vfio-early: " CARD_3 " 8086:10d3 protected");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(cards_change_hands) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
