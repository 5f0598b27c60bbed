/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of every rule and of every text, whatever was read. */
#ifndef VFIO_EARLY_FUZZ_CHECK_H
#define VFIO_EARLY_FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rule.h"

/* Ends the run, and so makes the input a finding, unless the condition holds. */
#define require(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

_Noreturn void check_failed(const char *file, int line, const char *condition);

/* Whether the text is not empty, and printable ASCII from end to end. */
bool check_is_printable(const char *text);

/* All fields are within bounds, and the rule is read from its canonical text as it is. */
void check_rule(const struct rule *rule);

/* The error points into the line, and quotes what is there. */
void check_error(const struct rule_error *error, const char *line, size_t length);

/* Both rules say the same, and were written the same. */
void check_same_rule(const struct rule *a, const struct rule *b);

/* Copies the bytes to memory of just their size, and ends a text there with a NUL. */
char *check_copy_bytes(const uint8_t *data, size_t size);
char *check_copy_text(const uint8_t *data, size_t size);

/* libFuzzer calls it with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
