/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The installed kernels, and whether the image of each is current: see enum kernel_state. */
#ifndef VFIO_EARLY_IMAGE_KERNELS_H
#define VFIO_EARLY_IMAGE_KERNELS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/protections.h"
#include "host/host.h"
#include "image/builder.h"
#include "image/contents.h"
#include "protect/protect.h"

enum kernel_state {
	KERNEL_CURRENT,
	KERNEL_IDLE,       /* its image has the current rules, but binds nothing */
	KERNEL_LACKING,    /* ... but does not protect all that the host needs now */
	KERNEL_CHANGED,    /* the rules were others when its image was built */
	KERNEL_UNKNOWN,    /* its image knows of no rules */
	KERNEL_UNLISTED,   /* its list was not noted, as an older version did not */
	KERNEL_UNREADABLE, /* neither what was noted of it nor the image can be read */
	KERNEL_NO_IMAGE,
};

/* Room for why an image binds nothing, or for two devices and their uses; of more, "...". */
#define KERNEL_WHY_MAX 256

struct kernel {
	char release[NAME_MAX + 1];
	enum kernel_state state;
	char why[KERNEL_WHY_MAX]; /* of KERNEL_IDLE, or the devices of KERNEL_LACKING; else "" */
	bool running;
	bool next;     /* it boots next; only after bootnext_mark() */
	/* It is on no partition that boots, or another image is; only after esps_check_images(). */
	bool unbooted, miscopied;
};

struct kernels {
	struct kernel *list; /* the newest first */
	size_t count;
	const struct builder *builder; /* what makes images there */
};

/*
 * Finds the kernels that have a /boot/vmlinuz-RELEASE or a /usr/lib/modules/RELEASE/vmlinuz, but
 * for what is no release: see kernels_is_leftover(), and odd characters. 0, also if there are none
 * to be seen, or -errno. protect is what the host uses; NULL: it is found, and nobody is told.
 * kernels_free() in any case.
 */
int kernels_find(struct kernels *kernels, const struct host *host, struct protect *protect);
void kernels_free(struct kernels *kernels);

/* The same without a look into images: a kernel that has one is KERNEL_UNREADABLE. */
int kernels_list(struct kernels *kernels, const struct host *host);

/* The kernel with this release; NULL: there is none. */
struct kernel *kernels_named(const struct kernels *kernels, const char *release);

/* The newest kernel that has no image; NULL: all have one. */
const struct kernel *kernels_find_imageless(const struct kernels *kernels);

/* Whether some image has the rules, so that a reboot is all that is to be done. */
bool kernels_have_current(const struct kernels *kernels);

/* "current", "changed", ... */
const char *kernels_state_name(enum kernel_state state);

/* Whether its image must be built again; without rules, one that knows of none will do. */
bool kernels_is_stale(const struct kernel *kernel, bool has_rules);

/* What is wrong about it, and the command that helps, but for the release; NULL: nothing. */
const char *kernels_problem(enum kernel_state state);
const char *kernels_remedy(const struct kernels *kernels, enum kernel_state state);

/*
 * Whether what stands behind vmlinuz- or initrd.img- ends as a copy that update-initramfs,
 * installkernel or dpkg left behind: no kernel has such a release.
 */
bool kernels_is_leftover(const char *release);

/*
 * Where a file of a kernel is, "vmlinuz", "config" or "System.map": in /boot, with the release
 * behind its name, or in /usr/lib/modules/RELEASE. 0, -ENOENT or -ENAMETOOLONG.
 */
int kernels_file(const struct host *host, const char *release, const char *name,
		 char path[PATH_MAX]) __attribute__((warn_unused_result));

/* Reads its configuration, which the caller frees. 0 or -errno. */
int kernels_read_config(const struct host *host, const char *release, char **text)
	__attribute__((warn_unused_result));

/* Where the image of a kernel is. 0 or -ENAMETOOLONG. */
int kernels_image(const struct kernel *kernel, char path[PATH_MAX])
	__attribute__((warn_unused_result));

/* As contents_read(), of the image of a kernel. contents_free() in any case. */
int kernels_read_image(const struct host *host, const struct kernel *kernel,
		       struct contents *contents, char message[INITRAMFS_MESSAGE_MAX]);

#endif
