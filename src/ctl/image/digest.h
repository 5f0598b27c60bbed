/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fingerprint of all rules, to tell whether an image has the current ones: SHA-256 over each file
 * of rules as the boot program reads them, in its order: name, NUL, length in decimal, NUL,
 * bytes. No files at all have a digest, too.
 */
#ifndef VFIO_EARLY_IMAGE_DIGEST_H
#define VFIO_EARLY_IMAGE_DIGEST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <sha2.h>

#include "host/host.h"

/* 64 hexadecimal digits and a NUL. */
#define DIGEST_TEXT_MAX SHA256_DIGEST_STRING_LENGTH

/* In the image; where the boot script copies it to; of the finished image of each kernel. */
#define DIGEST_IMAGE   "/etc/vfio-early.digest"
#define DIGEST_BOOTED  "/run/vfio-early/digest"
#define DIGEST_KERNELS "/var/lib/vfio-early"

/* Of the rules below the host's root. 0 or -errno: a file that cannot be read is one. */
int digest_rules(const struct host *host, char text[DIGEST_TEXT_MAX]);

/* Reads one that was noted in a file. 0, -ENOENT, -EBADMSG for another text, or -errno. */
int digest_read(const struct host *host, const char *path, char text[DIGEST_TEXT_MAX]);

/* The path of the digest that was noted when the image of a kernel was finished. 0 or -errno. */
int digest_path(const char *kernel, char path[PATH_MAX]) __attribute__((warn_unused_result));

/* Reads the list that was noted then, which the caller frees. 0, -ENOENT or another -errno. */
int digest_read_list(const struct host *host, const char *kernel, char **text)
	__attribute__((warn_unused_result));

/*
 * Of the finished image of a kernel: notes the digest of its rules and its list of devices in use
 * by the host, which is NULL where it has none; drops both; or forgets those of kernels that are
 * neither installed nor this one. 0 or -errno.
 */
int digest_note(const struct host *host, const char *kernel, const char text[DIGEST_TEXT_MAX],
		const char *list);
int digest_drop(const struct host *host, const char *kernel);
void digest_forget(const struct host *host, const char *kernel);

/* Told of a file of rules. */
typedef void digest_take(void *context, const char *path, const char *data, size_t length);

/*
 * Calls take with every file of rules below the host's root, as the boot program reads them. 0 or
 * -errno.
 */
int digest_each(const struct host *host, digest_take *take, void *context);

/* Adds a file to a digest, whose context is an SHA2_CTX: in that order. */
void digest_add(void *context, const char *path, const char *data, size_t length);

#endif
