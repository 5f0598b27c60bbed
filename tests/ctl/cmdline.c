/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmdline and enable-iommu on described hosts: what they say, and what they change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "run.h"

#define FILES_MAX 9
#define ARGS_MAX  8

#define VARIABLES "sys/firmware/efi/efivars/"
#define INFO      VARIABLES "LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define SELECTED  VARIABLES "LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define BAK       ".vfio-early.bak"

#define GRUB(value)                                                                                \
	{                                                                                          \
		"etc/default/grub", "GRUB_TIMEOUT=5\n" D "=\"" value "\"\n"                        \
	}
#define D       "GRUB_CMDLINE_LINUX_DEFAULT"
#define OWN     "etc/default/grub.d/zz-vfio-early.cfg"
#define OWN_NEW "/" OWN ": new\n"
#define COMMENT                                                                                    \
	"# Kernel words, added by 'vfio-earlyctl cmdline add'; update-grub reads this file.\n"
#define GRUB_OWN(words)                                                                            \
	{                                                                                          \
		OWN, COMMENT D "=\"$" D " " words "\"\n"                                           \
	}
#define UNSAFE                                                                                     \
	", which is not safe in a file that root's shell reads, expected letters, digits and "     \
	"_.,:=/@%+- only; write it into /etc/default/grub by hand\n"
#define BY_GRUB(more)                                                                              \
	{                                                                                          \
		"proc/cmdline", "BOOT_IMAGE=/vmlinuz-6.1 root=/dev/sda1 ro " more "\n"             \
	}
#define GRUB_CFG(more)                                                                             \
	{                                                                                          \
		"boot/grub/grub.cfg", "linux /other\n### BEGIN /etc/grub.d/10_linux ###\n"         \
				      "\tlinux\t/vmlinuz-6.1 root=/dev/sda1 ro  " more "\n"        \
				      "\tlinux\t/vmlinuz-6.1 root=/dev/sda1 ro single \n"          \
				      "### END /etc/grub.d/10_linux ###\n\tlinux /memtest\n"       \
	}

#define BY_SYSTEMD(more)                                                                           \
	{                                                                                          \
		"proc/cmdline", "initrd=\\abc\\6.1\\initrd " more "\n"                             \
	}
#define LOADER                                                                                     \
	{                                                                                          \
		INFO, "systemd-boot 257.8"                                                         \
	}
#define INSTALLER                                                                                  \
	{                                                                                          \
		"usr/bin/kernel-install", ""                                                       \
	}
#define KERNEL(text)                                                                               \
	{                                                                                          \
		"etc/kernel/cmdline", text                                                         \
	}
#define UUIDS                                                                                      \
	{                                                                                          \
		"etc/kernel/proxmox-boot-uuids", "ABCD-1234\n"                                     \
	}
#define KERNEL_ALONE                                                                               \
	{                                                                                          \
		"boot/vmlinuz-6.1", ""                                                             \
	}
#define VMLINUZ                                                                                    \
	KERNEL_ALONE,                                                                              \
	{                                                                                          \
		"boot/initrd.img-6.1", ""                                                          \
	}
#define ENTRY(more)                                                                                \
	{                                                                                          \
		"efi/loader/entries/abc-6.1.conf", "title Debian\nversion 6.1\noptions " more "\n" \
	}
#define ENTRY_OF_OTHERS                                                                            \
	{                                                                                          \
		"efi/loader/entries/other.conf", "version 9\noptions x\n"                          \
	}

#define TWO_UUIDS                                                                                  \
	{                                                                                          \
		"etc/kernel/proxmox-boot-uuids", "0000-BBBB\nABCD-1234\n"                          \
	}
#define ESP(more)                                                                                  \
	{                                                                                          \
		"dev/disk/by-uuid/ABCD-1234/loader/entries/proxmox-6.1.conf",                      \
			"title x\nversion 6.1\noptions " more "\n"                                 \
	}
#define PROXMOX_SHOW                                                                               \
	"systemd-boot by proxmox-boot-tool: it told the firmware that it is 'systemd-boot "        \
	"257.8'.\nWORD RUNNING CONFIGURED SOURCE\n"

/* One is started by systemd-boot, the other by GRUB. */
#define MIXED_ESPS                                                                                 \
	BY_SYSTEMD("root=x iommu=pt a"), LOADER, TWO_UUIDS, KERNEL("root=x iommu=pt a\n"),         \
		KERNEL_ALONE, ESP("root=x iommu=pt a"),                                            \
		{ "dev/disk/by-uuid/0000-BBBB/EFI/proxmox/grubx64.efi", "" },                      \
	{                                                                                          \
		"dev/disk/by-uuid/0000-BBBB/grub/grub.cfg",                                        \
			"### BEGIN /etc/grub.d/10_linux ###\n\tlinux /vmlinuz-6.1 root=x\n"        \
	}

#define SHOW_HEADING "WORD                    RUNNING CONFIGURED SOURCE\n"
#define SHOW_GRUB                                                                                  \
	SHOW_HEADING "BOOT_IMAGE=/vmlinuz-6.1 yes     auto       bootloader\n"                     \
		     "root=/dev/sda1          yes     auto       bootloader\n"                     \
		     "ro                      yes     auto       bootloader\n"

#define NO_ROOT                                                                                    \
	"vfio-earlyctl: /etc/kernel/cmdline: found no root=, expected that of the running "        \
	"kernel, so the next boot would not find its root file system; run '"

#define FROM_THERE "vfio-earlyctl: the change has no effect before '"

#define DMAR                                                                                       \
	{                                                                                          \
		"sys/firmware/acpi/tables/DMAR", ""                                                \
	}
#define IVRS                                                                                       \
	{                                                                                          \
		"sys/firmware/acpi/tables/IVRS", ""                                                \
	}
#define A_GROUP                                                                                    \
	{                                                                                          \
		"sys/kernel/iommu_groups/0/type", "DMA\n"                                          \
	}
#define RELEASE                                                                                    \
	{                                                                                          \
		"proc/sys/kernel/osrelease", "6.1\n"                                               \
	}
#define CONFIG(end)                                                                                \
	{                                                                                          \
		"boot/config-6.1", "CONFIG_X=y\nCONFIG_INTEL_IOMMU_DEFAULT_" end "\nCONFIG_Y=y\n"  \
	}

/*
 * A text "\1" is one with NULs; behind "\2" is what a link leads to; behind "\3" are the words of a
 * unified kernel image.
 */
/* The host was started from an image with words in itself, which lacks one of the files'. */
#define UNIFIED(...)                                                                               \
	{                                                                                          \
		BY_SYSTEMD("b"), LOADER, INSTALLER, KERNEL("b c"), VMLINUZ,                        \
			{ SELECTED, "debian-6.1.efi" },                                            \
			{ "boot/efi/EFI/Linux/debian-6.1.efi", "\3a b" }, __VA_ARGS__              \
	}
#define UNIFIED_LACKS                                                                              \
	"systemd-boot: it told the firmware that it is 'systemd-boot 257.8'.\n"                    \
	"WORD RUNNING CONFIGURED SOURCE\n"                                                         \
	"c    no      yes        /etc/kernel/cmdline:1\n"                                          \
	"warning: /boot/efi/EFI/Linux/debian-6.1.efi: lacks 'c'; "

