/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of vfio-earlyctl. */
#ifndef VFIO_EARLY_COMMAND_COMMAND_H
#define VFIO_EARLY_COMMAND_COMMAND_H

#include "term/message.h"
#include "term/options.h"

/*
 * argv[0] is for messages of getopt(3), what follows are operands. Returns the exit status; main()
 * sees whether all could be printed.
 */
typedef int command_function(const struct ctl *ctl, int argc, char **argv);

command_function command_add;
command_function command_remove;
command_function command_bind;
command_function command_unbind;
command_function command_facts;
command_function command_fill_image;
command_function command_image;
command_function command_import;
command_function command_list;
command_function command_check;
command_function command_status;
command_function command_cmdline;
command_function command_enable_iommu;
command_function command_doctor;
command_function command_rom;
command_function command_setup;
command_function command_try;
command_function command_vm;

#endif
