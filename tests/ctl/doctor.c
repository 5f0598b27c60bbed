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
#define OTHER_CLASS                                                                                \
	"00:01.0 0604: 8086:460d driver=pcieport group=2\n"                                        \
	"  01:00.0 0380: 10de:1b81 sub=1458:3701 driver=nouveau group=14\n"                        \
	"  01:00.1 0403: 10de:10f0 sub=1458:3701 driver=nouveau group=14\n"                        \
	"00:02.0 0300: 8086:4680 driver=i915 group=0 boot_vga\n" GROUPED_DISKS
#define NO_GROUPS HOST_OF("", "driver=nouveau", "boot_vga") DISKS("", "")

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
#define OFF_BY_DEFAULT                                                                             \
	"remove boot/config-" KERNEL "\n"                                                          \
	"line boot/config-" KERNEL " # CONFIG_INTEL_IOMMU_DEFAULT_ON is not set\n"
#define UNSAFE "line sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts Y\n"

/* Register 3ah of Intel's: locked, and without VMX; the bytes of others do not count. */
#define MSR_OFF                                                                                    \
	"line dev/cpu/0/msr "                                                                      \
	"0123456789012345678901234567890123456789012345678901234567\001.......\n"

#define SYSFB_OFF "initcall_blacklist=sysfb_init"
#define STARTED_WITHOUT_SYSFB_OFF                                                                   \
	"bootloader warning /etc/default/grub:1: The running kernel was started without " SYSFB_OFF \
	"\n"                                                                                        \
	"  fix: Reboot\n"
#define OWNED_BY_SYSFB                                                                             \
	"line proc/iomem     e0000000-e02fffff : BOOTFB\n"                                         \
	"line boot/config-" KERNEL " CONFIG_SYSFB_SIMPLEFB=y\n"

#define CARD "0000:01:00.0 (NVIDIA GP104 [GeForce GTX 1070])"

/* What follows when the card has no IOMMU group. */
#define NONE_FOR_VMS                                                                               \
	"rules warning 2 of the devices that rules name will not be bound at the next boot\n"      \
	"  fix: Run 'vfio-earlyctl check', which shows why\n"