static const struct play {
	const char *name;
	struct file {
		const char *path, *text;
	} files[FILES_MAX];
	const char *args[ARGS_MAX];
	int status;
	const char *out, *err;
	struct file changed[2]; /* text NULL: there is none */
} plays[] = {
	{ "show: GRUB by BOOT_IMAGE=",
	  { GRUB("quiet a=1"), BY_GRUB("quiet b"), GRUB_CFG("quiet a=1") },
	  { "cmdline" },
	  .out = "GRUB: /proc/cmdline has BOOT_IMAGE=.\n" SHOW_GRUB
		 "b                       yes     no         \n"
		 "quiet                   yes     yes        /etc/default/grub:2\n"
		 "a=1                     no      yes        /etc/default/grub:2\n"
		 "note: a=1: the next boot has it\n" },
	{ "show: some words",
	  { GRUB("quiet a=1"), BY_GRUB("quiet b"), GRUB_CFG("quiet a=1") },
	  { "cmdline", "show", "--raw", "root", "b", "a=1", "quiet=2" },
	  .out = "WORD RUNNING CONFIGURED SOURCE\nroot=/dev/sda1 yes auto bootloader\n"
		 "b yes no \na=1 no yes /etc/default/grub:2\n" },
	{ "show: grub.cfg is older",
	  { GRUB("quiet"), BY_GRUB("quiet"), GRUB_CFG("") },
	  { "cmdline" },
	  .status = 2,
	  .out = "GRUB: /proc/cmdline has BOOT_IMAGE=.\n" SHOW_GRUB
		 "quiet                   yes     yes        /etc/default/grub:2\n"
		 "warning: /boot/grub/grub.cfg:3: lacks 'quiet'; 'update-grub' regenerates it\n" },
	{ "show: grub.cfg lacks a word of ours, which a file may cancel",
	  { GRUB("quiet"),
	    BY_GRUB("quiet a"),
	    GRUB_CFG("quiet"),
	    GRUB_OWN("a"),
	    { "etc/default/grub.d/zzz.cfg", "\n[ b ] && " D "=x\n" } },
	  { "cmdline", "show", "a", "quiet" },
	  .status = 2,
	  .out = "GRUB: /proc/cmdline has BOOT_IMAGE=.\n"
		 "WORD  RUNNING CONFIGURED SOURCE\n"
		 "quiet yes     yes        /etc/default/grub:2\n"
		 "a     yes     yes        /" OWN ":2\n"
		 "warning: /boot/grub/grub.cfg:3: lacks 'a'; 'update-grub' regenerates it, unless "
		 "/etc/default/grub.d/zzz.cfg:2 cancels the word\n" },
	{ "show: words in a line that only a shell can tell",
	  { { "etc/default/grub", "X=\"\n\"\n" D "=\"quiet $X\"\n" },
	    BY_GRUB("quiet b"),
	    GRUB_CFG("quiet b") },
	  { "cmdline", "show", "quiet", "b" },
	  .out = "GRUB: /proc/cmdline has BOOT_IMAGE=.\n"
		 "WORD  RUNNING CONFIGURED SOURCE\n"
		 "quiet yes     yes        /etc/default/grub:3\n"
		 "b     yes     no         \n" },
	{ "show: words outside the quotes",
	  { { "etc/default/grub", D "=\"quiet\" a=1\n" }, BY_GRUB("quiet"), GRUB_CFG("quiet") },
	  { "cmdline", "show", "quiet" },
	  .status = 2,
	  .out = "GRUB: /proc/cmdline has BOOT_IMAGE=.\n"
		 "WORD  RUNNING CONFIGURED SOURCE\n"
		 "quiet yes     yes        /etc/default/grub:1\n"
		 "/etc/default/grub:1: warning: 'a=1' is behind the closing quote and never "
		 "reaches the kernel; write it inside the quotes\n" },
	{ "show: JSON",
	  { KERNEL("a=1 b\n"), BY_SYSTEMD("b"), LOADER, INSTALLER, VMLINUZ, ENTRY("a=1 b") },
	  { "cmdline", "show", "--json", "a", "b" },
	  .out = "{\n   \"version\": \"0.1.0\",\n   \"bootloader\": [\n      {\n         \"name\": \"systemd-boot\",\n"
		 "         \"reason\": \"it told the firmware that it is 'systemd-boot 257.8'\",\n"
		 "         \"refresh\": \"kernel-install add KERNEL /boot/vmlinuz-KERNEL "
		 "/boot/initrd.img-KERNEL\"\n      }\n   ],\n   \"words\": [\n      {\n"
		 "         \"word\": \"a=1\",\n         \"running\": false,\n"
		 "         \"configured\": true,\n         \"source\": \"/etc/kernel/cmdline:1\"\n"
		 "      },\n      {\n         \"word\": \"b\",\n         \"running\": true,\n"
		 "         \"configured\": true,\n         \"source\": \"/etc/kernel/cmdline:1\"\n"
		 "      }\n   ],\n   \"problems\": [\n      {\n         \"level\": \"note\",\n"
		 "         \"where\": null,\n         \"text\": \"a=1: the next boot has it\",\n         \"fix\": null\n"
		 "      }\n   ]\n}\n" },

	/* Which bootloader. */
	{ "GRUB booted, systemd-boot is there as well",
	  { GRUB("a"), BY_GRUB("a"), { INFO, "GRUB 2.12" }, KERNEL("b"), UUIDS },
	  { "cmdline", "add", "--dry-run", "a" },
	  .out = "a: is in /etc/default/grub:2 already\n",
	  .status = 2,
	  .err = "vfio-earlyctl: ESP ABCD-1234: No such file or directory, so what the next boot "
		 "has cannot be told\n" },
	{ "systemd-boot booted, GRUB is there as well: proxmox-boot-tool",
	  { GRUB("a"), BY_SYSTEMD("b"), LOADER, KERNEL("b\n"), UUIDS },
	  { "cmdline", "add", "--dry-run", "c" },
	  .out = "--- /etc/kernel/cmdline\n+++ /etc/kernel/cmdline\n@@ -1 +1 @@\n-b\n+b c\n"
		 "then: proxmox-boot-tool refresh\n" },
	{ "systemd-boot booted, but its variable cannot be seen",
	  { GRUB("a"), BY_SYSTEMD("b"), INSTALLER, KERNEL("b\n") },
	  { "cmdline", "--raw", "show", "b" },
	  .out = "WORD RUNNING CONFIGURED SOURCE\nb yes yes /etc/kernel/cmdline:1\n" },
	{ "nothing tells, only GRUB is there",
	  { GRUB("a"), { "proc/cmdline", "a\n" }, GRUB_CFG("a") },
	  { "cmdline" },
	  .out = "GRUB: there is /etc/default/grub, and nothing of systemd-boot.\n"
		 "WORD RUNNING CONFIGURED SOURCE\na    yes     yes        "
		 "/etc/default/grub:2\n" },
	{ "nothing tells, both are there, but no UEFI",
	  { GRUB("a"), KERNEL("b"), { "proc/cmdline", "a\n" }, GRUB_CFG("a") },
	  { "cmdline" },
	  .out = "GRUB: there is /etc/default/grub, and no /sys/firmware/efi, as systemd-boot "
		 "needs it.\nWORD RUNNING CONFIGURED SOURCE\na    yes     yes        "
		 "/etc/default/grub:2\n" },
	{ "nothing tells, both are there",
	  { GRUB("a"), KERNEL("b"), { "proc/cmdline", "a\n" }, { "sys/firmware/efi/x", "" } },
	  { "cmdline", "add", "c" },
	  .status = 1,
	  .err = "vfio-earlyctl: found /etc/default/grub of GRUB and /etc/kernel/cmdline of "
		 "systemd-boot, and nothing that tells which of them booted this host; change "
		 "their files by hand\n",
	  .changed = { GRUB("a"), KERNEL("b") } },
	{ "another bootloader",
	  { GRUB("a"), BY_SYSTEMD("a"), { INFO, "rEFInd 0.14" } },
	  { "cmdline", "add", "c" },
	  .status = 1,
	  .err = "vfio-earlyctl: the bootloader is 'rEFInd 0.14', expected GRUB or systemd-boot; "
		 "add the words to its configuration by hand\n",
	  .changed = { GRUB("a") } },
	{ "another system's GRUB",
	  { BY_GRUB("a"), KERNEL("b") },
	  { "cmdline", "add", "c" },
	  .status = 1,
	  .err = "vfio-earlyctl: GRUB booted this host, but there is no /etc/default/grub: its "
		 "configuration is another system's\n",
	  .changed = { KERNEL("b") } },
	{ "systemd-boot without kernel-install",
	  { BY_SYSTEMD("a"), LOADER },
	  { "cmdline", "add", "c" },
	  .status = 1,
	  .err = "vfio-earlyctl: systemd-boot booted this host, but there is no kernel-install: "
		 "change 'options' in loader/entries of the EFI system partition by hand\n" },
	{ "no bootloader",
	  { { "proc/cmdline", "a\n" } },
	  { "cmdline" },
	  .status = 2,
	  .out = "WORD RUNNING CONFIGURED SOURCE\na    yes     unknown    \nwarning: found neither "
		 "GRUB nor systemd-boot; add the words where the kernel's command line is set\n" },

	/* add and remove */
	{ "add: two words, in a file of our own",
	  { GRUB("quiet"), BY_GRUB("quiet"), GRUB_CFG("quiet") },
	  { "cmdline", "add", "a=1", "b" },
	  .status = 2,
	  .out = OWN_NEW,
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("quiet"), GRUB_OWN("a=1 b") } },
	{ "add: to our file, without a backup",
	  { GRUB("quiet"), BY_GRUB("quiet"), GRUB_OWN("a") },
	  { "cmdline", "add", "b" },
	  .status = 2,
	  .out = "/" OWN ": changed\n",
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB_OWN("a b"), { OWN BAK, NULL } } },
	{ "add: where only a shell can tell what is there",
	  { { "etc/default/grub", D "=\"$(cat x)\" a=1\nif b; then\n\t" D "=c\nfi\n" },
	    BY_GRUB("quiet") },
	  { "cmdline", "add", "b" },
	  .status = 2,
	  .out = OWN_NEW,
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB_OWN("b") } },
	{ "add: where another value is in a line that only a shell can tell",
	  { { "etc/default/grub", "[ a ] || " D "=\"x intel_iommu=off\"\n" }, BY_GRUB("quiet") },
	  { "cmdline", "add", "intel_iommu=on" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/default/grub:1: found 'intel_iommu=off' in a line that is "
		 "not of the form NAME=\"WORDS\"; change it by hand\n",
	  .changed = { { OWN, NULL } } },
	{ "add: where a file cancels ours",
	  { GRUB("quiet"), BY_GRUB("quiet"), { "etc/default/grub.d/zzz.cfg", D "=\"x\"\n" } },
	  { "cmdline", "add", "a" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/default/grub.d/zzz.cfg:1: this line cancels what is added in "
		 "/" OWN "; write the word there\n",
	  .changed = { { OWN, NULL } } },
	{ "add: where update-grub fails",
	  { { "etc/default/grub", D " = \"quiet\"\n" }, BY_GRUB("quiet") },
	  { "cmdline", "add", "a" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/default/grub:1: found a blank or '+' before '=', so sh takes "
		 "this line for a command and update-grub fails; write " D "=\"WORDS\"\n",
	  .changed = { { OWN, NULL } } },
	{ "add: is there, and so will it be",
	  { GRUB("a_b=1"), BY_GRUB(""), GRUB_CFG("a_b=1") },
	  { "cmdline", "add", "a-b=\"1\"" },
	  .out = "a-b=\"1\": is in /etc/default/grub:2 already\na-b=\"1\": the next boot has it\n",
	  .changed = { GRUB("a_b=1"), { "etc/default/grub" BAK, NULL } } },
	{ "add: is there, but grub.cfg is older",
	  { GRUB("a=1"), BY_GRUB(""), GRUB_CFG("a=2") },
	  { "cmdline", "add", "a=1" },
	  .status = 2,
	  .out = "a=1: is in /etc/default/grub:2 already\n",
	  .err = FROM_THERE "update-grub' on that host\n" },
	{ "add: another value is there",
	  { GRUB("intel_iommu=off"), BY_GRUB(""), GRUB_CFG("") },
	  { "cmdline", "add", "b", "intel_iommu=on" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/default/grub:2: found 'intel_iommu=off', expected none to "
		 "add 'intel_iommu=on' to; --replace puts it in the place of the old one, "
		 "--append keeps both\n",
	  .changed = { GRUB("intel_iommu=off"), { "etc/default/grub" BAK, NULL } } },
	{ "add: in the place of all others",
	  { GRUB("a=1 b a=2 a=3"), BY_GRUB("") },
	  { "cmdline", "--replace", "add", "a=2" },
	  .status = 2,
	  .out = "a=2: is in /etc/default/grub:2 already\n"
		 "/etc/default/grub: changed, the old one is /etc/default/grub" BAK "\n",
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("b a=2") } },
	{ "add: in the place of another, in its file, with a backup",
	  { GRUB("a=1 b"), BY_GRUB("") },
	  { "cmdline", "--replace", "add", "a=2", "c" },
	  .status = 2,
	  .out = "/etc/default/grub: changed, the old one is /etc/default/grub" BAK "\n" OWN_NEW,
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("a=2 b"),
		       { "etc/default/grub" BAK, "GRUB_TIMEOUT=5\n" D "=\"a=1 b\"\n" } } },
	{ "add: beside the others",
	  { GRUB("console=tty0"), BY_GRUB("") },
	  { "cmdline", "--append", "add", "console=ttyS0", "console=ttyS1" },
	  .status = 2,
	  .out = OWN_NEW,
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("console=tty0"), GRUB_OWN("console=ttyS0 console=ttyS1") } },
	{ "add: twice",
	  { GRUB("x"), BY_GRUB("") },
	  { "cmdline", "add", "a=1", "a=2" },
	  .status = 1,
	  .err = "vfio-earlyctl: word 'a=2': found a parameter twice, expected each once\n" },
	{ "add: a new /etc/kernel/cmdline has what was used without it",
	  { BY_SYSTEMD("root=/dev/sda2 quiet"), LOADER, INSTALLER, { "etc/kernel/x", "" } },
	  { "cmdline", "add", "a" },
	  .status = 2,
	  .out = "/etc/kernel/cmdline: new\n",
	  .err = FROM_THERE "kernel-install add KERNEL /boot/vmlinuz-KERNEL "
			    "/boot/initrd.img-KERNEL' on that host\n",
	  .changed = { KERNEL("root=/dev/sda2 quiet a\n"), { "etc/kernel/cmdline" BAK, NULL } } },
	{ "add: a dry run for a new file",
	  { BY_SYSTEMD("quiet"), LOADER, INSTALLER, { "usr/lib/kernel/cmdline", "b\n" } },
	  { "cmdline", "add", "a", "--dry-run" },
	  .out = "--- /dev/null\n+++ /etc/kernel/cmdline\n@@ -0,0 +1 @@\n+b a\n"
		 "then: kernel-install add KERNEL /boot/vmlinuz-KERNEL /boot/initrd.img-KERNEL\n",
	  .changed = { { "etc/kernel/cmdline", NULL } } },
	{ "add: a new file gets the root that the packaged one has not",
	  { BY_SYSTEMD("root=/dev/sda2 rootflags=subvol=a ro quiet"),
	    LOADER,
	    INSTALLER,
	    { "usr/lib/kernel/cmdline", "b rw\n" } },
	  { "cmdline", "add", "a", "--dry-run" },
	  .out = "--- /dev/null\n+++ /etc/kernel/cmdline\n@@ -0,0 +1 @@\n"
		 "+b rw a root=/dev/sda2 rootflags=subvol=a\n"
		 "then: kernel-install add KERNEL /boot/vmlinuz-KERNEL /boot/initrd.img-KERNEL\n" },
	{ "add: proxmox-boot-tool reads no packaged file",
	  { BY_SYSTEMD("root=/dev/sda2 quiet"),
	    LOADER,
	    UUIDS,
	    { "usr/lib/kernel/cmdline", "b\n" } },
	  { "cmdline", "add", "a", "--dry-run" },
	  .out = "--- /dev/null\n+++ /etc/kernel/cmdline\n@@ -0,0 +1 @@\n"
		 "+root=/dev/sda2 quiet a\nthen: proxmox-boot-tool refresh\n" },

	/* The next boot would have no root. */
	{ "no root: proxmox-boot-tool",
	  { BY_SYSTEMD("root=ZFS=rpool/ROOT/pve-1 boot=zfs quiet"), LOADER, UUIDS, KERNEL("a\n") },
	  { "cmdline", "add", "b" },
	  .status = 1,
	  .err = NO_ROOT "vfio-earlyctl cmdline add root=ZFS=rpool/ROOT/pve-1 boot=zfs'\n",
	  .changed = { KERNEL("a\n"), { "etc/kernel/cmdline" BAK, NULL } } },
	{ "no root: kernel-install, with all that belongs to the root",
	  { BY_SYSTEMD("root=/dev/mapper/x rd.luks.name=1=x rd.luks.options=\"a b\" quiet "
		       "rd.luks.name=2=y rw"),
	    LOADER, INSTALLER, KERNEL("a\n"), VMLINUZ, ENTRY("a") },
	  { "cmdline", "remove", "a" },
	  .status = 1,
	  .err = NO_ROOT "vfio-earlyctl cmdline --append add root=/dev/mapper/x rd.luks.name=1=x "
			 "'rd.luks.options=\"a b\"' rd.luks.name=2=y rw'\n",
	  .changed = { KERNEL("a\n") } },
	{ "no root: nothing is refreshed either",
	  { BY_SYSTEMD("root=/dev/sda2"), LOADER, INSTALLER, KERNEL("a\n"), VMLINUZ, ENTRY("b") },
	  { "cmdline", "add", "a" },
	  .status = 1,
	  .out = "a: is in /etc/kernel/cmdline:1 already\n",
	  .err = NO_ROOT "vfio-earlyctl cmdline add root=/dev/sda2'\n" },
	{ "no root: what is offered is done",
	  { BY_SYSTEMD("root=/dev/sda2"), LOADER, INSTALLER, KERNEL("a\n"), VMLINUZ, ENTRY("a") },
	  { "cmdline", "add", "root=/dev/sda2" },
	  .status = 2,
	  .out = "/etc/kernel/cmdline: changed, the old one is /etc/kernel/cmdline" BAK "\n",
	  .err = FROM_THERE "kernel-install add KERNEL /boot/vmlinuz-KERNEL "
			    "/boot/initrd.img-KERNEL' on that host\n",
	  .changed = { KERNEL("a root=/dev/sda2\n") } },
	{ "no root: it is not taken away",
	  { BY_SYSTEMD("root=/dev/sda2"), LOADER, INSTALLER, KERNEL("root=/dev/sda2 a\n") },
	  { "cmdline", "remove", "root" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/kernel/cmdline: without root= the next boot would not find "
		 "its root file system; nothing was changed\n",
	  .changed = { KERNEL("root=/dev/sda2 a\n") } },
	{ "no root: enable-iommu",
	  { BY_SYSTEMD("root=/dev/sda2"), LOADER, INSTALLER, KERNEL("a\n"), DMAR, RELEASE,
	    CONFIG("OFF=y") },
	  { "enable-iommu" },
	  .status = 1,
	  .err = NO_ROOT "vfio-earlyctl cmdline add root=/dev/sda2'\n",
	  .changed = { KERNEL("a\n") } },
	{ "no root: show",
	  { BY_SYSTEMD("root=/dev/sda2 a"), LOADER, INSTALLER, KERNEL("a\n"), VMLINUZ, ENTRY("b") },
	  { "cmdline", "show", "a" },
	  .status = 2,
	  .out = "systemd-boot: it told the firmware that it is 'systemd-boot 257.8'.\n"
		 "WORD RUNNING CONFIGURED SOURCE\n"
		 "a    yes     yes        /etc/kernel/cmdline:1\n"
		 "error: /etc/kernel/cmdline: found no root=, expected that of the running kernel, "
		 "so the next boot would not find its root file system; run 'vfio-earlyctl "
		 "cmdline add root=/dev/sda2'\n" },

	/* A kernel that would be started without its image. */
	{ "no image: GRUB",
	  { GRUB("quiet"), BY_GRUB(""), KERNEL_ALONE },
	  { "cmdline", "add", "a" },
	  .status = 1,
	  .err = "vfio-earlyctl: kernel 6.1 has no image, so 'update-grub' would add an entry that "
		 "starts it without one; run 'update-initramfs -c -k 6.1' first\n",
	  .changed = { GRUB("quiet"), { "etc/default/grub" BAK, NULL } } },
	{ "no image: enable-iommu, where dracut makes them",
	  { GRUB("quiet"),
	    BY_GRUB(""),
	    KERNEL_ALONE,
	    { "usr/bin/dracut", "" },
	    DMAR,
	    RELEASE,
	    CONFIG("OFF=y") },
	  { "enable-iommu" },
	  .status = 1,
	  .err = "vfio-earlyctl: kernel 6.1 has no image, so 'update-grub' would add an entry that "
		 "starts it without one; run 'dracut --force --kver 6.1' first\n",
	  .changed = { GRUB("quiet") } },
	{ "no image: kernel-install",
	  { BY_SYSTEMD(""), LOADER, INSTALLER, KERNEL("a\n"), KERNEL_ALONE },
	  { "cmdline", "add", "b" },
	  .status = 1,
	  .err = "vfio-earlyctl: kernel 6.1 has no image, so 'kernel-install add KERNEL "
		 "/boot/vmlinuz-KERNEL /boot/initrd.img-KERNEL' would add an entry that starts it "
		 "without one; run 'update-initramfs -c -k 6.1' first\n",
	  .changed = { KERNEL("a\n") } },
	{ "no image: proxmox-boot-tool leaves that kernel out",
	  { BY_SYSTEMD(""), LOADER, UUIDS, KERNEL("a\n"), KERNEL_ALONE },
	  { "cmdline", "add", "b", "--dry-run" },
	  .out = "--- /etc/kernel/cmdline\n+++ /etc/kernel/cmdline\n@@ -1 +1 @@\n-a\n+a b\n"
		 "then: proxmox-boot-tool refresh\n" },
	{ "add: to entries of this system, not of others",
	  { BY_SYSTEMD(""), LOADER, INSTALLER, KERNEL("a b"), VMLINUZ, ENTRY("a b"),
	    ENTRY_OF_OTHERS },
	  { "cmdline", "add", "a" },
	  .out = "a: is in /etc/kernel/cmdline:1 already\na: the next boot has it\n" },
	{ "add: lines of entries end at a carriage return",
	  { BY_SYSTEMD(""), LOADER, INSTALLER, KERNEL("a b"), VMLINUZ, ENTRY("a\r b") },
	  { "cmdline", "add", "b", "--dry-run" },
	  .out = "b: is in /etc/kernel/cmdline:1 already\n"
		 "then: kernel-install add KERNEL /boot/vmlinuz-KERNEL /boot/initrd.img-KERNEL\n" },
	{ "show: this host was started from an entry of its owner",
	  { BY_SYSTEMD("b"),
	    LOADER,
	    INSTALLER,
	    KERNEL("b"),
	    VMLINUZ,
	    ENTRY("b"),
	    { SELECTED, "mine.conf" },
	    { "efi/loader/entries/mine.conf", "title Mine\nlinux /vmlinuz\noptions c\n" } },
	  { "cmdline" },
	  .status = 2,
	  .out = "systemd-boot: it told the firmware that it is 'systemd-boot 257.8'.\n"
		 "WORD                   RUNNING CONFIGURED SOURCE\n"
		 "initrd=\\abc\\6.1\\initrd yes     auto       bootloader\n"
		 "b                      yes     yes        /etc/kernel/cmdline:1\n"
		 "warning: /efi/loader/entries/mine.conf: lacks 'b'; this host was started from "
		 "it, and kernel-install does not make it: change it by hand\n" },
	{ "add: this host was started from an image with words in itself",
	  { BY_SYSTEMD("b"),
	    LOADER,
	    INSTALLER,
	    KERNEL("b"),
	    VMLINUZ,
	    ENTRY("c"),
	    { SELECTED, "debian-6.1.efi" },
	    { "boot/efi/EFI/Linux/debian-6.1.efi", "\3a b" } },
	  { "cmdline", "add", "b" },
	  .out = "b: is in /etc/kernel/cmdline:1 already\nb: the next boot has it\n" },
	{ "add: an image with words in itself, which its owner makes, lacks one",
	  UNIFIED(),
	  { "cmdline", "show", "c" },
	  .status = 2,
	  .out = UNIFIED_LACKS "this host was started "
		 "from it, and kernel-install does not make it: change it by hand\n" },
	{ "add: an image with words in itself, which kernel-install makes, lacks one",
	  UNIFIED({ "etc/kernel/install.conf", "layout=uki\n" }),
	  { "cmdline", "show", "c" },
	  .status = 2,
	  .out = UNIFIED_LACKS "'kernel-install add KERNEL "
		 "/boot/vmlinuz-KERNEL /boot/initrd.img-KERNEL' regenerates it from /etc/kernel/cmdline\n" },
	{ "add: an image with words in itself, which dracut makes, lacks one",
	  UNIFIED({ "etc/dracut.conf.d/uki.conf", "uefi=yes\n kernel_cmdline=\"b\"\n" }),
	  { "cmdline", "show", "c" },
	  .status = 2,
	  .out = UNIFIED_LACKS "this host was started "
		 "from it, and its words are from /etc/dracut.conf.d/uki.conf: change that file, "
		 "then build the image again\n" },
	{ "add: an image with words in itself, which ukify makes, lacks one",
	  UNIFIED({ "etc/kernel/uki.conf", "[UKI]\nCmdline=b\n" }),
	  { "cmdline", "show", "c" },
	  .status = 2,
	  .out = UNIFIED_LACKS "this host was started "
		 "from it, and its words are from /etc/kernel/uki.conf: change that file, then "
		 "build the image again\n" },
	{ "add: what is called an image with words in itself is none",
	  { BY_SYSTEMD("b"),
	    LOADER,
	    INSTALLER,
	    KERNEL("b"),
	    { SELECTED, "debian-6.1.efi" },
	    { "boot/efi/EFI/Linux/debian-6.1.efi", "MZ" } },
	  { "cmdline", "add", "b" },
	  .status = 2,
	  .out = "b: is in /etc/kernel/cmdline:1 already\n",
	  .err = "vfio-earlyctl: debian-6.1.efi: this host was started from it, and its words cannot "
		 "be read: Bad message\n" },

	/* What proxmox-boot-tool keeps. */
	{ "proxmox: the first line counts, whatever is behind it",
	  { BY_SYSTEMD("root=x a"), LOADER, UUIDS, KERNEL("root=x a\n\n# c\n") },
	  { "cmdline", "add", "b" },
	  .status = 2,
	  .out = "/etc/kernel/cmdline: changed, the old one is /etc/kernel/cmdline" BAK "\n",
	  .err = FROM_THERE "proxmox-boot-tool refresh' on that host\n",
	  .changed = { KERNEL("root=x a b\n\n# c\n") } },
	{ "proxmox: words behind the first line",
	  { BY_SYSTEMD("root=x a"), LOADER, UUIDS, KERNEL("root=x a\nb c\n"), ESP("root=x a") },
	  { "cmdline", "show", "a", "b" },
	  .status = 2,
	  .out = PROXMOX_SHOW
	  "a    yes     yes        /etc/kernel/cmdline:1\n"
	  "/etc/kernel/cmdline:2: warning: proxmox-boot-tool reads the first line only, so "
	  "'b c' never reaches the kernel\n"
	  "  fix: Write it into the first line, or remove it\n" },
	{ "proxmox: its partitions, but for lines that it skips",
	  { BY_SYSTEMD("root=x a"),
	    LOADER,
	    { "etc/kernel/proxmox-boot-uuids", "# DEAD-BEEF\n\nABCD-1234\n" },
	    KERNEL("root=x a b\n"),
	    KERNEL_ALONE,
	    ESP("root=x a b") },
	  { "cmdline", "add", "b" },
	  .out = "b: is in /etc/kernel/cmdline:1 already\nb: the next boot has it\n" },
	{ "proxmox: one partition is missing, the other is older",
	  { BY_SYSTEMD("root=x a"), LOADER, TWO_UUIDS, KERNEL("root=x a b\n"), KERNEL_ALONE,
	    ESP("root=x a") },
	  { "cmdline", "show", "b" },
	  .status = 2,
	  .out = PROXMOX_SHOW
	  "b    no      yes        /etc/kernel/cmdline:1\n"
	  "warning: ESP ABCD-1234: /loader/entries/proxmox-6.1.conf: lacks 'b'; "
	  "'proxmox-boot-tool refresh' regenerates it\n" },
	{ "proxmox: one partition is missing, the other has the word",
	  { BY_SYSTEMD("root=x a"), LOADER, TWO_UUIDS, KERNEL("root=x a b\n"), KERNEL_ALONE,
	    ESP("root=x a b") },
	  { "cmdline", "add", "b" },
	  .status = 2,
	  .out = "b: is in /etc/kernel/cmdline:1 already\n",
	  .err = "vfio-earlyctl: ESP 0000-BBBB: No such file or directory, so what the next boot "
		 "has cannot be told\n" },
	{ "proxmox: one partition has GRUB, the other systemd-boot",
	  { MIXED_ESPS },
	  { "cmdline", "add", "iommu=pt" },
	  .status = 2,
	  .out = "iommu=pt: is in /etc/kernel/cmdline:1 already\n",
	  .err = FROM_THERE "proxmox-boot-tool refresh' on that host\n" },
	{ "proxmox: the same, shown",
	  { MIXED_ESPS },
	  { "cmdline", "show", "a" },
	  .status = 2,
	  .out = PROXMOX_SHOW
	  "a    yes     yes        /etc/kernel/cmdline:1\n"
	  "warning: ESP 0000-BBBB: /grub/grub.cfg:2: lacks 'iommu=pt', as this partition is "
	  "started by GRUB and gets its words from /etc/default/grub; change that file as "
	  "well, then run 'proxmox-boot-tool refresh'\n" },
	{ "proxmox: GRUB, and a file for systemd-boot with which the tool fails",
	  { BY_GRUB("a"), GRUB("a"), UUIDS, KERNEL("iommu=pt\n") },
	  { "cmdline", "add", "b" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/kernel/cmdline: found no root=, without which "
		 "'proxmox-boot-tool refresh' fails for GRUB as well; remove this file if "
		 "systemd-boot starts no partition\n",
	  .changed = { GRUB("a"), { OWN, NULL } } },

	/* The file of the other bootloader. */
	{ "show: GRUB's file, and systemd-boot started this host",
	  { BY_SYSTEMD("a"), LOADER, INSTALLER, KERNEL("a\n"), VMLINUZ, ENTRY("a"),
	    GRUB("quiet amd_iommu=on iommu=pt pcie_acs_override=downstream") },
	  { "cmdline", "show", "a" },
	  .status = 2,
	  .out = "systemd-boot: it told the firmware that it is 'systemd-boot 257.8'.\n"
		 "WORD RUNNING CONFIGURED SOURCE\n"
		 "a    yes     yes        /etc/kernel/cmdline:1\n"
		 "/etc/default/grub:2: warning: amd_iommu=on, iommu=pt, "
		 "pcie_acs_override=downstream have no effect: systemd-boot started this host, "
		 "and its words are in /etc/kernel/cmdline\n"
		 "  fix: Run 'vfio-earlyctl cmdline add iommu=pt pcie_acs_override=downstream'\n" },
	{ "show: systemd-boot's file, and GRUB started this host; one word is in both",
	  { BY_GRUB("iommu=pt"), GRUB("iommu=pt"), GRUB_CFG("iommu=pt"),
	    KERNEL("root=x iommu=pt\nvfio_early=off\n") },
	  { "cmdline", "show", "iommu" },
	  .status = 2,
	  .out = "GRUB: /proc/cmdline has BOOT_IMAGE=.\n"
		 "WORD     RUNNING CONFIGURED SOURCE\n"
		 "iommu=pt yes     yes        /etc/default/grub:2\n"
		 "/etc/kernel/cmdline:2: warning: vfio_early=off has no effect: GRUB started "
		 "this host, and its words are in /etc/default/grub\n"
		 "  fix: Run 'vfio-earlyctl cmdline add vfio_early=off'\n" },
	{ "add: no entry of this system",
	  { BY_SYSTEMD(""), LOADER, INSTALLER, KERNEL("a b"), ENTRY_OF_OTHERS },
	  { "cmdline", "add", "a" },
	  .status = 2,
	  .out = "a: is in /etc/kernel/cmdline:1 already\n",
	  .err = "vfio-earlyctl: found no entry of this system, so what the next boot has cannot "
		 "be told\n" },
	{ "remove: from the file behind a link",
	  { { "etc/default/grub.real", D "=\"a\"\n" },
	    { "etc/default/grub", "\2grub.real" },
	    BY_GRUB("") },
	  { "cmdline", "remove", "a" },
	  .status = 2,
	  .out = "/etc/default/grub: changed, the old one is /etc/default/grub.real" BAK "\n",
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { { "etc/default/grub.real", D "=\"\"\n" },
		       { "etc/default/grub.real" BAK, D "=\"a\"\n" } } },
	{ "remove: what an earlier version has put there",
	  { GRUB("quiet b=\\\"c d\\\" iommu=pt"), BY_GRUB(""), GRUB_OWN("e f") },
	  { "cmdline", "remove", "b", "iommu=pt", "f" },
	  .status = 2,
	  .out = "/etc/default/grub: changed, the old one is /etc/default/grub" BAK "\n/" OWN
		 ": changed\n",
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("quiet"), GRUB_OWN("e") } },
	{ "remove: by name, from both files, and what is in none",
	  { GRUB("a=1 quiet"), BY_GRUB(""), { "etc/default/grub.d/x.cfg", D "=\"$" D " a=2\"\n" } },
	  { "cmdline", "remove", "a", "b" },
	  .status = 2,
	  .out = "b: is in no file of GRUB\n"
		 "/etc/default/grub: changed, the old one is /etc/default/grub" BAK "\n"
		 "/etc/default/grub.d/x.cfg: changed, the old one is "
		 "/etc/default/grub.d/x.cfg" BAK "\n",
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("quiet"), { "etc/default/grub.d/x.cfg", D "=\"$" D "\"\n" } } },
	{ "remove: GRUB adds it anyway",
	  { GRUB("a"), BY_GRUB(""), GRUB_CFG("a") },
	  { "cmdline", "remove", "ro" },
	  .out = "ro: is in no file of GRUB, which adds it of its own accord\n" },
	{ "remove: this value only",
	  { GRUB("a=1 a=2 a"), BY_GRUB("") },
	  { "cmdline", "--dry-run", "remove", "a=1" },
	  .out = "--- /etc/default/grub\n+++ /etc/default/grub\n@@ -1,2 +1,2 @@\n GRUB_TIMEOUT=5\n"
		 "-" D "=\"a=1 a=2 a\"\n+" D "=\"a=2 a\"\nthen: update-grub\n" },
	{ "remove: is in no file, but still in grub.cfg",
	  { GRUB("a"), BY_GRUB(""), GRUB_CFG("a b") },
	  { "cmdline", "--dry-run", "remove", "b" },
	  .out = "b: is in no file of GRUB\nthen: update-grub\n" },
	{ "remove: from a line that only a shell can tell",
	  { { "etc/default/grub", D "=\"$(cat x) a=1\"\n" D "=\"$" D " a=2\"\n" }, BY_GRUB("") },
	  { "cmdline", "remove", "a" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/default/grub:1: found 'a=1' in a line that is not of the "
		 "form NAME=\"WORDS\"; change it by hand\n",
	  .changed = { { "etc/default/grub" BAK, NULL } } },
	{ "a file with a NUL is no text",
	  { GRUB("a"), BY_GRUB(""), { "etc/default/grub.d/x.cfg", "\1" } },
	  { "cmdline", "add", "b" },
	  .status = 1,
	  .err = "vfio-earlyctl: /etc/default/grub.d/x.cfg: found a NUL byte, expected a text\n" },

	/* Words. */
	{ "a word for GRUB",
	  { GRUB("a"), BY_GRUB("") },
	  { "cmdline", "add", "memmap=4G$12G" },
	  .status = 1,
	  .err = "vfio-earlyctl: word 'memmap=4G$12G': found '$'" UNSAFE,
	  .changed = { { OWN, NULL } } },
	{ "a word with quotes for GRUB",
	  { GRUB("a"), BY_GRUB("") },
	  { "cmdline", "add", "b=\"c d\"" },
	  .status = 1,
	  .err = "vfio-earlyctl: word 'b=\"c d\"': found '\"'" UNSAFE,
	  .changed = { { OWN, NULL } } },
	{ "a word in the place of another for GRUB",
	  { GRUB("a=1"), BY_GRUB("") },
	  { "cmdline", "--replace", "add", "a=`b`" },
	  .status = 1,
	  .err = "vfio-earlyctl: word 'a=`b`': found '`'" UNSAFE,
	  .changed = { GRUB("a=1") } },
	{ "a word that is two",
	  { GRUB("a"), BY_GRUB("") },
	  { "cmdline", "add", "a b" },
	  .status = 1,
	  .err = "vfio-earlyctl: word 'a b': found a blank outside double quotes\n" },
	{ "a word without a name",
	  { GRUB("a"), BY_GRUB("") },
	  { "cmdline", "add", "=x" },
	  .status = 1,
	  .err = "vfio-earlyctl: word '=x': found no name before =\n" },
	{ "an open quote",
	  { GRUB("a"), BY_GRUB("") },
	  { "cmdline", "add", "a=\"b" },
	  .status = 1,
	  .err = "vfio-earlyctl: word 'a=\"b': found an opening \", expected a closing one\n" },
	{ "no word",
	  { GRUB("a"), BY_GRUB("") },
	  { "cmdline", "add" },
	  .status = 1,
	  .err = "vfio-earlyctl: cmdline add: no word given, expected one as 'intel_iommu=on'\n" },
	{ "no action",
	  { GRUB("a"), BY_GRUB("") },
	  { "cmdline", "quiet" },
	  .status = 1,
	  .err = "vfio-earlyctl: cmdline: found 'quiet', expected show, add or remove\n" },

	/* enable-iommu */
	{ "iommu: on, as this kernel has it",
	  { GRUB(""), BY_GRUB(""), DMAR, A_GROUP, RELEASE, CONFIG("ON_INTGPU_OFF=y") },
	  { "enable-iommu" },
	  .out = "the IOMMU is on: 1 group\n" },
	{ "iommu: on, and nobody needs to know the bootloader",
	  { { "proc/cmdline", "a" }, IVRS, A_GROUP, RELEASE },
	  { "enable-iommu" },
	  .out = "the IOMMU is on: 1 group\n" },
	{ "iommu: on, but not Intel's own graphics",
	  { GRUB(""),
	    BY_GRUB(""),
	    DMAR,
	    A_GROUP,
	    RELEASE,
	    CONFIG("ON_INTGPU_OFF=y"),
	    { "sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n" },
	    { "sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n" } },
	  { "enable-iommu" },
	  .out = "the IOMMU is on: 1 group\n0000:00:02.0, Intel's own graphics, has no group, as "
		 "this kernel leaves it out; for a VM to have it: vfio-earlyctl cmdline add "
		 "intel_iommu=on\n" },
	{ "iommu: on, but the next boot would not have the word",
	  { GRUB("quiet"), BY_GRUB("intel_iommu=on,sm_on"), DMAR, A_GROUP, RELEASE,
	    CONFIG("OFF=y") },
	  { "enable-iommu" },
	  .status = 2,
	  .out = "the IOMMU is on: 1 group\n" OWN_NEW,
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("quiet"), GRUB_OWN("intel_iommu=on") } },
	{ "iommu: on, and the files have a longer word",
	  { GRUB("intel_iommu=on,sm_on"), BY_GRUB("intel_iommu=on,sm_on"), DMAR, A_GROUP, RELEASE,
	    GRUB_CFG("intel_iommu=on,sm_on"), CONFIG("OFF=y") },
	  { "enable-iommu" },
	  .out = "the IOMMU is on: 1 group\n"
		 "intel_iommu=on,sm_on: is in /etc/default/grub:2 already\n"
		 "intel_iommu=on,sm_on: the next boot has it\n" },
	{ "iommu: Intel's needs its word",
	  { GRUB("quiet"), BY_GRUB(""), DMAR, RELEASE, CONFIG("OFF=y") },
	  { "enable-iommu", "--dry-run" },
	  .out = "--- /dev/null\n+++ /" OWN "\n@@ -0,0 +1,2 @@\n+" COMMENT "+" D "=\"$" D
		 " intel_iommu=on\"\nthen: update-grub\n",
	  .changed = { GRUB("quiet"), { OWN, NULL } } },
	{ "iommu: the word is there, and waits for the reboot",
	  { GRUB("intel_iommu=on"), BY_GRUB(""), DMAR, GRUB_CFG("intel_iommu=on") },
	  { "enable-iommu" },
	  .out = "intel_iommu=on: is in /etc/default/grub:2 already\n"
		 "intel_iommu=on: the next boot has it\n" },
	{ "iommu: the firmware has none",
	  { GRUB(""), BY_GRUB("") },
	  { "enable-iommu" },
	  .status = 2,
	  .err = "vfio-earlyctl: /sys/firmware/acpi/tables: found neither DMAR nor IVRS, so the "
		 "kernel knows of no IOMMU; switch VT-d or AMD-Vi (also called IOMMU) on in the "
		 "firmware's setup\n" },
	{ "iommu: AMD's needs no word",
	  { GRUB(""), BY_GRUB(""), IVRS },
	  { "enable-iommu" },
	  .status = 2,
	  .err = "vfio-earlyctl: the firmware describes an IOMMU and no word switches it off, but "
		 "there is no group in /sys/kernel/iommu_groups; 'dmesg | grep -e DMAR -e AMD-Vi' "
		 "may tell why\n" },
	{ "iommu: Intel's needs no word in this kernel, whose files are beside its modules",
	  { GRUB(""),
	    BY_GRUB(""),
	    DMAR,
	    RELEASE,
	    { "usr/lib/modules/6.1/config", "CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n" } },
	  { "enable-iommu" },
	  .status = 2,
	  .err = "vfio-earlyctl: the firmware describes an IOMMU and no word switches it off, but "
		 "there is no group in /sys/kernel/iommu_groups; 'dmesg | grep -e DMAR -e AMD-Vi' "
		 "may tell why\n" },
	{ "iommu: switched off",
	  { GRUB("amd_iommu=force_isolation,off"), BY_GRUB(""), IVRS },
	  { "enable-iommu" },
	  .status = 2,
	  .err = "vfio-earlyctl: /etc/default/grub:2: found 'amd_iommu=force_isolation,off', which "
		 "switches the IOMMU off; if you do not need it, 'vfio-earlyctl cmdline remove "
		 "amd_iommu=force_isolation,off'\n",
	  .changed = { GRUB("amd_iommu=force_isolation,off") } },
	{ "iommu: switched off in a line that only a shell can tell",
	  { { "etc/default/grub", D "=\"$X iommu=off\"\n" }, BY_GRUB(""), IVRS },
	  { "enable-iommu" },
	  .status = 2,
	  .err = "vfio-earlyctl: /etc/default/grub:1: found 'iommu=off', which switches the IOMMU "
		 "off; if you do not need it, remove it by hand\n" },
	{ "iommu: was switched off for this boot",
	  { GRUB(""), BY_GRUB("iommu=off"), IVRS },
	  { "enable-iommu" },
	  .out = "this boot has iommu=off, the next one has not: reboot\n" },
	{ "iommu: the other vendor's words don't count",
	  { GRUB("amd_iommu=off"), BY_GRUB("amd_iommu=off"), DMAR, RELEASE, CONFIG("OFF=y"),
	    GRUB_CFG("amd_iommu=off") },
	  { "enable-iommu" },
	  .status = 2,
	  .out = OWN_NEW,
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("amd_iommu=off"), GRUB_OWN("intel_iommu=on") } },
	{ "iommu: what was meant as the word becomes it",
	  { GRUB("intel_iommu=1 amd_iommu=on iommu=pt"), BY_GRUB(""), DMAR, RELEASE,
	    CONFIG("OFF=y") },
	  { "enable-iommu" },
	  .status = 2,
	  .out = "/etc/default/grub: changed, the old one is /etc/default/grub" BAK "\n",
	  .err = "vfio-earlyctl: /etc/default/grub:2: note: intel_iommu=1 has no effect: the "
		 "kernel knows intel_iommu=on only\n"
		 "vfio-earlyctl: /etc/default/grub:2: note: amd_iommu=on has no effect: the kernel "
		 "has no such option: AMD's IOMMU is on by default\n" FROM_THERE
		 "update-grub' on that host\n",
	  .changed = { GRUB("intel_iommu=on iommu=pt") } },
	{ "iommu: other values of the word stay",
	  { GRUB("intel_iommu=igfx_off"), BY_GRUB("intel_iommu=igfx_off"), DMAR, RELEASE,
	    CONFIG("OFF=y") },
	  { "enable-iommu" },
	  .status = 2,
	  .out = OWN_NEW,
	  .err = FROM_THERE "update-grub' on that host\n",
	  .changed = { GRUB("intel_iommu=igfx_off"), GRUB_OWN("intel_iommu=on") } },
	{ "iommu: a list has the word, and the kernel runs with it",
	  { GRUB("intel_iommu=on,igfx_off"), BY_GRUB("intel_iommu=on,igfx_off"), DMAR, RELEASE,
	    CONFIG("OFF=y") },
	  { "enable-iommu" },
	  .status = 2,
	  .err = "vfio-earlyctl: the firmware describes an IOMMU and no word switches it off, but "
		 "there is no group in /sys/kernel/iommu_groups; 'dmesg | grep -e DMAR -e AMD-Vi' "
		 "may tell why\n" },
	{ "iommu: an operand",
	  { GRUB("") },
	  { "enable-iommu", "now" },
	  .status = 1,
	  .err = "vfio-earlyctl: enable-iommu takes no operand, found 'now'\n" },
};

