/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vfio-earlyctl fill-image` lists of described hosts: one PCI machine, and in each case what
 * is above its functions. Run it where the project is; VFIO_EARLY_BUILD names the build directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diff.h"
#include "files.h"
#include "hosttree.h"
#include "core/rule.h"
#include "machine.h"
#include "silent.h"
#include "tree.h"

/* Even what never ends must, and long before this. */
#define TIMEOUT_SECONDS 20

/* Its functions as they are printed. */
#define VMD     "0000:00:0e.0 id=8086:467f:8086:0000 # 0000:00:0e.0 "
#define VMD_SSD "0000:00:0e.0/06.0/00.0 id=144d:a80a:144d:a801 # 10000:e1:00.0 "
#define XHCI    "0000:00:14.0 id=8086:a36d:1043:8694 # 0000:00:14.0 "
#define AHCI    "0000:00:17.0 id=8086:a352:1043:8694 # 0000:00:17.0 "
#define SSD0    "0000:00:1b.0/00.0 id=144d:a808:144d:a801 # 0000:02:00.0 "
#define SSD1    "0000:00:1d.0/00.0 id=144d:a808:144d:a801 # 0000:03:00.0 "
#define USB2                                                                                       \
	"0000:00:1d.4/00.0 id=15b7:5002:15b7:5002 serial=00-1b-44-4a-00-00-00-09 # 0000:09:00.0 "
#define USB3    "0000:00:1d.7/00.0 id=1e0f:0001:1e0f:0001 # 0000:0c:00.0 "
#define IGB0    "0000:00:1c.0/00.0/01.0/00.0 id=8086:1521:8086:0001 # 0000:06:00.0 "
#define IGB1    "0000:00:1c.0/00.0/01.0/00.1 id=8086:1521:8086:0001 # 0000:06:00.1 "
#define MLX     "0000:00:1c.4/00.0 id=15b3:1015:15b3:0003 # 0000:07:00.0 "
#define MLX_VF  "0000:00:1c.4/00.2 id=15b3:1016:15b3:0003 # 0000:07:00.2 "
#define ONBOARD "0000:00:1f.6 id=8086:15bc:1043:8672 # 0000:00:1f.6 "

#define ON_SDA_1 AHCI "/ (ext4 on /dev/sda2)\n"
#define NO_ROUTE "I: no default route: no network device is protected\n"

#define RULE(line) "line etc/vfio-early.conf " line "\n"
#define USED(line, device)                                                                         \
	"W: vfio-early: /etc/vfio-early.conf:" line ": " device                                    \
	" is in use by the host; without it the host lacks "

#define STAYS(line, device)                                                                        \
	"W: vfio-early: /etc/vfio-early.conf:" line ": " device                                    \
	" stays with the host, which uses it: "
#define SDA_STAYS STAYS("1", "0000:00:17.0 (8086:a352)") "/ (ext4 on /dev/sda2)\n"
#define FORCED(line, device)                                                                       \
	"W: vfio-early: /etc/vfio-early.conf:" line ": " device                                    \
	" is taken by force from the host, which uses it: "
#define CONSOLE(line, device)                                                                      \
	"W: vfio-early: /etc/vfio-early.conf:" line ": " device                                    \
	" shows the boot console; the screen goes dark when it is taken\n"

/* Where a device of / can't be told. */
#define UNKNOWN     "storage: device of / unknown\n"
#define EVERY_DISK  VMD UNKNOWN AHCI UNKNOWN SSD0 UNKNOWN SSD1 UNKNOWN VMD_SSD UNKNOWN
#define TAKES_DISKS ": not all of its devices are known: every storage controller is protected\n"
#define TAKES_NET   ": every interface with an address is protected\n"
#define NO_SERVER   ": the interface to its server is not known" TAKES_NET

/* An interface with the default route, and one with another network. */
#define TWO_NETS                                                                                   \
	"net eno1 0000:00:1f.6/net\nnet enp6s0f0 0000:06:00.0/net\nroute4 eno1\n"                  \
	"line proc/net/route enp6s0f0\t000A0A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
#define DEFAULT_ROUTE     "IPv4 default route (eno1)\n"
#define DEFAULT_ROUTE_AND "IPv4 default route (eno1), "

/* What a network card is needed for where that is not known. */
#define NETLESS "addresses and routes unknown\n"

#define NOTHING "# none: built where the host can't be seen\n"
#define HIDDEN                                                                                     \
	": the host can't be seen, so an image that is built here binds nothing without "          \
	"/etc/vfio-early.unprotected\n"
#define UNPROTECTED                                                                                \
	": the host can't be seen, so by /etc/vfio-early.unprotected an image that is built here " \
	"protects nothing\n"

/* There is no list, on purpose: the mark of that is in its place, and the exit status is 0. */
#define UNLISTED (-1)

struct sample {
	const char *name;
	const char *tree; /* see tree.h */
	const char *out, *err;
	int status;
};

static const struct sample samples[] = {
	/* Disks */
	{ "partition of an NVMe", NVME0 "mount 259:2 / ext4 /dev/nvme0n1p2\n",
	  SSD0 "/ (ext4 on /dev/nvme0n1p2)\n", NO_ROUTE, 0 },
	{ "whole disk", NVME1 "mount 259:3 / xfs /dev/nvme1n1\n", SSD1 "/ (xfs on /dev/nvme1n1)\n",
	  NO_ROUTE, 0 },
	{ "USB disk", USB "mount 8:17 / ext4 /dev/sdb1\n", XHCI "/ (ext4 on /dev/sdb1)\n", NO_ROUTE,
	  0 },
	{ "VMD", "disk nvme0n1 259:0 10000:e1:00.0/nvme/nvme0\nmount 259:0 / ext4 /dev/nvme0n1\n",
	  VMD "/ (ext4 on /dev/nvme0n1)\n" VMD_SSD "/ (ext4 on /dev/nvme0n1)\n", NO_ROUTE, 0 },
	{ "disk on no PCI bus",
	  "disk mmcblk0 179:0 platform/80860F14:00/mmc_host/mmc0/mmc0:0001/block\n"
	  "mount 179:0 / ext4 /dev/mmcblk0\n",
	  "", "I: / (ext4 on /dev/mmcblk0): mmcblk0 is on no PCI bus\n" NO_ROUTE, 0 },
	{ "each mount of the boot, ESP elsewhere",
	  SDA NVME0 NVME1 USB
	  "mount 8:2 / ext4 /dev/sda2\nmount 259:2 /usr ext4 /dev/nvme0n1p2\n"
	  "mount 259:5 /boot ext4 /dev/nvme1n1p2\nmount 259:4 /boot/efi vfat /dev/nvme1n1p1\n"
	  "mount 8:17 /srv/esp vfat /dev/sdb1\n"
	  "udev sdb1 ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n",
	  XHCI "/srv/esp (ESP on /dev/sdb1)\n" AHCI "/ (ext4 on /dev/sda2)\n" SSD0
	       "/usr (ext4 on /dev/nvme0n1p2)\n" SSD1
	       "/boot (ext4 on /dev/nvme1n1p2), /boot/efi (vfat on /dev/nvme1n1p1)\n",
	  NO_ROUTE, 0 },
	{ "data is not protected",
	  ON_SDA NVME0 USB
	  "mount 259:1 /srv ext4 /dev/nvme0n1p1\nmount 8:17 /media/x vfat /dev/sdb1\n"
	  "udev sdb1 ID_PART_ENTRY_TYPE=ebd0a0a2-b9e5-4433-87c0-68b6b72699c7\n",
	  ON_SDA_1, NO_ROUTE, 0 },
	{ "LVM on LUKS on md",
	  NVME0 NVME1 MD0 DM(0, "crypt") DM(1, "pve-root") DM(
		  2,
		  "pve-swap") "slave md0 nvme0n1p2\nslave md0 nvme1n1p2\nslave dm-0 md0\nslave dm-1 dm-0\n"
			      "slave dm-2 dm-0\nmount 253:1 / ext4 /dev/mapper/pve-root\nswap /dev/dm-2 partition\n",
	  SSD0 "/ (ext4 on /dev/mapper/pve-root), swap (/dev/mapper/pve-swap)\n" SSD1
	       "/ (ext4 on /dev/mapper/pve-root), swap (/dev/mapper/pve-swap)\n",
	  NO_ROUTE, 0 },
	{ "volume group of several disks",
	  NVME0 NVME1 USB DM(0, "pve-root") DM(1, "pve-data") DM(
		  2,
		  "srv-data") "slave dm-0 nvme0n1p2\nslave dm-1 nvme1n1p1\nslave dm-2 sdb1\n"
			      "line sys/devices/virtual/block/dm-0/dm/uuid "
			      "LVM-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa11111111111111111111111111111111\n"
			      "line sys/devices/virtual/block/dm-1/dm/uuid "
			      "LVM-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa22222222222222222222222222222222-tpool\n"
			      "line sys/devices/virtual/block/dm-2/dm/uuid "
			      "LVM-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb33333333333333333333333333333333\n"
			      "mount 253:0 / ext4 /dev/mapper/pve-root\n",
	  SSD0 "/ (ext4 on /dev/mapper/pve-root)\n" SSD1 "/ (ext4 on /dev/mapper/pve-root)\n",
	  NO_ROUTE, 0 },
	{ "partition of an md",
	  NVME0 USB MD0 "part md0p1 259:9 md0\nslave md0 nvme0n1\nslave md0 sdb\n"
			"mount 259:9 / ext4 /dev/md0p1\n",
	  XHCI "/ (ext4 on /dev/md0p1)\n" SSD0 "/ (ext4 on /dev/md0p1)\n", NO_ROUTE, 0 },
	{ "bcache",
	  SDA NVME0 "disk bcache0 254:0 virtual/block\nslave bcache0 sda2\nslave bcache0 nvme0n1\n"
		    "mount 254:0 / ext4 /dev/bcache0\n",
	  AHCI "/ (ext4 on /dev/bcache0)\n" SSD0 "/ (ext4 on /dev/bcache0)\n", NO_ROUTE, 0 },
	{ "NVMe with several controllers",
	  "disk nvme0n1 259:0 virtual/nvme-subsystem/nvme-subsys0\npart nvme0n1p1 259:1 nvme0n1\n"
	  "line sys/devices/virtual/nvme-subsystem/nvme-subsys0/iopolicy numa\n"
	  "line sys/devices/pci0000:00/0000:00:1b.0/0000:02:00.0/nvme/nvme0/state live\n"
	  "line sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme1/state live\n"
	  "link sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 ../../../pci0000:00/"
	  "0000:00:1b.0/0000:02:00.0/nvme/nvme0\n"
	  "link sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme1 ../../../pci0000:00/"
	  "0000:00:1d.0/0000:03:00.0/nvme/nvme1\n"
	  "mount 259:1 / ext4 /dev/nvme0n1p1\n",
	  SSD0 "/ (ext4 on /dev/nvme0n1p1)\n" SSD1 "/ (ext4 on /dev/nvme0n1p1)\n", NO_ROUTE, 0 },
	{ "NVMe over the network",
	  "disk nvme0n1 259:0 virtual/nvme-subsystem/nvme-subsys0\n"
	  "line sys/devices/virtual/nvme-subsystem/nvme-subsys0/iopolicy numa\n"
	  "line sys/devices/virtual/nvme-fabrics/ctl/nvme0/state live\n"
	  "line sys/devices/virtual/nvme-fabrics/ctl/nvme0/address traddr=10.10.10.5,trsvcid=4420\n"
	  "link sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 "
	  "../../nvme-fabrics/ctl/nvme0\n"
	  "mount 259:0 / ext4 /dev/nvme0n1\n" TWO_NETS,
	  ONBOARD DEFAULT_ROUTE IGB0 "server of / (enp6s0f0)\n", "", 0 },
	{ "NVMe over the network without multipath",
	  "disk nvme0n1 259:0 virtual/nvme-fabrics/ctl/nvme0\n"
	  "line sys/devices/virtual/nvme-fabrics/ctl/nvme0/address traddr=10.10.10.5,trsvcid=4420\n"
	  "mount 259:0 / ext4 /dev/nvme0n1\n" TWO_NETS,
	  ONBOARD DEFAULT_ROUTE IGB0 "server of / (enp6s0f0)\n", "", 0 },
	{ "NVMe over Fibre Channel",
	  "disk nvme0n1 259:0 virtual/nvme-fabrics/ctl/nvme0\n"
	  "line sys/devices/virtual/nvme-fabrics/ctl/nvme0/address "
	  "traddr=nn-0x200140:pn-0x210140,host_traddr=nn-0x20:pn-0x10\n"
	  "mount 259:0 / ext4 /dev/nvme0n1\nnet eno1 0000:00:1f.6/net\nroute4 eno1\n",
	  VMD UNKNOWN AHCI UNKNOWN ONBOARD
	  "address: server of / unknown (eno1), " DEFAULT_ROUTE SSD0 UNKNOWN SSD1 UNKNOWN VMD_SSD
		  UNKNOWN,
	  "W: / (ext4 on /dev/nvme0n1): what nvme0 is on is not known\n"
	  "W: / (ext4 on /dev/nvme0n1)" NO_SERVER "W: / (ext4 on /dev/nvme0n1)" TAKES_DISKS,
	  2 },
	{ "disk of iSCSI",
	  "disk sdc 8:32 platform/host9/session1/target9:0:0/9:0:0:1/block\npart sdc1 8:33 sdc\n"
	  "mount 8:33 / ext4 /dev/sdc1\n" TWO_NETS
	  "line sys/class/iscsi_connection/connection1:0/address 10.10.10.5\n"
	  "line sys/class/iscsi_connection/connection1:0/persistent_address 10.10.10.5\n"
	  "line sys/class/iscsi_connection/connection11:0/address 192.168.7.1\n",
	  ONBOARD DEFAULT_ROUTE IGB0 "server of / (enp6s0f0)\n", "", 0 },
	{ "disk of iSCSI, its portal by a name and its target behind the default route",
	  "disk sdc 8:32 platform/host9/session2/target9:0:0/9:0:0:1/block\n"
	  "mount 8:32 / ext4 /dev/sdc\n" TWO_NETS
	  "line sys/class/iscsi_connection/connection2:0/address 192.168.7.1\n"
	  "line sys/class/iscsi_connection/connection2:0/persistent_address san.example\n",
	  ONBOARD "server of / (eno1), " DEFAULT_ROUTE, "", 0 },
	{ "disk of iSCSI whose session is gone",
	  "disk sdc 8:32 platform/host9/session1/target9:0:0/9:0:0:1/block\n"
	  "mount 8:32 / ext4 /dev/sdc\n" TWO_NETS,
	  ONBOARD "address: server of / unknown (eno1), " DEFAULT_ROUTE IGB0
		  "address: server of / unknown (enp6s0f0)\n",
	  "W: / (ext4 on /dev/sdc)" NO_SERVER, 2 },
	{ "disk of iSCSI by an adapter",
	  "disk sdc 8:32 0000:00:17.0/host9/session1/target9:0:0/9:0:0:1/block\n"
	  "mount 8:32 / ext4 /dev/sdc\n" TWO_NETS,
	  AHCI "/ (ext4 on /dev/sdc)\n" ONBOARD DEFAULT_ROUTE, "", 0 },
	{ "NBD, with LVM on it",
	  "disk nbd0 43:0 virtual/block\n" DM(
		  0, "vg-root") "slave dm-0 nbd0\n"
				"mount 253:0 / ext4 /dev/mapper/vg-root\n" TWO_NETS,
	  ONBOARD "address: server of / unknown (eno1), " DEFAULT_ROUTE IGB0
		  "address: server of / unknown (enp6s0f0)\n",
	  "W: / (ext4 on /dev/mapper/vg-root)" NO_SERVER, 2 },
	{ "swap on NBD", ON_SDA "disk nbd0 43:0 virtual/block\nswap /dev/nbd0 partition\n" TWO_NETS,
	  ON_SDA_1 ONBOARD "address: server of swap unknown (eno1), " DEFAULT_ROUTE IGB0
			   "address: server of swap unknown (enp6s0f0)\n",
	  "W: swap (/dev/nbd0)" NO_SERVER, 2 },
	{ "virtual disk of an unknown kind",
	  "disk ublkb0 259:0 virtual/block\nmount 259:0 / ext4 /dev/ublkb0\n"
	  "net eno1 0000:00:1f.6/net\nroute4 eno1\n",
	  VMD UNKNOWN AHCI UNKNOWN ONBOARD
	  "address: server of / unknown (eno1), " DEFAULT_ROUTE SSD0 UNKNOWN SSD1 UNKNOWN VMD_SSD
		  UNKNOWN,
	  "W: / (ext4 on /dev/ublkb0): what ublkb0 is on is not known\n"
	  "W: / (ext4 on /dev/ublkb0)" NO_SERVER "W: / (ext4 on /dev/ublkb0)" TAKES_DISKS,
	  2 },
	{ "disk in memory", ON_SDA "disk ram0 1:0 virtual/block\nswap /dev/ram0 partition\n",
	  ON_SDA_1, NO_ROUTE, 0 },
	{ "loop on a file on a partition",
	  SDA
	  "disk loop0 7:0 virtual/block\nline sys/block/x x\n"
	  "line sys/devices/virtual/block/loop0/loop/backing_file /run/live/medium/root.squashfs\n"
	  "mount 7:0 / squashfs /dev/loop0\nmount 8:1 /run/live/medium iso9660 /dev/sda1\n",
	  AHCI "/ (squashfs on /dev/loop0)\n", NO_ROUTE, 0 },
	{ "overlay",
	  USB "mount 0:30 / overlay overlay lowerdir=/media/ro:/nowhere,upperdir=/run/rw\n"
	      "mount 8:17 /media/ro ext4 /dev/sdb1\nmount 0:31 /run tmpfs tmpfs\n",
	  XHCI "/ (overlay on overlay)\n", NO_ROUTE, 0 },
	{ "XFS with its log elsewhere",
	  SDA NVME0 "mount 8:2 / xfs /dev/sda2 logdev=/dev/nvme0n1p1,noquota\n",
	  AHCI "/ (xfs on /dev/sda2)\n" SSD0 "/ (xfs on /dev/sda2)\n", NO_ROUTE, 0 },
	{ "btrfs with several devices",
	  SDA NVME0 NVME1 DM(
		  0,
		  "luks") "slave dm-0 nvme1n1p2\n"
			  "line sys/fs/btrfs/features/raid56 0\n"
			  "link-block sys/fs/btrfs/11111111-2222-3333-4444-555555555555/devices/sda1 sda1\n"
			  "link-block sys/fs/btrfs/66666666-7777-8888-9999-000000000000/devices/nvme0n1p2 nvme0n1p2\n"
			  "link-block sys/fs/btrfs/66666666-7777-8888-9999-000000000000/devices/dm-0 dm-0\n"
			  "mount 0:27 / btrfs /dev/mapper/luks subvol=/@\n",
	  SSD0 "/ (btrfs on /dev/mapper/luks)\n" SSD1 "/ (btrfs on /dev/mapper/luks)\n", NO_ROUTE,
	  0 },
	{ "btrfs whose device is unknown", SDA "mount 0:27 / btrfs /dev/root\n", EVERY_DISK,
	  "W: / (btrfs on /dev/root): /dev/root: No such file or directory\n"
	  "W: / (btrfs on /dev/root)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "ZFS",
	  SDA NVME0 NVME1 "udev nvme0n1p2 ID_FS_TYPE=zfs_member\nudev nvme0n1p2 ID_FS_LABEL=rpool\n"
			  "udev nvme1n1p2 ID_FS_TYPE=zfs_member\nudev nvme1n1p2 ID_FS_LABEL=rpool\n"
			  "udev sda1 ID_FS_TYPE=zfs_member\nudev sda1 ID_FS_LABEL=tank\n"
			  "udev sda2 ID_FS_TYPE=ext4\nudev sda2 ID_FS_LABEL=rpool\n"
			  "mount 0:27 / zfs rpool/ROOT/pve-1\nmount 0:28 /tank zfs tank\n",
	  SSD0 "/ (zfs on rpool/ROOT/pve-1)\n" SSD1 "/ (zfs on rpool/ROOT/pve-1)\n", NO_ROUTE, 0 },
	{ "ZFS without members", SDA "mount 0:27 / zfs rpool/ROOT/pve-1\n", EVERY_DISK,
	  "W: / (zfs on rpool/ROOT/pve-1): found no device below it\n"
	  "W: / (zfs on rpool/ROOT/pve-1)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "bcachefs", SDA NVME0 "mount 0:27 / bcachefs /dev/sda2:/dev/nvme0n1p2\n",
	  AHCI "/ (bcachefs on /dev/sda2:/dev/nvme0n1p2)\n" SSD0
	       "/ (bcachefs on /dev/sda2:/dev/nvme0n1p2)\n",
	  NO_ROUTE, 0 },
	{ "ZFS member with an old signature",
	  NVME0 NVME1 SDA
	  "udev nvme0n1p2 ID_FS_TYPE=zfs_member\nudev nvme0n1p2 ID_FS_LABEL=rpool\n"
	  "udev nvme1n1p2 ID_FS_AMBIVALENT=filesystem:ext4:1.0_raid:zfs_member:5000\n"
	  "udev sda1 ID_FS_AMBIVALENT=filesystem:ext4:1.0_filesystem:xfs:\n"
	  "mount 0:27 / zfs rpool/ROOT/pve-1\n",
	  SSD0 "/ (zfs on rpool/ROOT/pve-1)\n" SSD1 "/ (zfs on rpool/ROOT/pve-1)\n", NO_ROUTE, 0 },
	{ "ZFS member with no pool's name",
	  NVME0 "udev nvme0n1p2 ID_FS_TYPE=zfs_member\nmount 0:27 / zfs rpool/ROOT/pve-1\n",
	  SSD0 "/ (zfs on rpool/ROOT/pve-1)\n", NO_ROUTE, 0 },
	{ "NFS root", "mount 0:27 / nfs4 10.10.10.1:/srv/root\n" TWO_NETS,
	  ONBOARD DEFAULT_ROUTE IGB0 "server of / (enp6s0f0)\n", "", 0 },
	{ "NFS root behind the default route", "mount 0:27 / nfs 192.168.7.1:/srv/root\n" TWO_NETS,
	  ONBOARD "server of / (eno1), " DEFAULT_ROUTE, "", 0 },
	{ "NFS root from a name, whose address is an option",
	  "mount 0:27 / nfs4 nas:/srv/root vers=4.2,addr=10.10.10.1,clientaddr=10.10.10.9\n" TWO_NETS,
	  ONBOARD DEFAULT_ROUTE IGB0 "server of / (enp6s0f0)\n", "", 0 },
	{ "NFS root from a name", "mount 0:27 / nfs4 nas:/srv/root\n" TWO_NETS,
	  ONBOARD "address: server of / unknown (eno1), " DEFAULT_ROUTE IGB0
		  "address: server of / unknown (enp6s0f0)\n",
	  "W: / (nfs4 on nas:/srv/root)" NO_SERVER, 2 },
	{ "NFS root over IPv6, and /usr from a link-local address",
	  "mount 0:27 / nfs4 [fd00:10::1]:/srv/root\nmount 0:28 /usr nfs4 [fe80::1%eno1]:/usr\n"
	  "net eno1 0000:00:1f.6/net\nnet eth1 0000:06:00.0/net\nroute6 eno1\n"
	  "network default via fe80::1 dev eno1 metric 1024 pref medium\n"
	  "network fe80::/64 dev eno1 proto kernel metric 256 pref medium\n"
	  "network fd00:10::/64 dev eth1 proto kernel metric 256 pref medium\n",
	  ONBOARD "server of /usr (eno1), IPv6 default route (eno1)\n" IGB0 "server of / (eth1)\n",
	  "", 0 },
	{ "CIFS and Ceph",
	  "mount 0:27 /usr ceph 10.10.10.1:6789:/usr\n"
	  "mount 0:28 / cifs //10.10.10.1/root\n" TWO_NETS,
	  ONBOARD "address: server of /usr unknown (eno1), " DEFAULT_ROUTE IGB0
		  "server of / (enp6s0f0), address: server of /usr unknown (enp6s0f0)\n",
	  "W: /usr (ceph on 10.10.10.1:6789:/usr)" NO_SERVER, 2 },
	{ "swap file on NFS, beside data",
	  ON_SDA
	  "mount 0:27 /net nfs4 10.10.10.1:/x\nswap /net/swap file\n"
	  "mount 0:28 /data nfs4 10.0.0.1:/y\nline etc/fstab 10.0.0.1:/y /data nfs4 defaults 0 0\n" TWO_NETS,
	  ON_SDA_1 ONBOARD DEFAULT_ROUTE IGB0 "server of swap (enp6s0f0)\n", "", 0 },
	{ "file system of an unknown kind", "mount 0:27 / newfs pool0\n", EVERY_DISK,
	  "W: / (newfs on pool0): do not know what newfs stands on\n"
	  "W: / (newfs on pool0)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "later mounts hide earlier ones",
	  SDA NVME0 "mount 0:2 / rootfs rootfs\nmount 8:2 / ext4 /dev/sda2\n"
		    "mount 0:35 /boot autofs systemd-1\nmount 259:1 /boot ext4 /dev/nvme0n1p1\n",
	  AHCI "/ (ext4 on /dev/sda2)\n" SSD0 "/boot (ext4 on /dev/nvme0n1p1)\n", NO_ROUTE, 0 },

	/* fstab, swap, proxmox-boot-tool */
	{ "fstab: what is not mounted",
	  ON_SDA NVME0 NVME1 USB "link dev/disk/by-uuid/ABCD-1234 ../../nvme0n1p1\n"
				 "link dev/disk/by-label/my\\x20boot ../../nvme1n1p1\n"
				 "line etc/fstab # comment\n"
				 "line etc/fstab /dev/sda2 / ext4 defaults 0 1\n"
				 "line etc/fstab LABEL=\"my\\134040boot\" /boot ext4 noauto 0 2\n"
				 "line etc/fstab UUID=ABCD-1234 /boot/efi vfat noauto 0 2\n"
				 "line etc/fstab /dev/sdb1 /srv ext4 noauto 0 2\n",
	  ON_SDA_1 SSD0 "/boot/efi in fstab (vfat on /dev/nvme0n1p1)\n" SSD1
			"/boot in fstab (ext4 on /dev/nvme1n1p1)\n",
	  NO_ROUTE, 0 },
	{ "fstab: what the boot waits for",
	  ON_SDA NVME0 NVME1 USB "mount 259:4 /var ext4 /dev/nvme1n1p1\n"
				 "line etc/fstab UUID=1 /var ext4 defaults 0 2\n"
				 "line etc/fstab /dev/nvme0n1p1 /srv xfs rw,noatime 0 2\n"
				 "line etc/fstab /dev/sdb1 /media vfat nofail 0 0\n",
	  ON_SDA_1 SSD0 "/srv in fstab (xfs on /dev/nvme0n1p1)\n" SSD1
			"/var (ext4 on /dev/nvme1n1p1)\n",
	  NO_ROUTE, 0 },
	{ "fstab: what the boot does not wait for",
	  ON_SDA NVME0 NVME1 USB
	  "mount 259:1 /a ext4 /dev/nvme0n1p1\n"
	  "mount 0:40 /c autofs systemd-1\nmount 259:4 /c ext4 /dev/nvme1n1p1\n"
	  "line etc/fstab /dev/nvme0n1p1 /a ext4 defaults,nofail 0 2\n"
	  "line etc/fstab /dev/sdb1 /b ext4 noauto,user 0 0\n"
	  "line etc/fstab /dev/nvme1n1p1 /c ext4 x-systemd.automount,x-systemd.idle-timeout=60 0 0\n"
	  "line etc/fstab /dev/nvme1n1p2 /d ext4 _netdev 0 0\n"
	  "line etc/fstab nas:/e /e nfs defaults 0 0\nline etc/fstab //nas/f /f cifs defaults 0 0\n"
	  "line etc/fstab user@nas: /g fuse.sshfs defaults 0 0\n"
	  "line etc/fstab tmpfs /tmp tmpfs size=1g 0 0\nline etc/fstab proc /proc proc defaults 0 0\n"
	  "line etc/fstab /dev/sdb1 none swap nofail 0 0\n",
	  ON_SDA_1, NO_ROUTE, 0 },
	{ "fstab: layers, several devices, bind mounts, FUSE",
	  ON_SDA NVME0 NVME1 USB DM(
		  0, "data") "slave dm-0 nvme0n1p1\nslave dm-0 sdb1\n"
			     "mount 259:4 /disks/1 ext4 /dev/nvme1n1p1\n"
			     "line etc/fstab /dev/mapper/data /data ext4 defaults 0 2\n"
			     "line etc/fstab /disks/1/home /home none bind 0 0\n"
			     "line etc/fstab /disks/*:/disks/1 /pool fuse.mergerfs defaults 0 0\n",
	  XHCI "/data in fstab (ext4 on /dev/mapper/data)\n" AHCI
	       "/ (ext4 on /dev/sda2), /pool in fstab (fuse.mergerfs on /disks/*:/disks/1)\n" SSD0
	       "/data in fstab (ext4 on /dev/mapper/data)\n" SSD1
	       "/home in fstab (none on /disks/1/home), ...\n",
	  NO_ROUTE, 0 },
	{ "fstab: another disk than the one that is mounted",
	  ON_SDA NVME0 NVME1 "mount 259:1 /var ext4 /dev/nvme0n1p1\n"
			     "line etc/fstab /dev/nvme1n1p1 /var ext4 defaults 0 2\n",
	  ON_SDA_1 SSD0 "/var (ext4 on /dev/nvme0n1p1)\n" SSD1
			"/var in fstab (ext4 on /dev/nvme1n1p1)\n",
	  NO_ROUTE, 0 },
	{ "fstab: an absent disk that the boot waits for",
	  ON_SDA "line etc/fstab UUID=DEAD-BEEF /srv ext4 defaults 0 2\n", ON_SDA_1,
	  "W: /srv in fstab (ext4 on UUID=DEAD-BEEF): there is no UUID=DEAD-BEEF\n" NO_ROUTE, 0 },
	{ "ESP that systemd mounts on demand",
	  ON_SDA NVME0 NVME1 USB
	  "mount 0:40 /efi autofs systemd-1\n"
	  "udev nvme0n1p1 ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n"
	  "udev nvme1n1p1 ID_PART_ENTRY_TYPE=bc13c2ff-59e6-4262-a352-b275fd6f7172\n"
	  "udev sdb1 ID_PART_ENTRY_TYPE=ebd0a0a2-b9e5-4433-87c0-68b6b72699c7\n",
	  ON_SDA_1 SSD0 "ESP mounted on demand (/dev/nvme0n1p1)\n" SSD1
			"ESP mounted on demand (/dev/nvme1n1p1)\n",
	  NO_ROUTE, 0 },
	{ "ESP that fstab has mounted on demand, beside another",
	  ON_SDA NVME0 NVME1
	  "mount 0:40 /boot/efi autofs systemd-1\n"
	  "line etc/fstab /dev/nvme0n1p1 /boot/efi vfat x-systemd.automount 0 0\n"
	  "udev nvme1n1p1 ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n",
	  ON_SDA_1 SSD0 "/boot/efi in fstab (vfat on /dev/nvme0n1p1)\n", NO_ROUTE, 0 },
	{ "fstab: absent devices",
	  ON_SDA "line etc/fstab UUID=DEAD-BEEF /efi vfat nofail 0 2\n"
		 "line etc/fstab /dev/sdz1 none swap sw 0 0\n",
	  ON_SDA_1,
	  "W: /efi in fstab (vfat on UUID=DEAD-BEEF): there is no UUID=DEAD-BEEF\n"
	  "W: swap (/dev/sdz1): there is no /dev/sdz1\n" NO_ROUTE,
	  0 },
	{ "fstab: bad line", ON_SDA "line etc/fstab nonsense\n", ON_SDA_1,
	  "W: /etc/fstab:1: not valid\n" NO_ROUTE, 2 },
	{ "swap, active and in fstab",
	  ON_SDA NVME0 NVME1 DM(
		  0,
		  "vg-swap") "slave dm-0 nvme0n1p2\nswap /dev/dm-0 partition\n"
			     "link dev/disk/by-uuid/01234567-89ab-cdef-0123-456789abcdef ../../nvme1n1p1\n"
			     "line etc/fstab /dev/mapper/vg-swap none swap sw 0 0\n"
			     "line etc/fstab UUID=01234567-89ab-cdef-0123-456789abcdef none swap sw 0 0\n",
	  ON_SDA_1 SSD0 "swap (/dev/mapper/vg-swap)\n" SSD1 "swap (/dev/nvme1n1p1)\n", NO_ROUTE,
	  0 },
	{ "swap file", ON_SDA NVME0 "mount 259:1 /srv ext4 /dev/nvme0n1p1\nswap /srv/swap file\n",
	  ON_SDA_1 SSD0 "swap (/srv/swap)\n", NO_ROUTE, 0 },
	{ "swap on zram, and what it writes back to",
	  ON_SDA NVME0 "disk zram0 252:0 virtual/block\ndisk zram1 252:1 virtual/block\n"
		       "line sys/devices/virtual/block/zram0/mm_stat 0\n"
		       "line sys/devices/virtual/block/zram0/backing_dev none\n"
		       "line sys/devices/virtual/block/zram1/mm_stat 0\n"
		       "line sys/devices/virtual/block/zram1/backing_dev /dev/nvme0n1p1\n"
		       "swap /dev/zram0 partition\nswap /dev/zram1 partition\n",
	  ON_SDA_1 SSD0 "swap (/dev/zram1)\n", NO_ROUTE, 0 },
	{ "proxmox-boot-tool",
	  ON_SDA NVME0 NVME1 "link dev/disk/by-uuid/AAAA-0001 ../../nvme0n1p1\n"
			     "link dev/disk/by-uuid/AAAA-0002 ../../nvme1n1p1\n"
			     "line etc/kernel/proxmox-boot-uuids AAAA-0001\n"
			     "line etc/kernel/proxmox-boot-uuids AAAA-0002\n"
			     "line etc/kernel/proxmox-boot-uuids AAAA-0003\n",
	  ON_SDA_1 SSD0 "ESP of proxmox-boot-tool (/dev/nvme0n1p1)\n" SSD1
			"ESP of proxmox-boot-tool (/dev/nvme1n1p1)\n",
	  "W: ESP of proxmox-boot-tool (UUID=AAAA-0003): there is no UUID=AAAA-0003\n" NO_ROUTE,
	  0 },
	{ "many reasons on one device",
	  SDA "mount 8:2 / ext4 /dev/sda2\nmount 8:1 /boot ext4 /dev/sda1\n"
	      "mount 8:1 /boot/efi vfat /dev/sda1\nmount 8:1 /efi vfat /dev/sda1\n"
	      "swap /swap file\n",
	  AHCI "/ (ext4 on /dev/sda2), /boot (ext4 on /dev/sda1), ...\n", NO_ROUTE, 0 },

	/* A sentence of 76 bytes and more would leave no room to say that there is more. */
	{ "one long reason and others",
	  SDA
	  "mount 8:2 / ext4 /dev/disk/by-id/ata-0123456789012345678901234567890123456789-part2\n"
	  "mount 8:1 /boot ext4 /dev/sda1\n",
	  AHCI "/ (ext4 on /dev/disk/by-id/ata-0123456789012345678901234567890123456789-...\n",
	  NO_ROUTE, 0 },

	/* Used, not needed: in no list, and said of what rules take */
	{ "a rule takes a data disk",
	  ON_SDA NVME0 NVME1 RULE("02:00.0") RULE(
		  "03:00.0") "mount 259:1 /srv ext4 /dev/nvme0n1p1\nmount 259:1 /export ext4 /dev/nvme0n1p1\n",
	  ON_SDA_1,
	  NO_ROUTE USED(
		  "1",
		  "0000:02:00.0 (144d:a808)") "/srv (ext4 on /dev/nvme0n1p1), /export (ext4 on /dev/nvme0n1p1)\n",
	  0 },
	{ "rules of this boot's command line are not the image's",
	  ON_SDA NVME0 "mount 259:1 /srv ext4 /dev/nvme0n1p1\n"
		       "line proc/cmdline vfio_early.bind=02:00.0\n",
	  ON_SDA_1, NO_ROUTE, 0 },
	{ "an excluded data disk",
	  ON_SDA NVME0 RULE("class=01") RULE("!02:00.0") "mount 259:1 /srv ext4 /dev/nvme0n1p1\n",
	  ON_SDA_1, NO_ROUTE SDA_STAYS, 0 },
	{ "data in layers and on several devices",
	  ON_SDA NVME0 NVME1 USB DM(0, "vg-data") RULE("class=01") RULE(
		  "00:14.0") "slave dm-0 nvme1n1p2\nslave dm-0 sdb1\nmount 253:0 /data xfs /dev/mapper/vg-data\n"
			     "mount 0:29 /pool btrfs /dev/nvme0n1p2 subvol=/a\n"
			     "mount 0:29 /sub btrfs /dev/nvme0n1p2 subvol=/b\n"
			     "link-block sys/fs/btrfs/66666666-7777-8888-9999-000000000000/devices/nvme0n1p2 nvme0n1p2\n"
			     "link-block sys/fs/btrfs/66666666-7777-8888-9999-000000000000/devices/nvme1n1p1 nvme1n1p1\n",
	  ON_SDA_1,
	  NO_ROUTE USED("2",
			"0000:00:14.0 (8086:a36d)") "/data (xfs on /dev/mapper/vg-data)\n" SDA_STAYS
		  USED("1", "0000:02:00.0 (144d:a808)") "/pool (btrfs on /dev/nvme0n1p2), /sub (btrfs on /dev/nvme0n1p2)\n" USED(
			  "1",
			  "0000:03:00.0 (144d:a808)") "/data (xfs on /dev/mapper/vg-data), /pool (btrfs on /dev/nvme0n1p2), ...\n",
	  0 },
	{ "a pool is told of once, whatever it has mounted",
	  ON_SDA NVME0 NVME1 RULE(
		  "class=01") "udev nvme0n1p2 ID_FS_TYPE=zfs_member\nudev nvme0n1p2 ID_FS_LABEL=tank\n"
			      "udev nvme1n1p2 ID_FS_TYPE=zfs_member\nudev nvme1n1p2 ID_FS_LABEL=tank2\n"
			      "mount 0:28 /tank zfs tank\nmount 0:29 /tank/a zfs tank/a\nmount 0:30 /two zfs tank2/b\n",
	  ON_SDA_1,
	  NO_ROUTE SDA_STAYS USED("1", "0000:02:00.0 (144d:a808)") "/tank (zfs on tank)\n" USED(
		  "1", "0000:03:00.0 (144d:a808)") "/two (zfs on tank2/b)\n",
	  0 },
	{ "what is needed is said once, and what else is on it if it is forced",
	  SDA NVME0 RULE("00:17.0") RULE(
		  "02:00.0 force") "mount 8:2 / ext4 /dev/sda2\nmount 8:1 /srv ext4 /dev/sda1\n"
				   "mount 259:1 /boot ext4 /dev/nvme0n1p1\nmount 259:2 /home ext4 /dev/nvme0n1p2\n",
	  ON_SDA_1 SSD0 "/boot (ext4 on /dev/nvme0n1p1)\n",
	  NO_ROUTE SDA_STAYS
		  FORCED("2", "0000:02:00.0 (144d:a808)") "/boot (ext4 on /dev/nvme0n1p1)\n" USED(
			  "2", "0000:02:00.0 (144d:a808)") "/home (ext4 on /dev/nvme0n1p2)\n",
	  0 },
	{ "snaps, and what is on no disk",
	  ON_SDA NVME0 "disk loop0 7:0 virtual/block\n" RULE("02:00.0") RULE(
		  "00:17.0 force") "line sys/devices/virtual/block/loop0/loop/backing_file /var/lib/snapd/x.snap\n"
				   "mount 7:0 /snap/x/1 squashfs /dev/loop0\nmount 0:40 /tmp tmpfs tmpfs\n"
				   "mount 0:41 /mnt nfs4 10.0.0.1:/srv\nmount 0:42 /proc proc proc\n"
				   "mount 0:43 /merged overlay overlay lowerdir=/nowhere\n",
	  ON_SDA_1, NO_ROUTE FORCED("2", "0000:00:17.0 (8086:a352)") "/ (ext4 on /dev/sda2)\n", 0 },
	{ "the boot console",
	  ON_SDA RULE("06:00.0") RULE(
		  "01:00.0") "remove sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/boot_vga\n"
			     "line sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/boot_vga 1\n",
	  ON_SDA_1, NO_ROUTE CONSOLE("2", "0000:01:00.0 (10de:1b81)"), 0 },
	{ "what is used and cannot be followed is a note",
	  ON_SDA DM(0, "a") "mount 253:0 /data ext4 /dev/mapper/a\nmount 9:9 /srv ext4 /dev/md9\n",
	  ON_SDA_1,
	  "I: /data (ext4 on /dev/mapper/a): found nothing below dm-0\n"
	  "I: /srv (ext4 on /dev/md9): block device 9:9: No such file or directory\n" NO_ROUTE,
	  0 },

	{ "active volumes, arrays and pools that are not mounted",
	  ON_SDA NVME0 NVME1 USB MD0 DM(0, "ceph-osd") RULE("02:00.0") RULE("03:00.0") RULE(
		  "00:14.0") "slave dm-0 nvme0n1p1\nslave md0 sdb1\n"
			     "udev nvme1n1p1 ID_FS_TYPE=zfs_member\nudev nvme1n1p1 ID_FS_LABEL=tank\n"
			     "line proc/spl/kstat/zfs/tank/state ONLINE\n"
			     "line proc/spl/kstat/zfs/arcstats x\n",
	  ON_SDA_1,
	  NO_ROUTE USED("3", "0000:00:14.0 (8086:a36d)") "volume (/dev/md0)\n" USED(
		  "1", "0000:02:00.0 (144d:a808)") "volume (/dev/mapper/ceph-osd)\n" USED(
		  "2", "0000:03:00.0 (144d:a808)") "ZFS pool (tank)\n",
	  0 },
	{ "a pool that is not imported, and a mounted volume are told of no more",
	  ON_SDA NVME0 NVME1 DM(0, "vg-data") RULE("02:00.0") RULE(
		  "03:00.0") "slave dm-0 nvme0n1p1\nmount 253:0 /data xfs /dev/mapper/vg-data\n"
			     "udev nvme1n1p1 ID_FS_TYPE=zfs_member\nudev nvme1n1p1 ID_FS_LABEL=tank\n",
	  ON_SDA_1,
	  NO_ROUTE USED("1", "0000:02:00.0 (144d:a808)") "/data (xfs on /dev/mapper/vg-data)\n",
	  0 },
	{ "a network mount is used",
	  ON_SDA TWO_NETS RULE("06:00.0") "mount 0:27 /net nfs4 10.10.10.1:/x\n",
	  ON_SDA_1 ONBOARD DEFAULT_ROUTE,
	  USED("1", "0000:06:00.0 (8086:1521)") "server of /net (enp6s0f0), "
	  "network 10.10.10.0/24 (enp6s0f0)\n", 0 },
	{ "journals of ext4 on other disks",
	  ON_SDA NVME0 "line proc/fs/jbd2/sda2-8/info x\nline proc/fs/jbd2/nvme0n1p1/info x\n",
	  ON_SDA_1 SSD0 "/ (ext4 on /dev/sda2)\n", NO_ROUTE, 0 },
	{ "a disk of root's volume group that no volume uses yet",
	  SDA NVME0 NVME1 DM(0, "my--vg-root") "slave dm-0 sda2\n"
		"line sys/devices/virtual/block/dm-0/dm/uuid "
		"LVM-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa11111111111111111111111111111111\n"
		"line etc/lvm/backup/my-vg \tid = \"gggggg-0\"\n"
		"line etc/lvm/backup/my-vg \tphysical_volumes {\n"
		"line etc/lvm/backup/my-vg \t\tid = \"aaaaaa-1\"\n"
		"line etc/lvm/backup/my-vg \t\tid = \"bbbbbb-2\"\n"
		"line etc/lvm/backup/my-vg \tlogical_volumes {\n"
		"line etc/lvm/backup/my-vg \t\tid = \"cccccc-3\"\n"
		"link dev/disk/by-id/lvm-pv-uuid-aaaaaa-1 ../../sda2\n"
		"link dev/disk/by-id/lvm-pv-uuid-bbbbbb-2 ../../nvme0n1p1\n"
		"link dev/disk/by-id/lvm-pv-uuid-cccccc-3 ../../nvme1n1p1\n"
		"mount 253:0 / ext4 /dev/mapper/my--vg-root\n",
	  AHCI "/ (ext4 on /dev/mapper/my--vg-root)\n" SSD0
	       "/ (ext4 on /dev/mapper/my--vg-root)\n",
	  NO_ROUTE, 0 },
	{ "dm-multipath",
	  SDA USB DM(0, "mpatha") "slave dm-0 sda\nslave dm-0 sdb\n"
				  "line sys/devices/virtual/block/dm-0/dm/uuid mpath-3600\n"
				  "mount 253:0 / ext4 /dev/mapper/mpatha\n",
	  XHCI "/ (ext4 on /dev/mapper/mpatha)\n" AHCI "/ (ext4 on /dev/mapper/mpatha)\n",
	  NO_ROUTE, 0 },

	/* Which card it is */
	{ "a rule takes the twin of a needed disk, and another port of a needed card",
	  ON_SDA NVME0 NVME1 RULE("03:00.0") RULE(
		  "06:00.1") "mount 259:2 /boot ext4 /dev/nvme0n1p2\nnet eth0 0000:06:00.0/net\nroute4 eth0\n",
	  ON_SDA_1 SSD0 "/boot (ext4 on /dev/nvme0n1p2)\n" IGB0 "IPv4 default route (eth0)\n",
	  "I: vfio-early: /etc/vfio-early.conf:1: 0000:03:00.0 (144d:a808) has the ID of "
	  "0000:02:00.0, which the host needs, and no serial number: a boot can't tell them apart "
	  "if you swap them\n",
	  0 },
	{ "cards with serial numbers, of which two have the same",
	  ON_SDA "disk sdx 65:112 0000:09:00.0/usb3\ndisk sdy 65:128 0000:0c:00.0/usb4\n" RULE(
		  "0a:00.0") RULE("0b:00.0") "mount 65:112 /boot ext4 /dev/sdx\n"
				     "mount 65:128 /usr ext4 /dev/sdy\n",
	  ON_SDA_1 USB2 "/boot (ext4 on /dev/sdx)\n" USB3 "/usr (ext4 on /dev/sdy)\n",
	  NO_ROUTE
	  "I: vfio-early: /etc/vfio-early.conf:2: 0000:0b:00.0 (1e0f:0001) has the ID of "
	  "0000:0c:00.0, which the host needs, and no serial number: a boot can't tell them apart "
	  "if you swap them\n",
	  0 },

	/* Network */
	{ "one NIC, both families, behind a switch",
	  ON_SDA "net eth0 0000:06:00.0/net\nnet eth1 0000:06:00.1/net\nroute4 eth0\nroute6 eth0\n",
	  AHCI "/ (ext4 on /dev/sda2)\n" IGB0 "IPv4/IPv6 default route (eth0)\n", "", 0 },
	{ "VLAN on a bridge on a bond",
	  ON_SDA "net eno1 0000:06:00.0/net\nnet eno2 0000:06:00.1/net\nnet bond0 virtual/net\n"
		 "net vmbr0 virtual/net\nnet vmbr0.5 virtual/net\nnet tap100i0 virtual/net\n"
		 "net enp1 0000:00:1f.6/net\n"
		 "lower bond0 eno1\nlower bond0 eno2\nlower vmbr0 tap100i0\nlower vmbr0 bond0\n"
		 "lower vmbr0.5 vmbr0\nroute4 vmbr0.5\n",
	  ON_SDA_1 IGB0 "IPv4 default route (vmbr0.5)\n" IGB1 "IPv4 default route (vmbr0.5)\n", "",
	  0 },
	{ "several default routes",
	  ON_SDA "net eno1 0000:00:1f.6/net\nnet mv0 virtual/net\nnet eth0 0000:06:00.1/net\n"
		 "lower mv0 eth0\nroute4 eno1\nroute6 mv0\nroute4 eno1\n",
	  AHCI "/ (ext4 on /dev/sda2)\n" ONBOARD "IPv4 default route (eno1)\n" IGB1
	       "IPv6 default route (mv0)\n",
	  "", 0 },
	{ "virtual function", ON_SDA "net eth0 0000:07:00.2/net\nroute4 eth0\n",
	  ON_SDA_1 MLX "IPv4 default route (eth0)\n" MLX_VF "IPv4 default route (eth0)\n", "", 0 },
	{ "USB NIC", ON_SDA "net enx0 0000:00:14.0/usb1/1-2/1-2:1.0/net\nroute4 enx0\n",
	  XHCI "IPv4 default route (enx0)\n" ON_SDA_1, "", 0 },
	{ "Open vSwitch",
	  ON_SDA
	  "net vmbr0 virtual/net\nnet ovs-system virtual/net\nnet eth0 0000:06:00.0/net\n"
	  "net tap1 virtual/net\nlower ovs-system eth0\nlower ovs-system tap1\nroute4 vmbr0\n",
	  ON_SDA_1 IGB0 "IPv4 default route (vmbr0)\n", "", 0 },
	{ "a tunnel has nothing below, even beside Open vSwitch",
	  ON_SDA "net wg0 virtual/net\nline sys/devices/virtual/net/wg0/uevent DEVTYPE=wireguard\n"
		 "net ovs-system virtual/net\nnet eth0 0000:06:00.0/net\nlower ovs-system eth0\n"
		 "route4 wg0\n",
	  ON_SDA_1,
	  "W: IPv4 default route (wg0): the interface below it is not known" TAKES_NET
	  "W: IPv4 default route (wg0): found no device below it\n",
	  2 },
	{ "tunnel, beside a route to somewhere",
	  ON_SDA
	  "net eno1 0000:00:1f.6/net\nnet eth1 0000:06:00.0/net\nnet wg0 virtual/net\nroute4 wg0\n"
	  "line proc/net/route eno1\t0102030A\t0101A8C0\t0007\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n",
	  ON_SDA_1 ONBOARD "address: default route in wg0 (eno1)\n",
	  "W: IPv4 default route (wg0): the interface below it is not known" TAKES_NET, 2 },
	{ "tunnel whose endpoint is known",
	  ON_SDA TWO_NETS "net gre1 virtual/net\nroute4 gre1\n"
			  "line sys/devices/virtual/net/gre1/type 778\n"
			  "line sys/devices/virtual/net/gre1/broadcast 0a:0a:0a:07\n",
	  ON_SDA_1 ONBOARD DEFAULT_ROUTE IGB0 "IPv4 default route (gre1)\n", "", 0 },
	{ "PPP over Ethernet",
	  ON_SDA "net eno1 0000:00:1f.6/net\nnet eth1 0000:06:00.0/net\nnet ppp0 virtual/net\n"
		 "route4 ppp0\nline proc/net/pppoe Id       Address              Device\n"
		 "line proc/net/pppoe 00000A00 00:11:22:33:44:55     eth1\n",
	  ON_SDA_1 IGB0 "IPv4 default route (ppp0)\n", "", 0 },
	{ "bridge to a virtual machine that is the router",
	  ON_SDA "net vmbr1 virtual/net\nnet tap100i0 virtual/net\nlower vmbr1 tap100i0\n"
		 "net vmbr0 virtual/net\nnet eno1 0000:00:1f.6/net\nlower vmbr0 eno1\n"
		 "network 4: vmbr1    inet 10.1.0.2/24 brd 10.1.0.255 scope global vmbr1\n"
		 "network 5: vmbr0    inet 10.0.0.2/24 scope global vmbr0\\ valid_lft 9sec\n"
		 "network default via 10.1.0.1 dev vmbr1 proto kernel onlink\n",
	  ON_SDA_1 ONBOARD "address: default route in vmbr1 (vmbr0)\n",
	  "W: IPv4 default route (vmbr1): the interface below it is not known" TAKES_NET, 2 },
	{ "recorded tables: next hops, policy, types, families",
	  ON_SDA "net eno1 0000:00:1f.6/net\nnet eth0 0000:06:00.0/net\nnet eth1 0000:06:00.1/net\n"
		 "net mlx 0000:07:00.0/net\n"
		 "network default proto static \\\tnexthop via 10.0.0.1 dev eno1 weight 1 "
		 "\\\tnexthop via 10.1.0.1 dev eth0 weight 1 \n"
		 "network unicast default via fe80::1 dev eth1 table vpn metric 1 pref medium\n"
		 "network unreachable default dev mlx table 7 metric 4278198272 pref medium\n"
		 "network 10.2.0.0/24 dev mlx proto kernel scope link src 10.2.0.2\n"
		 "network \nnetwork default\\\\ dev\n"
		 "network 1.2.3.4/33 dev mlx\nnetwork 7:\n"
		 "network default table\n",
	  ON_SDA_1 ONBOARD "IPv4 default route (eno1)\n" IGB0 "IPv4 default route (eth0)\n" IGB1
			   "IPv6 default route (eth1)\n",
	  NULL, 2 },
	{ "halves of all addresses for a default route",
	  ON_SDA TWO_NETS
	  "net tun0 virtual/net\n"
	  "line proc/net/route tun0\t00000000\t0101080A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
	  "line proc/net/route tun0\t00000080\t0101080A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n",
	  ON_SDA_1 ONBOARD "IPv4 default route (eno1), address: default route in tun0 (eno1)\n" IGB0
			   "address: default route in tun0 (enp6s0f0)\n",
	  "W: IPv4 default route (tun0): the interface below it is not known" TAKES_NET, 2 },
	{ "no default route",
	  ON_SDA
	  "net eno1 0000:00:1f.6/net\nnet eth1 0000:06:00.0/net\nnet eth2 0000:06:00.1/net\n"
	  "net docker0 virtual/net\n"
	  "line proc/net/route eno1\t0000000A\t0101A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n"
	  "line proc/net/route docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
	  "network eth1 inet6 fd00::1/64\nnetwork eth2 inet6 fe80::1/64\nnetwork lo inet6 ::1/128\n",
	  ON_SDA_1 ONBOARD "address: no default route (eno1)\n" IGB0
			   "address: no default route (eth1)\n",
	  "I: no default route" TAKES_NET, 0 },
	{ "routes that are no default route",
	  ON_SDA
	  "net eth0 0000:00:1f.6/net\n"
	  "line proc/net/route Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
	  "line proc/net/route eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
	  "line proc/net/route *\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
	  "network unreachable default dev lo metric 4294967295 error -101 pref medium\n",
	  ON_SDA_1 ONBOARD "address: no default route (eth0)\n", "I: no default route" TAKES_NET,
	  0 },
	{ "networking is down: the network of an earlier image",
	  ON_SDA "net eth0 0000:06:00.0/net\n"
		 "line var/lib/vfio-early/6.1.0.protected " IGB0 "IPv4 default route (eth0)\n"
		 "line var/lib/vfio-early/6.1.0.protected # entries: 1\n",
	  ON_SDA_1 IGB0 "network of an earlier image\n",
	  NO_ROUTE
	  "W: no default route: network devices in the lists of earlier images stay protected\n",
	  0 },
	{ "Corosync's links: nodes by their names",
	  ON_SDA TWO_NETS "line etc/corosync/corosync.conf ring0_addr: a\n"
			  "line etc/corosync/corosync.conf ring0_addr: b\n",
	  ON_SDA_1 ONBOARD DEFAULT_ROUTE_AND "address: Corosync (eno1)\n" IGB0
					     "address: Corosync (enp6s0f0)\n",
	  "W: Corosync link: the interface to a node is not known" TAKES_NET, 2 },
	{ "Corosync's configuration is missing", ON_SDA TWO_NETS "line etc/corosync/authkey x\n",
	  ON_SDA_1 ONBOARD DEFAULT_ROUTE_AND "address: Corosync (eno1)\n" IGB0
					     "address: Corosync (enp6s0f0)\n",
	  "W: Corosync link: what is in /etc/corosync/corosync.conf is not known" TAKES_NET, 2 },
	{ "a rule takes another network's card, and the session's",
	  ON_SDA TWO_NETS RULE(
		  "06:00.0") "line proc/self/environ SSH_CONNECTION=10.10.10.9 50000 10.10.10.2 22\n",
	  ON_SDA_1 ONBOARD DEFAULT_ROUTE,
	  USED("1", "0000:06:00.0 (8086:1521)") "SSH session (enp6s0f0), network 10.10.10.0/24 "
						"(enp6s0f0)\n",
	  0 },
	{ "addresses and routes can't be read", ON_SDA "line run/vfio-early/network/x x\n",
	  ON_SDA_1 ONBOARD NETLESS IGB0 NETLESS IGB1 NETLESS MLX NETLESS MLX_VF NETLESS,
	  "W: addresses and routes: Is a directory: every network controller is protected\n", 2 },
	{ "interface that is gone", ON_SDA "route4 eth9\n", ON_SDA_1,
	  "W: IPv4 default route (eth9): /sys/class/net/eth9: No such file or directory\n"
	  "W: IPv4 default route (eth9): the interface below it is not known" TAKES_NET
	  "W: IPv4 default route (eth9): no interface with an address has a device\n",
	  2 },

	/* Where the host cannot be seen */
	{ "no /proc", ON_SDA "remove proc\n", NOTHING, "W: no /proc" HIDDEN, 4 },
	{ "no /sys", ON_SDA "remove sys\n", NOTHING, "W: no /sys" HIDDEN, 4 },
	{ "no PCI bus", ON_SDA "remove sys/bus/pci\n", NOTHING, "W: no PCI bus" HIDDEN, 4 },
	{ "container", ON_SDA "line run/systemd/container lxc\n", NOTHING,
	  "W: in a container" HIDDEN, 4 },
	{ "chroot", SDA "mount 8:2 /etc/hosts ext4 /dev/sda2\n", NOTHING, "W: in a chroot" HIDDEN,
	  4 },
	{ "chroot whose images protect nothing",
	  SDA "mount 8:2 /etc/hosts ext4 /dev/sda2\nline etc/vfio-early.unprotected \n", "",
	  "I: in a chroot" UNPROTECTED, UNLISTED },
	{ "chroot of which that can't be told",
	  SDA "mount 8:2 /etc/hosts ext4 /dev/sda2\n"
	      "link etc/vfio-early.unprotected vfio-early.unprotected\n",
	  NOTHING, "W: in a chroot" HIDDEN, 4 },
	{ "a file for chroots on a host that is seen", ON_SDA "line etc/vfio-early.unprotected \n",
	  ON_SDA_1, NO_ROUTE, 0 },

	/* Hostile */
	{ "slaves in a circle",
	  SDA DM(0, "a")
		  DM(1, "b") "slave dm-0 dm-1\nslave dm-1 dm-0\nmount 253:0 / ext4 /dev/mapper/a\n",
	  EVERY_DISK,
	  "W: / (ext4 on /dev/mapper/a): found no device below it\n"
	  "W: / (ext4 on /dev/mapper/a)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "its own slave, and a disk",
	  SDA DM(0, "a") "slave dm-0 dm-0\nslave dm-0 sda2\nmount 253:0 / ext4 /dev/mapper/a\n",
	  AHCI "/ (ext4 on /dev/mapper/a)\n", NO_ROUTE, 0 },
	{ "loop on a file of its own",
	  "disk loop0 7:0 virtual/block\n"
	  "line sys/devices/virtual/block/loop0/loop/backing_file /image\n"
	  "mount 7:0 / ext4 /dev/loop0\n",
	  EVERY_DISK,
	  "W: / (ext4 on /dev/loop0): found no device below it\n"
	  "W: / (ext4 on /dev/loop0)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "dm on nothing", DM(0, "a") "mount 253:0 / ext4 /dev/mapper/a\n", EVERY_DISK,
	  "W: / (ext4 on /dev/mapper/a): found nothing below dm-0\n"
	  "W: / (ext4 on /dev/mapper/a)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "slave that leads nowhere",
	  SDA DM(0, "a") "slave dm-0 sda1\n"
			 "link sys/devices/virtual/block/dm-0/slaves/sdz ../../../../nowhere\n"
			 "mount 253:0 / ext4 /dev/mapper/a\n",
	  VMD UNKNOWN AHCI
	  "/ (ext4 on /dev/mapper/a), " UNKNOWN SSD0 UNKNOWN SSD1 UNKNOWN VMD_SSD UNKNOWN,
	  "W: / (ext4 on /dev/mapper/a): /sys/devices/virtual/block/dm-0/slaves/sdz: "
	  "No such file or directory\nW: / (ext4 on /dev/mapper/a)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "links that leave the tree, or run in a circle",
	  SDA DM(0,
		 "a") "slave dm-0 sda1\nlink sys/devices/virtual/block/dm-0/slaves/out /usr\n"
		      "link sys/devices/virtual/block/dm-0/slaves/self self\n"
		      "mount 253:0 / ext4 /dev/mapper/a\nline etc/fstab /dev/out /boot ext4\nlink dev/out /dev/null\n",
	  NULL, NULL, 2 },
	{ "number of no device", SDA "mount 9:9 / ext4 /dev/md9\n", EVERY_DISK,
	  "W: / (ext4 on /dev/md9): block device 9:9: No such file or directory\n"
	  "W: / (ext4 on /dev/md9)" TAKES_DISKS NO_ROUTE,
	  2 },
	{ "names with control characters", SDA "mount 8:2 / ext4 /dev/a\\012#\\033[0m\n",
	  AHCI "/ (ext4 on /dev/a\\x0a#\\x1b[0m)\n", NO_ROUTE, 0 },
	{ "garbage for mounts and routes",
	  ON_SDA
	  "line proc/self/mountinfo 1 2 3\nline proc/self/mountinfo \nline proc/net/route x\n"
	  "line proc/net/route ../../x\t00000000\t00000000\t0003\t0\t0\t0\t00000000\n"
	  "line proc/swaps x\n",
	  ON_SDA_1, NULL, 2 },
	{ "function that cannot be read",
	  ON_SDA "remove sys/devices/pci0000:00/0000:00:17.0/uevent\n"
		 "line sys/devices/pci0000:00/0000:00:17.0/uevent DRIVER=ahci\n",
	  VMD UNKNOWN SSD0 UNKNOWN SSD1 UNKNOWN VMD_SSD UNKNOWN,
	  "W: 1 PCI devices could not be read\n"
	  "W: / (ext4 on /dev/sda2): PCI device 0000:00:17.0 could not be read\n"
	  "W: / (ext4 on /dev/sda2)" TAKES_DISKS NO_ROUTE,
	  2 },
};

/* Cases whose text is made. */

static char *append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char *append(char *text, const char *format, ...)
{
	char *more, *all;
	va_list arguments;

	va_start(arguments, format);
	assert_true(vasprintf(&more, format, arguments) >= 0);
	va_end(arguments);
	assert_true(asprintf(&all, "%s%s", text, more) >= 0);
	free(more);
	free(text);
	return all;
}

static char root[PATH_MAX], work[PATH_MAX];

/* What the program gets; a run with too little of either must fail. */
static rlim_t file_size = RLIM_INFINITY, memory = RLIM_INFINITY;

/* In the child. */
static void run_program(const char *program)
{
	char *const argv[] = { "vfio-earlyctl", "--root", "root", "fill-image",
			       "image",         "none",   NULL };
	/* With the second, each page is asked for. */
	char *const envp[] = { "LC_ALL=C", "MALLOC_TOP_PAD_=0", NULL };
	const struct rlimit limit = { memory, memory }, size = { file_size, file_size };
	int out, err;

	if (chdir(work))
		_exit(127);
	out = open("stdout", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	err = open("stderr", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	alarm(TIMEOUT_SECONDS);
	signal(SIGXFSZ, SIG_IGN);
	if (file_size != RLIM_INFINITY && setrlimit(RLIMIT_FSIZE, &size) < 0)
		_exit(127);
	if (memory != RLIM_INFINITY && setrlimit(RLIMIT_AS, &limit) < 0)
		_exit(127);
	execve(program, argv, envp);
	_exit(127);
}

#define LIST "image/etc/vfio-early.protected"

/* out becomes the list of devices, "" where there is none. */
static int run(char **out, char **err)
{
	char path[PATH_MAX], program[PATH_MAX];
	int status = -1;
	pid_t pid;

	/* The sanitizers' own memory is beyond any limit. */
	snprintf(path, sizeof(path), "%s%s/vfio-earlyctl", files_build(),
		 memory == RLIM_INFINITY ? "/sanitized" : "");
	assert_non_null(realpath(path, program));
	pid = fork();
	if (pid == 0)
		run_program(program);
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(snprintf(path, sizeof(path), "%s/" LIST, work) < PATH_MAX);
	*out = access(path, F_OK) < 0 && errno == ENOENT ? strdup("") : files_read(path);
	assert_true(snprintf(path, sizeof(path), "%s/stderr", work) < PATH_MAX);
	*err = files_read(path);
	assert_true(*out && *err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void make_tree(const char *text)
{
	char message[256] = "", image[PATH_MAX];

	assert_int_equal(files_remove_tree(work), 0);
	assert_int_equal(mkdir(work, 0755), 0);
	assert_int_equal(mkdir(root, 0755), 0);
	assert_true(snprintf(image, sizeof(image), "%s/image", work) < PATH_MAX);
	assert_int_equal(mkdir(image, 0755), 0);
	assert_true(snprintf(image, sizeof(image), "%s/image/etc", work) < PATH_MAX);
	assert_int_equal(mkdir(image, 0755), 0);
	if (hosttree_write(machine, root, message, sizeof(message)))
		fail_msg("%s", message);
	tree_write(root, text);
	tree_write(root, "line etc/vfio-early.conf.d/last.conf ffff:ff:1f.7 optional\n");
}

/* The boot program must be able to read what is printed: a rule, and a note with the address. */
static void check_lines(const char *out)
{
	while (*out) {
		size_t length = strcspn(out, "\n");
		struct pci_address address;
		struct rule_error error;
		struct rule rule;
		char name[PCI_ADDRESS_TEXT_MAX];

		if (rule_parse(out, length, &rule, &error) != 1)
			fail_msg("no rule: %.*s", (int)length, out);
		assert_int_equal(rule.terms & ~RULE_SERIAL, RULE_PLACE | RULE_ID);
		assert_int_equal(rule.options, 0);
		assert_int_equal(sscanf(rule.note, "%16s", name), 1);
		assert_true(pci_address_parse(name, &address));
		assert_true(strlen(rule.note) > strlen(name) + 1);
		assert_true(strlen(rule.note) <= strlen(name) + 1 + 80);
		assert_int_equal(out[length], '\n');
		out += length + 1;
	}
}

/* Takes the line off that counts the entries; a list without it is none. */
static void check_count(char *out)
{
	char expected[64], *end;
	size_t count = 0;

	for (const char *p = out; (p = strchr(p, '\n')); p++)
		count++;
	assert_true(count > 0);
	snprintf(expected, sizeof(expected), "# entries: %zu\n", count - 1);
	end = out + strlen(out) - strlen(expected);
	assert_true(end >= out);
	assert_string_equal(end, expected);
	*end = '\0';
}

static bool is_same(const char *what, const char *expected, const char *got)
{
	if (!expected || strcmp(expected, got) == 0)
		return true;
	print_error("--- expected %s\n+++ got\n", what);
	diff_show(expected, got);
	return false;
}

static bool has_mark(void)
{
	char path[PATH_MAX];

	assert_true(snprintf(path, sizeof(path), "%s/image/etc/vfio-early.unprotected", work) <
		    PATH_MAX);
	return access(path, F_OK) == 0;
}

static void check(const struct sample *sample)
{
	char *out, *err;
	bool same;
	int status;

	make_tree(sample->tree);
	status = run(&out, &err);
	if (status == 0 && sample->status == UNLISTED && has_mark())
		status = UNLISTED;
	if (status == 0 || status == 2)
		check_count(out);
	same = is_same("output", sample->out, out);
	same &= is_same("messages", sample->err, err);
	if (!same || status != sample->status)
		fail_msg("%s: status %d, expected %d; see %s\n%s", sample->name, status,
			 sample->status, work, err);
	if (status != 4)
		check_lines(out);
	free(out);
	free(err);
}

static void test_sample(void **state)
{
	check(*state);
}

static void test_deep_stack(void **state)
{
	char *text = append(strdup(SDA), "mount 253:0 / ext4 /dev/mapper/d0\n");
	const struct sample sample = {
		"deep stack", NULL, EVERY_DISK,
		"W: / (ext4 on /dev/mapper/d0): more than 32 layers above "
		"/sys/devices/virtual/block/dm-31\nW: / (ext4 on /dev/mapper/d0)" TAKES_DISKS
			NO_ROUTE,
		2
	};
	struct sample made = sample;

	(void)state;
	for (int i = 0; i < 100; i++)
		text = append(text, "disk dm-%d 253:%d virtual/block\n", i, i);
	for (int i = 0; i < 99; i++)
		text = append(text, "slave dm-%d dm-%d\n", i, i + 1);
	made.tree = text = append(text, "slave dm-99 sda2\n");
	check(&made);
	free(text);
}

/* Every one of many stands on every one below it: paths through them are without number. */
static void test_wide_stack(void **state)
{
	char *text = append(strdup(SDA), "mount 253:0 / ext4 /dev/mapper/d0\n");
	struct sample made = { "wide stack", NULL, AHCI "/ (ext4 on /dev/mapper/d0)\n", NO_ROUTE,
			       0 };

	(void)state;
	for (int i = 0; i < 24; i++)
		text = append(text, "disk dm-%d 253:%d virtual/block\n", i, i);
	for (int i = 0; i < 24; i++)
		for (int j = i + 1; j < 24; j++)
			text = append(text, "slave dm-%d dm-%d\n", i, j);
	made.tree = text = append(text, "slave dm-23 sda2\n");
	check(&made);
	free(text);
}

static void test_endless_names(void **state)
{
	struct sample made = { "endless names", NULL, NULL, NULL, 2 };
	char long_name[6000], *text;

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[0] = '/';
	long_name[sizeof(long_name) - 1] = '\0';
	text = append(strdup(SDA "disk loop0 7:0 virtual/block\nmount 7:0 / ext4 /dev/loop0\n"),
		      "line sys/devices/virtual/block/loop0/loop/backing_file %s\n", long_name);
	text = append(text, "line etc/fstab %s /boot ext4 defaults 0 0\n", long_name);
	text = append(text, "line etc/fstab LABEL=%s /efi vfat defaults 0 0\n", long_name + 1);
	text = append(text, "line etc/fstab %s none swap sw 0 0\n", long_name);
	text = append(text, "line etc/kernel/proxmox-boot-uuids %s\n", long_name);
	text = append(text, "line proc/net/route %s\t00000000\t0\t3\t0\t0\t0\t00000000\n",
		      long_name);
	made.tree = text;
	check(&made);
	free(text);
}

static void test_many_routes(void **state)
{
	struct sample made = { "many routes", NULL,
			       AHCI "/ (ext4 on /dev/sda2)\n" ONBOARD
				    "IPv4 default route (br0), IPv4 default route (br1), ...\n",
			       "", 0 };
	char *text = strdup(ON_SDA "net eno1 0000:00:1f.6/net\n");

	(void)state;
	for (int i = 0; i < 100; i++)
		text = append(text, "net br%d virtual/net\nlower br%d eno1\nroute4 br%d\n", i, i,
			      i);
	text = append(text, "route4 eno1\n");
	made.tree = text;
	check(&made);
	free(text);
}

/* Neither a cluster whose daemon hangs nor a server that is gone holds up an image. */
static void test_silent(void **state)
{
	char cluster[PATH_MAX], server[PATH_MAX], *out, *err;
	int first, second;

	(void)state;
	make_tree(ON_SDA "line etc/pve/x x\nline net/x x\n"
			 "line etc/fstab /net/disk.img /mnt ext4 loop 0 0\n");
	assert_true(snprintf(cluster, sizeof(cluster), "%s/etc/pve", root) < PATH_MAX);
	assert_true(snprintf(server, sizeof(server), "%s/net", root) < PATH_MAX);
	first = silent_mount(cluster);
	second = silent_mount(server);
	assert_int_equal(run(&out, &err), 2);
	silent_unmount(first, cluster);
	silent_unmount(second, server);
	assert_non_null(strstr(err, "/net/disk.img: Connection timed out"));
	assert_non_null(strstr(out, "\n0000:00:1b.0/00.0 id=144d:a808"));
	free(out);
	free(err);
}

/* A list that does not fit is none. Messages do not always fit, either. */
static void test_full_disk(void **state)
{
	char *out, *err;

	(void)state;
	make_tree(ON_SDA);
	for (file_size = 0; file_size < 160; file_size += 16) {
		int status = run(&out, &err);

		if (status == 0)
			break;
		assert_int_equal(status, 1);
		assert_string_equal(out, "");
		free(out);
		free(err);
	}
	assert_in_range(file_size, 1, 159);
	file_size = RLIM_INFINITY;
	check_count(out);
	assert_string_equal(out, ON_SDA_1);
	free(out);
	free(err);
}

/* Whether there is a list; if so it is the good one. */
static bool lists_with(rlim_t limit, const char *good)
{
	char *out, *err;
	bool listed;
	int status;

	memory = limit;
	status = run(&out, &err);
	memory = RLIM_INFINITY;
	listed = status == 0 || status == 2;
	if (listed)
		assert_string_equal(out, good);
	else if (status != 1 && status != 127) /* the second is the loader's */
		fail_msg("status %d with %ju KiB: %s", status, (uintmax_t)limit / 1024, err);
	free(out);
	free(err);
	return listed;
}

static void test_little_memory(void **state)
{
	const rlim_t page = 4096, step = 1 << 20;
	rlim_t enough = step;
	size_t failed = 0;
	char *good, *err;

	(void)state;
	make_tree(ON_SDA NVME0 "swap /dev/nvme0n1p1 partition\n"
			       "net eth0 0000:06:00.0/net\nroute4 eth0\n");
	assert_int_equal(run(&good, &err), 0);
	free(err);
	while (!lists_with(enough, good))
		enough += step;
	for (rlim_t limit = enough - step; limit < enough; limit += page)
		failed += !lists_with(limit, good);
	assert_true(failed > 0);
	free(good);
}

/* In memory where that is possible: a tree has hundreds of files, and each test has its own. */
static void set_paths(void)
{
	char build[PATH_MAX];

	if (!realpath(files_build(), build) ||
	    snprintf(work, sizeof(work), "%s/tests/protect/tree", build) >= PATH_MAX)
		work[0] = '\0';
	if (access("/dev/shm", W_OK) == 0)
		snprintf(work, sizeof(work), "/dev/shm/vfio-early-protect.%d", (int)getpid());
	if (!work[0] || snprintf(root, sizeof(root), "%s/root", work) >= PATH_MAX) {
		fprintf(stderr, "protected: %s: %s\n", files_build(), strerror(errno));
		exit(1);
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	static const struct CMUnitTest made[] = {
		cmocka_unit_test(test_deep_stack),    cmocka_unit_test(test_wide_stack),
		cmocka_unit_test(test_endless_names), cmocka_unit_test(test_many_routes),
		cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_little_memory),
		cmocka_unit_test(test_silent),
	};
	struct CMUnitTest tests[COUNT(samples) + COUNT(made)] = { { .name = NULL } };
	int failed;

	set_paths();
	for (size_t i = 0; i < COUNT(samples); i++) {
		tests[i].name = samples[i].name;
		tests[i].test_func = test_sample;
		tests[i].initial_state = (void *)(uintptr_t)&samples[i];
	}
	memcpy(tests + COUNT(samples), made, sizeof(made));
	failed = _cmocka_run_group_tests("protected", tests, COUNT(tests), NULL, NULL);
	if (failed == 0)
		files_remove_tree(work);
	return failed;
}
