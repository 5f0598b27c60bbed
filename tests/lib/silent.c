/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FUSE without anybody who reads its requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "silent.h"

int silent_mount(const char *path)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[96];

	assert_true(fd >= 0);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	assert_int_equal(mount("silent", path, "fuse", MS_NOSUID | MS_NODEV, options), 0);
	return fd;
}

void silent_unmount(int silent, const char *path)
{
	close(silent);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
}
