/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the sysfs tree of a described host, for tests that need a host and no kernel.
 *
 * A description has one line a function, as `lspci -n` prints it, and words after it:
 *
 *	00:01.0 0604: 8086:1901 (rev 07) driver=pcieport group=1
 *	  01:00.0 0300: 10de:1b81 (rev a1) sub=1458:3701 driver=nouveau group=1 boot_vga
 *	  01:00.1 0403: 10de:10f0 (rev a1) sub=1458:3701 driver=snd_hda_intel group=1
 *	slot 1 0000:01:00
 *
 * A line that is indented more than the one above stands below it. Below a PCI bridge (class
 * 0604) that is the bridge's bus; below any other function it is a root bus of its own, as
 * Intel VMD makes one. `#` starts a comment.
 *
 *	ADDRESS		[DDDD:]BB:DD.F; the domain is 0000 if absent, 4 hex digits or more
 *	CLASS:		4 or 6 hex digits
 *	(rev XX)	or rev=XX; 00 if absent
 *	sub=VVVV:DDDD	subsystem IDs; 0000:0000 if absent
 *	driver=NAME	the driver that holds it; none if absent
 *	override=NAME	what driver_override reads; (null) if absent
 *	group=N		IOMMU group; none if absent
 *	serial=XX-…	Device Serial Number, eight bytes as lspci prints them
 *	config=BYTES	size of config: 64 is what a user who is not root gets, 256 is
 *			conventional PCI, 4096 is PCI Express. Absent: 4096 with serial=, else 256
 *	pf=ADDRESS	this is a virtual function of that physical function
 *	boot_vga	the firmware's display
 *
 *	slot NAME TEXT	/sys/bus/pci/slots/NAME/address. The kernel writes DDDD:BB:DD, and
 *			DDDD:BB for a slot whose device number it does not know
 *	driver NAME	a driver that is loaded (or built in) and holds nothing
 */
#ifndef TESTS_HOSTTREE_H
#define TESTS_HOSTTREE_H

#include <stddef.h>

/*
 * Writes the host below @dir, which must exist: sys, and empty proc/cmdline, etc, run, dev.
 * Returns 0, or -errno with a message in @msg.
 */
int hosttree_write(const char *text, const char *dir, char *msg, size_t size);

/*
 * Describes a made-up host of @functions functions: full buses of 256 behind one bridge each,
 * four bridges a domain, so 4112 is 16 such buses; cards of eight functions, each in a slot of
 * its own, NICs among them with serial numbers. The caller frees the text; NULL on ENOMEM.
 */
char *hosttree_describe_synthetic(unsigned int functions);

#endif
