/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One PCI machine, and disks of it, that described hosts differ above. */
#ifndef TESTS_PROTECT_MACHINE_H
#define TESTS_PROTECT_MACHINE_H

static const char machine[] =
	"00:00.0 0600: 8086:3e30 sub=1043:8694\n"
	"00:01.0 0604: 8086:1901 driver=pcieport\n"
	"  01:00.0 0300: 10de:1b81 sub=1458:3701 driver=nouveau\n"
	"00:0e.0 0104: 8086:467f sub=8086:0000 driver=vmd\n"
	"  10000:e0:06.0 0604: 8086:09ab driver=pcieport\n"
	"    10000:e1:00.0 010802: 144d:a80a sub=144d:a801 driver=nvme\n"
	"00:14.0 0c0330: 8086:a36d sub=1043:8694 driver=xhci_hcd\n"
	"00:16.3 0700: 8086:a363 sub=1043:8694 driver=serial\n"
	"00:17.0 010601: 8086:a352 sub=1043:8694 driver=ahci\n"
	"00:1b.0 0604: 8086:a340 driver=pcieport\n"
	"  02:00.0 010802: 144d:a808 sub=144d:a801 driver=nvme\n"
	"00:1c.0 0604: 8086:a338 driver=pcieport\n"
	"  04:00.0 0604: 10b5:8724 driver=pcieport\n"
	"    05:01.0 0604: 10b5:8724 driver=pcieport\n"
	"      06:00.0 0200: 8086:1521 sub=8086:0001 driver=igb\n"
	"      06:00.1 0200: 8086:1521 sub=8086:0001 driver=igb\n"
	"00:1c.4 0604: 8086:a33c driver=pcieport\n"
	"  07:00.0 0200: 15b3:1015 sub=15b3:0003 driver=mlx5_core\n"
	"  07:00.2 0200: 15b3:1016 sub=15b3:0003 driver=mlx5_core pf=07:00.0\n"
	"00:1d.0 0604: 8086:a330 driver=pcieport\n"
	"  03:00.0 010802: 144d:a808 sub=144d:a801 driver=nvme\n"
	"00:1f.6 0200: 8086:15bc sub=1043:8672 driver=e1000e\n"
	"00:1d.4 0604: 8086:a334 driver=pcieport\n"
	"  09:00.0 0c0330: 15b7:5002 sub=15b7:5002 driver=xhci_hcd serial=00-1b-44-4a-00-00-00-09\n"
	"00:1d.5 0604: 8086:a335 driver=pcieport\n"
	"  0a:00.0 0c0330: 15b7:5002 sub=15b7:5002 driver=xhci_hcd serial=00-1b-44-4a-00-00-00-0a\n"
	"00:1d.6 0604: 8086:a336 driver=pcieport\n"
	"  0b:00.0 0c0330: 1e0f:0001 sub=1e0f:0001 driver=xhci_hcd serial=01-00-00-00-68-4c-e0-00\n"
	"00:1d.7 0604: 8086:a337 driver=pcieport\n"
	"  0c:00.0 0c0330: 1e0f:0001 sub=1e0f:0001 driver=xhci_hcd serial=01-00-00-00-68-4c-e0-00\n";

/* Disks with one or two partitions. */
#define SDA                                                                                        \
	"disk sda 8:0 0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block\n"                         \
	"part sda1 8:1 sda\npart sda2 8:2 sda\n"
#define USB                                                                                        \
	"disk sdb 8:16 0000:00:14.0/usb2/2-4/2-4:1.0/host6/target6:0:0/6:0:0:0/block\n"            \
	"part sdb1 8:17 sdb\n"
#define NVME0                                                                                      \
	"disk nvme0n1 259:0 0000:02:00.0/nvme/nvme0\n"                                             \
	"part nvme0n1p1 259:1 nvme0n1\npart nvme0n1p2 259:2 nvme0n1\n"
#define NVME1                                                                                      \
	"disk nvme1n1 259:3 0000:03:00.0/nvme/nvme1\n"                                             \
	"part nvme1n1p1 259:4 nvme1n1\npart nvme1n1p2 259:5 nvme1n1\n"
#define DM(number, name)                                                                           \
	"disk dm-" #number " 253:" #number " virtual/block\n"                                      \
	"line sys/devices/virtual/block/dm-" #number "/dm/name " name "\n"                         \
	"link dev/mapper/" name " ../dm-" #number "\n"
#define MD0 "disk md0 9:0 virtual/block\nline sys/devices/virtual/block/md0/md/level raid1\n"

/* What most cases are about something else than. */
#define ON_SDA SDA "mount 8:2 / ext4 /dev/sda2\n"

#endif
