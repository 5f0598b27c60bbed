/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows how two texts differ, line by line, in a failed test's message. */
#ifndef TESTS_DIFF_H
#define TESTS_DIFF_H

/* Prints the lines: `-` only expected, `+` only got, blank both. */
void diff_show(const char *expected, const char *got);

#endif
