/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every bound on what is read from outside, in one place. */
#ifndef VFIO_EARLY_CORE_BOUNDS_H
#define VFIO_EARLY_CORE_BOUNDS_H

/* Rules. A file over its limit is refused whole; a line over its limit is a bad line. */
#define RULES_FILE_MAX (4u << 20)
#define RULE_LINE_MAX  1024 /* bytes before a comment */
#define RULE_TEXT_MAX  80   /* what is kept of a line, to show it again */
#define RULE_NOTE_MAX  104  /* what is kept of its comment */
#define RULE_SETTINGS_MAX 96 /* attributes of sysfs and their values */
#define RULE_WHERE_MAX 128  /* a file name as messages show it */

/* The kernel walks at most this many bridges down in any machine known to us. */
#define PCI_PATH_STEPS_MAX 16

/* Slot names: pciehp and acpiphp use at most 10 characters, and a suffix such as "-12". */
#define PCI_SLOT_NAME_MAX 32

/* Driver names are module names almost always: MODULE_NAME_LEN is 56 on 64-bit kernels. */
#define PCI_DRIVER_NAME_MAX 64

/* An uevent file of a PCI function is about 200 bytes; the kernel's own buffer is 2048. */
#define UEVENT_MAX 2048

/* COMMAND_LINE_SIZE is 2048 on x86 and at most 4096 elsewhere; bootconfig can add to it. */
#define CMDLINE_MAX (64u << 10)

/* The why of an outcome. A line of a report has room for it beside the longest names. */
#define DETAIL_MAX 168

#endif