static const struct trouble {
	const char *name;
	const char *host;    /* NULL: HOST */
	const char *rules;   /* NULL: the card */
	const char *change;  /* of the tree, after WELL */
	const char *options; /* in the image; NULL: as on the host */
	const char *late;    /* rules that were written after the image was built */
	const char *expect;  /* "CHECK RESULT [WHERE: ]FOUND\n[  fix: FIX\n]", all but what is ok */
	int status;
} troubles[] = {
	{ .name = "all is well", .expect = "" },

	/* host */
	{
		.name = "host: in a container",
		.change = "line run/systemd/container lxc\n",
		.expect =
			"host unknown The host can't be seen: in a container\n"
			"  fix: Run this on the host itself\n"
			"rules unknown in a container: the host can't be seen, so an image that is "
			"built here binds nothing without /etc/vfio-early.unprotected\n",
		.status = 2,
	},

	/* cpu */
	{
		.name = "cpu: no flag",
		.change = CPU("GenuineIntel", "fpu lm"),
		.expect =
			"cpu error Neither VT-x nor AMD-V: switched off by the firmware, or absent "
			"from this processor\n"
			"  fix: Switch virtualization (VT-x, SVM) on in the firmware's setup\n",
		.status = 2,
	},
	{
		.name = "cpu: no flag, and the register says why",
		.change = CPU("GenuineIntel", "fpu lm") MSR_OFF,
		.expect = "cpu error VT-x is switched off by the firmware\n"
			  "  fix: Switch virtualization (VT-x, SVM) on in the firmware's setup\n",
		.status = 2,
	},
	{
		.name = "cpu: a VM",
		.change = CPU("GenuineIntel", "fpu lm hypervisor"),
		.expect =
			"cpu error This is a VM itself, and has neither VT-x nor AMD-V\n"
			"  fix: On its host, switch nested virtualization on and set the CPU type to "
			"host\n",
		.status = 2,
	},
	{
		.name = "cpu: AMD's flag says little before 6.7",
		.change = CPU("AuthenticAMD", "fpu svm") RELEASE("6.1.0-28-amd64"),
		.expect =
			"cpu unknown The processor has AMD-V, but this kernel doesn't show whether the "
			"firmware has switched it off\n"
			"  fix: Run 'modprobe kvm_amd', which fails if it is off\n",
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
		.expect =
			"cpu error Neither VT-x nor AMD-V: switched off by the firmware, or absent "
			"from this processor\n"
			"  fix: Switch virtualization (VT-x, SVM) on in the firmware's setup\n",
		.status = 2,
	},
	{
		.name = "cpu: cannot be read",
		.change = "remove proc/cpuinfo\n",
		.expect = "cpu unknown /proc/cpuinfo can't be read: No such file or directory\n",
		.status = 2,
	},

	/* firmware and iommu */
	{
		.name = "firmware: no table",
		.host = NO_GROUPS,
		.change = "remove sys/firmware/acpi/tables/DMAR\n",
		.expect =
			"firmware error The firmware describes no IOMMU: it has neither an ACPI table "
			"DMAR (Intel) nor IVRS (AMD)\n"
			"  fix: Switch VT-d or IOMMU on in the firmware's setup\n"
			"iommu error No device has an IOMMU group, so none can be passed through\n"
			"  fix: Fix what the check 'firmware' found first\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "firmware: no table in a VM",
		.host = NO_GROUPS,
		.change = CPU("GenuineIntel",
			      "fpu vmx hypervisor") "remove sys/firmware/acpi/tables/DMAR\n",
		.expect =
			"firmware error The firmware describes no IOMMU: it has neither an ACPI table "
			"DMAR (Intel) nor IVRS (AMD)\n"
			"  fix: This is a VM: add an IOMMU to it on its host, such as QEMU's "
			"intel-iommu\n"
			"iommu error No device has an IOMMU group, so none can be passed through\n"
			"  fix: Fix what the check 'firmware' found first\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "firmware: tables cannot be seen",
		.host = NO_GROUPS,
		.change = "remove sys/firmware\n" CMDLINE("iommu=off"),
		.expect =
			"firmware unknown The firmware's tables can't be seen in /sys/firmware/acpi\n"
			"iommu error /etc/default/grub:1: iommu=off switches the IOMMU off\n"
			"  fix: Run 'vfio-earlyctl cmdline remove iommu=off', then reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: off by the command line",
		.host = NO_GROUPS,
		.change = CMDLINE("quiet intel_iommu=off"),
		.expect =
			"iommu error /etc/default/grub:1: intel_iommu=off switches the IOMMU off\n"
			"  fix: Run 'vfio-earlyctl cmdline remove intel_iommu=off', then reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: the kernel leaves it off",
		.host = NO_GROUPS,
		.change = OFF_BY_DEFAULT,
		.expect =
			"iommu error No device has an IOMMU group: this kernel leaves Intel's IOMMU "
			"off by default\n"
			"  fix: Run 'vfio-earlyctl enable-iommu', then reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: a word about AMD's keeps none of Intel's off",
		.host = NO_GROUPS,
		.change = CMDLINE("amd_iommu=off"),
		.expect =
			"iommu error No device has an IOMMU group, although the firmware has the ACPI "
			"table DMAR\n"
			"  fix: Look for the reason in 'dmesg | grep -e DMAR -e AMD-Vi'\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: for no reason that can be seen; interrupts follow",
		.host = NO_GROUPS,
		.change = NOT_REMAPPED,
		.expect =
			"iommu error No device has an IOMMU group, although the firmware has the ACPI "
			"table DMAR\n"
			"  fix: Look for the reason in 'dmesg | grep -e DMAR -e AMD-Vi'\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: the same with AMD's",
		.host = NO_GROUPS,
		.change = "remove sys/firmware/acpi/tables/DMAR\n"
			  "line sys/firmware/acpi/tables/IVRS x\n",
		.expect =
			"iommu error No device has an IOMMU group, although the firmware has the ACPI "
			"table IVRS\n"
			"  fix: Look for the reason in 'dmesg | grep -e DMAR -e AMD-Vi'\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: VFIO without one",
		.change = "line sys/module/vfio/parameters/enable_unsafe_noiommu_mode Y\n",
		.expect =
			"iommu error enable_unsafe_noiommu_mode is on: a VM with a device can write "
			"all memory of the host\n"
			"  fix: Reboot: neither modprobe.d nor the kernel command line sets it\n",
		.status = 2,
	},
	{
		.name = "iommu: Intel's own graphics are left out",
		.host = HOST_OF(" group=2", "driver=nouveau group=14 boot_vga", "") GROUPED_DISKS,
		.rules = "00:02.0\n",
		.expect =
			"iommu error 0000:00:02.0 (Intel Device 4680) has no IOMMU group: by default "
			"this kernel leaves Intel's own graphics out\n"
			"  fix: Run 'vfio-earlyctl cmdline add intel_iommu=on', then reboot\n"
			"rules warning 1 of the devices that rules name will not be bound at the next "
			"boot\n"
			"  fix: Run 'vfio-earlyctl check', which shows why\n",
		.status = 2,
	},

	{
		.name = "iommu: a list of values has the one that counts",
		.host = NO_GROUPS,
		.change = OFF_BY_DEFAULT CMDLINE("intel_iommu=on,igfx_off"),
		.expect =
			"iommu error No device has an IOMMU group, although the firmware has the ACPI "
			"table DMAR\n"
			"  fix: Look for the reason in 'dmesg | grep -e DMAR -e AMD-Vi'\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: the last on or off counts",
		.host = NO_GROUPS,
		.change = CMDLINE("intel_iommu=off,sm_on intel_iommu=on"),
		.expect =
			"iommu error No device has an IOMMU group, although the firmware has the ACPI "
			"table DMAR\n"
			"  fix: Look for the reason in 'dmesg | grep -e DMAR -e AMD-Vi'\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: the word waits for the reboot, which is said once",
		.host = NO_GROUPS,
		.change = OFF_BY_DEFAULT CMDLINES("quiet", "quiet intel_iommu=on,sm_on",
						  "quiet intel_iommu=on,sm_on"),
		.expect =
			"iommu error /etc/default/grub:1: No device has an IOMMU group: the running "
			"kernel was started without intel_iommu=on,sm_on\n"
			"  fix: Reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: the word waits for update-grub",
		.host = NO_GROUPS,
		.change = OFF_BY_DEFAULT CMDLINES("quiet", "quiet intel_iommu=on", "quiet"),
		.expect =
			"iommu error /etc/default/grub:1: No device has an IOMMU group: the running "
			"kernel was started without intel_iommu=on\n"
			"  fix: Run 'update-grub', then reboot\n"
			"bootloader warning /boot/grub/grub.cfg:2: lacks 'intel_iommu=on'; "
			"'update-grub' regenerates it\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: off for this boot only",
		.host = NO_GROUPS,
		.change = CMDLINES("quiet intel_iommu=off", "quiet", "quiet"),
		.expect = "iommu error /proc/cmdline: intel_iommu=off switches the IOMMU off\n"
			  "  fix: Reboot: no file of GRUB has it\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: off in a line that only a shell can tell",
		.host = NO_GROUPS,
		.change = CMDLINES("iommu=off", "$(x) iommu=off", "iommu=off"),
		.expect = "iommu error /etc/default/grub:1: iommu=off switches the IOMMU off\n"
			  "  fix: Remove it from this line by hand, then run 'update-grub' and "
			  "reboot\n" NONE_FOR_VMS,
		.status = 2,
	},
	{
		.name = "iommu: a word leaves Intel's own graphics out",
		.host = HOST_OF(" group=2", "driver=nouveau group=14 boot_vga", "") GROUPED_DISKS,
		.rules = "00:02.0\n",
		.change = CMDLINE("intel_iommu=on,igfx_off"),
		.expect =
			"iommu error 0000:00:02.0 (Intel Device 4680) has no IOMMU group: "
			"intel_iommu=on,igfx_off leaves Intel's own graphics out\n"
			"  fix: Run 'vfio-earlyctl cmdline --replace add intel_iommu=on', then "
			"reboot\n"
			"rules warning 1 of the devices that rules name will not be bound at the next "
			"boot\n"
			"  fix: Run 'vfio-earlyctl check', which shows why\n",
		.status = 2,
	},

	/* interrupts */
	{
		.name = "interrupts: a unit that cannot remap them",
		.change = NOT_REMAPPED "line sys/class/iommu/dmar1/intel-iommu/ecap f020d7\n",
		.expect =
			"interrupts error dmar1 can't remap interrupts, so a VM with a PCI device "
			"doesn't start\n"
			"  fix: Only if you trust all VMs like the host (a VM with a device can send "
			"the host any interrupt): write 'options vfio_iommu_type1 "
			"allow_unsafe_interrupts=1' to /etc/modprobe.d/vfio.conf, run "
			"'update-initramfs -u -k all', then reboot\n",
		.status = 2,
	},
	{
		.name = "interrupts: off by the command line",
		.change = NOT_REMAPPED CMDLINE("intremap=off"),
		.expect =
			"interrupts error /etc/default/grub:1: intremap=off switches interrupt remapping "
			"off, so a VM with a PCI device doesn't start\n"
			"  fix: Run 'vfio-earlyctl cmdline remove intremap=off', then reboot\n",
		.status = 2,
	},
	{
		.name = "interrupts: for no reason that can be seen",
		.change = NOT_REMAPPED,
		.expect = "interrupts error Interrupts are not remapped, so a VM with a PCI device "
			  "doesn't start\n"
			  "  fix: Switch x2APIC or interrupt remapping on in the firmware's setup; "
			  "'dmesg | grep -i remapping' shows the reason\n",
		.status = 2,
	},
	{
		.name = "interrupts: allowed in spite of that",
		.change = NOT_REMAPPED UNSAFE,
		.expect =
			"interrupts warning Interrupts are not remapped, and allow_unsafe_interrupts=1 "
			"is set: a VM with a device can send the host any interrupt\n"
			"  fix: Run only VMs that you trust like the host\n",
		.status = 2,
	},
	{
		.name = "interrupts: allowed by modprobe.d, where the module is not loaded",
		.change = NOT_REMAPPED "line etc/modprobe.d/vfio.conf options vfio-iommu-type1 "
				       "allow_unsafe_interrupts=1\n",
		.options = "options vfio-pci disable_vga=1\n"
			   "options vfio_iommu_type1 allow_unsafe_interrupts=1\n",
		.expect =
			"interrupts warning Interrupts are not remapped, and allow_unsafe_interrupts=1 "
			"is set: a VM with a device can send the host any interrupt\n"
			"  fix: Run only VMs that you trust like the host\n",
		.status = 2,
	},
	{
		.name = "interrupts: remapped, and the option has no effect",
		.change = UNSAFE,
		.expect =
			"interrupts note Interrupts are remapped: allow_unsafe_interrupts=1 has no "
			"effect\n"
			"  fix: Reboot: neither modprobe.d nor the kernel command line sets it\n",
	},
	{
		.name = "interrupts: the same, set by a file of modprobe.d",
		.change = UNSAFE "line etc/modprobe.d/a.conf # one\n"
				 "line etc/modprobe.d/a.conf options vfio_iommu_type1 "
				 "allow_unsafe_interrupts=1\n",
		.options = "options vfio-pci disable_vga=1\n"
			   "options vfio_iommu_type1 allow_unsafe_interrupts=1\n",
		.expect =
			"interrupts note Interrupts are remapped: allow_unsafe_interrupts=1 has no "
			"effect\n"
			"  fix: Remove it from /etc/modprobe.d/a.conf:2, run 'update-initramfs -u -k "
			"all', then reboot\n",
	},
	{
		.name = "interrupts: the same, set by the kernel command line",
		.change = UNSAFE CMDLINE("vfio_iommu_type1.allow_unsafe_interrupts=1"),
		.expect =
			"interrupts note Interrupts are remapped: allow_unsafe_interrupts=1 has no "
			"effect\n"
			"  fix: Run 'vfio-earlyctl cmdline remove "
			"vfio_iommu_type1.allow_unsafe_interrupts=1', then reboot\n",
	},
	{
		.name = "interrupts: cannot be read",
		.change = "remove sys/kernel/irq/0/chip_name\n",
		.expect = "interrupts unknown /sys/kernel/irq can't be read: No data available\n",
		.status = 2,
	},

	/* kernel */
	{
		.name = "kernel: words that do nothing",
		.change = CMDLINE("amd_iommu=on iommu=pt video=vesafb:off,efifb:off"),
		.expect =
			"kernel note /etc/default/grub:1: amd_iommu=on has no effect: the kernel has no such "
			"option: AMD's IOMMU is on by default\n"
			"  fix: Run 'vfio-earlyctl cmdline remove amd_iommu=on'\n"
			"kernel note /etc/default/grub:1: video=vesafb:off,efifb:off has no effect: "
			"vfio-early releases the firmware's framebuffer itself\n"
			"  fix: Run 'vfio-earlyctl cmdline remove video=vesafb:off,efifb:off'\n",
	},
	{
		.name = "kernel: values that the IOMMU's words don't know",
		.change = CMDLINE("intel_iommu=1 iommu=on iommu=pt,on amd_iommu=fullflush"),
		.expect =
			"kernel note /etc/default/grub:1: intel_iommu=1 has no effect: the kernel "
			"knows intel_iommu=on only\n"
			"  fix: Run 'vfio-earlyctl cmdline remove intel_iommu=1'\n"
			"kernel note /etc/default/grub:1: iommu=on has no effect: the kernel has no "
			"such value\n"
			"  fix: Run 'vfio-earlyctl cmdline remove iommu=on'\n",
	},
	{
		.name = "kernel: ACS override without the patch",
		.change = CMDLINE("pcie_acs_override=downstream,multifunction quiet"),
		.expect =
			"kernel warning /etc/default/grub:1: pcie_acs_override=downstream,multifunction has "
			"no effect: this kernel lacks the patch\n"
			"  fix: Run 'vfio-earlyctl cmdline remove "
			"pcie_acs_override=downstream,multifunction'\n",
		.status = 2,
	},
	{
		.name = "kernel: ACS override",
		.change = RELEASE("6.8.12-4-pve") CMDLINE("pcie_acs_override=downstream"),
		.expect =
			"kernel warning /etc/default/grub:1: pcie_acs_override=downstream splits IOMMU "
			"groups that the hardware doesn't isolate: a VM's device can access the memory "
			"of another device\n"
			"  fix: Run only VMs that you trust like the host\n",
		.status = 2,
	},
	{
		.name = "kernel: ACS override with a kernel of somebody's own",
		.change = RELEASE("6.12.9-tower") CMDLINE("pcie_acs_override=downstream"),
		.expect =
			"kernel unknown /etc/default/grub:1: pcie_acs_override=downstream takes effect only "
			"in a kernel with a patch, and 6.12.9-tower doesn't show whether it has that\n"
			"  fix: Run only VMs that you trust like the host\n",
		.status = 2,
	},
	{
		.name = "kernel: cannot be read",
		.change = "remove proc/sys/kernel/osrelease\n",
		.expect =
			"kernel unknown The running kernel's release or command line can't be read\n",
		.status = 2,
	},

	/* bootloader */
	{
		.name = "bootloader: a word that takes effect at the next boot",
		.change = CMDLINES("quiet", "quiet iommu=pt", "quiet iommu=pt"),
		.expect = "bootloader warning /etc/default/grub:1: The running kernel was started "
			  "without iommu=pt\n"
			  "  fix: Reboot\n",
		.status = 2,
	},
	{
		.name = "bootloader: update-grub was forgotten",
		.change = CMDLINES("quiet", "quiet iommu=pt", "quiet"),
		.expect =
			"bootloader warning /boot/grub/grub.cfg:2: lacks 'iommu=pt'; 'update-grub' "
			"regenerates it\n",
		.status = 2,
	},
	{
		.name = "bootloader: GRUB's words outside the quotes",
		.change = CMDLINES(
			"quiet", "quiet",
			"quiet") "remove etc/default/grub\nline etc/default/grub "
				 "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\" intel_iommu=on iommu=pt\n",
		.expect =
			"bootloader warning /etc/default/grub:1: 'intel_iommu=on iommu=pt' is behind "
			"the closing quote and never reaches the kernel; write it inside the quotes\n",
		.status = 2,
	},
	{
		.name = "bootloader: blanks around = in GRUB's file",
		.change = CMDLINES(
			"quiet", "quiet",
			"quiet") "line etc/default/grub GRUB_CMDLINE_LINUX_DEFAULT = \"iommu=pt\"\n",
		.expect =
			"bootloader warning /etc/default/grub:2: found a blank or '+' before '=', so "
			"sh takes this line for a command and update-grub fails; write "
			"GRUB_CMDLINE_LINUX_DEFAULT=\"WORDS\"\n",
		.status = 2,
	},
	{
		.name = "bootloader: a word from the prompt; others are nobody's concern",
		.change = CMDLINES("quiet iommu=pt debug", "quiet", "quiet"),
		.expect =
			"bootloader note /proc/cmdline: iommu=pt is in no file of GRUB: the next boot "
			"will not have it\n"
			"  fix: To keep it, run 'vfio-earlyctl cmdline add iommu=pt'\n",
	},
	{
		.name = "bootloader: the next boot cannot be seen",
		.change = "remove boot/grub/grub.cfg\n",
		.expect =
			"bootloader unknown GRUB: whether the next boot has the words of its files "
			"can't be seen: found no entry of this system, so what the next boot has "
			"cannot be told\n",
		.status = 2,
	},
	{
		.name = "bootloader: which it is cannot be told",
		.change = "remove etc/default/grub\nremove proc/cmdline\nline proc/cmdline quiet\n",
		.expect =
			"bootloader unknown found neither GRUB nor systemd-boot; add the words where "
			"the kernel's command line is set\n",
		.status = 2,
	},

	/* modules */
	{
		.name = "modules: a kernel without vfio-pci",
		.change = "remove lib/modules/" KERNEL "/modules.dep\n"
			  "line lib/modules/" KERNEL
			  "/modules.dep kernel/drivers/vfio/vfio_iommu_type1.ko:\n",
		.expect = "modules error Kernel " KERNEL " lacks the module vfio_pci\n"
			  "  fix: Boot another kernel: Debian's 'cloud' kernels lack VFIO\n",
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
		.expect = "modules error Kernel " KERNEL
			  ": its modules in /lib/modules: No such file or directory\n"
			  "  fix: Install the package of this kernel again\n",
		.status = 2,
	},

	/* options */
	{
		.name = "options: not in the image",
		.options = "options vfio-pci disable_vga=0\n",
		.expect =
			"options warning /etc/modprobe.d/vfio.conf:1: disable_vga=1 of vfio-pci is not "
			"in the image of kernel " KERNEL ", which loads the module\n"
			"  fix: Run 'update-initramfs -u -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "options: one of two, and those of kvm do not matter",
		.change = "line etc/modprobe.d/vfio.conf options vfio_pci disable_idle_d3=1\n"
			  "line etc/modprobe.d/kvm.conf options kvm ignore_msrs=Y\n",
		.options = "options vfio_pci disable_vga=1\n",
		.expect =
			"options warning /etc/modprobe.d/vfio.conf:2: disable_idle_d3=1 of vfio_pci is "
			"not in the image of kernel " KERNEL ", which loads the module\n"
			"  fix: Run 'update-initramfs -u -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "options: set where mkinitramfs does not look",
		.change = "line usr/local/lib/modprobe.d/vm.conf options vfio-pci nointxmask=1\n",
		.expect =
			"options warning /usr/local/lib/modprobe.d/vm.conf:1: nointxmask=1 of vfio-pci "
			"is not in the image of kernel " KERNEL ", which loads the module\n"
			"  fix: Move the line to a file in /etc/modprobe.d, then run 'update-initramfs "
			"-u -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "options: an image that cannot be read",
		.change = "remove boot/initrd.img-" KERNEL "\nline boot/initrd.img-" KERNEL " x\n",
		.expect = "options unknown /boot/initrd.img-" KERNEL
			  ": Whether it has disable_vga=1 can't be "
			  "seen: from byte 0 on: found no cpio archive\n"
			  "images warning /boot/initrd.img-" KERNEL
			  ": Whether the image has the current rules can't be seen\n"
			  "  fix: Run 'vfio-earlyctl image " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "options: where they are set for no rule",
		.rules = "# none\n",
		.options = "",
		.expect = "rules note There are no rules\n"
			  "  fix: Run 'vfio-earlyctl list', then 'vfio-earlyctl add DEVICE'\n",
	},

	/* module-lists */
	{
		.name = "module-lists: unnecessary modules",
		.change = "line etc/modules # vfio_virqfd\n"
			  "line etc/modules vfio_virqfd\n"
			  "line etc/modules loop\n"
			  "line etc/initramfs-tools/modules vfio-pci ids=10de:1b81\n"
			  "line etc/modules-load.d/vm.conf vfio_iommu_type1\n",
		.expect =
			"module-lists note /etc/modules:2: vfio_virqfd has no effect: the kernel has "
			"no such module since 6.2\n"
			"  fix: Remove the line\n"
			"settings note /etc/initramfs-tools/modules:1: ids=10de:1b81 no longer takes "
			"a device: a rule has vfio-pci loaded before, without this option\n"
			"  fix: Remove the line\n",
	},
	{
		.name = "module-lists: before 6.2",
		.change = RELEASE("6.1.0-28-amd64") "line etc/modules vfio_virqfd\n",
		.expect = "",
	},

	/* rules */
	{
		.name = "rules: one is not valid",
		.rules = "01:00\nx1:00\n",
		.expect = "rules error 1 line of the rules is not valid, so no image is built\n"
			  "  fix: Run 'vfio-earlyctl check', which shows where\n",
		.status = 3,
	},
	{
		.name = "rules: a device that is not there",
		.rules = "01:00\n0f:00.0\n",
		.expect =
			"rules warning 1 of the devices that rules name will not be bound at the next "
			"boot\n"
			"  fix: Run 'vfio-earlyctl check', which shows why\n",
		.status = 2,
	},
	{
		.name = "rules: switched off",
		.change = CMDLINE("vfio_early=off"),
		.expect =
			"rules warning /proc/cmdline: vfio_early=off is set: rules are not applied\n"
			"  fix: Reboot without it\n",
		.status = 2,
	},

	/* groups */
	{
		.name = "groups: the rest of the card stays",
		.rules = "01:00.0\n",
		.expect =
			"groups error /etc/vfio-early.conf:1: 0000:01:00.0 can't be passed through "
			"alone: 0000:01:00.1 is in the same IOMMU group (14) and stays with nouveau\n"
			"  fix: Add 'group' to the rule; or try another slot, or ACS in the firmware's "
			"setup\n",
		.status = 2,
	},
	{
		.name = "groups: with the host's disk, and the kernel has the patch",
		.host = HOST_OF(" group=14", "driver=nouveau group=14", "group=0 boot_vga")
			DISKS("group=14", "group=16"),
		.change = RELEASE("6.8.12-4-pve"),
		.expect =
			"groups error /etc/vfio-early.conf:1: 0000:01:00.0, 0000:01:00.1 can't be "
			"passed through alone: 0000:02:00.0 is in the same IOMMU group (14) and stays "
			"with nvme\n"
			"  fix: Try another slot, or ACS in the firmware's setup; as a last resort run "
			"'vfio-earlyctl cmdline add pcie_acs_override=downstream,multifunction', with "
			"which a VM's device can access the memory of the others\n",
		.status = 2,
	},

	/* guests */
	{
		.name = "guests: a VM has the card, and nothing that the host uses",
		.change = "line etc/pve/qemu-server/100.conf hostpci0: 0000:01:00\n",
		.expect = "",
	},
	{
		.name = "guests: the daemon of /etc/pve does not run",
		.change = "line usr/bin/pmxcfs x\n",
		.expect = "guests unknown /etc/pve is not mounted, so VMs can't be seen\n"
			  "  fix: Run 'systemctl start pve-cluster'\n",
		.status = 2,
	},
	{
		.name = "guests: a VM has the host's disk",
		.change = "line etc/pve/qemu-server/100.conf onboot: 1\n"
			  "line etc/pve/qemu-server/100.conf hostpci0: 0000:02:00.0\n",
		.expect = "guests error /etc/pve/qemu-server/100.conf:2: VM 100 starts at boot and "
			  "takes 0000:02:00.0 (hostpci0), which the host needs: / (ext4 on "
			  "/dev/nvme0n1)\n"
			  "  fix: Run 'qm set 100 --delete hostpci0'\n",
		.status = 2,
	},

	/* reset */
	{
		.name = "reset: with the bus, of which all is reserved",
		.change = "remove " GPU "reset_method\nremove " AUDIO "reset\n",
		.expect = "",
	},
	{
		.name = "reset: with the bus, of which some stays with the host",
		.host = "00:01.0 0604: 8086:460d driver=pcieport group=2\n"
			"  01:00.0 0300: 10de:1b81 sub=1458:3701 driver=nouveau group=14\n"
			"  01:00.1 0403: 10de:10f0 sub=1458:3701 group=17\n"
			"  01:00.2 0c03: 10de:1ada sub=1458:3701 group=18\n"
			"00:02.0 0300: 8086:4680 driver=i915 group=0 boot_vga\n" GROUPED_DISKS,
		.rules = "01:00.0\n01:00.2\n",
		.change = "remove " GPU "reset_method\n"
			  "line sys/bus/pci/devices/0000:01:00.2/reset_method flr\n",
		.expect =
			"reset warning " CARD
			" can only be reset together with 0000:01:00.1, which stays "
			"with the host: a VM can find it in the state in which the VM before left it\n"
			"  fix: Pass all of them through to the same VM\n",
		.status = 2,
	},
	{
		.name = "reset: no way of a card with one function",
		.change = "remove sys/bus/pci/devices/0000:01:00.1\nremove " GPU "reset_method\n",
		.expect =
			"reset warning " CARD
			" can't be reset by the kernel: a VM can find it in the state "
			"in which the VM before left it\n"
			"  fix: If it fails when a VM starts for the second time, reboot the host in "
			"between\n",
		.status = 2,
	},
	{
		.name = "reset: every way was taken out",
		.change = "remove sys/bus/pci/devices/0000:01:00.1\n"
			  "remove " GPU "reset_method\nline " GPU "reset_method \n"
			  "line " GPU "reset x\n",
		.expect =
			"reset warning " CARD
			" can't be reset by the kernel: a VM can find it in the state "
			"in which the VM before left it\n"
			"  fix: If it fails when a VM starts for the second time, reboot the host in "
			"between\n",
		.status = 2,
	},

	/* graphics cards */
	{
		.name = "console: on the card; so the ROM is a copy",
		.host = HOST_OF(" group=2", "driver=nouveau group=14 boot_vga", "group=0")
			GROUPED_DISKS,
		.expect =
			"console warning " CARD
			" shows the boot console: the screen turns dark when it is "
			"bound\n"
			"  fix: Make 0000:00:02.0 (Intel Device 4680) the primary display in the "
			"firmware's setup\n"
			"rom note The ROM of " CARD
			" is the copy that the firmware has run and may have "
			"changed\n"
			"  fix: If the VM's screen stays dark, run 'vfio-earlyctl rom 0000:01:00.0'\n",
		.status = 2,
	},
	{
		.name = "console: on the card, and a rule gives the other to the host",
		.host = HOST_OF(" group=2", "driver=nouveau group=14 boot_vga", "group=0")
			GROUPED_DISKS,
		.rules = "01:00\n00:02.0 driver=i915\n",
		.expect =
			"console warning " CARD
			" shows the boot console: the screen turns dark when it is "
			"bound\n"
			"  fix: Make 0000:00:02.0 (Intel Device 4680) the primary display in the "
			"firmware's setup\n"
			"rom note The ROM of " CARD
			" is the copy that the firmware has run and may have "
			"changed\n"
			"  fix: If the VM's screen stays dark, run 'vfio-earlyctl rom 0000:01:00.0'\n",
		.status = 2,
	},
	{
		.name = "console: on the only card",
		.host = "00:01.0 0604: 8086:460d driver=pcieport group=2\n"
			"  01:00.0 0300: 10de:1b81 driver=nouveau group=14 boot_vga\n"
			"  01:00.1 0403: 10de:10f0 driver=snd_hda_intel group=14\n"
			"00:02.0 0c05: 8086:4680 group=0\n" GROUPED_DISKS,
		.expect =
			"console warning " CARD
			" shows the boot console: the screen turns dark when it is "
			"bound\n"
			"  fix: The host has no other display: make sure that you can reach it by "
			"network\n"
			"rom note The ROM of " CARD
			" is the copy that the firmware has run and may have "
			"changed\n"
			"  fix: If the VM's screen stays dark, run 'vfio-earlyctl rom 0000:01:00.0'\n",
		.status = 2,
	},
	{
		.name = "framebuffer: left in the memory of a card that vfio-pci has",
		.host = HOST_OF(" group=2", "driver=vfio-pci group=14", "group=0 boot_vga")
			GROUPED_DISKS,
		.change = "line proc/iomem     e0000000-e02fffff : BOOTFB\n",
		.expect =
			"framebuffer warning The firmware's framebuffer is still in the memory of " CARD
			": a "
			"VM can't map it\n"
			"  fix: Run 'vfio-earlyctl cmdline add initcall_blacklist=sysfb_init', then "
			"reboot\n",
		.status = 2,
	},
	{
		.name = "framebuffer: left, and the word is set for the next boot",
		.host = HOST_OF(" group=2", "driver=vfio-pci group=14", "group=0 boot_vga")
			GROUPED_DISKS,
		.change = "line proc/iomem     e0000000-e02fffff : BOOTFB\n" CMDLINES(
			"quiet", "quiet " SYSFB_OFF, "quiet " SYSFB_OFF),
		.expect = STARTED_WITHOUT_SYSFB_OFF
		"framebuffer warning The firmware's framebuffer is still in the memory of " CARD
		": a VM can't map it\n"
		"  fix: The next boot has " SYSFB_OFF "\n",
		.status = 2,
	},
	{
		.name = "framebuffer: left in spite of the word",
		.host = HOST_OF(" group=2", "driver=vfio-pci group=14", "group=0 boot_vga")
			GROUPED_DISKS,
		.change = "line proc/iomem     e0000000-e02fffff : BOOTFB\n"
			  "line proc/iomem       e0000000-e02fffff : simpledrm\n" CMDLINE(
				  "initcall_blacklist=algif_hash_init,sysfb_init"),
		.expect =
			"framebuffer warning " SYSFB_OFF
			" is set, but 'simpledrm' holds memory of " CARD ": a VM can't map it\n"
			"  fix: Make another display the primary one in the firmware's setup; or have "
			"the host driver remove the framebuffer: run 'vfio-earlyctl unbind "
			"0000:01:00.0', then 'vfio-earlyctl bind 0000:01:00.0'\n",
		.status = 2,
	},
	{
		.name = "framebuffer: stays when a card of class 0380 is bound",
		.host = OTHER_CLASS,
		.change = OWNED_BY_SYSFB,
		.expect = "framebuffer warning Kernel " KERNEL
			  " leaves the firmware's framebuffer in the memory of " CARD
			  ": a VM can't map it\n"
			  "  fix: Run 'vfio-earlyctl cmdline add " SYSFB_OFF "', then reboot\n",
		.status = 2,
	},
	{
		.name = "framebuffer: does not come at the next boot",
		.host = OTHER_CLASS,
		.change = OWNED_BY_SYSFB CMDLINES("quiet", "quiet " SYSFB_OFF, "quiet " SYSFB_OFF),
		.expect = STARTED_WITHOUT_SYSFB_OFF,
		.status = 2,
	},
	{
		.name = "framebuffer: a kernel that releases it",
		.host = OTHER_CLASS,
		.change = "line proc/iomem     e0000000-e02fffff : efifb\n",
		.expect = "",
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
		.expect =
			"framebuffer unknown /proc/iomem can't be read: No such file or directory\n",
		.status = 2,
	},
	{
		.name = "rebar: one is resized",
		.change = "remove " GPU "resource\n"
			  "line " GPU "resource 0x00000000f6000000 0x00000000f6ffffff 0x40200\n"
			  "line " GPU "resource 0x0000006000000000 0x00000061ffffffff 0x14220c\n",
		.expect =
			"rebar note BAR 1 of " CARD " is resizable and has 8192 MiB\n"
			"  fix: If the guest's driver fails (code 43), switch Resizable BAR off in the "
			"firmware's setup\n",
	},
	{
		.name = "rom: none",
		.change = "remove " GPU "rom\n",
		.expect =
			"rom note " CARD " has no readable ROM\n"
			"  fix: If the VM's screen stays dark, give the VM a ROM file (romfile=)\n",
	},
	{
		.name = "msrs: not ignored",
		.change = "remove " KVM "ignore_msrs\nline " KVM "ignore_msrs N\n",
		.expect =
			"msrs note kvm raises an exception in a guest that reads an unknown register, "
			"at which some graphics drivers crash\n"
			"  fix: If that happens, write 'options kvm ignore_msrs=1 "
			"report_ignored_msrs=0' to /etc/modprobe.d/kvm.conf, then reboot\n",
	},
	{
		.name = "msrs: ignored and reported",
		.change = "remove " KVM "report_ignored_msrs\nline " KVM "report_ignored_msrs Y\n",
		.expect =
			"msrs note kvm logs every read of an unknown register\n"
			"  fix: Write 'options kvm report_ignored_msrs=0' to /etc/modprobe.d/kvm.conf, "
			"then reboot\n",
	},
	{
		.name = "msrs: cannot be seen",
		.change = "remove sys/module/kvm\n",
		.expect =
			"msrs unknown The module kvm is not loaded, so its options can't be seen\n"
			"  fix: Run 'modprobe kvm'\n",
		.status = 2,
	},
	{
		.name = "msrs: kvm is not loaded, modprobe.d tells",
		.change = "remove sys/module/kvm\n"
			  "line etc/modprobe.d/kvm.conf options kvm ignore_msrs=Y "
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
		.name = "settings: a blacklist without rules",
		.rules = "",
		.change = "line etc/modprobe.d/old.conf blacklist nouveau\n"
			  "line etc/modprobe.d/old.conf blacklist nvidiafb\n",
		.expect = "rules note There are no rules\n"
			  "  fix: Run 'vfio-earlyctl list', then 'vfio-earlyctl add DEVICE'\n"
			  "settings note /etc/modprobe.d/old.conf:1: Without the module nouveau, "
			  "0000:01:00.0, 0000:01:00.1 has no host driver, and no rule binds it to "
			  "vfio-pci\n"
			  "  fix: If a VM is to have it, run 'vfio-earlyctl add DEVICE'\n",
	},
	{
		.name = "settings: ids=, a softdep and a blacklist that rules make unnecessary",
		.change = "line etc/modprobe.d/old.conf options vfio-pci ids=10de:1b81\n"
			  "line etc/modprobe.d/old.conf softdep nouveau pre: vfio-pci\n"
			  "line etc/modprobe.d/old.conf blacklist nouveau\n",
		.expect =
			"settings note /etc/modprobe.d/old.conf:1: ids=10de:1b81 is unnecessary beside "
			"the rules, and also takes any card of this model that is added later\n"
			"  fix: Remove it\n"
			"settings note /etc/modprobe.d/old.conf:2: The softdep of nouveau is "
			"unnecessary: rules are applied before it is loaded\n"
			"  fix: Remove the line\n"
			"settings note /etc/modprobe.d/old.conf:3: The blacklist is unnecessary: "
			"nouveau doesn't get 0000:01:00.0, 0000:01:00.1 anyway\n"
			"  fix: Remove the line: rules don't need it\n",
	},
	{
		.name = "settings: ids= that no rule has, and an override in the way",
		.change = "line etc/modprobe.d/old.conf options vfio-pci ids=8086:4680\n"
			  "line etc/driverctl.d/pci-0000:01:00.0 nouveau\n",
		.expect =
			"settings warning /etc/driverctl.d/pci-0000:01:00.0: driverctl binds "
			"0000:01:00.0 to nouveau when the system is up\n"
			"  fix: Run 'driverctl unset-override 0000:01:00.0'\n"
			"settings note /etc/modprobe.d/old.conf:1: ids=8086:4680 takes 0000:00:02.0, "
			"which no rule names\n"
			"  fix: Run 'vfio-earlyctl import' to turn it into rules\n",
		.status = 2,
	},
	{
		.name = "settings: ids= that names what the host needs",
		.change = "line etc/modprobe.d/old.conf options vfio-pci ids=8086:1533\n",
		.expect =
			"settings warning /etc/modprobe.d/old.conf:1: ids=8086:1533 takes 0000:03:00.0 "
			"(Intel I210 Gigabit Network Connection), which is in use by the host: IPv4 "
			"default route (eno1)\n"
			"  fix: Remove that ID from the line\n",
		.status = 2,
	},

	/* images */
	{
		.name = "images: rules have changed since",
		.late = "# more\n",
		.expect = "images warning /boot/initrd.img-" KERNEL
			  ": The rules have changed since the image was "
			  "built\n"
			  "  fix: Run 'update-initramfs -u -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "images: none",
		.change = "remove boot/initrd.img-" KERNEL "\nremove etc/modprobe.d\n",
		.expect = "bootloader warning kernel " KERNEL
			  " has no image, so 'update-grub' would add an entry "
			  "that starts it without one; run 'update-initramfs -c -k " KERNEL
			  "' first\n"
			  "images warning /boot/initrd.img-" KERNEL ": This kernel has no image\n"
			  "  fix: Run 'update-initramfs -c -k " KERNEL "'\n",
		.status = 2,
	},
	{
		.name = "images: no kernel",
		.change = "remove boot/vmlinuz-" KERNEL "\nremove etc/modprobe.d\n",
		.expect = "modules unknown No kernel was found in /boot\n"
			  "images unknown No kernel was found in /boot\n",
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
	char path[PATH_MAX], *list, *digest = run_digest(root, &list);

	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".digest", root);
	append_file(path, digest);
	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".protected", root);
	if (list)
		append_file(path, list);
	free(list);
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
	static const char start[] = "vfio-early-guide(7), section ";
	char *manual = files_read("src/man/vfio-early-guide.7"), heading[80];

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
		if (strcmp(get(check, "result"), "ok") != 0 &&
		    strcmp(get(check, "result"), "n/a") != 0)
			fprintf(stream, "%s %s %s%s%s%s%s\n", get(check, "check"),
				get(check, "result"), get(check, "where"),
				get(check, "where")[0] ? ": " : "", get(check, "found"),
				get(check, "fix")[0] ? "\n  fix: " : "", get(check, "fix"));
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
	"ok: Host\n"
	"  Everything can be seen\n"
	"ok: IOMMU\n"
	"  VT-x (vmx)\n"
	"  Intel VT-d (ACPI table DMAR)\n"
	"  dmar0, 5 IOMMU groups of type DMA, DMA-FQ\n"
	"ok: Interrupt remapping\n"
	"  Interrupts are remapped\n"
	"ok: Kernel command line\n"
	"  6.12.48+deb13-amd64; Intel's IOMMU is on by default, except for Intel's own graphics\n"
	"  GRUB: the running kernel has the words of its files\n"
	"ok: Modules and options\n"
	"  1 kernel has vfio-pci and vfio_iommu_type1\n"
	"  disable_vga=1 is in all images, as in modprobe.d\n"
	"  No list of modules has an unnecessary one\n"
	"ok: Rules\n"
	"  2 devices will be reserved for VMs at the next boot\n"
	"ok: IOMMU groups\n"
	"  Devices reserved for VMs share no IOMMU group with devices of the host\n"
	"ok: Reset\n"
	"  Devices reserved for VMs can be reset\n"
	"ok: Graphics cards\n"
	"  The boot console is on no graphics card that is reserved for VMs\n"
	"  The firmware's framebuffer is in the memory of no card that is bound\n"
	"  Every BAR has an address, and no resizable one more than 256 MiB\n"
	"  Each graphics card that is reserved for VMs has a readable ROM\n"
	"  kvm ignores reads of unknown registers, without logging them\n"
	"ok: Other settings\n"
	"  No blacklist, softdep, ids= or driverctl is about the same devices\n"
	"ok: Images\n"
	"  The images of 1 kernel have the current rules\n"
	"n/a: Virtual machines\n"
	"  No VM has a PCI device\n"
	"\n"
	"This host is ready\n";

