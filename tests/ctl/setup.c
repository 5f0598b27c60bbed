/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vfio-earlyctl setup` says, asks and does, as a person at a terminal sees it: on a host that
 * is a described one's tree, with programs in the places of update-grub and update-initramfs that
 * do what a play has them do. Where it does not come to its end, the tree is the one before, byte
 * for byte, with modes and owners.
 *
 * It needs root, to make the tree its root directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "diff.h"
#include "files.h"
#include "run.h"
#include "setuphost.h"

#define LIMIT_S    60
#define OUTPUT_MAX (64u << 10)
#define WORDS_MAX  8

#define KERNEL SETUPHOST_KERNEL
#define RULES  SETUPHOST_RULES
#define GRUB   SETUPHOST_GRUB
#define OLDER  "6.1.0-28-amd64"
#define BAK    ".vfio-early.bak"

/* The first time it fails, after it has done its work. */
#define ONCE(name, failure) "[ -e /tmp/" name " ] || { : > /tmp/" name "; " failure "; }\n"

#define OLDER_KERNEL "line boot/initrd.img-" OLDER " x\n" IMAGELESS_KERNEL
#define IMAGELESS_KERNEL                                                                           \
	"line boot/vmlinuz-" OLDER " x\n"                                                          \
	"line lib/modules/" OLDER "/modules.dep a/vfio-pci.ko:\n"                                  \
	"line lib/modules/" OLDER "/modules.dep a/vfio_iommu_type1.ko:\n"

/* A fingerprint of other rules. */
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct play {
	const char *name;
	struct setuphost host;
	const char *words[WORDS_MAX];
	const char *typed; /* NULL: there is no terminal */
	bool elsewhere;    /* the host is another than this machine, as --root has it */
	bool list;         /* that is good enough for whiptail */
	const char *says;
	int status;
	const char *rules, *cmdline; /* texts in the end, "" for none; NULL: all is as before */
} plays[] = {
#define CARD                                                                                       \
	"# 0000:01:00.* VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1070]\n"  \
	"00:01.0/00.* id=10de:1b81\n"
#define QUIET "" /* the words of ours */
#define ON    SETUPHOST_GRUB_TEXT
#define IS_ON "the IOMMU is on: 8 groups\n"
#define LATER                                                                                      \
	"Which devices share an IOMMU group is known after the reboot; run 'vfio-earlyctl check' " \
	"then.\n"
#define DIFF_CARD                                                                                  \
	"--- /dev/null\n+++ " RULES "\n@@ -0,0 +1,2 @@\n"                                          \
	"+# 0000:01:00.* VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1070]\n" \
	"+00:01.0/00.* id=10de:1b81\n"
#define DIFF_GRUB                                                                                  \
	"--- /dev/null\n+++ " GRUB "\n@@ -0,0 +1,2 @@\n"                                           \
	"+# Kernel words, added by 'vfio-earlyctl cmdline add'; update-grub reads this file.\n"    \
	"+GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on\"\n"
#define SHOWN_CARD   "\nChanges:\n" DIFF_CARD "then: update-initramfs -u -k all\n"
#define DRACUT       "dracut --force --regenerate-all\n"
#define SHOWN_DRACUT "\nChanges:\n" DIFF_CARD "then: " DRACUT
#define RAN_DRACUT   "+ " DRACUT "dracut stand-in: --force --regenerate-all\n"
#define SHOWN_ALL                                                                                  \
	LATER "\nChanges:\n" DIFF_GRUB DIFF_CARD                                                   \
	      "then: update-grub\nthen: update-initramfs -u -k all\n"
#define WROTE_GRUB  GRUB ": new\n"
#define RAN_GRUB    "+ update-grub\nupdate-grub stand-in: quiet intel_iommu=on\n"
#define RAN_INITRD  "+ update-initramfs -u -k all\nupdate-initramfs stand-in: -u -k all\n"
#define HAS_IT      "intel_iommu=on: the next boot has it\n"
#define CHANGED_FILES                                                                              \
	"/boot/initrd.img-" KERNEL ": changed\n"                                                   \
	"/var/lib/vfio-early/" KERNEL ".digest: changed\n"                                         \
	"/var/lib/vfio-early/" KERNEL ".protected: new\n"
#define REBOOT      "\nReboot, then run:\n  vfio-earlyctl status\n"
#define NEXT_VM     REBOOT "  vfio-earlyctl vm 01:00\n"
#define NEXT_CARD   NEXT_VM "To undo the changes, run:\n  vfio-earlyctl remove --update 01:00\n"
#define NEXT_ALL    NEXT_CARD "  vfio-earlyctl cmdline remove intel_iommu=on\n"
#define NOTHING     "vfio-earlyctl: nothing was changed\n"
#define PUTTING     "vfio-earlyctl: undoing all changes\n"
#define RULES_AGAIN RULES ": restored\n"
#define GRUB_AGAIN  GRUB ": restored\n"
#define AS_IT_WAS   "vfio-earlyctl: all changes were undone\n"
#define GRUB_BACK   "+ update-grub\nupdate-grub stand-in: quiet\n"
#define OFFERED_IN(g0, g14, g15, g16, g17)                                                         \
	"Devices by IOMMU group; those of one group can only go to the same VM:\n"                 \
	"NUMBER GROUP DEVICE KIND MODEL                           DRIVER   USE\n"                  \
	"1      " g0 "00:02  GPU  Intel Device 4680               i915     boot console\n"         \
	"2      " g14 "01:00  GPU  GeForce GTX 1070                nouveau  \n"                    \
	"3      " g17 "04:00  USB  AMD X370 Series Chipset USB 3.1 xhci_hcd \n"                    \
	"4      " g17 "05:00  SATA AMD X370 Series Chipset         ahci     \n"                    \
	"       " g15 "02:00  NVMe Samsung SM981/PM981/PM983       nvme     root disk\n"           \
	"       " g16 "03:00  NIC  Intel I210 Gigabit              igb      network\n"
#define OFFERED               OFFERED_IN("0     ", "14    ", "15    ", "16    ", "17    ")
#define OFFERED_WITHOUT_IOMMU OFFERED_IN("      ", "      ", "      ", "      ", "      ")
#define ASKED                 "Numbers of the devices to reserve for VMs, or none: "

#define ALONE                                                                                             \
	"vfio-earlyctl: warning: 04:00.0 can't be passed through alone: IOMMU group 17 also has 05:00.0 " \
	"(ahci)\n"
#define REST "Reserve the rest of the group for VMs as well? [y/N] "
#define SHOWN_GROUP                                                                                \
	"\nChanges:\n--- /dev/null\n+++ " RULES "\n@@ -0,0 +1,2 @@\n"                              \
	"+# 0000:04:00.* USB controller: Advanced Micro Devices, Inc. [AMD] X370 Series "          \
	"Chipset USB 3.1 xHCI Controller\n+00:1d.0/00.* id=1022:43b9 group\n"                      \
	"then: update-initramfs -u -k all\n"
#define INTERRUPTED "\nvfio-earlyctl: interrupted; nothing was changed\n"

	/* What is done, and how it is asked for. */
	{ .name = "a dry run",
	  .host = { .name = "host-without-iommu" },
	  .words = { "--dry-run", "01:00" },
	  .says = SHOWN_ALL },
	{ .name = "all of it, by arguments",
	  .host = { .name = "host-without-iommu" },
	  .words = { "--yes", "01:00" },
	  .says = SHOWN_ALL WROTE_GRUB RULES ": new\n" RAN_GRUB HAS_IT RAN_INITRD NEXT_ALL,
	  .rules = CARD,
	  .cmdline = ON },
	{ .name = "an older kernel that can be the default",
	  .host = { .name = "host", .tree = OLDER_KERNEL },
	  .words = { "--yes", "01:00" },
	  .says = IS_ON SHOWN_CARD RULES ": new\n" RAN_INITRD NEXT_CARD,
	  .rules = CARD,
	  .cmdline = QUIET },
	{ .name = "an older kernel's image is from before the rules",
	  .host = { .name = "host",
		    .stale = true,
		    .tree = OLDER_KERNEL "line var/lib/vfio-early/" OLDER ".digest " SHA256 "\n" },
	  .typed = "\ny\n",
	  .says = IS_ON OFFERED ASKED
	  "\nthen: update-initramfs -u -k all\nMake these changes? [y/N] " RAN_INITRD REBOOT,
	  .rules = "",
	  .cmdline = QUIET },
	{ .name = "where dracut makes the images",
	  .host = { .name = "host", .dracut = true },
	  .words = { "--yes", "01:00" },
	  .says = IS_ON SHOWN_DRACUT RULES ": new\n" RAN_DRACUT NEXT_CARD,
	  .rules = CARD,
	  .cmdline = QUIET },
	{ .name = "rules below others, without a backup",
	  .host = { .name = "host", .tree = "line etc/vfio-early.conf # mine\n" },
	  .words = { "--yes", "01:00" },
	  .says = IS_ON "\nChanges:\n--- " RULES "\n+++ " RULES "\n@@ -1 +1,4 @@\n # mine\n+\n"
			"+# 0000:01:00.* VGA compatible controller: NVIDIA Corporation GP104 "
			"[GeForce GTX 1070]\n+00:01.0/00.* id=10de:1b81\n"
			"then: update-initramfs -u -k all\n" RULES
			": changed\n" RAN_INITRD NEXT_CARD,
	  .rules = "# mine\n\n" CARD,
	  .cmdline = QUIET },
	{ .name = "what stopped half-way before is done to its end",
	  .host = { .name = "host-without-iommu",
		    .stale = true,
		    .tree = "remove etc/default/grub\nline etc/default/grub "
			    "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on\"\n"
			    "line etc/vfio-early.conf 00:01.0/00.* id=10de:1b81\n" },
	  .words = { "--yes", "01:00" },
	  .says = "warning: Kernel command line\n"
		  "  /boot/grub/grub.cfg:2: lacks 'intel_iommu=on'; 'update-grub' regenerates it\n"
		  "warning: Rules\n"
		  "  2 of the devices that rules name will not be bound at the next boot\n"
		  "  fix: Run 'vfio-earlyctl check', which shows why\n"
		  "intel_iommu=on: is in /etc/default/grub:1 already\n"
		  "0000:01:00.0 (NVIDIA GP104 [GeForce GTX 1070]) has a rule already: " RULES
		  ":1\n0000:01:00.1 (NVIDIA GP104 High Definition Audio Controller) has a rule "
		  "already: " RULES ":1\n" LATER
		  "\nthen: update-grub\nthen: update-initramfs -u -k all\n" RAN_GRUB HAS_IT
			  RAN_INITRD NEXT_VM,
	  .rules = "00:01.0/00.* id=10de:1b81\n",
	  .cmdline = QUIET },
	{ .name = "numbers, and a yes",
	  .host = { .name = "host" },
	  .typed = "2\ny\n",
	  .says = IS_ON OFFERED ASKED SHOWN_CARD "Make these changes? [y/N] " RULES
						 ": new\n" RAN_INITRD NEXT_CARD,
	  .rules = CARD,
	  .cmdline = QUIET },
	{ .name = "numbers that there are not",
	  .host = { .name = "host" },
	  .typed = "5\nx\n1 2x\n0\n 2,\nn\n",
	  .says = IS_ON OFFERED ASKED "Found '5', expected numbers from 1 to 4.\n" ASKED
				      "Found 'x', expected numbers from 1 to 4.\n" ASKED
				      "Found '2x', expected numbers from 1 to 4.\n" ASKED
				      "Found '0', expected numbers from 1 to 4.\n" ASKED SHOWN_CARD
				      "Make these changes? [y/N] " NOTHING,
	  .status = 2 },
	{ .name = "the end of input for a number",
	  .host = { .name = "host" },
	  .typed = "\004",
	  .says = IS_ON OFFERED ASKED "\n" NOTHING,
	  .status = 2 },
	{ .name = "the end of input for a yes",
	  .host = { .name = "host" },
	  .words = { "01:00" },
	  .typed = "\004",
	  .says = IS_ON SHOWN_CARD "Make these changes? [y/N] \n" NOTHING,
	  .status = 2 },
	{ .name = "an empty line is no yes",
	  .host = { .name = "host" },
	  .words = { "01:00" },
	  .typed = "\n",
	  .says = IS_ON SHOWN_CARD "Make these changes? [y/N] " NOTHING,
	  .status = 2 },
	{ .name = "none chosen, and nothing to do",
	  .host = { .name = "host" },
	  .typed = "\n",
	  .says = IS_ON OFFERED ASKED "Nothing to do: all of it is set already.\n" REBOOT },
	{ .name = "whiptail",
	  .host = { .name = "host", .whiptail = "echo 01:00 >&3\n" },
	  .typed = "y\n",
	  .list = true,
	  .says = IS_ON
	  "whiptail stand-in: --title vfio-earlyctl --separate-output --output-fd 3 "
	  "--checklist -- Which devices to reserve for VMs? Devices of one group can only go to "
	  "the same VM. Devices that the host needs are not in the list. 0 0 0 "
	  "00:02 group 0: GPU Intel Device 4680, boot console off "
	  "01:00 group 14: GPU GeForce GTX 1070 off "
	  "04:00 group 17: USB AMD X370 Series Chipset USB 3.1 off "
	  "05:00 group 17: SATA AMD X370 Series Chipset off\n" SHOWN_CARD
	  "Make these changes? [y/N] " RULES ": new\n" RAN_INITRD NEXT_CARD,
	  .rules = CARD,
	  .cmdline = QUIET },

/* What the host uses and does not need. */
#define DATA_DISK "disk sdb 8:16 0000:05:00.0/ata1/host0\nmount 8:16 /srv ext4 /dev/sdb\n"
#define LACKS_SRV                                                                                          \
	"vfio-earlyctl: warning: 0000:05:00.0 (AMD X370 Series Chipset SATA Controller) is in use by the " \
	"host; without it the host lacks /srv (ext4 on /dev/sdb)\n"
#define DIFF_SATA                                                                                  \
	"--- /dev/null\n+++ " RULES "\n@@ -0,0 +1,2 @@\n+# 0000:05:00.* SATA controller: "         \
	"Advanced Micro Devices, Inc. [AMD] X370 Series Chipset SATA Controller\n"                 \
	"+00:1d.4/00.* id=1022:43b5\n"
	{ .name = "a used device of the group of one from the list",
	  .host = { .name = "host", .tree = DATA_DISK, .whiptail = "echo 04:00 >&3\n" },
	  .words = { "--group" },
	  .typed = "n\n",
	  .list = true,
	  .says = IS_ON
	  "whiptail stand-in: --title vfio-earlyctl --separate-output --output-fd 3 "
	  "--checklist -- Which devices to reserve for VMs? Devices of one group can only go to "
	  "the same VM. Devices that the host needs are not in the list. 0 0 0 "
	  "00:02 group 0: GPU Intel Device 4680, boot console off "
	  "01:00 group 14: GPU GeForce GTX 1070 off "
	  "04:00 group 17: USB AMD X370 Series Chipset USB 3.1 off "
	  "05:00 group 17: SATA AMD X370 Series Chipset, in use by the host off\n" LACKS_SRV
	  "\nChanges:\n--- /dev/null\n+++ " RULES "\n@@ -0,0 +1,2 @@\n"
	  "+# 0000:04:00.* USB controller: Advanced Micro Devices, Inc. [AMD] X370 Series "
	  "Chipset USB 3.1 xHCI Controller\n+00:1d.0/00.* id=1022:43b9 group\n"
	  "then: update-initramfs -u -k all\nMake these changes? [y/N] " NOTHING,
	  .status = 2 },
	{ .name = "a used device, before there are groups",
	  .host = { .name = "host-without-iommu", .tree = DATA_DISK },
	  .words = { "--dry-run", "05:00" },
	  .says = LACKS_SRV LATER "\nChanges:\n" DIFF_GRUB DIFF_SATA
				  "then: update-grub\nthen: update-initramfs -u -k all\n" },

	{ .name = "another host",
	  .host = { .name = "host-without-iommu" },
	  .elsewhere = true,
	  .typed = "2\ny\n",
	  .says = OFFERED_WITHOUT_IOMMU ASKED SHOWN_ALL
	  "Make these changes? [y/N] " WROTE_GRUB RULES ": new\n"
	  "vfio-earlyctl: the change has no effect before 'update-grub' on that host\n"
	  "vfio-earlyctl: the rules take effect after 'update-initramfs -u -k all' on that "
	  "host\n",
	  .status = 2,
	  .rules = CARD,
	  .cmdline = ON },

	/* What is refused. */
	{ .name = "no device, and no terminal",
	  .host = { .name = "host" },
	  .says = IS_ON "vfio-earlyctl: setup: no device given, and no terminal to ask on; "
			"'vfio-earlyctl list' shows them\n",
	  .status = 1 },
	{ .name = "no terminal for a yes",
	  .host = { .name = "host" },
	  .words = { "01:00" },
	  .says = IS_ON SHOWN_CARD "vfio-earlyctl: setup: no terminal to ask on, expected --yes; "
				   "nothing was changed\n",
	  .status = 1 },
	{ .name = "a protected device",
	  .host = { .name = "host" },
	  .words = { "--yes", "01:00", "nvme0n1" },
	  .says = IS_ON "vfio-earlyctl: 0000:02:00.0 (Samsung NVMe SSD Controller "
			"SM981/PM981/PM983) is in use by the host: / (ext4 on /dev/nvme0n1)\n"
			"  fix: Choose a device that 'vfio-earlyctl list' shows as free; 'add "
			"--force' takes this one from the host\n" NOTHING,
	  .status = 2 },
	{ .name = "a kernel that GRUB would start without an image",
	  .host = { .name = "host-without-iommu", .stale = true, .tree = IMAGELESS_KERNEL },
	  .words = { "--yes", "01:00" },
	  .says = "warning: Kernel command line\n  kernel " OLDER
		  " has no image, so 'update-grub' would add "
		  "an entry that starts it without one; run 'update-initramfs -c -k " OLDER
		  "' first\n" LATER "vfio-earlyctl: kernel " OLDER
		  " has no image, so 'update-grub' would add an entry "
		  "that starts it without one; run 'update-initramfs -c -k " OLDER "' first\n",
	  .status = 1 },
	{ .name = "a kernel that would not get the rules",
	  .host = { .name = "host", .stale = true, .tree = IMAGELESS_KERNEL },
	  .words = { "--yes", "01:00" },
	  .says = "warning: Kernel command line\n  kernel " OLDER
		  " has no image, so 'update-grub' would add "
		  "an entry that starts it without one; run 'update-initramfs -c -k " OLDER
		  "' first\n" IS_ON "vfio-earlyctl: kernel " OLDER
		  " has no image; run 'update-initramfs -c -k " OLDER
		  "' first; nothing was changed\n",
	  .status = 1 },
	{ .name = "none can be chosen",
	  .host = { .name = "host",
		    .tree = "line etc/vfio-early.conf !class=03\n"
			    "line etc/vfio-early.conf !class=04\n"
			    "line etc/vfio-early.conf !class=0c\n"
			    "line etc/vfio-early.conf !class=0106\n" },
	  .typed = "",
	  .says = IS_ON
	  "Devices by IOMMU group; those of one group can only go to the same VM:\n"
	  "NUMBER GROUP DEVICE KIND MODEL                           DRIVER   USE\n"
	  "       0     00:02  GPU  Intel Device 4680               i915     excluded by a rule, "
	  "boot console\n"
	  "       14    01:00  GPU  GeForce GTX 1070                nouveau  excluded by a rule\n"
	  "       15    02:00  NVMe Samsung SM981/PM981/PM983       nvme     root disk\n"
	  "       16    03:00  NIC  Intel I210 Gigabit              igb      network\n"
	  "       17    04:00  USB  AMD X370 Series Chipset USB 3.1 xhci_hcd excluded by a rule\n"
	  "       17    05:00  SATA AMD X370 Series Chipset         ahci     excluded by a rule\n"
	  "None of them can be chosen.\nNothing to do: all of it is set already.\n" REBOOT },
	{ .name = "a part of a group",
	  .host = { .name = "host" },
	  .words = { "--dry-run", "04:00" },
	  .says = IS_ON
	  "vfio-earlyctl: warning: 04:00.0 can't be passed through alone: IOMMU group 17 also has "
	  "05:00.0 (ahci)\n"
	  "'vfio-earlyctl setup --group' reserves the rest of the group as well.\n"
	  "\nChanges:\n--- /dev/null\n+++ " RULES
	  "\n@@ -0,0 +1,2 @@\n+# 0000:04:00.* USB controller: Advanced Micro Devices, Inc. "
	  "[AMD] X370 Series Chipset USB 3.1 xHCI Controller\n"
	  "+00:1d.0/00.* id=1022:43b9\nthen: update-initramfs -u -k all\n" },
	{ .name = "the rest of a group, after a yes",
	  .host = { .name = "host" },
	  .words = { "04:00" },
	  .typed = "y\ny\n",
	  .says = IS_ON ALONE REST SHOWN_GROUP
	  "Make these changes? [y/N] " RULES ": new\n" RAN_INITRD REBOOT
	  "  vfio-earlyctl vm 04:00\nTo undo the changes, run:\n"
	  "  vfio-earlyctl remove --update 04:00\n",
	  .rules = "# 0000:04:00.* USB controller: Advanced Micro Devices, Inc. [AMD] X370 Series "
		   "Chipset USB 3.1 xHCI Controller\n00:1d.0/00.* id=1022:43b9 group\n",
	  .cmdline = QUIET },
	{ .name = "the boot console",
	  .host = { .name = "host" },
	  .words = { "--dry-run", "00:02" },
	  .says = IS_ON
	  "vfio-earlyctl: warning: 0000:00:02.0 (Intel Device 4680) shows the boot console, so the host's "
	  "screen stays dark from the next boot on\n  fix: Make sure that you can log in over "
	  "the network\n\nChanges:\n--- /dev/null\n+++ " RULES "\n@@ -0,0 +1,2 @@\n+# 0000:00:02.* VGA "
	  "compatible controller: Intel Corporation Device 4680\n+00:02.* id=8086:4680\n"
	  "then: update-initramfs -u -k all\n" },
	{ .name = "no such device",
	  .host = { .name = "host" },
	  .words = { "--yes", "09:00" },
	  .says = IS_ON "vfio-earlyctl: 09:00: no such device; 'vfio-earlyctl list' shows them\n",
	  .status = 1 },
	{ .name = "what only the firmware can fix",
	  .host = { .name = "host-without-iommu",
		    .tree = "remove sys/firmware/acpi/tables/DMAR\n" },
	  .words = { "--yes", "01:00" },
	  .says = "error: IOMMU\n"
		  "  The firmware describes no IOMMU: it has neither an ACPI table DMAR (Intel) nor "
		  "IVRS (AMD)\n"
		  "  fix: Switch VT-d or IOMMU on in the firmware's setup\n"
		  "vfio-earlyctl: nothing was changed; fix the problems above, then run "
		  "'vfio-earlyctl setup' again\n",
	  .status = 2 },
	{ .name = "the IOMMU is off by somebody's will",
	  .host = { .name = "host-without-iommu",
		    .tree = "line etc/default/grub GRUB_CMDLINE_LINUX=iommu=off\n" },
	  .words = { "--yes", "01:00" },
	  .says = "warning: Kernel command line\n"
		  "  /boot/grub/grub.cfg:2: lacks 'iommu=off'; 'update-grub' regenerates it\n"
		  "vfio-earlyctl: /etc/default/grub:2: found 'iommu=off', which switches the IOMMU off; if "
		  "you do not need it, 'vfio-earlyctl cmdline remove iommu=off'\n",
	  .status = 2 },
	{ .name = "rules that are not valid",
	  .host = { .name = "host", .tree = "line etc/vfio-early.conf frob\n" },
	  .words = { "--yes", "01:00" },
	  .says = "error: Rules\n"
		  "  1 line of the rules is not valid, so no image is built\n"
		  "  fix: Run 'vfio-earlyctl check', which shows where\n"
		  "vfio-earlyctl: " RULES ":1:1: found \"frob\", expected an address such as "
		  "01:00.0, an ID such as 10de:1381, or a term or option of vfio-early.conf(5)\n"
		  "vfio-earlyctl: nothing was changed; no image is built as long as the rules have errors\n",
	  .status = 3 },

	/* What does not come to its end. */
	{ .name = "update-grub fails",
	  .host = { .name = "host-without-iommu", .grub = ONCE("grub", "exit 3") },
	  .words = { "--yes", "01:00" },
	  .says = SHOWN_ALL WROTE_GRUB RULES
	  ": new\n" RAN_GRUB
	  "vfio-earlyctl: update-grub: found exit status 3, expected 0; the change has no "
	  "effect before that\n" PUTTING RULES_AGAIN GRUB_AGAIN GRUB_BACK AS_IT_WAS,
	  .status = 1 },
	{ .name = "update-initramfs fails",
	  .host = { .name = "host-without-iommu", .initramfs = ONCE("initramfs", "exit 4") },
	  .words = { "--yes", "01:00" },
	  .says = SHOWN_ALL WROTE_GRUB RULES
	  ": new\n" RAN_GRUB HAS_IT RAN_INITRD
	  "vfio-earlyctl: update-initramfs: exit status 4\n" CHANGED_FILES PUTTING RULES_AGAIN GRUB_AGAIN
		  GRUB_BACK RAN_INITRD AS_IT_WAS,
	  .status = 1 },
	{ .name = "update-initramfs fails half-way",
	  .host = { .name = "host-without-iommu",
		    .tree = OLDER_KERNEL,
		    .grub = ONCE("grub", "echo " KERNEL " > /tmp/fails") },
	  .words = { "--yes", "01:00" },
	  .says = SHOWN_ALL WROTE_GRUB RULES
	  ": new\n" RAN_GRUB HAS_IT RAN_INITRD
	  "vfio-earlyctl: update-initramfs: exit status 4\n"
	  "/boot/initrd.img-" KERNEL ": not changed\n"
	  "/var/lib/vfio-early/" KERNEL ".digest: not changed\n"
	  "/boot/initrd.img-" OLDER ": changed\n"
	  "/var/lib/vfio-early/" OLDER ".digest: changed\n"
	  "/var/lib/vfio-early/" OLDER ".protected: new\n" PUTTING RULES_AGAIN GRUB_AGAIN
		  GRUB_BACK RAN_INITRD AS_IT_WAS,
	  .status = 1 },
	{ .name = "dracut fails",
	  .host = { .name = "host", .dracut = true, .initramfs = ONCE("dracut", "exit 4") },
	  .words = { "--yes", "01:00" },
	  .says = IS_ON SHOWN_DRACUT RULES
	  ": new\n" RAN_DRACUT
	  "vfio-earlyctl: dracut: exit status 4\n" CHANGED_FILES PUTTING RULES_AGAIN RAN_DRACUT AS_IT_WAS,
	  .status = 1 },
	{ .name = "update-initramfs leaves the rules out",
	  .host = { .name = "host", .initramfs = ONCE("initramfs", "rm /var/lib/vfio-early/*") },
	  .words = { "--yes", "01:00" },
	  .says = IS_ON SHOWN_CARD RULES
	  ": new\n" RAN_INITRD "vfio-earlyctl: kernel " KERNEL
	  ": after 'update-initramfs -u -k all' its image still lacks the current rules; "
	  "'vfio-earlyctl image " KERNEL "' tells more\n" PUTTING RULES_AGAIN RAN_INITRD AS_IT_WAS,
	  .status = 1 },
	{ .name = "update-initramfs leaves the rules out of an older kernel's image",
	  .host = { .name = "host",
		    .tree = OLDER_KERNEL,
		    .initramfs = ONCE("initramfs",
				      "echo " SHA256 " > /var/lib/vfio-early/" OLDER ".digest") },
	  .words = { "--yes", "01:00" },
	  .says = IS_ON SHOWN_CARD RULES
	  ": new\n" RAN_INITRD "vfio-earlyctl: kernel " OLDER
	  ": after 'update-initramfs -u -k all' its image still lacks the current rules; "
	  "'vfio-earlyctl image " OLDER "' tells more\n" PUTTING RULES_AGAIN RAN_INITRD AS_IT_WAS,
	  .status = 1 },
	{ .name = "a signal while update-grub runs",
	  .host = { .name = "host-without-iommu", .grub = ONCE("grub", "kill -TERM $PPID") },
	  .words = { "--yes", "01:00" },
	  .says = SHOWN_ALL WROTE_GRUB RULES
	  ": new\n" RAN_GRUB HAS_IT
	  "vfio-earlyctl: stopped by signal 15 (Terminated)\n" PUTTING RULES_AGAIN GRUB_AGAIN
		  GRUB_BACK AS_IT_WAS,
	  .status = 1 },
	{ .name = "a signal while update-initramfs runs",
	  .host = { .name = "host-without-iommu",
		    .initramfs = ONCE("initramfs", "kill -HUP $PPID") },
	  .words = { "--yes", "01:00" },
	  .says = SHOWN_ALL WROTE_GRUB RULES
	  ": new\n" RAN_GRUB HAS_IT RAN_INITRD
	  "vfio-earlyctl: stopped by signal 1 (Hangup)\n" PUTTING RULES_AGAIN GRUB_AGAIN GRUB_BACK
		  RAN_INITRD AS_IT_WAS,
	  .status = 1 },
	{ .name = "^C twice while update-initramfs runs",
	  .host = { .name = "host",
		    .initramfs =
			    "kill -INT 0; [ -e /tmp/once ] || { : > /tmp/once; sleep 20; }\n" },
	  .words = { "--yes", "01:00" },
	  /* The second is for the run that puts things back, and must not count there. */
	  .typed = "",
	  .says = IS_ON SHOWN_CARD RULES
	  ": new\n" RAN_INITRD
	  "vfio-earlyctl: update-initramfs: exit status 130\n" CHANGED_FILES PUTTING RULES_AGAIN RAN_INITRD
		  AS_IT_WAS,
	  .status = 1 },
	{ .name = "a backup of earlier days",
	  .host = { .name = "host-without-iommu",
		    .tree = "line etc/default/grub" BAK " earlier\n"
			    "line etc/vfio-early.conf # mine\n"
			    "line etc/vfio-early.conf" BAK " mine\n",
		    .grub = ONCE("grub", "exit 3") },
	  .words = { "--yes", "05:00" },
	  .says = LATER
	  "\nChanges:\n" DIFF_GRUB "--- " RULES "\n+++ " RULES
	  "\n@@ -1 +1,4 @@\n # mine\n+\n+# 0000:05:00.* SATA controller: Advanced Micro "
	  "Devices, Inc. [AMD] X370 Series Chipset SATA Controller\n"
	  "+00:1d.4/00.* id=1022:43b5\nthen: update-grub\nthen: update-initramfs -u -k all\n" WROTE_GRUB
		  RULES ": changed\n" RAN_GRUB
	  "vfio-earlyctl: update-grub: found exit status 3, expected 0; the change has no "
	  "effect before that\n" PUTTING RULES_AGAIN GRUB_AGAIN GRUB_BACK AS_IT_WAS,
	  .status = 1 },
};

/* With the sanitizers, which need the real /proc. */
static void become_elsewhere(const struct play *play, char *const *environment)
{
	const char *argv[WORDS_MAX + 5] = { "vfio-earlyctl", "--root", setuphost_root, "setup" };
	char program[PATH_MAX];

	memcpy(argv + 4, play->words, sizeof(play->words));
	snprintf(program, sizeof(program), "%s/sanitized/vfio-earlyctl", files_build());
	execve(program, (char *const *)argv, environment);
	_exit(127);
}

static void become(const struct play *play, char *const *environment)
{
	const char *argv[WORDS_MAX + 3] = { "vfio-earlyctl", "setup" };

	memcpy(argv + 2, play->words, sizeof(play->words));
	alarm(LIMIT_S);
	if (play->elsewhere)
		become_elsewhere(play, environment);
	setuphost_enter();
	execve(SETUPHOST_PROGRAM, (char *const *)argv, environment);
	_exit(127);
}

/* Starts it with a terminal for all, or with a pipe that says all. The end to read from. */
static int start(const struct play *play, pid_t *child)
{
	char *const environment[] = { "LC_ALL=C.UTF-8", "NO_COLOR=1",
				      play->list ? "TERM=linux" : "TERM=dumb",
				      "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/bin", NULL };
	struct winsize size = { .ws_row = 50, .ws_col = 400 };
	struct termios quiet;
	int ends[2];

	memset(&quiet, 0, sizeof(quiet));
	cfmakeraw(&quiet);
	quiet.c_lflag |= ICANON | ISIG;
	quiet.c_cc[VEOF] = 4;
	quiet.c_cc[VINTR] = 3;
	if (play->typed)
		assert_int_equal(openpty(&ends[0], &ends[1], NULL, &quiet, &size), 0);
	else
		assert_int_equal(pipe(ends), 0);
	*child = fork();
	if (*child == 0) {
		close(ends[0]);
		if (play->typed && login_tty(ends[1]) < 0)
			_exit(126);
		if (!play->typed) {
			dup2(ends[1], 1);
			dup2(ends[1], 2);
			close(0);
			open("/dev/null", O_RDONLY);
		}
		become(play, environment);
	}
	close(ends[1]);
	return ends[0];
}

static char *read_all(int fd)
{
	char *text = malloc(OUTPUT_MAX);
	size_t used = 0;
	ssize_t got;

	/* A terminal whose other side was closed reads EIO. */
	while ((got = read(fd, text + used, OUTPUT_MAX - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	close(fd);
	return text;
}

static int await(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void check_same(const char *expected, const char *got)
{
	if (strcmp(expected, got) == 0)
		return;
	diff_show(expected, got);
	fail();
}

static void check_file(const char *path, const char *expected)
{
	char *text = setuphost_read(path);

	check_same(expected, text ? text : "");
	free(text);
}

/* Whatever kernel the bootloader starts, its image has the rules. */
static void check_older(const struct play *play)
{
	char *text = setuphost_read("/boot/initrd.img-" OLDER);

	if (text && !strstr(text, play->rules))
		fail_msg("the image of " OLDER ": %s", text);
	free(text);
}

static char *play_out(const struct play *play, int *status)
{
	pid_t child;
	int fd = start(play, &child);
	char *said;

	if (play->typed)
		assert_int_equal(write(fd, play->typed, strlen(play->typed)), strlen(play->typed));
	said = read_all(fd);
	*status = await(child);
	return said;
}

static void check_end(const struct play *play, const char *before)
{
	char *after = setuphost_record();

	if (!play->rules) {
		check_same(before, after);
	} else {
		check_file(RULES, play->rules);
		check_file(GRUB, play->cmdline);
		check_older(play);
		assert_null(strstr(after, RULES BAK));
	}
	free(after);
}

static void test_play(void **state)
{
	const struct play *play = *state;
	char *before, *said;
	int status;

	setuphost_make(&play->host, "setup");
	before = setuphost_record();
	said = play_out(play, &status);
	check_same(play->says, said);
	assert_int_equal(status, play->status);
	check_end(play, before);
	free(said);
	free(before);
}

/* Once done, all is so. */
static void test_again(void **state)
{
	const struct play play = { .host.name = "host-without-iommu",
				   .words = { "--yes", "01:00" } };
	char *before, *said;
	int status;

	(void)state;
	setuphost_make(&play.host, "setup");
	free(play_out(&play, &status));
	assert_int_equal(status, 0);
	before = setuphost_record();
	said = play_out(&play, &status);
	assert_non_null(strstr(said, "Nothing to do: all of it is set already.\n" NEXT_VM));
	assert_int_equal(status, 0);
	check_end(&play, before);
	free(said);
	free(before);
}

/* Reads what comes until a text was there. */
static void read_until(int fd, char *said, const char *wanted)
{
	size_t used = strlen(said), from = used;
	ssize_t got;

	while (!strstr(said + from, wanted)) {
		got = read(fd, said + used, OUTPUT_MAX - 1 - used);
		if (got <= 0)
			fail_msg("waiting for '%s', found: %s", wanted, said);
		used += (size_t)got;
		said[used] = '\0';
	}
}

static void type(int fd, const char *keys)
{
	assert_int_equal(write(fd, keys, strlen(keys)), strlen(keys));
}

static void test_interrupt(void **state)
{
	const struct play play = { .host.name = "host", .typed = "", .words = { "01:00" } };
	char *before, *said = calloc(OUTPUT_MAX, 1);
	pid_t child;
	int fd;

	(void)state;
	setuphost_make(&play.host, "setup");
	before = setuphost_record();
	fd = start(&play, &child);
	read_until(fd, said, "Make these changes? [y/N] ");
	type(fd, "\003");
	read_until(fd, said, INTERRUPTED);
	assert_int_equal(await(child), 128 + SIGINT);
	close(fd);
	check_end(&play, before);
	free(before);
	free(said);
}

/* The rule that is there gets the option. */
static void test_group_of_rule(void **state)
{
	const struct play play = { .host = { .name = "host",
					     .tree = "line etc/vfio-early.conf 04:00 # mine\n" },
				   .words = { "04:00" },
				   .typed = "y\ny\n" };
	char *said;
	int status;

	(void)state;
	setuphost_make(&play.host, "setup");
	said = play_out(&play, &status);
	assert_non_null(strstr(said, "Controller) has a rule already: " RULES ":1\n" ALONE REST));
	assert_non_null(strstr(said, "\n-04:00 # mine\n+04:00 group # mine\nthen: "));
	assert_int_equal(status, 0);
	check_file(RULES, "04:00 group # mine\n");
	free(said);
}

/* Debian's own whiptail: down, mark, on to the button, press it. */
static void test_real_whiptail(void **state)
{
	const struct play play = { .host.name = "host", .typed = "", .list = true };
	char *said = calloc(OUTPUT_MAX, 1);
	pid_t child;
	int fd;

	(void)state;
	setuphost_make(&play.host, "setup");
	fd = start(&play, &child);
	read_until(fd, said, "<Cancel>");
	type(fd, "\033[B \t\r");
	read_until(fd, said, SHOWN_CARD "Make these changes? [y/N] ");
	type(fd, "y\n");
	read_until(fd, said, NEXT_CARD);
	assert_int_equal(await(child), 0);
	close(fd);
	check_file(RULES, CARD);
	free(said);
}

static void test_real_whiptail_cancel(void **state)
{
	const struct play play = { .host.name = "host", .typed = "", .list = true };
	char *before, *said = calloc(OUTPUT_MAX, 1);
	pid_t child;
	int fd;

	(void)state;
	setuphost_make(&play.host, "setup");
	before = setuphost_record();
	fd = start(&play, &child);
	read_until(fd, said, "<Cancel>");
	type(fd, "\t\t\r");
	read_until(fd, said, NOTHING);
	assert_int_equal(await(child), 2);
	close(fd);
	check_end(&play, before);
	free(before);
	free(said);
}

/* Somebody writes rules while the person thinks. */
static void test_changed_meanwhile(void **state)
{
	const struct play play = { .host.name = "host", .typed = "", .words = { "01:00" } };
	char path[PATH_MAX], *said = calloc(OUTPUT_MAX, 1);
	pid_t child;
	int fd;

	(void)state;
	setuphost_make(&play.host, "setup");
	fd = start(&play, &child);
	read_until(fd, said, "Make these changes? [y/N] ");
	files_path(path, "%s" RULES, setuphost_root);
	assert_int_equal(files_write(path, "# mine\n"), 0);
	type(fd, "y\n");
	read_until(fd, said,
		   "vfio-earlyctl: " RULES ": was changed meanwhile; nothing was changed\n");
	assert_int_equal(await(child), 1);
	close(fd);
	check_file(RULES, "# mine\n");
	free(said);
}

/* Another vfio-earlyctl is at work. */
static void test_lock_held(void **state)
{
	const struct play play = { .host.name = "host", .words = { "--yes", "01:00" } };
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX], *before, *said;
	int fd, status;

	(void)state;
	setuphost_make(&play.host, "setup");
	before = setuphost_record();
	files_path(path, "%s/run/vfio-early/lock", setuphost_root);
	files_make_parents(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	said = play_out(&play, &status);
	assert_non_null(strstr(said, "has held it for 10 seconds; nothing was changed"));
	assert_int_equal(status, 1);
	check_end(&play, before);
	close(fd);
	free(said);
	free(before);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(plays) / sizeof(*plays) + 7];
	size_t count = sizeof(plays) / sizeof(*plays);

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ plays[i].name, test_play, NULL, NULL,
						(void *)&plays[i] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_again);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_interrupt);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_group_of_rule);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_real_whiptail);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_real_whiptail_cancel);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_changed_meanwhile);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_lock_held);
	return _cmocka_run_group_tests("setup", tests, count, NULL, NULL);
}