/* Four bytes of attributes, and UTF-16 with a NUL. */
static void write_variable(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_int_equal(fwrite("\6\0\0\0", 1, 4, stream), 4);
	for (size_t i = 0; i <= strlen(text); i++)
		assert_int_equal(fwrite((const char[]){ text[i], '\0' }, 1, 2, stream), 2);
	assert_int_equal(fclose(stream), 0);
}

/* A PE file with two sections, of which the second is .cmdline, and no other content. */
static void write_unified(const char *path, const char *words)
{
	unsigned char image[512] = "MZ";
	FILE *stream = fopen(path, "w");

	image[60] = 64;
	memcpy(image + 64, "PE\0\0", 4);
	image[64 + 6] = 2;
	image[64 + 20] = 16;
	memcpy(image + 104, ".osrel", 6);
	memcpy(image + 144, ".cmdline", 8);
	image[144 + 8] = (unsigned char)strlen(words);
	image[144 + 21] = 1; /* from byte 256 on */
	memcpy(image + 256, words, strlen(words));
	assert_non_null(stream);
	assert_int_equal(fwrite(image, 1, sizeof(image), stream), sizeof(image));
	assert_int_equal(fclose(stream), 0);
}

static void write_tree(const char *tree, const struct play *play)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < FILES_MAX && play->files[i].path; i++) {
		const struct file *file = &play->files[i];

		files_path(path, "%s/%s", tree, file->path);
		files_make_parents(path);
		if (strncmp(file->path, VARIABLES, strlen(VARIABLES)) == 0)
			write_variable(path, file->text);
		else if (strcmp(file->text, "\1") == 0)
			write_variable(path, "");
		else if (file->text[0] == '\3')
			write_unified(path, file->text + 1);
		else if (file->text[0] == '\2')
			assert_int_equal(symlink(file->text + 1, path), 0);
		else
			assert_int_equal(files_write(path, file->text), 0);
	}
}

