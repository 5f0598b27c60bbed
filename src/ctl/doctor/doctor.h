/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vfio-earlyctl doctor looks at. A check tells what it found as findings, whose level says
 * how bad that is (FINDING_ERROR: a problem) and whose text is "what was found; what to do". It
 * finds one thing at least, if only that all is well.
 */
#ifndef VFIO_EARLY_DOCTOR_DOCTOR_H
#define VFIO_EARLY_DOCTOR_DOCTOR_H

#include <limits.h>
#include <stdbool.h>

#include "bootloader/words.h"
#include "image/kernels.h"
#include "look/inventory.h"
#include "term/findings.h"

struct doctor {
	struct inventory inventory; /* with the plan */
	struct kernels kernels;
	int kernels_error;      /* of kernels_find() */
	struct bootwords words; /* of the running kernel's command line */
	int words_error;
	char release[NAME_MAX + 1]; /* of the running kernel; "" if that is not known */
};

typedef void doctor_check(struct doctor *doctor, struct findings *findings);

/* What a check is to someone who sets the host up. */
enum doctor_use {
	DOCTOR_ADVICE, /* good to know */
	DOCTOR_SET_UP, /* setup mends what it finds */
	DOCTOR_NEEDED, /* with a problem there, nothing else helps */
};

struct doctor_entry {
	const char *name, *section; /* of the manual */
	doctor_check *run;
	bool on_devices; /* without PCI devices it can say nothing */
	enum doctor_use use;
};

/* Looks at the host. 0, or -errno and why in inventory.problem. doctor_close() in any case. */
int doctor_open(struct doctor *doctor, const char *root);
void doctor_close(struct doctor *doctor);

/* Told of what each check found, in order. 0 or -errno, which ends the checks. */
typedef int doctor_take(void *context, const struct doctor_entry *check, struct finding *finding);
int doctor_run_checks(struct doctor *doctor, doctor_take *take, void *context);

/* "problem", "warning", ... */
const char *doctor_result_name(enum finding_level level);

/* Prints a finding for people, with the section of the manual. 0 or -ENOMEM. */
#define DOCTOR_MANUAL "vfio-earlyctl(8), section "
int doctor_print_finding(struct document *document, const struct doctor_entry *check,
			 const struct finding *finding);

/* doctor-cpu.c: the host as a whole, and its processor. */
doctor_check doctor_check_host;
doctor_check doctor_check_cpu;

/* doctor-iommu.c: the IOMMU. */
doctor_check doctor_check_firmware;
doctor_check doctor_check_iommu;
doctor_check doctor_check_interrupts;

/* doctor-kernel.c: kernels, their command line, modules and images. */
doctor_check doctor_check_kernel;
doctor_check doctor_check_modules;
doctor_check doctor_check_images;

/* doctor-bootloader.c */
doctor_check doctor_check_bootloader;

/* doctor-options.c: what modprobe.d(5) and others set besides the rules. */
doctor_check doctor_check_options;
doctor_check doctor_check_conflicts;
doctor_check doctor_check_module_lists;

/* doctor-devices.c: rules and the devices that they give away. */
doctor_check doctor_check_rules;
doctor_check doctor_check_groups;
doctor_check doctor_check_reset;

/* doctor-display.c: graphics cards that are given away. */
doctor_check doctor_check_console;
doctor_check doctor_check_framebuffer;
doctor_check doctor_check_rebar;
doctor_check doctor_check_rom;
doctor_check doctor_check_msrs;

/* Whether the running kernel's command line has this word. */
bool doctor_has_word(const struct doctor *doctor, const char *word);

/* Whether the running kernel is this version or a later one; false if that is not known. */
bool doctor_is_kernel(const struct doctor *doctor, unsigned int major, unsigned int minor);

/* Whether the processor says that this is a VM itself, which has no firmware's setup to go to. */
bool doctor_is_vm(const struct doctor *doctor);

/* Whether its builder added the patch behind pcie_acs_override=, as its release tells. */
bool doctor_has_acs_override(const struct doctor *doctor);

/*
 * Whether the configuration of the running kernel has this line: 1 or 0, or -errno if that
 * cannot be seen.
 */
int doctor_has_config(const struct doctor *doctor, const char *line);

/* Reads a module's parameter that is yes or no: 1 or 0, or -errno where it is not loaded. */
int doctor_read_switch(const struct doctor *doctor, const char *module, const char *parameter);

/*
 * Whether modprobe.d(5) or the kernel command line sets an option of a module, as
 * "allow_unsafe_interrupts=1".
 */
bool doctor_has_option(const struct doctor *doctor, const char *module, const char *option);

/* Writes "0000:0b:00.0 (NVIDIA GP104 [GeForce GTX 1070])". Returns text. */
const char *doctor_name_device(struct doctor *doctor, const struct pci_device *device,
			       char text[PCI_IDS_SENTENCE_MAX]);

#endif
