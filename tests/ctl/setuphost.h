/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host for setup of vfio-earlyctl to change: the tree of a described one, that becomes the root
 * directory of the program, with programs in the places of update-grub and update-initramfs. For
 * cmocka tests, which need root.
 */
#ifndef TESTS_CTL_SETUPHOST_H
#define TESTS_CTL_SETUPHOST_H

#include <limits.h>
#include <stdbool.h>

#define SETUPHOST_KERNEL "6.12.48+deb13-amd64"
#define SETUPHOST_RULES  "/etc/vfio-early.conf"
#define SETUPHOST_GRUB   "/etc/default/grub.d/zz-vfio-early.cfg"

/* What that has with one word. */
#define SETUPHOST_GRUB_TEXT                                                                        \
	"# Kernel words, added by 'vfio-earlyctl cmdline add'; update-grub reads this file.\n"     \
	"GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on\"\n"
#define SETUPHOST_PROGRAM "/usr/sbin/vfio-earlyctl"

struct setuphost {
	const char *name; /* tests/ctl/setup/NAME describes it */
	const char *tree; /* that is added to it, as lib/tree.h has it */
	bool stale;       /* its image is from before that */
	bool dracut;      /* it has that in place of update-initramfs */
	/*
	 * Lines of sh(1) that are added to what stands in for update-grub and update-initramfs. That
	 * fails once at the kernel that /tmp/fails names.
	 */
	const char *grub, *initramfs;
	/* What it prints as an answer that stands in for whiptail(1); NULL: Debian's own is there.
	 */
	const char *whiptail;
};

/* Makes it below root, which is in the build directory. */
void setuphost_make(const struct setuphost *host, const char *work);
extern char setuphost_root[PATH_MAX];

/* Keeps it as it is now, and makes it so again, which is faster than to make it. */
void setuphost_keep(void);
void setuphost_restore(void);

/* In a child: goes there for good. */
void setuphost_enter(void);

/* A file as it is there, NULL for none; and all below /etc, /boot and /var, with every byte. */
char *setuphost_read(const char *path);
char *setuphost_record(void);

#endif