static void check_files(const char *tree, const struct play *play)
{
	char path[PATH_MAX], *text;

	for (size_t i = 0; i < 2 && play->changed[i].path; i++) {
		files_path(path, "%s/%s", tree, play->changed[i].path);
		text = files_read(path);
		if (play->changed[i].text) {
			assert_non_null(text);
			assert_string_equal(text, play->changed[i].text);
		} else {
			assert_null(text);
		}
		free(text);
	}
}

static void test_play(void **state)
{
	const struct play *play = *state;
	const char *argv[ARGS_MAX + 3] = { "--root" };
	char tree[PATH_MAX];
	struct run_result result;

	run_work("cmdline", tree);
	write_tree(tree, play);
	argv[1] = tree;
	memcpy(&argv[2], play->args, sizeof(play->args));
	run_ctl(argv, &result);
	assert_string_equal(result.err, play->err ? play->err : "");
	assert_string_equal(result.out, play->out ? play->out : "");
	assert_int_equal(result.status, play->status);
	check_files(tree, play);
	run_free(&result);
}

/* Where diff(1) can't be run, only what it shows is missing. */
static void test_no_diff(void **state)
{
	static const struct play play = {
		.files = { GRUB("quiet"), BY_GRUB("") },
		.args = { "cmdline", "add", "a", "--dry-run" },
		.out = "/" OWN ": changes not shown: 'diff' can't be run: No such file or "
		       "directory\nthen: update-grub\n",
		.changed = { { OWN, NULL } },
	};
	char *path = strdup(getenv("PATH"));

	*state = (void *)&play;
	setenv("PATH", "/nonexistent", 1);
	test_play(state);
	setenv("PATH", path, 1);
	free(path);
}

