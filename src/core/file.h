/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and links below an open directory. Nothing here gives up for a signal. */
#ifndef VFIO_EARLY_CORE_FILE_H
#define VFIO_EARLY_CORE_FILE_H

#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

/* klibc defines it for some architectures only, the value is the same for those we build on. */
#ifndef O_CLOEXEC
#define O_CLOEXEC 02000000
#endif

/* Closes *fd if it is open, and keeps errno: for __attribute__((cleanup)). */
void file_close(const int *fd);

#define cleanup_fd __attribute__((cleanup(file_close)))

/* Opens path below directory for reading, without waiting for a FIFO's writer; fd or -errno. */
int file_open(int directory, const char *path);

/* Opens path below directory with these flags of open(2), and mode 0644 for a new file. */
int file_open_flags(int directory, const char *path, int flags);

/* Writes all in one write(2), as attributes and /dev/kmsg want it. 0 or -errno. */
int file_write(int fd, const char *data, size_t length);

/*
 * Reads at most size - 1 bytes of the file path below directory into buffer and ends them with
 * a NUL. For sysfs attributes and the like: one read(2), longer text is cut. Returns the
 * number of bytes or -errno.
 */
ssize_t file_read(int directory, const char *path, char *buffer, size_t size);

/*
 * Reads the whole file into memory that the caller frees: *text, *length bytes, and a NUL
 * behind them. Returns 0, -EFBIG if it has more than limit bytes, or another -errno; *text is
 * untouched then.
 */
int file_read_all(int directory, const char *path, size_t limit, char **text, size_t *length);

/*
 * Reads where the symbolic link path points to and copies the last component into name (size
 * bytes with the NUL). Returns 0, -ENOENT if there is no link, -ENAMETOOLONG, or -errno.
 */
int file_read_link_name(int directory, const char *path, char *name, size_t size);

/*
 * Calls each with the name of every entry of the directory fd, until one call returns something
 * else than 0. Takes fd over; where it is a -errno, that is the result. Returns what the last call
 * did, or -errno.
 */
int file_each_entry(int fd, int (*each)(void *context, int fd, const char *name), void *context);

#endif
