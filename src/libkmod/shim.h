/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Declares, ahead of libkmod's own headers, what libkmod calls and klibc does not declare:
 * an implicit declaration would cut returned pointers to 32 bits.
 */
#ifndef VFIO_EARLY_LIBKMOD_SHIM_H
#define VFIO_EARLY_LIBKMOD_SHIM_H

#include <endian.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/time.h>

/* shared/macro.h has its own, with a type check. */
#undef container_of

/* strbuf.c and libkmod-index.c take it from <sys/param.h>. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* A module's signature is big-endian. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#define be32toh(x) __builtin_bswap32(x)
#else
#define be32toh(x) ((uint32_t)(x))
#endif

/* kmod_new() reads $KMOD_LOG; nothing that uses this program is set-user-ID. */
#define secure_getenv(name) getenv(name)

/* kmod_module_insert_module(): klibc has the system call, but no header declares it. */
int finit_module(int fd, const char *args, int flags);

/*
 * Only the helpers of rmmod, modprobe and modinfo call these. They need no body: linking drops
 * the callers, and an undefined symbol tells when that stops being so.
 */
int clock_gettime(int clock, struct timespec *now);
int clock_nanosleep(int clock, int flags, const struct timespec *until, struct timespec *left);

/* shim.c */
struct kmod_elf;
void kmod_elf_unref(struct kmod_elf *elf);
ssize_t getdelim(char **line, size_t *size, int delim, FILE *file);
char *get_current_dir_name(void);

#endif
