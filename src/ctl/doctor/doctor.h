/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vfio-earlyctl doctor looks at. A check adds findings: at least one, if only that all is
 * well (FINDING_OK) or that the question does not arise (FINDING_NONE).
 */
#ifndef VFIO_EARLY_DOCTOR_DOCTOR_H
#define VFIO_EARLY_DOCTOR_DOCTOR_H

#include <limits.h>
#include <stdbool.h>

#include "bootloader/change.h"
#include "bootloader/iommu.h"
#include "image/kernels.h"
#include "look/find.h"
#include "look/inventory.h"
#include "term/findings.h"

struct doctor {
	struct inventory inventory; /* with the plan */
	struct kernels kernels;
	int kernels_error;      /* of kernels_find() */
	struct bootchange boot; /* the kernel's words now and in the files; nothing is changed */
	int boot_error;         /* of bootchange_open(), with why in boot_message */
	char boot_message[BOOT_MESSAGE_MAX];
	struct iommu iommu;
	const char *told; /* a word for which a check has said "reboot" already; NULL: none */
	char release[NAME_MAX + 1]; /* of the running kernel; "" if that is not known */
	bool *meant; /* by doctor_mean(), one a device of the inventory; NULL: what rules take */
};

typedef void doctor_check(struct doctor *doctor, struct findings *findings);

/* What a check is about, and what it is to someone who sets the host up. */
enum doctor_use {
	DOCTOR_ON_DEVICES = 1 << 0,  /* without PCI devices it can say nothing */
	DOCTOR_FOR_DEVICE = 1 << 1,  /* it tells whether a device can be passed through */
	DOCTOR_DEVICE_ONLY = 1 << 2, /* and is carried out for those alone that were named */
	DOCTOR_SET_UP = 1 << 3,      /* setup fixes what it finds */
	DOCTOR_NEEDED = 1 << 4,      /* with an error there, nothing else helps */
};

struct doctor_entry {
	const char *name, *area; /* a section of vfio-early-guide(7) */
	doctor_check *run;
	unsigned int use; /* of enum doctor_use */
};

/* Looks at the host. 0, or -errno and why in inventory.problem. doctor_close() in any case. */
int doctor_open(struct doctor *doctor, const char *root);
void doctor_close(struct doctor *doctor);

/*
 * Restricts the checks to what this name means, and to the same of earlier calls, as if a rule took
 * each device that no rule decides for. 0, or -errno and why in message. doctor_plan() then.
 */
int doctor_mean(struct doctor *doctor, const char *name, char message[FIND_MESSAGE_MAX]);
int doctor_plan(struct doctor *doctor);

/* Told of each check that is carried out and what it found, in order. 0 or -errno, which ends it.
 */
typedef int doctor_take(void *context, const struct doctor_entry *check,
			const struct findings *findings);
int doctor_run_checks(struct doctor *doctor, doctor_take *take, void *context);

/* cpu.c: the host as a whole, and its processor. */
doctor_check doctor_check_host;
doctor_check doctor_check_cpu;

/* iommu.c */
doctor_check doctor_check_firmware;
doctor_check doctor_check_iommu;
doctor_check doctor_check_interrupts;

/* kernel.c: kernels, their command line, modules and images. */
doctor_check doctor_check_kernel;
doctor_check doctor_check_modules;
doctor_check doctor_check_images;

/* bootloader.c */
doctor_check doctor_check_bootloader;

/* options.c: what modprobe.d(5) and others set besides the rules. */
doctor_check doctor_check_options;
doctor_check doctor_check_conflicts;
doctor_check doctor_check_module_lists;

/* devices.c: rules and devices that are reserved for VMs. */
doctor_check doctor_check_device;
doctor_check doctor_check_rules;
doctor_check doctor_check_groups;
doctor_check doctor_check_reset;
doctor_check doctor_check_guests;

/* display.c: graphics cards that are reserved for VMs. */
doctor_check doctor_check_console;
doctor_check doctor_check_framebuffer;
doctor_check doctor_check_rebar;
doctor_check doctor_check_rom;
doctor_check doctor_check_msrs;

/*
 * The next device that is reserved for VMs at the next boot, and that the checks are about, from
 * the row *i of the plan on; NULL if there is none.
 */
const struct pci_device *doctor_next(const struct doctor *doctor, size_t *i);

/* Whether the running kernel's command line has this word. */
bool doctor_has_word(const struct doctor *doctor, const char *word);

/* Whether the running kernel is this version or a later one; false if that is not known. */
bool doctor_is_kernel(const struct doctor *doctor, unsigned int major, unsigned int minor);

/* Whether the processor says that this is a VM itself, which has no firmware's setup to go to. */
bool doctor_is_vm(const struct doctor *doctor);

/* Reads a module's parameter that is yes or no: 1 or 0, or -errno where it is not loaded. */
int doctor_read_switch(const struct doctor *doctor, const char *module, const char *parameter);

/*
 * Whether modprobe.d(5) or the kernel command line switches an option of a module on, as
 * "allow_unsafe_interrupts": 1, 0 or -ENOENT; and what takes it out, in findings_fix().
 */
int doctor_read_option(const struct doctor *doctor, const char *module, const char *option);
void doctor_fix_option(const struct doctor *doctor, struct findings *findings, const char *module,
		       const char *option);

/* Where a word of the running kernel is set: "FILE:LINE", or "/proc/cmdline" if no file has it. */
void doctor_find_word(const struct doctor *doctor, const char *word, char where[PATH_MAX]);

/* The fix of the last finding: what takes a word of the running kernel out. */
void doctor_fix_word(const struct doctor *doctor, struct findings *findings, const char *word,
		     bool reboot);

/* Writes "0000:0b:00.0 (NVIDIA GP104 [GeForce GTX 1070])". Returns text. */
const char *doctor_name_device(struct doctor *doctor, const struct pci_device *device,
			       char text[PCI_IDS_SENTENCE_MAX]);

#endif
