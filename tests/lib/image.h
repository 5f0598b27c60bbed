/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initramfs images, made by the real update-initramfs in a copy of a real Debian system. */
#ifndef IMAGE_H
#define IMAGE_H

#include <limits.h>
#include <stdbool.h>

#define IMAGE_FILES   8
#define IMAGE_SYSTEMS 8

/* A change of the system before the image is built: a file written, or moved, or taken away. */
struct image_file {
	const char *path;
	const char *text;
	const char *copied; /* from this one below build/, in place of a text */
	const char *moved;  /* to this path */
	bool executable;
};

struct image_spec {
	const char *suite;    /* which of build/roots/ */
	const char *rules;    /* /etc/vfio-early.conf; NULL: as installed */
	const char *settings; /* initramfs.conf(5) lines such as "BUSYBOX=y\n" */
	/*
	 * With all drivers that any host could need, with busybox, and compressed well, as Debian's
	 * defaults are. Otherwise with drivers of cards and disks that tests have, which takes a
	 * tenth of the time.
	 */
	bool has_all_drivers;
	const char *without_modules; /* a folder of the kernel's modules to take away */
	struct image_file files[IMAGE_FILES];
	/*
	 * Lines for sh that run in the system, in place of update-initramfs and until one fails.
	 * They find our packages, if they were made, in /media, and what they leave in /mnt is in
	 * the tree.
	 */
	const char *const *commands;
	const char *stage;    /* what `make install` made, below build/; NULL: stage */
	bool without_program; /* leave out all that `make install` puts there */
	/*
	 * The host can't be seen from the chroot that images are built in, and without the file
	 * that says that these protect nothing on purpose, they bind nothing.
	 */
	bool without_marker;
	bool without_initrd; /* the image is the kernel's first */
	bool unpack;         /* into tree, to look at */
	bool keep_system;    /* as disk, which boots with the guest's program */
	/*
	 * Words of the kernel command line: the disk has a partition and GRUB, which starts the
	 * system with them. NULL: neither.
	 */
	const char *grub_words;
};

struct image {
	char dir[PATH_MAX];    /* all results of this test lie here */
	char kernel[PATH_MAX]; /* vmlinuz */
	char initrd[PATH_MAX];
	char log[PATH_MAX];  /* what update-initramfs said */
	char tree[PATH_MAX]; /* the unpacked image */
	char disk[PATH_MAX]; /* the system that it was built in, as a file system */
	char version[64];    /* of the kernel */
	int status;          /* exit status of update-initramfs, or of the last command */
	bool renewed;        /* the initrd is not the one from before */
};

/* files_build(), absolute. Returns 0 or -errno. */
int image_find_build(char *path);

/*
 * The names in $VFIO_EARLY_SYSTEMS, which are of Debian systems below build/roots/: those that this
 * run is about. Returns how many they are, -ENOENT if there is none, or -E2BIG.
 */
int image_list_systems(const char *names[IMAGE_SYSTEMS]);

/*
 * Builds an image as @spec says, with its results below build/tests/@name. There is an older
 * initrd before, as on most hosts. That update-initramfs failed is a result, not an error.
 * Returns 0 or -errno.
 */
int image_build(const struct image_spec *spec, const char *name, struct image *image);

/* Whether update-initramfs said @text. */
bool image_said(const struct image *image, const char *text);

/* Whether a path in the unpacked image matches @pattern, see glob(7). */
bool image_has(const struct image *image, const char *pattern);

/* The text of @path in the unpacked image, to be freed; NULL if it can't be read. */
char *image_read(const struct image *image, const char *path);

#endif
