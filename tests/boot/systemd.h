/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest with systemd as its init: the guest's program is the service guest@WORK. */
#ifndef SYSTEMD_H
#define SYSTEMD_H

/* Files of such an image. */
#define SYSTEMD_FILES                                                                              \
	{ .path = "etc/systemd/system/guest@.service",                                             \
	  .text = "[Unit]\n"                                                                       \
		  "Wants=systemd-udev-settle.service\n"                                            \
		  "After=systemd-udev-settle.service\n"                                            \
		  "[Service]\n"                                                                    \
		  "Type=oneshot\n"                                                                 \
		  "ExecStart=/usr/sbin/init %i\n"                                                  \
		  "StandardOutput=journal+console\n"                                               \
		  "StandardError=journal+console\n" },                                             \
		{ .path = "etc/machine-id", .text = "5e1f00000000400080000000000000ff\n" },        \
	{                                                                                          \
		.path = "etc/fstab", .text = "LABEL=guest / ext4 rw 0 0\n"                         \
	}

/*
 * Words of the kernel command line that start it, without what systemd does at a system's very
 * first boot only.
 */
#define SYSTEMD(work)                                                                              \
	"init=/usr/lib/systemd/systemd systemd.condition-needs-update=no systemd.show-status=no "  \
	"systemd.wants=guest@" work ".service"

#endif
