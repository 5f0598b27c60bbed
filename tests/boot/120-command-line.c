/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every word of ours on the kernel command line, with one image whose rules say otherwise. */
#include "cards.h"
#include "expect.h"

#define CARD_4  "0000:04:00.0"
#define CARD_5  "0000:05:00.0"
#define CARD_ID "8086:10d3"

#define FIVE_CARDS                                                                                 \
	{                                                                                          \
		MACHINE_PORT(1), MACHINE_PORT(2), MACHINE_PORT(3), MACHINE_PORT(4),                \
			MACHINE_PORT(5), "e1000e,bus=port1", "e1000e,bus=port2",                   \
			"e1000e,bus=port3", "e1000e,bus=port4", "e1000e,bus=port5",                \
	}

static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "01:00.0\n02:00.0\n",
};

static const struct machine off = {
	.name = "boot/120-command-line/off",
	.devices = FIVE_CARDS,
	.words = "vfio_early=off vfio_early.bind=03:00.0",
};

/* The guest's init would take a word without "=" for work. */
static const struct machine recovery = {
	.name = "boot/120-command-line/recovery",
	.devices = FIVE_CARDS,
	.words = "systemd.unit=rescue.target vfio_early.bind=03:00.0",
};

static const struct machine recovery_overridden = {
	.name = "boot/120-command-line/recovery-overridden",
	.devices = FIVE_CARDS,
	.words = "vfio_early=on systemd.unit=rescue.target",
};

static const struct machine dry_run = {
	.name = "boot/120-command-line/dry-run",
	.devices = FIVE_CARDS,
	.words = "vfio_early=dry-run vfio_early.timeout=soon vfio_early.bnid=05:00.0",
};

/*
 * The second bind and the second skip have one good selector each, which must not count without
 * its neighbour.
 */
static const struct machine selectors = {
	.name = "boot/120-command-line/selectors",
	.devices = FIVE_CARDS,
	.words = "vfio_early.timeout=5 vfio_early.skip=01:00.0 "
		 "vfio_early.bind=\"03:00.0 id=" CARD_ID ",04:00.0\" "
		 "vfio_early.bind=05:00.0,5:0 vfio_early.skip=02:00.0,",
};

static const struct machine barred = {
	.name = "boot/120-command-line/barred",
	.devices = FIVE_CARDS,
	.words = "module_blacklist=nouveau,vfio_pci",
};

static struct image image;

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/120-command-line", &image);
	expect_built(&image);
	return 0;
}

static void expect_cards_kept(const struct machine_run *run)
{
	static const char *const cards[] = { CARD_1, CARD_2, CARD_3, CARD_4, CARD_5 };

	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++)
		expect_kept(run, cards[i], "e1000e");
}

static void expect_off(const struct machine *machine, const char *says)
{
	struct machine_run run;

	expect_boot_with(machine, &image, &run);
	expect_cards_kept(&run);
	expect_no_status(&run, CARD_1);
	expect_no_module(&run, "vfio_pci");
	expect_message(&run, 4, says);
	expect_no_message(&run, "summary");
	report_free(&run.report);
}

static void off_does_nothing(void **state)
{
	(void)state;
	expect_off(&off, "vfio-early: off, by vfio_early=off");
}

static void recovery_gets_all_devices(void **state)
{
	struct machine_run run;

	(void)state;
	expect_off(&recovery, "vfio-early: off, by systemd.unit=rescue.target");
	expect_boot_with(&recovery_overridden, &image, &run);
	expect_passed(&run, CARD_1);
	report_free(&run.report);
}

static void dry_run_only_tells(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot_with(&dry_run, &image, &run);
	expect_cards_kept(&run);
	expect_no_module(&run, "vfio_pci");
	expect_status(&run, CARD_1, "code", "would-bind");
	expect_status(&run, CARD_2, "code", "would-bind");
	expect_no_status(&run, CARD_3);
	expect_message(&run, 6, CARD_1 " " CARD_ID " would-bind");
	expect_message(&run, 3, "vfio_early.timeout: found \"soon\"");
	expect_message(&run, 3, "found \"vfio_early.bnid=05:00.0\"");
	expect_no_status(&run, CARD_5);
	expect_message(&run, 4, "2 invalid lines");
	report_free(&run.report);
}

static void selectors_are_obeyed_whole_or_not(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot_with(&selectors, &image, &run);

	expect_kept(&run, CARD_1, "e1000e");
	expect_status(&run, CARD_1, "code", "excluded");
	expect_status(&run, CARD_1, "rule", "vfio_early.skip:1");
	expect_passed(&run, CARD_3);
	expect_status(&run, CARD_3, "rule", "vfio_early.bind:1");
	expect_passed(&run, CARD_4);
	expect_status(&run, CARD_4, "rule", "vfio_early.bind:2");

	expect_passed(&run, CARD_2);
	expect_status(&run, CARD_2, "rule", "/etc/vfio-early.conf:2");
	expect_message(&run, 3, "vfio_early.skip:2:1: found nothing, expected a device");
	expect_kept(&run, CARD_5, "e1000e");
	expect_no_status(&run, CARD_5);
	expect_message(&run, 3, "vfio_early.bind:2:1: found \"5:0\"");
	expect_no_message(&run, "vfio_early.timeout:");
	expect_message(&run, 4, "2 invalid lines");
	report_free(&run.report);
}

/* The kernel would refuse the module with "Operation not permitted". */
static void module_is_barred(void **state)
{
	struct machine_run run;

	(void)state;
	expect_boot_with(&barred, &image, &run);
	expect_cards_kept(&run);
	expect_status(&run, CARD_1, "code", "no-driver");
	expect_message(&run, 3, ": module_blacklist=vfio_pci on the kernel command line");
	expect_no_module(&run, "vfio_pci");
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_does_nothing),
		cmocka_unit_test(recovery_gets_all_devices),
		cmocka_unit_test(dry_run_only_tells),
		cmocka_unit_test(selectors_are_obeyed_whole_or_not),
		cmocka_unit_test(module_is_barred),
	};

	return cmocka_run_group_tests(tests, build, NULL);
}
