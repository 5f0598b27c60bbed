/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host can be seen, and its processor runs VMs. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "doctor/doctor.h"

#define SWITCH_ON "Switch virtualization (VT-x, SVM) on in the firmware's setup"

void doctor_check_host(struct doctor *doctor, struct findings *findings)
{
	const struct host *host = &doctor->inventory.host;
	const char *hidden = host_hidden(host);

	if (hidden) {
		findings_add(findings, FINDING_UNKNOWN, NULL, "The host can't be seen: %s", hidden);
		findings_fix(findings, "Run this on the host itself");
	} else if (host->live && geteuid() != 0) {
		findings_add(findings, FINDING_UNKNOWN, NULL, "Only root can see everything");
		findings_fix(findings, "Run this as root");
	} else {
		findings_add(findings, FINDING_OK, NULL, "Everything can be seen");
	}
}

/*
 * Processors' own words for it, and the register in which firmware switches it off: Intel's
 * IA32_FEATURE_CONTROL has bit 0 when it is locked and bit 2 when VMX is on; AMD's VM_CR has bit 4
 * when SVM is off.
 */
static const struct processor {
	const char *flag, *name;
	off_t msr;
	uint64_t mask, off; /* register & mask == off: it is switched off */
} processors[] = {
	{ "vmx", "VT-x", 0x3a, 0x5, 0x1 },
	{ "svm", "AMD-V", 0xc0010114, 0x10, 0x10 },
};

/* Whether "flags" of the first processor has the flag. */
static bool has_flag(const char *cpuinfo, const char *flag)
{
	const char *line = strstr(cpuinfo, "\nflags"), *end = line ? strchr(line + 1, '\n') : NULL;
	size_t length = strlen(flag);

	for (; line && (line = strstr(line, flag)) && line < end; line++)
		if (line[-1] == ' ' && (line[length] == ' ' || line[length] == '\n'))
			return true;
	return false;
}

/* Whether firmware has it switched off: 1, 0, or -errno where the register cannot be read. */
static int is_off(const struct host *host, const struct processor *processor)
{
	cleanup_fd int fd = file_open(host->directory, "dev/cpu/0/msr");
	uint64_t value;

	if (fd < 0)
		return fd;
	if (pread(fd, &value, sizeof(value), processor->msr) != sizeof(value))
		return -EIO;
	return (value & processor->mask) == processor->off;
}

/* AMD's flag tells of the switch since 6.7; before, that kvm_amd could be loaded does. */
static bool is_sure(const struct doctor *doctor, const struct processor *processor)
{
	return strcmp(processor->flag, "svm") != 0 || doctor_is_kernel(doctor, 6, 7) ||
	       is_off(&doctor->inventory.host, processor) == 0 ||
	       host_has(&doctor->inventory.host, "/sys/class/misc", "kvm");
}

static void check_present(struct doctor *doctor, struct findings *findings,
			  const struct processor *processor)
{
	if (is_off(&doctor->inventory.host, processor) == 1) {
		findings_add(findings, FINDING_ERROR, NULL, "%s is switched off by the firmware",
			     processor->name);
		findings_fix(findings, SWITCH_ON);
	} else if (!is_sure(doctor, processor)) {
		findings_add(findings, FINDING_UNKNOWN, NULL,
			     "The processor has %s, but this kernel doesn't show whether the "
			     "firmware has switched it off",
			     processor->name);
		findings_fix(findings, "Run 'modprobe kvm_amd', which fails if it is off");
	} else {
		findings_add(findings, FINDING_OK, NULL, "%s (%s)", processor->name,
			     processor->flag);
	}
}

/* Intel's flag is absent where firmware has switched VT-x off, since 5.6. */
static void check_absent(struct doctor *doctor, struct findings *findings, const char *cpuinfo)
{
	const struct processor *vmx = &processors[0];

	if (!strstr(cpuinfo, "\nflags")) {
		findings_add(
			findings, FINDING_UNKNOWN, NULL,
			"This is not an x86 processor: whether it can run VMs was not checked");
	} else if (has_flag(cpuinfo, "hypervisor")) {
		findings_add(findings, FINDING_ERROR, NULL,
			     "This is a VM itself, and has neither VT-x nor AMD-V");
		findings_fix(findings,
			     "On its host, switch nested virtualization on and set the CPU "
			     "type to host");
	} else if (strstr(cpuinfo, "GenuineIntel") && is_off(&doctor->inventory.host, vmx) == 1) {
		check_present(doctor, findings, vmx);
	} else {
		findings_add(findings, FINDING_ERROR, NULL,
			     "Neither VT-x nor AMD-V: switched off by the firmware, or absent from "
			     "this processor");
		findings_fix(findings, SWITCH_ON);
	}
}

bool doctor_is_vm(const struct doctor *doctor)
{
	char *cpuinfo;
	bool is_vm;

	if (host_read_text(&doctor->inventory.host, "/proc/cpuinfo", &cpuinfo) < 0)
		return false;
	is_vm = has_flag(cpuinfo, "hypervisor");
	free(cpuinfo);
	return is_vm;
}

void doctor_check_cpu(struct doctor *doctor, struct findings *findings)
{
	const struct processor *found = NULL;
	char *cpuinfo;
	int result = host_read_text(&doctor->inventory.host, "/proc/cpuinfo", &cpuinfo);

	if (result < 0) {
		findings_add(findings, FINDING_UNKNOWN, NULL, "/proc/cpuinfo can't be read: %s",
			     strerror(-result));
		return;
	}
	for (size_t i = 0; i < sizeof(processors) / sizeof(processors[0]); i++)
		if (has_flag(cpuinfo, processors[i].flag))
			found = &processors[i];
	if (found)
		check_present(doctor, findings, found);
	else
		check_absent(doctor, findings, cpuinfo);
	free(cpuinfo);
}