/* The first and the last group, as devices that are not trusted have it. */
static const char *const strict[] = {
	"remove sys/kernel/iommu_groups/0/type\nline sys/kernel/iommu_groups/0/type DMA\n",
	"remove sys/kernel/iommu_groups/16/type\nline sys/kernel/iommu_groups/16/type DMA\n",
};

/* What the command prints, and its exit status, without or with an operand. */
static void check_output(const char *root, const char *argument, const char *expect, int status)
{
	struct run_result result;

	run_ctl((const char *const[]){ "--root", root, "doctor", argument, NULL }, &result);
	if (strcmp(result.out, expect) != 0)
		diff_show(expect, result.out);
	assert_string_equal(result.out, expect);
	assert_int_equal(result.status, status);
	run_free(&result);
}

static void check_all_well(const char *root)
{
	check_output(root, "-v", all_well, 0);
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

#define FINE_HOST                                                                                  \
	"ok: Host: Everything can be seen\n"                                                       \
	"ok: IOMMU: VT-x (vmx); Intel VT-d (ACPI table DMAR); dmar0, 5 IOMMU groups of type "      \
	"DMA-FQ\n"                                                                                 \
	"ok: Interrupt remapping: Interrupts are remapped\n"                                       \
	"ok: Modules and options: 1 kernel has vfio-pci and vfio_iommu_type1\n"

/* What folds: an area in which all is fine is a line, and what does not apply is none. */
static void folds(void **state)
{
	static const struct trouble host = {
		.host = "00:01.0 0604: 8086:460d driver=pcieport group=2\n"
			"  01:00.0 0c03: 1b73:1100 driver=xhci_hcd group=14\n"
			"  01:00.1 0c03: 1b73:1100 driver=xhci_hcd group=14\n" GROUPED_DISKS,
		.change = CPU("GenuineIntel", "fpu lm"),
	};
	char root[PATH_MAX];

	(void)state;
	make_host(&host, root);
	check_output(
		root, NULL,
		"error: IOMMU\n"
		"  Neither VT-x nor AMD-V: switched off by the firmware, or absent from this "
		"processor\n"
		"  fix: Switch virtualization (VT-x, SVM) on in the firmware's setup\n"
		"\n"
		"ok: Host: Everything can be seen\n"
		"ok: Interrupt remapping: Interrupts are remapped\n"
		"ok: Kernel command line: 6.12.48+deb13-amd64; Intel's IOMMU is on by default, "
		"except for Intel's own graphics; GRUB: the running kernel has the words of its "
		"files\n"
		"ok: Modules and options: 1 kernel has vfio-pci and vfio_iommu_type1; "
		"disable_vga=1 is in all images, as in modprobe.d; No list of modules has an "
		"unnecessary one\n"
		"ok: Rules: 2 devices will be reserved for VMs at the next boot\n"
		"ok: IOMMU groups: Devices reserved for VMs share no IOMMU group with devices of the "
		"host\n"
		"ok: Reset: Devices reserved for VMs can be reset\n"
		"ok: Other settings: No blacklist, softdep, ids= or driverctl is about the same "
		"devices\n"
		"ok: Images: The images of 1 kernel have the current rules\n"
		"\n"
		"1 error; vfio-early-guide(7) explains each area\n",
		2);
}

/* Devices are looked at as if a rule named them. */
static void tells_of_devices(void **state)
{
	static const struct trouble none = { .rules = "# none\n" };
	char root[PATH_MAX];

	(void)state;
	make_host(&none, root);
	check_output(
		root, "01:00.1",
		"error: IOMMU groups\n"
		"  0000:01:00.1 can't be passed through alone: 0000:01:00.0 is in the same IOMMU "
		"group (14) and stays with nouveau\n"
		"  fix: Run 'vfio-earlyctl add --group 0000:01:00.1'; or try another slot, or "
		"ACS in the firmware's setup\n"
		"\n" FINE_HOST "ok: Devices: 0000:01:00.1: driver nouveau, IOMMU group 14\n"
		"ok: Reset: Devices reserved for VMs can be reset\n"
		"\n"
		"01:00.1 can't be passed through yet: 1 error\n",
		2);
	check_output(
		root, "nvme0n1",
		"error: Devices\n"
		"  0000:02:00.0 (Samsung NVMe SSD Controller SM981/PM981/PM983) is in use by the host: / "
		"(ext4 on /dev/nvme0n1)\n"
		"  fix: Use another device: without this one the host does not boot, or is out "
		"of reach\n"
		"\n" FINE_HOST "\n"
		"nvme0n1 can't be passed through yet: 1 error\n",
		2);
	tree_write(root, "line " AUDIO "sriov_totalvfs 7\n");
	check_output(
		root, "01:00",
		"note: Devices\n"
		"  0000:01:00.1 (NVIDIA GP104 High Definition Audio Controller) can have 7 virtual "
		"functions, which can be passed through one by one while the device stays with its "
		"host driver\n"
		"  fix: See vfio-early(8), section HOT-PLUGGED DEVICES\n"
		"\n" FINE_HOST
		"ok: IOMMU groups: Devices reserved for VMs share no IOMMU group with devices of the "
		"host\n"
		"ok: Reset: Devices reserved for VMs can be reset\n"
		"ok: Graphics cards: The boot console is on no graphics card that is reserved for VMs; The "
		"firmware's framebuffer is in the memory of no card that is bound; Every BAR has an address, "
		"and no resizable one more than 256 MiB; Each graphics card that is reserved for VMs has a readable ROM; kvm "
		"ignores reads of unknown registers, without logging them\n"
		"\n"
		"01:00 can be passed through: 1 note\n",
		0);
	check_output(root, "00:01.0", "", 1);
}

static void reports(void **state)
{
	static const struct trouble host = {
		.rules =
			"# VM of cellar, its card is 52:54:00:12:34:56 at 192.0.2.7, 2001:db8::1f\n"
			"serial=00-15-ab-ff-fe-01-02-03 optional\n01:00 id=10de:1b81:1458:3701\n",
		.change = "line proc/sys/kernel/hostname cellar\n" CMDLINE(
			"root=UUID=0a3407de-014b-458b-b5c1-848e92a327a3 iommu=pt"),
	};
	static const char *const secrets[] = { "cellar",   "52:54:00",  "525400",  "00-15-ab",
					       "0a3407de", "192.0.2.7", "2001:db8" };
	static const char *const wanted[] = {
		"Serial numbers, ",
		"iommu=pt",
		"serial=SERIAL optional\n01:00 id=10de:1b81:1458:3701\n",
		"its card is MAC",
		"NVIDIA",
		"reset: ok: Devices reserved for VMs can be reset\n",
		"=== Kernel log",
		"GenuineIntel",
		"net vmbr9 virtual/net\nlower vmbr9 enxMAC\n",
		"vmbr9 inet IP/24\n",
		"vmbr9 inet6 IP/64\n",
		"default dev vmbr9 table 7\n",
		"IP/16 dev vmbr9 pref medium\n",
	};
	char root[PATH_MAX], path[PATH_MAX], *text;
	struct run_result result;

	(void)state;
	make_host(&host, root);
	tree_write(root, "line proc/cpuinfo model name\t: GenuineIntel 1\n"
			 "net enx525400123456 virtual/net\nnet vmbr9 virtual/net\n"
			 "lower vmbr9 enx525400123456\nnetwork 7: vmbr9    inet 192.0.2.7/24 brd\n"
			 "network vmbr9 inet6 2001:db8::7/64\nnetwork 2001:db8::/16 dev vmbr9\n"
			 "network default via 192.0.2.1 dev vmbr9 table 7\n");
	files_path(path, "%s/report", root);
	run_ctl((const char *const[]){ "--root", root, "doctor", "--report", path, NULL }, &result);
	text = files_read(path);
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (strstr(text, secrets[i]))
			fail_msg("%s is in it:\n%s", secrets[i], text);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(i ? text : result.out, wanted[i]))
			fail_msg("%s is not in it:\n%s%s", wanted[i], text, result.out);
	assert_int_equal(result.status, 0);
	run_free(&result);
	/* Nothing of somebody's is overwritten. */
	run_ctl((const char *const[]){ "--root", root, "doctor", "--report", path, NULL }, &result);
	assert_int_equal(result.status, 1);
	assert_non_null(strstr(result.err, "File exists"));
	run_free(&result);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(tells_people),
		cmocka_unit_test(folds),
		cmocka_unit_test(tells_of_devices),
		cmocka_unit_test(reports),
	};
	enum { COUNT = sizeof(troubles) / sizeof(troubles[0]) };
	struct CMUnitTest tests[COUNT + sizeof(others) / sizeof(others[0])];

	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ troubles[i].name, tells, NULL, NULL,
						(void *)(uintptr_t)&troubles[i] };
	memcpy(tests + COUNT, others, sizeof(others));
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
