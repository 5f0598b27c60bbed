/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel modules of a simulated host. That the program opens a module's file is its loading: the
 * module is in sys/module then (hostfs.h). No kernel is asked, finit_module(2) always succeeds.
 */
#ifndef TESTS_FAULT_MODULES_H
#define TESTS_FAULT_MODULES_H

#include "host.h"

/*
 * Gives the host these modules in place of those that it has in sys/module. text is as
 * modules.dep(5) without folders and ".ko", sorted: "vfio_pci: vfio_pci_core vfio\nvfio:\n". The
 * file of a module "lost" is missing. The driver vfio-pci of its description is there once vfio_pci
 * is loaded. 0 or -errno.
 */
int modules_set_up(const struct host *host, const char *text);

#endif
