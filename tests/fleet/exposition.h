/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prometheus' text format, version 0.0.4, as strictly as `promtool check metrics` reads it. */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <stddef.h>

/* Returns the number of samples, or -1 with what is wrong and in which line in @message. */
int exposition_check(const char *text, char *message, size_t size);

#endif
