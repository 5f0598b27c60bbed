/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits a file of rules: what is not touched stays as it is, comments and order included. */
#ifndef VFIO_EARLY_RULES_FILE_H
#define VFIO_EARLY_RULES_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/rule.h"
#include "host/host.h"

struct rulesfile {
	char *path; /* absolute */
	char *text;
	size_t length;
	bool changed;
};

/* Reads a file; one that is not there is empty. 0 or -errno; rulesfile_free() in any case. */
int rulesfile_read(struct rulesfile *file, const struct host *host, const char *path);
void rulesfile_free(struct rulesfile *file);

/* Puts whole lines behind the last one. 0, -EFBIG if no file of rules may be so long, -ENOMEM. */
int rulesfile_append(struct rulesfile *file, const char *lines);

/*
 * Finds the line of this number, counted from 1, without its newline; NULL if the file is shorter.
 * Valid until the file is changed.
 */
const char *rulesfile_line(const struct rulesfile *file, unsigned int number, size_t *length);

/* Whether the rule is on its line yet: editors of people know of no lock. */
bool rulesfile_has(const struct rulesfile *file, const struct rule *rule);

/* Puts a word behind the rule on a line. 0, -EFBIG or -ENOMEM. */
int rulesfile_add_word(struct rulesfile *file, unsigned int number, const char *word);

/*
 * The number of the line with which the rule on a line begins: that of the comment above it if add
 * could have written that, "# ADDRESS CLASS: NAME".
 */
unsigned int rulesfile_begin(const struct rulesfile *file, unsigned int number);

/* Takes lines out, from the first of this number; none if the file is shorter. */
void rulesfile_cut(struct rulesfile *file, unsigned int first, unsigned int count);

/*
 * Writes it if it was changed, and makes the directory for rules if it is not there. 0, or -errno
 * with the old file as it was: replace_file().
 */
int rulesfile_write(const struct rulesfile *file, const struct host *host)
	__attribute__((warn_unused_result));

/* All of it for whole lines that are put behind the last one of a file. 0 or -errno. */
int rulesfile_add(const struct host *host, const char *path, const char *lines);

#endif