/* Somebody else's vfio-earlyctl, as far as the lock tells. */
static int hold_lock(const char *tree)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX];
	int fd;

	files_path(path, "%s/run/vfio-early/lock", tree);
	files_make_parents(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	return fd;
}

/* Runs it in the background; the status of the child is 0 if all is as expected. */
static pid_t start(const char *tree, const char *const *args, int status, const char *err)
{
	const char *argv[ARGS_MAX + 3] = { "--root", tree };
	struct run_result result;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	for (size_t i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 2] = args[i];
	run_ctl(argv, &result);
	if (result.status == status && (!err || strcmp(result.err, err) == 0))
		_exit(0);
	fprintf(stderr, "# %s %s: status %d: %s", args[0], args[1] ? args[1] : "", result.status,
		result.err);
	_exit(1);
}

static void await(const pid_t *children, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
}

static const struct play quiet_grub = { .files = { GRUB("quiet"), BY_GRUB("") } };

/* Several at a time, each of which reads the file that the others write. */
static void test_concurrent(void **state)
{
	enum { COUNT = 4, ROUNDS = 3 };
	char tree[PATH_MAX], path[PATH_MAX], words[COUNT][8], *text;
	pid_t children[COUNT];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		run_work("cmdline", tree);
		write_tree(tree, &quiet_grub);
		for (int i = 0; i < COUNT; i++) {
			const char *args[] = { "cmdline", "add", words[i], NULL };

			snprintf(words[i], sizeof(words[i]), "word%d", i);
			children[i] = start(tree, args, 2, NULL);
		}
		await(children, COUNT);
		files_path(path, "%s/" OWN, tree);
		text = files_read(path);
		assert_non_null(text);
		for (int i = 0; i < COUNT; i++)
			assert_non_null(strstr(text, words[i]));
		free(text);
	}
}

