/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libkmod's meson.build would find out about klibc. */
#ifndef VFIO_EARLY_LIBKMOD_CONFIG_H
#define VFIO_EARLY_LIBKMOD_CONFIG_H

#define SYSCONFDIR       "/etc"
#define DISTCONFDIR      "/usr/lib"
#define MODULE_DIRECTORY "/lib/modules"

/* 5 KB of messages and more: what its callers need is in the error numbers that it returns. */
#define ENABLE_LOGGING 0
#define ENABLE_DEBUG   0
#define ENABLE_ELFDBG  0

/*
 * No decompressors: for a .ko.xz or .ko.zst, finit_module() takes the file as it is if
 * /sys/module/compression names its format (kernel 5.17 and later).
 */
#define ENABLE_XZ      0
#define ENABLE_ZSTD    0
#define ENABLE_ZLIB    0
#define ENABLE_OPENSSL 0

#define HAVE_FINIT_MODULE        1
#define HAVE_SECURE_GETENV       1
#define HAVE_DECL_BASENAME       0
#define HAVE_STRUCT_STAT_ST_MTIM 1
#define HAVE_STATIC_ASSERT       1
#define HAVE_NORETURN            1

/* Not a matter of speed: what 34 does without them divides by 0 (umul64_overflow()). */
#define HAVE___BUILTIN_UADD_OVERFLOW   1
#define HAVE___BUILTIN_UADDL_OVERFLOW  1
#define HAVE___BUILTIN_UADDLL_OVERFLOW 1
#define HAVE___BUILTIN_UMUL_OVERFLOW   1
#define HAVE___BUILTIN_UMULL_OVERFLOW  1
#define HAVE___BUILTIN_UMULLL_OVERFLOW 1

#endif
