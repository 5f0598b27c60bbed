/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How wide a text is on a terminal. */
#ifndef VFIO_EARLY_TERM_WIDTH_H
#define VFIO_EARLY_TERM_WIDTH_H

#include <stddef.h>

/* The columns of a text's widest line. */
size_t width_measure(const char *text);

/* Cuts a text of one line that is wider. */
void width_cut(char *text, size_t width);

#endif