#define WAITING                                                                                    \
	"vfio-earlyctl: waiting for another vfio-earlyctl (process %d), which is changing rules "  \
	"or the kernel command line\n"

/* Whatever would change something gives up in the end; what would not, doesn't wait. */
static void test_lock_held(void **state)
{
	static const char *const commands[][ARGS_MAX] = {
		{ "cmdline", "add", "a" }, { "cmdline", "remove", "quiet" },
		{ "enable-iommu" },        { "add", "01:00" },
		{ "remove", "01:00" },     { "import", "--write" },
	};
	static const char *const dry_run[ARGS_MAX] = { "cmdline", "add", "--dry-run", "a" };
	enum { COUNT = sizeof(commands) / sizeof(*commands) };
	char tree[PATH_MAX], err[512];
	time_t begun;
	pid_t children[COUNT];
	int fd;

	(void)state;
	run_work("cmdline", tree);
	write_tree(tree, &quiet_grub);
	fd = hold_lock(tree);
	snprintf(err, sizeof(err),
		 WAITING
		 "vfio-earlyctl: /run/vfio-early/lock: another vfio-earlyctl (process %d) has held "
		 "it for 10 seconds; nothing was changed, run this again when that has ended\n",
		 (int)getpid(), (int)getpid());
	children[0] = start(tree, dry_run, 0, "");
	await(children, 1);
	begun = time(NULL);
	for (size_t i = 0; i < COUNT; i++)
		children[i] = start(tree, commands[i], 1, err);
	await(children, COUNT);
	assert_in_range(time(NULL) - begun, 9, 40);
	check_files(tree, &(const struct play){ .changed = { GRUB("quiet") } });
	close(fd);
}

