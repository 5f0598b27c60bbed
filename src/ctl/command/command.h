/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of vfio-earlyctl have in common. */
#ifndef VFIO_EARLY_COMMAND_COMMAND_H
#define VFIO_EARLY_COMMAND_COMMAND_H

/* Exit statuses; those of a command beyond these are on its manual page. */
enum ctl_status {
	CTL_OK = 0,
	CTL_INTERNAL = 1,   /* or wrong usage */
	CTL_INCOMPLETE = 2, /* something could not be seen, or was refused */
	CTL_BAD_RULES = 3,  /* a line of the rules could not be understood */
};

/* What was asked for before the operands of a command. */
struct ctl {
	const char *command;
	const char *root; /* directory that every path is below */
};

/* argv[0] is for messages of getopt(3), what follows are operands. Returns the exit status. */
typedef int command_function(const struct ctl *ctl, int argc, char **argv);

command_function command_add;
command_function command_remove;
command_function command_bind;
command_function command_unbind;
command_function command_facts;
command_function command_image;
command_function command_import;
command_function command_digest;
command_function command_list;
command_function command_check;
command_function command_status;
command_function command_cmdline;
command_function command_enable_iommu;
command_function command_doctor;
command_function command_protected;
command_function command_rom;
command_function command_setup;
command_function command_vm;

/* Prints "vfio-earlyctl: " and a printf's text on standard error. Returns CTL_INTERNAL. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints what is left in the buffer of standard output. Returns status, or CTL_INTERNAL. */
int ctl_finish(int status);

#endif
