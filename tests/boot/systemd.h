/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest with systemd as its init: the guest's program is the service guest@WORK, which is started
 * in place of a default target, with what it needs: file systems, udev. The rest takes a slow
 * machine longer than the work.
 */
#ifndef SYSTEMD_H
#define SYSTEMD_H

/* Files of such an image. */
#define SYSTEMD_FILES                                                                              \
	{ .path = "etc/systemd/system/guest@.service",                                             \
	  .text = "[Unit]\n"                                                                       \
		  "DefaultDependencies=no\n"                                                       \
		  "AllowIsolate=yes\n"                                                             \
		  "Requires=local-fs.target\n"                                                     \
		  "Wants=systemd-udev-trigger.service systemd-udev-settle.service\n"               \
		  "After=local-fs.target systemd-udev-settle.service\n"                            \
		  "[Service]\n"                                                                    \
		  "Type=oneshot\n"                                                                 \
		  "ExecStart=/usr/sbin/init %i\n"                                                  \
		  "StandardOutput=file:/dev/console\n"                                             \
		  "StandardError=inherit\n" },                                                     \
		{ .path = "etc/machine-id", .text = "5e1f00000000400080000000000000ff\n" },        \
	{                                                                                          \
		.path = "etc/fstab", .text = "LABEL=guest / ext4 rw 0 0\n"                         \
	}

/*
 * Words of the kernel command line that start it, without what systemd does at a system's very
 * first boot only, and without drivers of a board that no test looks at: to decompress and to load
 * them takes seconds.
 */
#define SYSTEMD(work)                                                                              \
	"module_blacklist=button,fuse,iTCO_vendor_support,iTCO_wdt,lpc_ich,pcspkr,powernow_k8,"    \
	"psmouse "                                                                                 \
	"init=/usr/lib/systemd/systemd systemd.condition-needs-update=no systemd.show-status=no "  \
	"systemd.unit=guest@" work ".service"

#endif
