/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of rules, and where rules are read from. */
#ifndef VFIO_EARLY_CORE_RULES_H
#define VFIO_EARLY_CORE_RULES_H

#include <stddef.h>

#include "core/rule.h"

#define RULES_FILE      "/etc/vfio-early.conf"
#define RULES_DIRECTORY "/etc/vfio-early.conf.d"

/* In order of precedence: the first that matches decides. */
struct rules {
	struct rule *list;
	size_t count, capacity;
	unsigned int bad;             /* lines, words and files that are not valid */
	struct rules_source *sources; /* owns the names that rules point to */
	/*
	 * Called with each of those: where, "FILE:LINE:COLUMN" or "FILE", and, in a sentence without
	 * newline, what was found and what was expected. Both are printable ASCII. May be NULL.
	 */
	void (*problem)(void *context, const char *where, const char *message);
	void *context;
};

/* Adds the rules of a text that is in memory; name is what messages call it. 0 or -ENOMEM. */
int rules_parse(struct rules *rules, const char *name, const char *text, size_t length);

/* Whether rules_read() reads the file with this absolute path, if it is there. */
bool rules_is_file(const char *path);

/*
 * Calls each with the path of RULES_FILE, which need not be there, and of every file of
 * RULES_DIRECTORY below the directory root (names in *.conf) in the order of precedence, which is
 * that of strcmp() on the paths, until one call returns something else than 0. That, or -errno where
 * the directory could not be read to its end; no directory is none.
 */
int rules_each_file(int root, int (*each)(void *context, const char *path), void *context);

/*
 * Adds the rules of the files of rules_each_file(). A missing file is no problem; files and lines that
 * can't be read or are not valid are reported and skipped. 0 or -ENOMEM.
 */
int rules_read(struct rules *rules, int root);

/* The same for the one file name, which is absolute. */
int rules_read_file(struct rules *rules, int root, const char *name);

/* Adds one rule; its file name must outlive the rules. 0 or -ENOMEM. */
int rules_append(struct rules *rules, const struct rule *rule);

/* Counts a problem and reports it to rules->problem; the message is a printf. */
void rules_report(struct rules *rules, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether some rule gives devices to a driver: exclusions alone need nothing in the image. */
bool rules_want_drivers(const struct rules *rules);

/* The terms that any rule uses: enum rule_term. */
unsigned int rules_terms(const struct rules *rules);

/* Frees what is in *rules; rules must not be used afterwards. */
void rules_free(struct rules *rules);

#endif
