/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hosts need, and what else they use: described hosts on one PCI machine, and the grade of
 * each of its functions. Run it where the project is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "hosttree.h"
#include "machine.h"
#include "protect/protect.h"
#include "tree.h"

/* The functions of the machine that rows name; all of it but bridges. */
static const struct function {
	const char *name, *address;
} functions[] = {
	{ "gpu", "0000:01:00.0" },  { "vmd", "0000:00:0e.0" },  { "vmdssd", "10000:e1:00.0" },
	{ "xhci", "0000:00:14.0" }, { "sol", "0000:00:16.3" },  { "ahci", "0000:00:17.0" },
	{ "ssd0", "0000:02:00.0" }, { "ssd1", "0000:03:00.0" }, { "igb0", "0000:06:00.0" },
	{ "igb1", "0000:06:00.1" }, { "mlx", "0000:07:00.0" },  { "vf", "0000:07:00.2" },
	{ "eno1", "0000:00:1f.6" }, { "usb9", "0000:09:00.0" }, { "usba", "0000:0a:00.0" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Interfaces of the cards. */
#define ENO1 "net eno1 0000:00:1f.6/net\n"
#define ETH0 "net eth0 0000:06:00.0/net\n"
#define ETH1 "net eth1 0000:06:00.1/net\n"
#define MLX  "net mlx0 0000:07:00.0/net\n"

/* Management: the default route. */
#define ON_ENO1                                                                                    \
	ENO1 "network 2: eno1    inet 192.168.1.2/24 brd 192.168.1.255 scope global eno1\n"        \
	     "network default via 192.168.1.1 dev eno1 proto static\n"                             \
	     "network 192.168.1.0/24 dev eno1 proto kernel scope link src 192.168.1.2\n"

/* Another network, as of storage. */
#define STORAGE                                                                                    \
	ETH0 "network 3: eth0    inet 10.10.10.2/24 scope global eth0\n"                           \
	     "network 10.10.10.0/24 dev eth0 proto kernel scope link src 10.10.10.2\n"

#define BRIDGE(bridge, port) "net " bridge " virtual/net\nlower " bridge " " port "\n"
#define LIST                 "line var/lib/vfio-early/6.12.0-1-amd64.protected "
#define LIST_ETH0            "0000:00:1c.0/00.0/01.0/00.0 id=8086:1521:8086:0001 # 0000:06:00.0 "
#define LIST_XHCI            "0000:00:14.0 id=8086:a36d:1043:8694 # 0000:00:14.0 "

/* Storages of Proxmox VE whose group is not active and whose pool is not imported. */
#define STORAGE_CFG "line etc/pve/storage.cfg "
#define INACTIVE                                                                                   \
	NVME0 NVME1 "line etc/lvm/backup/vm-data \tphysical_volumes {\n"                           \
		    "line etc/lvm/backup/vm-data \t\tid = \"aaaaaa-1\"\n"                          \
		    "link dev/disk/by-id/lvm-pv-uuid-aaaaaa-1 ../../nvme0n1p2\n"                   \
		    "udev nvme1n1p1 ID_FS_TYPE=zfs_member\nudev nvme1n1p1 ID_FS_LABEL=tank\n"
#define LVM                                                                                        \
	STORAGE_CFG "lvmthin: fast\n" STORAGE_CFG "\tthinpool data\n" STORAGE_CFG                  \
		    "\tvgname vm-data\n"
#define POOL STORAGE_CFG "zfspool: vms\n" STORAGE_CFG "\tpool tank/vms\n" STORAGE_CFG "\tsparse 1\n"

/* An input of a device, and the last word of the keys that it has. */
#define INPUT(number, device, keys)                                                                \
	"line sys/" device "/input/input" number "/capabilities/key 1000000000007 " keys "\n"      \
	"link sys/class/input/input" number " ../../" device "/input/input" number "\n"
#define KEYS     "fffffffffffffffe"
#define XHCI     "bus/pci/devices/0000:00:14.0/usb1/1-5/"
#define KEYBOARD INPUT("3", XHCI "1-5:1.0/0003:046D:C31C.0001", KEYS)
#define CRYPTTAB "line etc/crypttab root UUID=5e1f "
#define ENCRYPTED SDA DM(0, "root") "slave dm-0 sda2\nmount 253:0 / ext4 /dev/mapper/root\n"
#define TTY(tty, at)                                                                               \
	"line sys/" at "/" tty "/dev 4:68\nlink sys/class/tty/" tty " ../../" at "/" tty "\n"

/* A function that is in neither list is free. Every host has its root on ahci, unless it says not.
 */
static const struct row {
	const char *name;
	const char *tree;         /* see tree.h */
	const char *needed;       /* names of functions, in their order */
	const char *used;         /* of those that are not needed; NULL: none */
	const char *uses;         /* part of the texts of these; NULL: any */
	bool incomplete, no_root; /* the list may lack something; the tree has a root of its own */
} rows[] = {
	/* Default routes */
	{ "one card", ON_ENO1, .needed = "ahci eno1", .uses = "" },
	{ "one card, both families",
	  ON_ENO1 "network 2: eno1    inet6 2001:db8::2/64 scope global\n"
		  "network default via fe80::1 dev eno1 metric 1024 pref medium\n",
	  .needed = "ahci eno1" },
	{ "IPv6 alone", ETH1 "network default via fe80::1 dev eth1 proto ra\n",
	  .needed = "ahci igb1" },
	{ "IPv4 by a gateway of IPv6", ETH1 "network default via inet6 fe80::1 dev eth1\n",
	  .needed = "ahci igb1" },
	{ "two uplinks of equal cost",
	  ENO1 ETH0 "network default proto static \\\tnexthop via 10.0.0.1 dev eno1 weight 1 "
		    "\\\tnexthop via 10.1.0.1 dev eth0 weight 1 \n",
	  .needed = "ahci igb0 eno1" },
	{ "a group of nexthop objects",
	  ENO1 ETH0 "network default nhid 10 proto static \\\tnexthop via 10.0.0.1 dev eno1 "
		    "weight 1 \\\tnexthop via 10.1.0.1 dev eth0 weight 1 \n",
	  .needed = "ahci igb0 eno1" },
	{ "a nexthop object that is not resolved, beside a network",
	  ENO1 STORAGE "network default nhid 10 proto static\n", .needed = "ahci igb0",
	  .incomplete = true },
	{ "policy routing by another table",
	  ON_ENO1 STORAGE "network default via 10.10.10.1 dev eth0 table 100\n",
	  .needed = "ahci igb0 eno1" },
	{ "a route that refuses is none",
	  ON_ENO1 STORAGE
	  "network unreachable default dev eth0 table 7 metric 4278198272 pref medium\n"
	  "network prohibit default table 8\n",
	  .needed = "ahci eno1", .used = "igb0" },
	{ "VRF for management",
	  ETH1 STORAGE BRIDGE("mgmt", "eth1") "network default via 10.9.0.1 dev eth1 table 10\n"
					      "network default dev mgmt metric 9\n",
	  .needed = "ahci igb1", .used = "igb0" },
	{ "virtual function", "net vf0 0000:07:00.2/net\nnetwork default via 10.0.0.1 dev vf0\n",
	  .needed = "ahci mlx vf" },
	{ "USB card", "net enx0 0000:00:14.0/usb1/1-2/1-2:1.0/net\nnetwork default dev enx0\n",
	  .needed = "xhci ahci" },

	/* What is below an interface */
	{ "VLAN on a bridge on a bond",
	  ETH0 ETH1 MLX
	  "net bond0 virtual/net\nlower bond0 eth0\nlower bond0 eth1\n" BRIDGE("vmbr0", "bond0")
		  BRIDGE("vmbr0.5", "vmbr0") "network default via 10.0.0.1 dev vmbr0.5\n",
	  .needed = "ahci igb0 igb1" },
	{ "bridge for all VLANs: management in one, VMs in others, another bridge for VMs",
	  ENO1 ETH0 BRIDGE("vmbr0", "eno1") BRIDGE("mgmt.7", "vmbr0") BRIDGE(
		  "vmbr1", "eth0") "net tap100i0 virtual/net\nlower vmbr0 tap100i0\n"
				   "line sys/devices/virtual/net/vmbr0/bridge/vlan_filtering 1\n"
				   "network 9: mgmt.7    inet 10.7.0.2/24 scope global mgmt.7\n"
				   "network default via 10.7.0.1 dev mgmt.7\n",
	  .needed = "ahci eno1" },
	{ "macvlan", ETH1 BRIDGE("mv0", "eth1") "network default dev mv0\n",
	  .needed = "ahci igb1" },
	{ "Open vSwitch",
	  ETH0 ETH1 BRIDGE("ovs-system", "eth0") "net vmbr0 virtual/net\n"
						 "network default via 10.0.0.1 dev vmbr0\n",
	  .needed = "ahci igb0" },
	{ "Open vSwitch in user space, beside a network",
	  STORAGE ETH1 "net vmbr0 virtual/net\nnetwork default via 10.0.0.1 dev vmbr0\n",
	  .needed = "ahci igb0", .incomplete = true },
	{ "PPP over Ethernet",
	  ENO1 STORAGE "net ppp0 virtual/net\nnetwork default dev ppp0 scope link\n"
		       "line proc/net/pppoe Id       Address              Device\n"
		       "line proc/net/pppoe 00000A00 00:11:22:33:44:55     eno1\n",
	  .needed = "ahci eno1", .used = "igb0" },
	{ "WireGuard for everything, its endpoint not known",
	  ENO1 STORAGE ETH1 "net wg0 virtual/net\n"
			    "line sys/devices/virtual/net/wg0/uevent DEVTYPE=wireguard\n"
			    "network 2: eno1    inet 192.168.1.2/24 scope global eno1\n"
			    "network 5: wg0    inet 10.8.0.2/24 scope global wg0\n"
			    "network default dev wg0 table 51820\n",
	  .needed = "ahci igb0 eno1", .incomplete = true },
	{ "VPN by halves, over the default route",
	  ON_ENO1 ETH1 "net tun0 virtual/net\nnetwork 0.0.0.0/1 via 10.8.0.1 dev tun0\n"
		       "network 128.0.0.0/1 via 10.8.0.1 dev tun0\n",
	  .needed = "ahci eno1", .incomplete = true },
	{ "tunnel with its endpoint in another network",
	  ON_ENO1 STORAGE "net gre1 virtual/net\nnetwork default dev gre1 table 9\n"
			  "line sys/devices/virtual/net/gre1/type 778\n"
			  "line sys/devices/virtual/net/gre1/broadcast 0a:0a:0a:07\n",
	  .needed = "ahci igb0 eno1" },
	{ "router in a VM",
	  STORAGE ENO1 "net tap100i0 virtual/net\n" BRIDGE(
		  "vmbr1", "tap100i0") "network 9: vmbr1    inet 10.1.0.2/24 scope global vmbr1\n"
				       "network default via 10.1.0.1 dev vmbr1\n",
	  .needed = "ahci igb0", .incomplete = true },

	/* Other networks */
	{ "storage network", ON_ENO1 STORAGE ETH1, .needed = "ahci eno1", .used = "igb0",
	  .uses = "network 10.10.10.0/24 (eth0)" },
	{ "bridge with an address, on a bond",
	  ON_ENO1 ETH0 ETH1 "net bond1 virtual/net\nlower bond1 eth0\nlower bond1 eth1\n" BRIDGE(
		  "vmbr1", "bond1") "network 9: vmbr1    inet 10.3.0.2/16 scope global vmbr1\n",
	  .needed = "ahci eno1", .used = "igb0 igb1", .uses = "network 10.3.0.0/16 (vmbr1)" },
	{ "bridge for VMs alone", ON_ENO1 ETH0 BRIDGE("vmbr1", "eth0"), .needed = "ahci eno1" },
	{ "several addresses, of which one link's alone",
	  ON_ENO1 ETH0 ETH1 "network 3: eth0    inet6 fd00:1::2/64 scope global\n"
			    "network 3: eth0    inet 10.4.1.2/23 scope global eth0\n"
			    "network 4: eth1    inet6 fe80::2/64 scope link\n"
			    "network 1: lo    inet 127.0.0.1/8 scope host lo\n",
	  .needed = "ahci eno1", .used = "igb0",
	  .uses = "network fd00:1::/64 (eth0), network 10.4.0.0/23 (eth0)" },
	{ "virtual networks are on no card",
	  ON_ENO1 "net docker0 virtual/net\nnet virbr0 virtual/net\n"
		  "network 8: docker0    inet 172.17.0.1/16 scope global docker0\n"
		  "network 9: virbr0    inet 192.168.122.1/24 scope global virbr0\n",
	  .needed = "ahci eno1" },
	{ "session over another network, through sudo",
	  ON_ENO1 ETH1 "network 10.5.0.0/24 via 10.6.0.1 dev eth1\n"
		       "line proc/self/stat 30 (vfio earlyctl) ) S 20 30 20 0\n"
		       "line proc/self/environ PATH=/bin\n"
		       "line proc/20/stat 20 (sudo) S 10 20 20 0\n"
		       "line proc/10/environ SSH_CONNECTION=10.5.0.9 50000 10.6.0.2 22\n",
	  .needed = "ahci eno1", .used = "igb1", .uses = "SSH session (eth1)" },
	{ "session over the default route",
	  ON_ENO1 ETH1 "line proc/self/environ SSH_CONNECTION=198.51.100.7 50000 192.168.1.2 22\n",
	  .needed = "ahci eno1", .uses = "" },
	{ "network mount", ON_ENO1 STORAGE "mount 0:41 /mnt nfs4 10.10.10.1:/srv\n",
	  .needed = "ahci eno1", .used = "igb0" },

	/* Storages of Proxmox VE */
	{ "storages that are not active", ON_ENO1 INACTIVE LVM STORAGE_CFG "\n" POOL,
	  .needed = "ahci eno1", .used = "ssd0 ssd1",
	  .uses = "storage fast (vm-data)storage vms (tank/vms)" },
	{ "storage that is disabled, and no other", ON_ENO1 INACTIVE LVM STORAGE_CFG "\tdisable\n",
	  .needed = "ahci eno1" },
	{ "storage that was disabled, without blank lines",
	  ON_ENO1 INACTIVE STORAGE_CFG "# ours\n" STORAGE_CFG "lvm: a\n" STORAGE_CFG
				       "\tdisable 0\n" STORAGE_CFG "\tvgname vm-data\n" POOL,
	  .needed = "ahci eno1", .used = "ssd0 ssd1" },
	{ "storages of another node, on directories and on servers",
	  ON_ENO1 INACTIVE STORAGE_CFG "lvm: a\n" STORAGE_CFG "\tvgname other\n" STORAGE_CFG
				       "rbd: b\n" STORAGE_CFG "\tpool tank\n" STORAGE_CFG
				       "dir: local\n" STORAGE_CFG "\tpath /var/lib/vz\n",
	  .needed = "ahci eno1", .uses = "" },
	{ "storages that can't be read", ON_ENO1 INACTIVE "line etc/pve/storage.cfg/x x\n",
	  .needed = "ahci eno1" },

	/* Keyboards and consoles */
	{ "the only keyboard, of several inputs, and a mouse",
	  ON_ENO1 KEYBOARD INPUT("4", XHCI "1-5:1.1/0003:046D:C31C.0002", KEYS)
		  INPUT("5", "bus/pci/devices/0000:09:00.0/usb3/3-1/3-1:1.0", "1f0000"),
	  .needed = "ahci eno1", .used = "xhci", .uses = "the only keyboard" },
	{ "two keyboards at two controllers",
	  ON_ENO1 KEYBOARD INPUT("4", "bus/pci/devices/0000:09:00.0/usb3/3-1/3-1:1.0", KEYS),
	  .needed = "ahci eno1" },
	{ "a keyboard on no PCI bus",
	  ON_ENO1 KEYBOARD INPUT("0", "devices/platform/i8042/serio0", KEYS),
	  .needed = "ahci eno1" },
	{ "a keyboard, and one that a program makes",
	  ON_ENO1 KEYBOARD INPUT("4", "devices/virtual/misc/uhid", KEYS)
		  INPUT("5", "devices/virtual", KEYS),
	  .needed = "ahci eno1", .used = "xhci" },
	{ "passphrase at boot", ON_ENO1 KEYBOARD CRYPTTAB "none luks,discard\n",
	  .needed = "xhci ahci eno1" },
	{ "passphrase at boot, and nothing else said",
	  ON_ENO1 KEYBOARD "line etc/crypttab # name device\n" CRYPTTAB "-\n",
	  .needed = "xhci ahci eno1" },
	{ "passphrase at boot, with the keyboard's controller in use by a disk",
	  ON_ENO1 KEYBOARD USB "mount 8:17 /srv ext4 /dev/sdb1\n" CRYPTTAB "none\n",
	  .needed = "xhci ahci eno1" },
	{ "no passphrase for the boot",
	  ON_ENO1 KEYBOARD CRYPTTAB
	  "/etc/keys/root.key luks\n" CRYPTTAB "none luks,nofail\n" CRYPTTAB
	  "none noauto\n" CRYPTTAB "none luks,tpm2-device=auto\n" CRYPTTAB
	  "- _netdev\nline etc/crypttab swap /dev/sda3 /dev/urandom swap\n",
	  .needed = "ahci eno1", .used = "xhci" },
	{ "key in a file by the name of the device",
	  ON_ENO1 KEYBOARD CRYPTTAB "none\nline etc/cryptsetup-keys.d/root.key x\n",
	  .needed = "ahci eno1", .used = "xhci" },
	/* Keys and headers of an encrypted root on ahci, beside it */
	{ "header on another disk", ENCRYPTED NVME0 "line etc/crypttab root UUID=5e1f none "
	  "luks,header=/dev/nvme0n1p1,discard\n",
	  .needed = "ahci ssd0", .no_root = true },
	{ "header in a file of another disk, key in one of a third, by its label",
	  ENCRYPTED NVME0 NVME1 "mount 259:1 /hdr ext4 /dev/nvme0n1p1\n"
	  "link dev/disk/by-label/KEYS ../../nvme1n1p1\n"
	  "line etc/crypttab root UUID=5e1f /root.key:LABEL=KEYS header=/hdr/root\n",
	  .needed = "ahci ssd0 ssd1", .no_root = true },
	{ "key on a stick, as Debian's passdev has it, by a path with colons",
	  ENCRYPTED USB "link dev/disk/by-path/pci-0000:00:14.0-usb-0:4:1.0 ../../sdb1\n"
	  "line etc/crypttab root UUID=5e1f /dev/disk/by-path/pci-0000:00:14.0-usb-0:4:1.0"
	  ":/root.key:5 luks,keyscript=passdev\n",
	  .needed = "xhci ahci", .no_root = true },
	{ "key on a whole device", ENCRYPTED USB "line etc/crypttab root UUID=5e1f /dev/sdb\n",
	  .needed = "xhci ahci", .no_root = true },
	{ "keys that are not there, random ones, and those of other volumes",
	  ENCRYPTED USB NVME0 "line etc/crypttab root UUID=5e1f /key:LABEL=GONE luks\n"
	  "line etc/crypttab root UUID=5e1f /dev/urandom swap\n"
	  "line etc/crypttab other UUID=5e20 /dev/sdb header=/dev/nvme0n1\n",
	  .needed = "ahci", .no_root = true },

	{ "serial console on a PCI device",
	  ON_ENO1 TTY("ttyS4", "bus/pci/devices/0000:00:16.3/0000:00:16.3:0/0000:00:16.3:0.0/tty") TTY(
		  "ttyS0",
		  "devices/platform/serial8250/tty") "line proc/cmdline root=/dev/sda2 console=tty0 console=ttyS0 console=ttyS4,115200n8\n",
	  .needed = "ahci eno1", .used = "sol", .uses = "serial console (ttyS4)" },
	{ "serial port that is no console",
	  ON_ENO1 TTY(
		  "ttyS4",
		  "bus/pci/devices/0000:00:16.3/0000:00:16.3:0/0000:00:16.3:0.0/tty") "line proc/cmdline root=/dev/sda2 quiet console=tty0\n",
	  .needed = "ahci eno1" },

	/* Clusters */
	{ "Corosync's link in a network of its own",
	  ON_ENO1 STORAGE ETH1 "line etc/corosync/corosync.conf   node {\n"
			       "line etc/corosync/corosync.conf     ring0_addr: 10.10.10.2\n"
			       "line etc/corosync/corosync.conf     ring0_addr: 10.10.10.3\n",
	  .needed = "ahci igb0 eno1" },
	{ "two links, one by its network, one over a bond",
	  ON_ENO1 STORAGE ETH1 BRIDGE(
		  "bond0", "eth1") "network fd00:2::/64 dev bond0\n"
				   "line etc/corosync/corosync.conf \tbindnetaddr:10.10.10.0\n"
				   "line etc/corosync/corosync.conf \tring1_addr: fd00:2::7\n",
	  .needed = "ahci igb0 igb1 eno1" },
	{ "nodes by their names",
	  ON_ENO1 STORAGE ETH1 "line etc/corosync/corosync.conf ring0_addr: pve1\n",
	  .needed = "ahci igb0 eno1", .incomplete = true },
	{ "node whose configuration is missing",
	  ON_ENO1 STORAGE ETH1 "line etc/corosync/authkey x\n", .needed = "ahci igb0 eno1",
	  .incomplete = true },
	{ "node whose configuration is no file",
	  ON_ENO1 STORAGE ETH1 "line etc/corosync/corosync.conf/x x\n", .needed = "ahci igb0 eno1",
	  .incomplete = true },
	{ "Corosync as Debian installs it",
	  ON_ENO1 STORAGE "line etc/corosync/corosync.conf # bindnetaddr: 192.168.7.0\n"
			  "line etc/corosync/corosync.conf \t\tring0_addr: 127.0.0.1\n",
	  .needed = "ahci eno1", .used = "igb0" },

	/* File systems and swap over the network */
	{ "root over NFS", ON_ENO1 STORAGE "mount 0:27 / nfs4 10.10.10.1:/srv\n",
	  .needed = "igb0 eno1", .no_root = true },
	{ "root over NFS by a name", ON_ENO1 STORAGE ETH1 "mount 0:27 / nfs4 nas:/srv\n",
	  .needed = "igb0 eno1", .incomplete = true, .no_root = true },
	{ "root over iSCSI",
	  ON_ENO1 STORAGE
	  "disk sdc 8:32 platform/host9/session1/target9:0:0/9:0:0:1/block\n"
	  "mount 8:32 / ext4 /dev/sdc\n"
	  "line sys/class/iscsi_connection/connection1:0/persistent_address 10.10.10.5\n",
	  .needed = "igb0 eno1", .no_root = true },
	{ "root over NBD",
	  ON_ENO1 STORAGE ETH1 "disk nbd0 43:0 virtual/block\nmount 43:0 / ext4 /dev/nbd0\n",
	  .needed = "igb0 eno1", .incomplete = true, .no_root = true },
	{ "/usr over NFS", ON_ENO1 STORAGE "mount 0:27 /usr nfs4 10.10.10.1:/usr\n",
	  .needed = "ahci igb0 eno1" },
	{ "swap over NBD",
	  ON_ENO1 STORAGE "disk nbd0 43:0 virtual/block\nswap /dev/nbd0 partition\n",
	  .needed = "ahci igb0 eno1", .incomplete = true },

	/* While the network can't be seen */
	{ "no default route", STORAGE ETH1, .needed = "ahci igb0" },
	{ "networking is down", ENO1 ETH0, .needed = "ahci" },
	{ "networking is down, and an earlier image has a list",
	  ENO1 ETH0 NVME0 LIST LIST_ETH0
	  "IPv4 default route (eth0)\n" LIST LIST_XHCI "IPv4 default route (enx0)\n" LIST
	  "0000:00:1b.0/00.0 id=144d:a808 # 0000:02:00.0 /srv in fstab\n" LIST "# entries: 3\n",
	  .needed = "xhci ahci igb0" },
	{ "… and its card is in another place",
	  ENO1 ETH0 LIST
	  "0000:00:1c.4/00.1 id=8086:1521 # 0000:09:00.0 network of an earlier image\n" LIST
	  "# entries: 1\n",
	  .needed = "ahci igb0 igb1" },
	{ "… and was built with networking down, too",
	  ENO1 LIST LIST_XHCI "network of an earlier image\n" LIST "# entries: 1\n",
	  .needed = "xhci ahci" },
	{ "… and has a serial number, which another card of the model has not",
	  ENO1 LIST "0000:00:1d.4/00.0 id=15b7:5002:15b7:5002 serial=00-1b-44-4a-00-00-00-09 "
		    "# 0000:09:00.0 IPv4 default route (enx0)\n" LIST "# entries: 1\n",
	  .needed = "ahci usb9" },
	{ "… which is not whole", ENO1 ETH0 LIST LIST_ETH0 "IPv4 default route (eth0)\n",
	  .needed = "ahci" },
	{ "the default route is gone, an address is there",
	  STORAGE ENO1 ETH1 LIST
	  "0000:00:1f.6 id=8086:15bc # 0000:00:1f.6 IPv4 default route (eno1)\n" LIST
	  "0000:00:1c.0/00.0/01.0/00.1 id=8086:1521 # 0000:06:00.1 address: no default route "
	  "(eth1)\n" LIST "# entries: 2\n",
	  .needed = "ahci igb0 eno1" },
	{ "an earlier image's list, and a default route",
	  ON_ENO1 ETH0 LIST LIST_ETH0 "IPv4 default route (eth0)\n" LIST "# entries: 1\n",
	  .needed = "ahci eno1" },
	{ "addresses and routes can't be read", ENO1 "line run/vfio-early/network/x x\n",
	  .needed = "ahci igb0 igb1 mlx vf eno1", .incomplete = true },
};

static char root[PATH_MAX];

static void add_name(char list[256], const char *name)
{
	if (list[0])
		strcat(list, " ");
	strcat(list, name);
}

static void grade(const struct protect *protect, char needed[256], char used[256], char uses[512])
{
	for (size_t i = 0; i < COUNT(functions); i++) {
		struct pci_address address;
		const struct pci_device *device;
		size_t index;

		assert_true(pci_address_parse(functions[i].address, &address));
		device = pci_find((struct pci *)&protect->pci, &address);
		assert_non_null(device);
		index = (size_t)(device - protect->pci.devices);
		if (protect->reasons[index][0])
			add_name(needed, functions[i].name);
		else if (protect->uses[index][0])
			add_name(used, functions[i].name);
		strcat(uses, protect->uses[index]);
	}
}

static void print_message_text(void *context, enum protect_message kind, const char *text)
{
	(void)context;
	print_message("# %s: %s\n", kind == PROTECT_WARNING ? "W" : "I", text);
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct protect protect = { .tell = NULL };
	char message[256] = "", needed[256] = "", used[256] = "", uses[COUNT(functions) * 96] = "";

	assert_int_equal(files_remove_tree(root), 0);
	assert_int_equal(mkdir(root, 0755), 0);
	if (hosttree_write(machine, root, message, sizeof(message)))
		fail_msg("%s", message);
	tree_write(root, row->no_root ? "" : ON_SDA);
	tree_write(root, row->tree);
	assert_int_equal(protect_find(&protect, root), 0);
	grade(&protect, needed, used, uses);
	if (strcmp(needed, row->needed) != 0 || strcmp(used, row->used ? row->used : "") != 0 ||
	    protect.incomplete != row->incomplete || (row->uses && !strstr(uses, row->uses)) ||
	    (row->uses && !row->uses[0] && uses[0])) {
		protect_free(&protect);
		protect.tell = print_message_text;
		assert_int_equal(protect_find(&protect, root), 0);
		fail_msg("needed: %s (expected %s)\nused: %s (expected %s): %s\nincomplete: %d",
			 needed, row->needed, used, row->used ? row->used : "", uses,
			 protect.incomplete);
	}
	protect_free(&protect);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(rows)] = { { .name = NULL } };
	int failed;

	snprintf(root, sizeof(root), "/dev/shm/vfio-early-grades.%d", (int)getpid());
	for (size_t i = 0; i < COUNT(rows); i++) {
		tests[i].name = rows[i].name;
		tests[i].test_func = test_row;
		tests[i].initial_state = (void *)(uintptr_t)&rows[i];
	}
	failed = _cmocka_run_group_tests("grades", tests, COUNT(tests), NULL, NULL);
	files_remove_tree(root);
	return failed;
}
