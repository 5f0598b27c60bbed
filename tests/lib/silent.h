/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file system that never answers, as of a daemon that hangs or a server that is gone. */
#ifndef TESTS_SILENT_H
#define TESTS_SILENT_H

/* Mounts it. Fails the cmocka test that is under way if it cannot. */
int silent_mount(const char *path);
void silent_unmount(int silent, const char *path);

#endif
