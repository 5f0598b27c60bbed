/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One search for the PCI functions below something that the host uses. */
#ifndef VFIO_EARLY_PROTECT_WALK_H
#define VFIO_EARLY_PROTECT_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "host/host.h"
#include "protect/protect.h"
#include "protect/routes.h"

/* Deeper stacks than this (a file on LVM on LUKS on md on a partition is 7) run in a circle. */
#define SEARCH_DEPTH_MAX 32

struct search {
	struct protect *protect;
	const struct host *host;
	struct libmnt_table *mounts;
	/* Of who knows the mounts, which disks can stand on; NULL: nobody does. */
	void (*follow_file)(struct search *search, const char *file);
	char reason[PROTECT_REASON_MAX + 1]; /* of the search that is under way */
	enum protect_grade grade;            /* of what is searched for, until it is set anew */
	bool on_disks; /* whether that is on disks, any of which may have what can't be found */
	struct routes routes;                /* see network_open() */
	char **seen;                         /* what it came by */
	size_t seen_count, seen_capacity;
	unsigned int depth;
	/*
	 * Ends that it reached: PCI functions, devices on no PCI bus, places it had been to before,
	 * and those it must not go to. Whoever follows something looks whether this grew.
	 */
	size_t ends;
	size_t found; /* ends of the first two kinds */
	bool lost;    /* something could not be followed, and was told of */
	int error;    /* -ENOMEM, which stops everything */
};

/* Starts a search for what is below something; the reason is a printf. */
void search_begin(struct search *search, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Ends it, with a warning if nothing was found and none has said why. Something needed on disks
 * that could not be followed protects every storage controller.
 */
void search_end(struct search *search);

/* Gives what is found from here on another reason, a printf, and saves the one before. */
void search_set_reason(struct search *search, char before[PROTECT_REASON_MAX + 1],
		       const char *format, ...) __attribute__((format(printf, 3, 4)));
void search_restore_reason(struct search *search, const char before[PROTECT_REASON_MAX + 1]);

/* The length of what the reason starts with: "/" of "/ (ext4 on /dev/sda2)". */
int search_subject_length(const struct search *search);

/*
 * Goes to a place, whose name is unique. Returns false if the search must not go on there: it
 * has been there, or is too deep. search_leave() after true.
 */
bool search_enter(struct search *search, const char *place);
void search_leave(struct search *search);

/*
 * Protects the PCI functions on a resolved path in /sys/devices, and the physical functions of
 * virtual ones. Returns how many there were, bridges included.
 */
size_t search_take_path(struct search *search, const char *path);

/* Resolves a path that is part of the search, and tells of failure. */
int search_resolve(struct search *search, const char *path, char resolved[PATH_MAX])
	__attribute__((warn_unused_result));

/* Calls each for the entries of a directory, if it is there, and tells of failure. */
void search_list(struct search *search, const char *directory,
		 void (*each)(void *context, const char *directory, const char *name),
		 void *context);

/* Follows the file system that the file is on. */
void search_follow_file(struct search *search, const char *file);

/* An end that is on no PCI bus, so that nothing has to be protected. */
void search_take_other(struct search *search);

/*
 * These tell what was met, as a printf; search_lose() is for what could not be followed: a warning
 * and an incomplete search where it is needed, a note where it is used.
 */
void search_note(struct search *search, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void search_warn(struct search *search, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void search_lose(struct search *search, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
