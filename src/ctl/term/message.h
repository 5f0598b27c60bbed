/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the tool, and the end of its output. */
#ifndef VFIO_EARLY_TERM_MESSAGE_H
#define VFIO_EARLY_TERM_MESSAGE_H

#include "host/message.h"

/* Prints what is left in the buffer of standard output. Returns status, or CTL_INTERNAL. */
int ctl_finish(int status);

#endif