/* It has not given up, and goes on as soon as it can; nobody but root can open the lock. */
static void test_lock_released(void **state)
{
	static const char *const args[ARGS_MAX] = { "cmdline", "add", "a" };
	char tree[PATH_MAX], path[PATH_MAX], err[512];
	struct stat status;
	pid_t child;
	int fd;

	(void)state;
	run_work("cmdline", tree);
	write_tree(tree, &quiet_grub);
	fd = hold_lock(tree);
	snprintf(err, sizeof(err), WAITING FROM_THERE "update-grub' on that host\n", (int)getpid());
	child = start(tree, args, 2, err);
	sleep(3);
	close(fd);
	await(&child, 1);
	check_files(tree, &(const struct play){ .changed = { GRUB_OWN("a") } });
	run_work("cmdline", tree);
	write_tree(tree, &quiet_grub);
	child = start(tree, args, 2, FROM_THERE "update-grub' on that host\n");
	await(&child, 1);
	files_path(path, "%s/run/vfio-early/lock", tree);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
}

int main(void)
{
	enum { PLAYS = sizeof(plays) / sizeof(*plays) };
	static struct CMUnitTest tests[PLAYS + 4];

	for (size_t i = 0; i < PLAYS; i++)
		tests[i] = (struct CMUnitTest){ plays[i].name, test_play, NULL, NULL,
						(void *)&plays[i] };
	tests[PLAYS] = (struct CMUnitTest)cmocka_unit_test(test_concurrent);
	tests[PLAYS + 1] = (struct CMUnitTest)cmocka_unit_test(test_lock_held);
	tests[PLAYS + 2] = (struct CMUnitTest)cmocka_unit_test(test_lock_released);
	tests[PLAYS + 3] = (struct CMUnitTest)cmocka_unit_test(test_no_diff);
	return _cmocka_run_group_tests("cmdline", tests, sizeof(tests) / sizeof(*tests), NULL,
				       NULL);
}
