/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image that dracut made, with systemd in it: the chosen card is taken before udev could load
 * its driver, and an invalid rule leaves the old image in place.
 */
#include "cards.h"
#include "expect.h"

/* In a chroot dracut sees nothing of the host; these drivers are the machine's. */
#define DRACUT                                                                                     \
	"dracut --force --no-hostonly --drivers 'virtio_pci virtio_blk ext4 e1000e' "              \
	"$(ls -d /boot/initrd.img-*) $(ls /usr/lib/modules)"

static const char *const commands[] = {
	DRACUT,
	"cd /mnt && lsinitrd --unpack /boot/initrd.img-*",
	NULL,
};

static const char *const only_dracut[] = { DRACUT, NULL };

static void chosen_card_is_usable(void **state)
{
	static const struct machine machine = {
		.name = "boot/150-dracut",
		.image = { .suite = "trixie-dracut", .rules = "02:00.0\n", .commands = commands },
		.devices = THREE_CARDS,
	};
	struct machine_run run;

	(void)state;
	expect_boot(&machine, &run);
	expect_file(&run.image, "usr/lib/systemd/systemd");
	expect_file(&run.image, "usr/lib/udev/rules.d/70-vfio-early.rules");
	expect_file(&run.image, "usr/lib/modules/*/updates/vfio-early/vfio-pci.ko");
	expect_kept(&run, CARD_1, "e1000e");
	expect_passed(&run, CARD_2);
	expect_status(&run, CARD_2, "previous", "-");
	expect_untouched(&run, CARD_2, "e1000e");
	expect_kept(&run, CARD_3, "e1000e");
	report_free(&run.report);
}

static void bad_rule_is_refused(void **state)
{
	static const struct image_spec spec = {
		.suite = "trixie-dracut",
		.rules = "02:00.0 fcorce\n",
		.commands = only_dracut,
	};
	struct image image;

	(void)state;
	expect_image(&spec, "boot/150-dracut/refused", &image);
	expect_refused(&image);
	expect_said(&image, "/etc/vfio-early.conf:1:9: found \"fcorce\"");
	expect_said(&image, "the image was not built");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_card_is_usable),
		cmocka_unit_test(bad_rule_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
