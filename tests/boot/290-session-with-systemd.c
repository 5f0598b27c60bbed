/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person does who gives one of two identical cards away, on a Debian with systemd: look,
 * check, try it, add a rule, reboot, and see what became of it.
 */
#include <unistd.h>

#include "expect.h"
#include "systemd.h"

#define CARD_1 "0000:01:00.0"
#define CARD_2 "0000:02:00.0"

static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "",
	.files = { SYSTEMD_FILES },
	.keep_system = true,
};

static struct image image;

/* As report_transcript() has it. */
static const char session_before[] =
	"$ vfio-earlyctl list -T -o DEVICE,ID,DRIVER,WANTED,RULE,FLAGS\n"
	"DEVICE ID DRIVER WANTED RULE FLAGS\n"
	"group 3 needed\n"
	"└─0000:00:03.0 1af4:1001 virtio-pci root disk\n"
	"group 4\n"
	"└─0000:00:04.0 1af4:1001 virtio-pci\n"
	"group 5\n"
	"├─0000:00:1f.2 8086:2922 ahci\n"
	"└─0000:00:1f.3 8086:2930 i801_smbus\n"
	"group 6\n"
	"└─0000:01:00.0 8086:10d3 e1000e\n"
	"group 7\n"
	"└─0000:02:00.0 8086:10d3 e1000e\n"
	"exit 0\n"
	"$ vfio-earlyctl check\n"
	"There are no rules. Run 'vfio-earlyctl add DEVICE' to make one: 1 note\n"
	"\n"
	"note: no default route: no network device is protected\n"
	"\n"
	"In use by the host, and bound only by a rule with 'force':\n"
	"DEVICE NAME USE\n"
	"0000:00:03.0 Red Hat Virtio block device / (ext4 on /dev/vda)\n"
	"\n"
	"Images for the next boot:\n"
	"KERNEL IMAGE RULES RUNNING\n"
	"VERSION /boot/initrd.img-VERSION current yes\n"
	"exit 0\n"
	"$ vfio-earlyctl status\n"
	"There are no rules. Run 'vfio-earlyctl add DEVICE' to make one\n"
	"\n"
	"Images for the next boot:\n"
	"KERNEL IMAGE RULES RUNNING\n"
	"VERSION /boot/initrd.img-VERSION current yes\n"
	"exit 0\n"
	"$ vfio-earlyctl bind 02:00.0\n"
	"0000:02:00.0: bound to vfio-pci (before: e1000e)\n"
	"This lasts until the next boot; for longer: vfio-earlyctl add '02:00.0'\n"
	"exit 0\n"
	"$ vfio-earlyctl unbind 02:00.0\n"
	"0000:02:00.0: returned to e1000e (before: vfio-pci)\n"
	"exit 0\n"
	"$ vfio-earlyctl add --update 02:00.0\n"
	"/etc/vfio-early.conf: added:\n"
	"# 0000:02:00.0 Ethernet controller: Intel Corporation 82574L Gigabit Network Connection\n"
	"00:02.0/00.0 id=8086:10d3\n"
	"+ update-initramfs -u -k all\n"
	"update-initramfs: Generating /boot/initrd.img-VERSION\n"
	"W: /sbin/fsck.ext4 doesn't exist, can't install to initramfs\n"
	"I: no default route: no network device is protected\n"
	"exit 0\n"
	"$ vfio-earlyctl check\n"
	"1 device will be bound at the next boot: 1 note\n"
	"\n"
	"note: no default route: no network device is protected\n"
	"\n"
	"At the next boot:\n"
	"DEVICE ID NAME DRIVER NEXT RULE LOST\n"
	"0000:02:00.0 8086:10d3 Intel 82574L Gigabit Network Connection e1000e vfio-pci /etc/vfio-early.conf:2\n"
	"\n"
	"In use by the host, and bound only by a rule with 'force':\n"
	"DEVICE NAME USE\n"
	"0000:00:03.0 Red Hat Virtio block device / (ext4 on /dev/vda)\n"
	"\n"
	"Images for the next boot:\n"
	"KERNEL IMAGE RULES RUNNING\n"
	"VERSION /boot/initrd.img-VERSION current yes\n"
	"exit 0\n"
	"$ vfio-earlyctl status\n"
	"No device was bound at this boot: 1 warning\n"
	"\n"
	"warning: The rules have changed since the image that booted was built\n"
	" fix: Reboot\n"
	"\n"
	"Images for the next boot:\n"
	"KERNEL IMAGE RULES RUNNING\n"
	"VERSION /boot/initrd.img-VERSION current yes\n"
	"exit 2\n"
	"$ systemctl --job-mode=ignore-dependencies start vfio-early-result.service\n"
	"Job for vfio-early-result.service failed because the control process exited with error "
	"code.\n"
	"See \"systemctl status vfio-early-result.service\" and \"journalctl -xeu "
	"vfio-early-result.service\" for details.\n"
	"exit 1\n"
	"$ systemctl is-failed vfio-early-result.service\n"
	"failed\n"
	"exit 0\n";

static const char session_after[] =
	"$ vfio-earlyctl status\n"
	"1 device is bound as configured\n"
	"\n"
	"At this boot:\n"
	"DEVICE ID NAME OUTCOME NOW CHANGE RULE\n"
	"0000:02:00.0 8086:10d3 Intel 82574L Gigabit Network Connection bound vfio-pci same /etc/vfio-early.conf:2\n"
	"\n"
	"Images for the next boot:\n"
	"KERNEL IMAGE RULES RUNNING\n"
	"VERSION /boot/initrd.img-VERSION current yes\n"
	"exit 0\n"
	"$ systemctl --job-mode=ignore-dependencies start vfio-early-result.service\n"
	"exit 0\n"
	"$ systemctl is-active vfio-early-result.service\n"
	"active\n"
	"exit 0\n";

#define DISKS                                                                                      \
	{                                                                                          \
		"boot/290-session-with-systemd/new-initrd"                                         \
	}
#define DEVICES                                                                                    \
	{                                                                                          \
		MACHINE_PORT(1), MACHINE_PORT(2), "e1000e,bus=port1", "e1000e,bus=port2",          \
			"virtio-blk-pci,drive=root", "virtio-blk-pci,drive=disk0,serial=result",   \
	}

static const struct machine before = {
	.name = "boot/290-session-with-systemd/before",
	.root = image.disk,
	.keeps_root = true,
	.disks = DISKS,
	.devices = DEVICES,
	.words = SYSTEMD("changes"),
};

static const struct machine after = {
	.name = "boot/290-session-with-systemd/after",
	.root = image.disk,
	.keeps_root = true,
	.disks = DISKS,
	.devices = DEVICES,
	.words = SYSTEMD("outcome"),
};

static int build(void **state)
{
	(void)state;
	expect_image(&spec, "boot/290-session-with-systemd", &image);
	expect_built(&image);
	return 0;
}

/* It is large. */
static int clean_up(void **state)
{
	(void)state;
	unlink(image.disk);
	return 0;
}

static void card_is_given_away(void **state)
{
	struct machine_run run;
	struct image updated;

	(void)state;
	expect_update(&before, &image, &run, &updated);
	expect_transcript(&run, session_before);
	report_free(&run.report);

	expect_boot_with(&after, &updated, &run);
	expect_transcript(&run, session_after);
	expect_kept(&run, CARD_1, "e1000e");
	expect_passed(&run, CARD_2);
	report_free(&run.report);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(card_is_given_away) };

	return cmocka_run_group_tests(tests, build, clean_up);
}
