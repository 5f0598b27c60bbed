/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vfio-earlyctl doctor` says of a host on which all is well, and of the same host with one
 * thing wrong: what follows from that is said as well, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>

#include "diff.h"
#include "files.h"
#include "hosttree.h"
#include "tree.h"
#include "run.h"

#define KERNEL "6.12.48+deb13-amd64"
#define GPU    "sys/bus/pci/devices/0000:01:00.0/"
#define AUDIO  "sys/bus/pci/devices/0000:01:00.1/"
#define KVM    "sys/module/kvm/parameters/"

/* A card for VMs, the processor's own graphics for the host, a disk and a network card. */
#define HOST_OF(first, card, graphics)                                                             \
	"00:01.0 0604: 8086:460d driver=pcieport" first "\n"                                       \
	"  01:00.0 0300: 10de:1b81 sub=1458:3701 " card "\n"                                       \
	"  01:00.1 0403: 10de:10f0 sub=1458:3701 " card "\n"                                       \
	"00:02.0 0300: 8086:4680 driver=i915 " graphics "\n"
#define DISKS(disk, network)                                                                       \
	"00:06.0 0604: 8086:464d driver=pcieport\n"                                                \
	"  02:00.0 010802: 144d:a808 driver=nvme " disk "\n"                                       \
	"  03:00.0 0200: 8086:1533 driver=igb " network "\n"

#define GROUPED_DISKS DISKS("group=15", "group=16")
#define HOST          HOST_OF(" group=2", "driver=nouveau group=14", "group=0 boot_vga") GROUPED_DISKS
#define NO_GROUPS     HOST_OF("", "driver=nouveau", "boot_vga") DISKS("", "")

/* Words that the kernel runs with, those of GRUB's files, and those of the next boot. */
#define BOOT(running, configured, next)                                                            \
	"line proc/cmdline BOOT_IMAGE=/boot/vmlinuz-" KERNEL " root=/dev/nvme0n1 ro " running "\n" \
	"line etc/default/grub GRUB_CMDLINE_LINUX_DEFAULT=\"" configured "\"\n"                    \
	"line boot/grub/grub.cfg ### BEGIN /etc/grub.d/10_linux ###\n"                             \
	"line boot/grub/grub.cfg linux /boot/vmlinuz-" KERNEL " root=/dev/nvme0n1 ro " next "\n"   \
	"line boot/grub/grub.cfg ### END /etc/grub.d/10_linux ###\n"

/* All that is well. */
#define WELL                                                                                       \
	"disk nvme0n1 259:0 0000:02:00.0/nvme/nvme0\n"                                             \
	"mount 259:0 / ext4 /dev/nvme0n1\n"                                                        \
	"net eno1 0000:03:00.0\n"                                                                  \
	"route4 eno1\n"                                                                            \
	"line proc/cpuinfo processor\t: 0\n"                                                       \
	"line proc/cpuinfo vendor_id\t: GenuineIntel\n"                                            \
	"line proc/cpuinfo flags\t\t: fpu vmx lm\n"                                                \
	"remove proc/cmdline\n" BOOT(                                                              \
		"quiet", "quiet",                                                                  \
		"quiet") "line proc/sys/kernel/osrelease " KERNEL "\n"                             \
			 "line sys/kernel/irq/0/chip_name IR-IO-APIC\n"                            \
			 "line proc/iomem e0000000-f6ffffff : PCI Bus 0000:01\n"                   \
			 "line proc/iomem   e0000000-efffffff : 0000:01:00.0\n"                    \
			 "line sys/firmware/acpi/tables/DMAR x\n"                                  \
			 "line sys/class/iommu/dmar0/intel-iommu/ecap f020df\n"                    \
			 "line sys/module/kvm/parameters/ignore_msrs Y\n"                          \
			 "line sys/module/kvm/parameters/report_ignored_msrs N\n"                  \
			 "line boot/vmlinuz-" KERNEL " x\n"                                        \
			 "line boot/config-" KERNEL                                                \
			 " CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n"                           \
			 "line lib/modules/" KERNEL                                                \
			 "/modules.builtin kernel/virt/lib/irqbypass.ko\n"                         \
			 "line lib/modules/" KERNEL                                                \
			 "/modules.dep kernel/drivers/vfio/pci/vfio-pci.ko.xz: a.ko\n"             \
			 "line lib/modules/" KERNEL                                                \
			 "/modules.dep kernel/drivers/vfio/vfio_iommu_type1.ko.xz:\n"              \
			 "line lib/modules/" KERNEL                                                \
			 "/modules.alias alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau\n"           \
			 "line etc/modprobe.d/vfio.conf options vfio-pci disable_vga=1\n"          \
			 "line " GPU "reset_method flr bus\n"                                      \
			 "line " GPU "rom x\n"                                                     \
			 "line " GPU                                                               \
			 "resource 0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"     \
			 "line " GPU                                                               \
			 "resource 0x00000000e0000000 0x00000000efffffff 0x000000000014220c\n"     \
			 "line " GPU "resource1_resize 000000000000ffc0\n"                         \
			 "line " AUDIO "reset bus\n"

#define MODE(group) "line sys/kernel/iommu_groups/" group "/type DMA-FQ\n"
#define MODES       MODE("0") MODE("2") MODE("14") MODE("15") MODE("16")

#define CMDLINES(running, configured, next)                                                        \
	"remove proc/cmdline\nremove etc/default/grub\nremove boot/grub/grub.cfg\n" BOOT(          \
		running, configured, next)
#define CMDLINE(words) CMDLINES(words, words, words)
#define RELEASE(release)                                                                           \
	"remove proc/sys/kernel/osrelease\nline proc/sys/kernel/osrelease " release "\n"
#define CPU(vendor, flags)                                                                         \
	"remove proc/cpuinfo\n"                                                                    \
	"line proc/cpuinfo processor\t: 0\n"                                                       \
	"line proc/cpuinfo vendor_id\t: " vendor "\n"                                              \
	"line proc/cpuinfo flags\t\t: " flags "\n"
#define NOT_REMAPPED                                                                               \
	"remove sys/kernel/irq/0/chip_name\n"                                                      \
	"line sys/kernel/irq/0/chip_name IO-APIC\n"
#define UNSAFE "line sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts Y\n"

/* Register 3ah of Intel's: locked, and without VMX; the bytes of others do not count. */
#define MSR_OFF                                                                                    \
	"line dev/cpu/0/msr "                                                                      \
	"0123456789012345678901234567890123456789012345678901234567\001.......\n"

#define SETUP "; switch virtualisation (VT-x, SVM) on in the firmware's setup\n"
#define CARD  "0000:01:00.0 (NVIDIA GP104 [GeForce GTX 1070])"

/* What follows when the card has no IOMMU group. */
#define NONE_FOR_VMS                                                                               \
	"rules warning the next boot will not get 2 of the devices that they want; run "           \
	"'vfio-earlyctl check'\n"

static const struct trouble {
	const char *name;
	const char *host;    /* NULL: HOST */
	const char *rules;   /* NULL: the card */
	const char *change;  /* of the tree, after WELL */
	const char *options; /* in the image; NULL: as on the host */
	const char *late;    /* rules that were written after the image was built */
	const char *expect;  /* "CHECK RESULT [WHERE: ]FOUND[; DO]", all but what is ok */
	int status;
} troubles[] = {
	{ .name = "all is well", .expect = "" },

	/* host */
	{
		.name = "host: in a container",
		.change = "line run/systemd/container lxc\n",
		.expect = "host unknown the host cannot be seen from here: in a container; run "
			  "this on the host itself\n"
			  "rules unknown in a container: the host can't be seen, so an image that "
			  "is built here binds nothing without /etc/vfio-early.unprotected\n",
		.status = 2,
	},

	/* cpu */
	{
		.name = "cpu: no flag",
		.change = CPU("GenuineIntel", "fpu lm"),
		.expect = "cpu problem neither VT-x nor AMD-V is there: the firmware has it "
			  "switched off, or the processor has none" SETUP,
		.status = 2,
	},
	{
		.name = "cpu: no flag, and the register says why",
		.change = CPU("GenuineIntel", "fpu lm") MSR_OFF,
		.expect = "cpu problem the firmware has VT-x switched off" SETUP,
		.status = 2,
	},
	{
		.name = "cpu: a VM",
		.change = CPU("GenuineIntel", "fpu lm hypervisor"),
		.expect =
			"cpu problem this is a VM itself, and its host gives it neither VT-x nor "
			"AMD-V; switch nested virtualisation on there, and give it the host's CPU "
			"type\n",
		.status = 2,
	},
	{
		.name = "cpu: AMD's flag says little before 6.7",
		.change = CPU("AuthenticAMD", "fpu svm") RELEASE("6.1.0-28-amd64"),
		.expect =
			"cpu unknown the processor has AMD-V, but whether the firmware has it "
			"switched off cannot be seen; run 'modprobe kvm_amd', which fails if so\n",
		.status = 2,
	},
	{
		.name = "cpu: AMD's flag before 6.7, and kvm_amd could be loaded",
		.change = CPU("AuthenticAMD", "fpu svm")
			RELEASE("6.1.0-28-amd64") "line sys/class/misc/kvm/dev 10:232\n",
		.expect = "",
	},
	{
		.name = "cpu: AMD's flag from 6.7 on",
		.change = CPU("AuthenticAMD", "fpu svm_lock svm"),
		.expect = "",
	},
	{
		.name = "cpu: a flag that begins so is another",
		.change = CPU("GenuineIntel", "fpu vmx_x xvmx lm"),
		.expect = "cpu problem neither VT-x nor AMD-V is there: the firmware has it "
			  "switched off, or the processor has none" SETUP,
		.status = 2,
	},
	{
		.name = "cpu: cannot be read",
		.change = "remove proc/cpuinfo\n",
		.expect = "cpu unknown /proc/cpuinfo cannot be read: No such file or directory\n",
		.status = 2,
	},

	/* firmware and iommu */
	{
		.name = "firmware: no table",
		.host = NO_GROUPS,
		.change = "remove sys/firmware/acpi/tables/DMAR\n",
		.expect = "firmware problem the firmware tells of no IOMMU: there is no table DMAR "
			  "(Intel) or IVRS (AMD); switch VT-d or IOMMU on in the firmware's setup\n"
			  "iommu problem no device has an IOMMU group, so no VM can have any; mend "
			  "what the check 'firmware' says first\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "firmware: no table in a VM",
		.host = NO_GROUPS,
		.change = CPU("GenuineIntel",
			      "fpu vmx hypervisor") "remove sys/firmware/acpi/tables/DMAR\n",
		.expect =
			"firmware problem the firmware tells of no IOMMU: there is no table DMAR "
			"(Intel) or IVRS (AMD); this is a VM itself, so have its host give it one, "
			"such as QEMU's intel-iommu\n"
			"iommu problem no device has an IOMMU group, so no VM can have any; mend "
			"what the check 'firmware' says first\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "firmware: tables cannot be seen",
		.host = NO_GROUPS,
		.change = "remove sys/firmware\n" CMDLINE("iommu=off"),
		.expect = "firmware unknown the firmware's tables cannot be seen in "
			  "/sys/firmware/acpi\n"
			  "iommu problem /proc/cmdline: iommu=off keeps the IOMMU off; run "
			  "'vfio-earlyctl cmdline remove iommu=off' and reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: off by the command line",
		.host = NO_GROUPS,
		.change = CMDLINE("quiet intel_iommu=off"),
		.expect =
			"iommu problem /proc/cmdline: intel_iommu=off keeps the IOMMU off; run "
			"'vfio-earlyctl cmdline remove intel_iommu=off' and reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: the kernel leaves it off",
		.host = NO_GROUPS,
		.change =
			"remove boot/config-" KERNEL "\n"
			"line boot/config-" KERNEL " # CONFIG_INTEL_IOMMU_DEFAULT_ON is not set\n",
		.expect = "iommu problem no device has an IOMMU group: this kernel leaves Intel's "
			  "IOMMU off unless it is told; run 'vfio-earlyctl enable-iommu' and "
			  "reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: a word about AMD's keeps none of Intel's off",
		.host = NO_GROUPS,
		.change = CMDLINE("amd_iommu=off"),
		.expect = "iommu problem no device has an IOMMU group, although the firmware has "
			  "the table DMAR; run 'dmesg | grep -e DMAR -e AMD-Vi' to see "
			  "why\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: for no reason that can be seen; interrupts follow",
		.host = NO_GROUPS,
		.change = NOT_REMAPPED,
		.expect = "iommu problem no device has an IOMMU group, although the firmware has "
			  "the table DMAR; run 'dmesg | grep -e DMAR -e AMD-Vi' to see why\n"
			  "interrupts note not remapped while there is no IOMMU; mend what the "
			  "check 'iommu' says first\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: the same with AMD's",
		.host = NO_GROUPS,
		.change = "remove sys/firmware/acpi/tables/DMAR\n"
			  "line sys/firmware/acpi/tables/IVRS x\n",
		.expect = "iommu problem no device has an IOMMU group, although the firmware has "
			  "the table IVRS; run 'dmesg | grep -e DMAR -e AMD-Vi' to see "
			  "why\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: VFIO without one",
		.change = "line sys/module/vfio/parameters/enable_unsafe_noiommu_mode Y\n",
		.expect =
			"iommu problem vfio gives VMs devices without any IOMMU, so that they can "
			"write all memory; take enable_unsafe_noiommu_mode out of "
			"/etc/modprobe.d and reboot\n",
		.status = 2,
	},
	{
		.name = "iommu: Intel's own graphics are left out",
		.host = HOST_OF(" group=2", "driver=nouveau group=14 boot_vga", "") GROUPED_DISKS,
		.rules = "00:02.0\n",
		.expect =
			"iommu problem 0000:00:02.0 (Intel Device 4680) has no IOMMU group, since "
			"this kernel leaves Intel's own graphics out; run 'vfio-earlyctl cmdline "
			"add intel_iommu=on' and reboot\n"
			"rules warning the next boot will not get 1 of the devices that they want; "
			"run 'vfio-earlyctl check'\n",
		.status = 2,
	},

	/* interrupts */
	{
		.name = "interrupts: a unit that cannot remap them",
		.change = NOT_REMAPPED "line sys/class/iommu/dmar1/intel-iommu/ecap f020d7\n",
		.expect =
			"interrupts problem dmar1 cannot remap interrupts, so no VM with a device "
			"starts; if you trust your VMs like the host itself, to which such a VM "
			"can send any interrupt, put 'options vfio_iommu_type1 "
			"allow_unsafe_interrupts=1' into /etc/modprobe.d/vfio.conf, run "
			"'update-initramfs -u -k all' and reboot\n",
		.status = 2,
	},
	{
		.name = "interrupts: off by the command line",
		.change = NOT_REMAPPED CMDLINE("intremap=off"),
		.expect =
			"interrupts problem /proc/cmdline: intremap=off keeps interrupts from "
			"being remapped, so no VM with a device starts; run 'vfio-earlyctl cmdline "
			"remove intremap=off' and reboot\n",
		.status = 2,
	},
	{
		.name = "interrupts: for no reason that can be seen",
		.change = NOT_REMAPPED,
		.expect = "interrupts problem interrupts are not remapped, so no VM with a device "
			  "starts; look for x2APIC or interrupt remapping in the firmware's setup, "
			  "and for the reason in 'dmesg | grep -i remapping'\n",
		.status = 2,
	},
	{
		.name = "interrupts: allowed all the same",
		.change = NOT_REMAPPED UNSAFE,
		.expect = "interrupts warning not remapped, and allow_unsafe_interrupts=1 lets VMs "
			  "have devices all the same: such a VM can send the host any interrupt; "
			  "run none that you do not trust like the host itself\n",
		.status = 2,
	},
	{
		.name = "interrupts: allowed by modprobe.d, where the module is not loaded",
		.change = NOT_REMAPPED "line etc/modprobe.d/vfio.conf options vfio-iommu-type1 "
				       "allow_unsafe_interrupts=1\n",
		.options = "options vfio-pci disable_vga=1\n"
			   "options vfio_iommu_type1 allow_unsafe_interrupts=1\n",
		.expect = "interrupts warning not remapped, and allow_unsafe_interrupts=1 lets VMs "
			  "have devices all the same: such a VM can send the host any interrupt; "
			  "run none that you do not trust like the host itself\n",
		.status = 2,
	},
	{
		.name = "interrupts: remapped, and needlessly allowed",
		.change = UNSAFE,
		.expect =
			"interrupts note remapped, so allow_unsafe_interrupts=1 is needless; take "
			"it out of /etc/modprobe.d\n",
	},
	{
		.name = "interrupts: cannot be read",
		.change = "remove sys/kernel/irq/0/chip_name\n",
		.expect = "interrupts unknown /sys/kernel/irq cannot be read: No data available\n",
		.status = 2,
	},

	/* kernel */
	{
		.name = "kernel: words that do nothing",
		.change = CMDLINE("amd_iommu=on iommu=pt video=efifb:off"),
		.expect =
			"kernel note /proc/cmdline: amd_iommu=on is no option of the kernel, "
			"which has AMD's IOMMU on without it; run 'vfio-earlyctl cmdline remove "
			"amd_iommu=on'\n"
			"kernel note /proc/cmdline: video=efifb:off is needless: vfio-early takes "
			"the framebuffer from a card itself; run 'vfio-earlyctl cmdline remove "
			"video=efifb:off'\n",
	},
	{
		.name = "kernel: ACS override without the patch",
		.change = CMDLINE("pcie_acs_override=downstream,multifunction quiet"),
		.expect =
			"kernel warning /proc/cmdline: "
			"pcie_acs_override=downstream,multifunction does nothing: this kernel has "
			"not the patch; run 'vfio-earlyctl cmdline remove "
			"pcie_acs_override=downstream,multifunction'\n",
		.status = 2,
	},
	{
		.name = "kernel: ACS override",
		.change = RELEASE("6.8.12-4-pve") CMDLINE("pcie_acs_override=downstream"),
		.expect = "kernel warning /proc/cmdline: pcie_acs_override=downstream makes groups "
			  "of devices that the hardware does not keep apart: a VM's device can "
			  "reach another device's memory past the IOMMU; run none that you do not "
			  "trust like the host itself\n",
		.status = 2,
	},
	{
		.name = "kernel: ACS override with a kernel of somebody's own",
		.change = RELEASE("6.12.9-tower") CMDLINE("pcie_acs_override=downstream"),
		.expect =
			"kernel unknown /proc/cmdline: pcie_acs_override=downstream counts only in a "
			"kernel with the patch for it, and whether 6.12.9-tower has that cannot be "
			"seen; if it has, run no VM that you do not trust like the host itself\n",
		.status = 2,
	},
	{
		.name = "kernel: cannot be read",
		.change = "remove proc/sys/kernel/osrelease\n",
		.expect = "kernel unknown the running kernel's release or command line cannot be "
			  "read\n",
		.status = 2,
	},

	/* bootloader */
	{
		.name = "bootloader: a word that counts from the next boot on",
		.change = CMDLINES("quiet", "quiet iommu=pt", "quiet iommu=pt"),
		.expect = "bootloader warning /etc/default/grub:1: the kernel does not run with "
			  "iommu=pt yet; reboot\n",
		.status = 2,
	},
	{
		.name = "bootloader: update-grub was forgotten",
		.change = CMDLINES("quiet", "quiet iommu=pt", "quiet"),
		.expect = "bootloader warning /boot/grub/grub.cfg:2: lacks 'iommu=pt'; "
			  "'update-grub' makes it anew\n",
		.status = 2,
	},
	{
		.name = "bootloader: GRUB's words outside the quotes",
		.change = CMDLINES(
			"quiet", "quiet",
			"quiet") "remove etc/default/grub\nline etc/default/grub "
				 "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\" intel_iommu=on iommu=pt\n",
		.expect = "bootloader warning /etc/default/grub:1: 'intel_iommu=on iommu=pt' is "
			  "behind the closing quote and never reaches the kernel; write it inside "
			  "the quotes\n",
		.status = 2,
	},
	{
		.name = "bootloader: blanks around = in GRUB's file",
		.change = CMDLINES(
			"quiet", "quiet",
			"quiet") "line etc/default/grub GRUB_CMDLINE_LINUX_DEFAULT = \"iommu=pt\"\n",
		.expect =
			"bootloader warning /etc/default/grub:2: found a blank or '+' before '=', "
			"so sh takes this line for a command and update-grub fails; write "
			"GRUB_CMDLINE_LINUX_DEFAULT=\"WORDS\"\n",
		.status = 2,
	},
	{
		.name = "bootloader: a word from the prompt; others are nobody's concern",
		.change = CMDLINES("quiet iommu=pt debug", "quiet", "quiet"),
		.expect = "bootloader note /proc/cmdline: iommu=pt is in no file of GRUB, so the "
			  "next boot will not have it; to keep it, run 'vfio-earlyctl cmdline add "
			  "iommu=pt'\n",
	},
	{
		.name = "bootloader: the next boot cannot be seen",
		.change = "remove boot/grub/grub.cfg\n",
		.expect = "bootloader unknown GRUB: the kernel runs with what its files say, but "
			  "whether the next boot will cannot be seen: found no entry of this "
			  "system, so what the next boot has cannot be told\n",
		.status = 2,
	},
	{
		.name = "bootloader: which it is cannot be told",
		.change = "remove etc/default/grub\nremove proc/cmdline\nline proc/cmdline quiet\n",
		.expect = "bootloader unknown found neither GRUB nor systemd-boot; add the words "
			  "where the kernel's command line is set\n",
		.status = 2,
	},

	/* modules */
	{
		.name = "modules: a kernel without vfio-pci",
		.change = "remove lib/modules/" KERNEL "/modules.dep\n"
			  "line lib/modules/" KERNEL
			  "/modules.dep kernel/drivers/vfio/vfio_iommu_type1.ko:\n",
		.expect = "modules problem kernel " KERNEL " has no module vfio_pci; boot another "
			  "kernel: Debian's 'cloud' kernels have none\n",
		.status = 2,
	},
	{
		.name = "modules: built in",
		.change = "remove lib/modules/" KERNEL "/modules.dep\n"
			  "line lib/modules/" KERNEL "/modules.dep kernel/a.ko:\n"
			  "line lib/modules/" KERNEL
			  "/modules.builtin kernel/drivers/vfio/pci/vfio-pci.ko\n"
			  "line lib/modules/" KERNEL
			  "/modules.builtin kernel/drivers/vfio/vfio_iommu_type1.ko\n",
		.expect = "",
	},
	{
		.name = "modules: none of a kernel",
		.change = "remove lib/modules\n",
		.expect = "modules problem kernel " KERNEL ": its modules cannot be found in "
			  "/lib/modules: No such file or directory; install the package of this "
			  "kernel again\n",
		.status = 2,
	},

	/* options */
	{
		.name = "options: not in the image",
		.options = "options vfio-pci disable_vga=0\n",
		.expect = "options warning /etc/modprobe.d/vfio.conf:1: disable_vga=1 of vfio-pci "
			  "is not in the image of " KERNEL ", in which the module is loaded; run "
			  "'update-initramfs -u -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "options: one of two, and those of kvm do not matter",
		.change = "line etc/modprobe.d/vfio.conf options vfio_pci disable_idle_d3=1\n"
			  "line etc/modprobe.d/kvm.conf options kvm ignore_msrs=1\n",
		.options = "options vfio_pci disable_vga=1\n",
		.expect = "options warning /etc/modprobe.d/vfio.conf:2: disable_idle_d3=1 of "
			  "vfio_pci is not in the image of " KERNEL
			  ", in which the module is loaded; run 'update-initramfs -u -k " KERNEL
			  "'\n",
		.status = 2,
	},
	{
		.name = "options: set where mkinitramfs does not look",
		.change = "line usr/local/lib/modprobe.d/vm.conf options vfio-pci nointxmask=1\n",
		.expect = "options warning /usr/local/lib/modprobe.d/vm.conf:1: nointxmask=1 of "
			  "vfio-pci is not in the image of " KERNEL
			  ", in which the module is loaded; move the line to a file in "
			  "/etc/modprobe.d and run 'update-initramfs -u -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "options: an image that cannot be read",
		.change = "remove boot/initrd.img-" KERNEL "\nline boot/initrd.img-" KERNEL " x\n",
		.expect = "options unknown /boot/initrd.img-" KERNEL
			  ": whether it has disable_vga=1: from byte 0 on: found no cpio archive\n",
		.status = 2,
	},
	{
		.name = "options: where they are set for no rule",
		.rules = "# none\n",
		.options = "",
		.expect = "rules note there are none; 'vfio-earlyctl add' makes one\n",
	},

	/* module-lists */
	{
		.name = "module-lists: modules for nothing",
		.change = "line etc/modules # vfio_virqfd\n"
			  "line etc/modules vfio_virqfd\n"
			  "line etc/modules loop\n"
			  "line etc/initramfs-tools/modules vfio-pci ids=10de:1b81\n"
			  "line etc/modules-load.d/vm.conf vfio_iommu_type1\n",
		.expect =
			"module-lists note /etc/initramfs-tools/modules:1: vfio-pci: needless, since it "
			"is loaded as soon as a rule needs it; take the line out\n"
			"module-lists note /etc/modules:2: vfio_virqfd: no kernel since 6.2 has this "
			"module; take the line out\n",
	},
	{
		.name = "module-lists: before 6.2",
		.change = RELEASE("6.1.0-28-amd64") "line etc/modules vfio_virqfd\n",
		.expect = "",
	},

	/* rules */
	{
		.name = "rules: one cannot be understood",
		.rules = "01:00\nx1:00\n",
		.expect = "rules problem 1 line cannot be understood, so that no image is built; "
			  "run 'vfio-earlyctl check'\n",
		.status = 3,
	},
	{
		.name = "rules: a device that is not there",
		.rules = "01:00\n0f:00.0\n",
		.expect =
			"rules warning the next boot will not get 1 of the devices that they want; "
			"run 'vfio-earlyctl check'\n",
		.status = 2,
	},
	{
		.name = "rules: switched off",
		.change = CMDLINE("vfio_early=off"),
		.expect = "rules warning /proc/cmdline: vfio_early=off keeps the rules from being "
			  "carried out; reboot without it\n",
		.status = 2,
	},

	/* groups */
	{
		.name = "groups: the rest of the card stays",
		.rules = "01:00.0\n",
		.expect =
			"groups problem /etc/vfio-early.conf:1: no VM can use 0000:01:00.0, since "
			"the host keeps 0000:01:00.1 of the same IOMMU group 14; choose the first "
			"of these that you can: the option 'group' in the rule, another slot for "
			"the card, ACS in the firmware's setup\n",
		.status = 2,
	},
	{
		.name = "groups: with the host's disk, and the kernel has the patch",
		.host = HOST_OF(" group=14", "driver=nouveau group=14", "group=0 boot_vga")
			DISKS("group=14", "group=16"),
		.change = RELEASE("6.8.12-4-pve"),
		.expect = "groups problem /etc/vfio-early.conf:1: no VM can use 0000:01:00.0, "
			  "0000:01:00.1, since the host keeps 0000:02:00.0 of the same IOMMU group "
			  "14; choose the first of these that you can: another slot for the card, "
			  "ACS in the firmware's setup, and last 'vfio-earlyctl cmdline add "
			  "pcie_acs_override=downstream,multifunction', with which the VM's device "
			  "can reach the memory of the others, past the IOMMU\n",
		.status = 2,
	},

	/* reset */
	{
		.name = "reset: with the bus, of which all goes to VMs",
		.change = "remove " GPU "reset_method\nremove " AUDIO "reset\n",
		.expect = "",
	},
	{
		.name = "reset: with the bus, of which the host keeps some",
		.host = "00:01.0 0604: 8086:460d driver=pcieport group=2\n"
			"  01:00.0 0300: 10de:1b81 sub=1458:3701 driver=nouveau group=14\n"
			"  01:00.1 0403: 10de:10f0 sub=1458:3701 group=17\n"
			"  01:00.2 0c03: 10de:1ada sub=1458:3701 group=18\n"
			"00:02.0 0300: 8086:4680 driver=i915 group=0 boot_vga\n" GROUPED_DISKS,
		.rules = "01:00.0\n01:00.2\n",
		.change = "remove " GPU "reset_method\n"
			  "line sys/bus/pci/devices/0000:01:00.2/reset_method flr\n",
		.expect = "reset warning " CARD " can be reset only together with 0000:01:00.1, "
			  "which the host keeps, so a VM may find it as the one before left it; "
			  "give the VM all of them\n",
		.status = 2,
	},
	{
		.name = "reset: no way of a card with one function",
		.change = "remove sys/bus/pci/devices/0000:01:00.1\nremove " GPU "reset_method\n",
		.expect = "reset warning " CARD " cannot be reset by the kernel, so a VM may find "
			  "it as the one before left it; where it fails at a VM's second start, "
			  "reboot the host in between\n",
		.status = 2,
	},
	{
		.name = "reset: every way was taken out",
		.change = "remove sys/bus/pci/devices/0000:01:00.1\n"
			  "remove " GPU "reset_method\nline " GPU "reset_method \n"
			  "line " GPU "reset x\n",
		.expect = "reset warning " CARD " cannot be reset by the kernel, so a VM may find "
			  "it as the one before left it; where it fails at a VM's second start, "
			  "reboot the host in between\n",
		.status = 2,
	},

	/* graphics cards */
	{
		.name = "console: on the card; so the ROM is a copy",
		.host = HOST_OF(" group=2", "driver=nouveau group=14 boot_vga", "group=0")
			GROUPED_DISKS,
		.expect =
			"console warning " CARD " shows the boot console, and the screen goes "
			"dark when it is taken; make 0000:00:02.0 (Intel Device 4680) the primary "
			"display in the firmware's setup\n"
			"rom note the ROM of " CARD " is the copy that the firmware has run and "
			"may have changed; if the VM's screen stays dark, look at it with "
			"'vfio-earlyctl rom 0000:01:00.0'\n",
		.status = 2,
	},
	{
		.name = "console: on the card, and a rule gives the other to the host",
		.host = HOST_OF(" group=2", "driver=nouveau group=14 boot_vga", "group=0")
			GROUPED_DISKS,
		.rules = "01:00\n00:02.0 driver=i915\n",
		.expect =
			"console warning " CARD " shows the boot console, and the screen goes "
			"dark when it is taken; make 0000:00:02.0 (Intel Device 4680) the primary "
			"display in the firmware's setup\n"
			"rom note the ROM of " CARD " is the copy that the firmware has run and "
			"may have changed; if the VM's screen stays dark, look at it with "
			"'vfio-earlyctl rom 0000:01:00.0'\n",
		.status = 2,
	},
	{
		.name = "console: on the only card",
		.host = "00:01.0 0604: 8086:460d driver=pcieport group=2\n"
			"  01:00.0 0300: 10de:1b81 driver=nouveau group=14 boot_vga\n"
			"  01:00.1 0403: 10de:10f0 driver=snd_hda_intel group=14\n"
			"00:02.0 0c05: 8086:4680 group=0\n" GROUPED_DISKS,
		.expect = "console warning " CARD " shows the boot console, and the host has no "
			  "other display; make sure that you can reach the host by network\n"
			  "rom note the ROM of " CARD " is the copy that the firmware has run and "
			  "may have changed; if the VM's screen stays dark, look at it with "
			  "'vfio-earlyctl rom 0000:01:00.0'\n",
		.status = 2,
	},
	{
		.name = "framebuffer: left in the memory of a card that vfio-pci has",
		.host = HOST_OF(" group=2", "driver=vfio-pci group=14", "group=0 boot_vga")
			GROUPED_DISKS,
		.change = "line proc/iomem     e0000000-e02fffff : BOOTFB\n",
		.expect =
			"framebuffer warning the firmware's framebuffer still is in the memory of " CARD
			", which a VM cannot map then; run 'vfio-earlyctl cmdline add "
			"initcall_blacklist=sysfb_init' and reboot\n",
		.status = 2,
	},
	{
		.name = "framebuffer: goes when the card is taken",
		.change = "line proc/iomem     e0000000-e02fffff : BOOTFB\n",
		.expect = "",
	},
	{
		.name = "framebuffer: cannot be seen",
		.host = HOST_OF(" group=2", "driver=vfio-pci group=14", "group=0 boot_vga")
			GROUPED_DISKS,
		.change = "remove proc/iomem\n",
		.expect = "framebuffer unknown /proc/iomem cannot be read: No such file or "
			  "directory\n",
		.status = 2,
	},
	{
		.name = "rebar: one is resized",
		.change = "remove " GPU "resource\n"
			  "line " GPU "resource 0x00000000f6000000 0x00000000f6ffffff 0x40200\n"
			  "line " GPU "resource 0x0000006000000000 0x00000061ffffffff 0x14220c\n",
		.expect = "rebar note BAR 1 of " CARD " is resizable and has 8192 MiB; if the "
			  "guest's driver fails (code 43), switch Resizable BAR off in the "
			  "firmware's setup\n",
	},
	{
		.name = "rom: none",
		.change = "remove " GPU "rom\n",
		.expect = "rom note " CARD " has no ROM that could be read; if the VM's screen "
			  "stays dark, give it a file with romfile=\n",
	},
	{
		.name = "msrs: not ignored",
		.change = "remove " KVM "ignore_msrs\nline " KVM "ignore_msrs N\n",
		.expect = "msrs note kvm answers an unknown register with an exception, at which "
			  "some drivers of graphics cards crash their guest; if that happens, put "
			  "'options kvm ignore_msrs=1 report_ignored_msrs=0' into "
			  "/etc/modprobe.d/kvm.conf and reboot\n",
	},
	{
		.name = "msrs: ignored and reported",
		.change = "remove " KVM "report_ignored_msrs\nline " KVM "report_ignored_msrs Y\n",
		.expect =
			"msrs note kvm ignores unknown registers and fills the log with them; put "
			"'options kvm report_ignored_msrs=0' into /etc/modprobe.d/kvm.conf and "
			"reboot\n",
	},
	{
		.name = "msrs: cannot be seen",
		.change = "remove sys/module/kvm\n",
		.expect = "msrs unknown kvm is not loaded, so its options cannot be seen; run "
			  "'modprobe kvm'\n",
		.status = 2,
	},
	{
		.name = "msrs: kvm is not loaded, modprobe.d tells",
		.change = "remove sys/module/kvm\n"
			  "line etc/modprobe.d/kvm.conf options kvm ignore_msrs=1 "
			  "report_ignored_msrs=0\n",
		.expect = "",
	},

	{
		.name = "msrs: kvm is not loaded, the command line tells",
		.change = "remove sys/module/kvm\n" CMDLINE(
			"kvm.ignore-msrs=1 kvm.report_ignored_msrs=0"),
		.expect = "",
	},

	/* settings */
	{
		.name = "settings: ids=, a softdep and a blacklist that rules make needless",
		.change = "line etc/modprobe.d/old.conf options vfio-pci ids=10de:1b81\n"
			  "line etc/modprobe.d/old.conf softdep nouveau pre: vfio-pci\n"
			  "line etc/modprobe.d/old.conf blacklist nouveau\n",
		.expect =
			"settings note /etc/modprobe.d/old.conf:1: ids=10de:1b81 is needless beside "
			"the rules, and takes every card of this model that may be added; take it "
			"out\n"
			"settings note /etc/modprobe.d/old.conf:2: the softdep of nouveau is "
			"needless beside the rules, which are carried out before it is loaded; "
			"take it out\n"
			"settings note /etc/modprobe.d/old.conf:3: nouveau would not get "
			"0000:01:00.0, 0000:01:00.1 even without this line\n",
	},
	{
		.name = "settings: ids= that no rule has, and an override in the way",
		.change = "line etc/modprobe.d/old.conf options vfio-pci ids=8086:4680\n"
			  "line etc/driverctl.d/pci-0000:01:00.0 nouveau\n",
		.expect = "settings warning /etc/driverctl.d/pci-0000:01:00.0: driverctl gives "
			  "0000:01:00.0 to nouveau when the system is up; run 'driverctl "
			  "unset-override 0000:01:00.0'\n"
			  "settings note /etc/modprobe.d/old.conf:1: ids=8086:4680 takes "
			  "0000:00:02.0, no rule does; 'vfio-earlyctl import' makes rules of such "
			  "lines\n",
		.status = 2,
	},
	{
		.name = "settings: ids= that names what the host needs",
		.change = "line etc/modprobe.d/old.conf options vfio-pci ids=8086:1533\n",
		.expect = "settings warning /etc/modprobe.d/old.conf:1: ids=8086:1533 takes "
			  "0000:03:00.0 (Intel I210 Gigabit Network Connection), which the host "
			  "needs: IPv4 default route (eno1); take that ID out of the line\n",
		.status = 2,
	},

	/* images */
	{
		.name = "images: rules have changed since",
		.late = "# more\n",
		.expect =
			"images warning /boot/initrd.img-" KERNEL ": the rules have changed since "
			"this image was built; run 'update-initramfs -u -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "images: none",
		.change = "remove boot/initrd.img-" KERNEL "\nremove etc/modprobe.d\n",
		.expect =
			"bootloader warning kernel " KERNEL " has no image, so 'update-grub' would "
			"add an entry that starts it without one; run 'update-initramfs -c -k " KERNEL
			"' first\n"
			"images warning /boot/initrd.img-" KERNEL ": there is no image for this "
			"kernel; run 'update-initramfs -c -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "images: no kernel",
		.change = "remove boot/vmlinuz-" KERNEL "\nremove etc/modprobe.d\n",
		.expect = "modules unknown there is no kernel in /boot that could be looked at\n"
			  "images unknown there is no kernel in /boot that could be looked at\n",
		.status = 2,
	},
};

/* An image with what modprobe(8) reads there. */
static void write_image(const char *path, const char *options)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	assert_int_equal(archive_write_set_format_cpio_newc(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
	archive_entry_set_pathname(entry, "etc/modprobe.d/vfio.conf");
	archive_entry_set_mode(entry, 0100644);
	archive_entry_set_size(entry, (la_int64_t)strlen(options));
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	archive_write_data(archive, options, strlen(options));
	archive_entry_free(entry);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
}

static void append_file(const char *path, const char *text)
{
	FILE *file;

	files_make_parents(path);
	file = fopen(path, "a");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* As post-update.d notes it. */
static void note_digest(const char *root)
{
	char path[PATH_MAX], *digest = run_digest(root);

	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".digest", root);
	append_file(path, digest);
	free(digest);
}

static void make_host(const struct trouble *trouble, char root[PATH_MAX])
{
	char path[PATH_MAX], message[256] = "";

	run_work("doctor", root);
	if (hosttree_write(trouble->host ? trouble->host : HOST, root, message, sizeof(message)))
		fail_msg("%s", message);
	files_path(path, "%s/usr/share/misc/pci.ids", root);
	files_make_parents(path);
	assert_int_equal(files_copy("tests/ctl/pci.ids", path), 0);
	tree_write(root, WELL);
	if (!trouble->host || strstr(trouble->host, "group=0"))
		tree_write(root, MODES);
	files_path(path, "%s/etc/vfio-early.conf", root);
	append_file(path, trouble->rules ? trouble->rules : "01:00\n");
	files_path(path, "%s/boot/initrd.img-" KERNEL, root);
	write_image(path, trouble->options ? trouble->options : "options vfio_pci disable_vga=1\n");
	note_digest(root);
	files_path(path, "%s/etc/vfio-early.conf", root);
	if (trouble->late)
		append_file(path, trouble->late);
	if (trouble->change)
		tree_write(root, trouble->change);
}

static const char *get(const json_t *check, const char *name)
{
	const char *text = json_string_value(json_object_get(check, name));

	return text ? text : "";
}

/* Fails unless the manual has the section that a check leads to. */
static void check_section(const char *see)
{
	static const char start[] = "vfio-earlyctl(8), section ";
	char *manual = files_read("src/man/vfio-earlyctl.8"), heading[80];

	assert_non_null(manual);
	assert_int_equal(strncmp(see, start, strlen(start)), 0);
	snprintf(heading, sizeof(heading), "\n.Ss %s\n", see + strlen(start));
	if (!strstr(manual, heading))
		fail_msg("the manual has not: %s", see);
	free(manual);
}

/* Prints those that are not ok, in lines. */
static char *list_findings(const char *json)
{
	json_error_t error;
	json_t *value = json_loads(json, JSON_REJECT_DUPLICATES, &error), *check;
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);

	if (!value)
		fail_msg("no JSON: line %d: %s\n%s", error.line, error.text, json);
	json_array_foreach(json_object_get(value, "checks"), i, check)
	{
		check_section(get(check, "see"));
		assert_true(get(check, "found")[0]);
		if (strcmp(get(check, "result"), "ok") != 0)
			fprintf(stream, "%s %s %s%s%s%s%s\n", get(check, "check"),
				get(check, "result"), get(check, "where"),
				get(check, "where")[0] ? ": " : "", get(check, "found"),
				get(check, "do")[0] ? "; " : "", get(check, "do"));
	}
	assert_true(i >= 18);
	fclose(stream);
	json_decref(value);
	return text;
}

static void tells(void **state)
{
	const struct trouble *trouble = *state;
	struct run_result result;
	char root[PATH_MAX], *got;
	bool same;

	make_host(trouble, root);
	run_ctl((const char *const[]){ "--root", root, "doctor", "-J", NULL }, &result);
	assert_string_equal(result.err, "");
	got = list_findings(result.out);
	same = strcmp(got, trouble->expect) == 0;
	if (!same)
		diff_show(trouble->expect, got);
	assert_true(same);
	assert_int_equal(result.status, trouble->status);
	free(got);
	run_free(&result);
}

/* What people see. */
static const char all_well[] =
	"host         ok       all of it can be seen\n"
	"cpu          ok       VT-x (vmx)\n"
	"firmware     ok       table DMAR (Intel VT-d)\n"
	"iommu        ok       dmar0, 5 IOMMU groups of type DMA, DMA-FQ\n"
	"interrupts   ok       remapped\n"
	"kernel       ok       6.12.48+deb13-amd64, which has Intel's IOMMU on by default, but for "
	"Intel's own graphics\n"
	"bootloader   ok       GRUB: the kernel runs with what its files say\n"
	"modules      ok       vfio-pci and vfio_iommu_type1 are there for 1 kernel\n"
	"options      ok       disable_vga=1 is in all images, as in modprobe.d\n"
	"module-lists ok       no list names a module for nothing\n"
	"rules        ok       2 devices for VMs at the next boot\n"
	"groups       ok       what goes to VMs shares no IOMMU group with the host\n"
	"reset        ok       what goes to VMs can be reset\n"
	"console      ok       the boot console is on no card that goes to a VM\n"
	"framebuffer  ok       no framebuffer of the firmware is in the memory of a card that "
	"vfio-pci has\n"
	"rebar        ok       no resizable BAR has more than 256 MiB\n"
	"rom          ok       each card that goes to a VM shows one\n"
	"msrs         ok       kvm ignores unknown registers, and quietly\n"
	"settings     ok       no blacklist, softdep, ids= or driverctl is about the same devices\n"
	"images       ok       the images of 1 kernel have the rules of now\n"
	"\n"
	"20 ok.\n";

/* The first and the last group, as devices that are not trusted have it. */
static const char *const strict[] = {
	"remove sys/kernel/iommu_groups/0/type\nline sys/kernel/iommu_groups/0/type DMA\n",
	"remove sys/kernel/iommu_groups/16/type\nline sys/kernel/iommu_groups/16/type DMA\n",
};

static void check_all_well(const char *root)
{
	struct run_result result;

	run_ctl((const char *const[]){ "--root", root, "doctor", NULL }, &result);
	if (strcmp(result.out, all_well) != 0)
		diff_show(all_well, result.out);
	assert_string_equal(result.out, all_well);
	assert_int_equal(result.status, 0);
	run_free(&result);
}

static void tells_people(void **state)
{
	char root[PATH_MAX];

	(void)state;
	make_host(&troubles[0], root);
	for (size_t i = 0; i < sizeof(strict) / sizeof(strict[0]); i++)
		tree_write(root, strict[i]);
	check_all_well(root);
	/* A kernel has its files beside its modules since Debian sid of 2026, and its image in
	 * /boot. */
	tree_write(root, "line usr/lib/modules/" KERNEL "/vmlinuz x\n"
			 "line usr/lib/modules/6.12.40+deb13-amd64/config x\n");
	check_all_well(root);
	tree_write(root, "remove boot/vmlinuz-" KERNEL "\nremove boot/config-" KERNEL "\n"
			 "line usr/lib/modules/" KERNEL
			 "/config CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n");
	check_all_well(root);
}

int main(void)
{
	enum { COUNT = sizeof(troubles) / sizeof(troubles[0]) };
	struct CMUnitTest tests[COUNT + 1];

	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ troubles[i].name, tells, NULL, NULL,
						(void *)(uintptr_t)&troubles[i] };
	tests[COUNT] = (struct CMUnitTest)cmocka_unit_test(tells_people);
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
