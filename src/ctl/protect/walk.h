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
#define WALK_DEPTH_MAX 32

struct walk {
	struct protect *protect;
	const struct host *host;
	struct libmnt_table *mounts; /* see mounts_open(); NULL: they are not known */
	struct routes routes;
	struct protect_use use;   /* whose devices are searched for */
	enum protect_grade grade; /* of that, until it is set again */
	bool on_disks; /* whether that is on disks, any of which may have what can't be found */
	char **seen;   /* what it came by */
	size_t seen_count;
	unsigned int depth;
	/*
	 * Ends that it reached: PCI functions, devices on no PCI bus, places it had been to before,
	 * and those it must not go to. What follows something looks whether this grew.
	 */
	size_t ends;
	size_t found; /* ends of the first two kinds */
	bool lost;    /* something could not be followed, and was told of */
	int unseen;   /* see struct host */
	int error;    /* -ENOMEM, which stops everything */
};

/*
 * Starts a search for what is below something that the host uses; what it is on, which can be
 * empty, is a printf.
 */
void walk_begin(struct walk *walk, enum protect_kind kind, const char *what, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/*
 * Ends it, with a warning if nothing was found and none has said why. Something needed on disks
 * that could not be followed protects every storage controller.
 */
void walk_end(struct walk *walk);

/* Tells of what could not be seen until now, so that the search is incomplete. */
void walk_tell_unseen(struct walk *walk);

/* What is found from here on is for another use. The caller sets walk->use back. */
void walk_set_use(struct walk *walk, enum protect_kind kind, const char *what, const char *on);

/*
 * Goes to a place, whose name is unique. Returns false if the search must not go on there: it
 * has been there, or is too deep. walk_leave() after true.
 */
bool walk_enter(struct walk *walk, const char *place);
void walk_leave(struct walk *walk);

/*
 * Protects the PCI functions on a resolved path in /sys/devices, and the physical functions of
 * virtual ones. Returns how many there were, bridges included.
 */
size_t walk_take_path(struct walk *walk, const char *path);

/* Protects one function; a bridge is an end as well. */
void walk_take(struct walk *walk, struct pci_device *device);

/* Resolves a name in a directory, which is part of the search, and tells of failure. */
int walk_resolve(struct walk *walk, const char *directory, const char *name,
		 char resolved[PATH_MAX]) __attribute__((warn_unused_result));

/* Calls each for the entries of a directory, if it is there, and tells of failure. */
void walk_list(struct walk *walk, const char *directory,
	       int (*each)(void *context, const char *directory, const char *name), void *context);

/* An end that is on no PCI bus, so that nothing has to be protected. */
void walk_take_other(struct walk *walk);

/*
 * These tell what was met, as a printf; walk_lose() is for what could not be followed: a warning
 * and an incomplete search where it is needed, a note where it is used.
 */
enum walk_event { WALK_NOTE, WALK_WARNING, WALK_LOST };
void walk_tell(struct walk *walk, enum walk_event event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define walk_note(walk, ...) walk_tell(walk, WALK_NOTE, __VA_ARGS__)
#define walk_warn(walk, ...) walk_tell(walk, WALK_WARNING, __VA_ARGS__)
#define walk_lose(walk, ...) walk_tell(walk, WALK_LOST, __VA_ARGS__)

#endif
