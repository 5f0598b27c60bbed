/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libblkid says of a device with two signatures, on which it does not decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protect/disks.h"
#include "silent.h"

#define IMAGE "/tmp/vfio-early-tags-XXXXXX"

/* The uberblocks of a label of ZFS: 4 are wanted by libblkid. */
static void write_uberblocks(int fd)
{
	static const uint64_t uberblock[] = { 0x00bab10c, 5000, 1 };

	for (off_t at = 128 << 10; at < 160 << 10; at += 1 << 10)
		assert_int_equal(pwrite(fd, uberblock, sizeof(uberblock), at), sizeof(uberblock));
}

static void test_two_signatures(void **state)
{
	struct host host = { .directory = -1 };
	char image[] = IMAGE, command[sizeof(image) + 64];
	int fd = mkstemp(image);
	struct block_tags tags;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	snprintf(command, sizeof(command), "/sbin/mkfs.ext4 -q -F %s", image);
	assert_int_equal(system(command), 0);
	assert_int_equal(host_open(&host, "/"), 0);
	assert_int_equal(block_tags_read(&host, "/sys/none", image, &tags), 0);
	assert_string_equal(tags.type, "ext4");
	assert_string_equal(tags.ambivalent, "");
	write_uberblocks(fd);
	assert_int_equal(block_tags_read(&host, "/sys/none", image, &tags), 0);
	assert_string_equal(tags.type, "");
	assert_non_null(strstr(tags.ambivalent, ":zfs_member:"));
	assert_non_null(strstr(tags.ambivalent, ":ext4:"));
	host_close(&host);
	close(fd);
	unlink(image);
}

/* The second doesn't wait as long as the first, and what udev noted needs no disk. */
static void test_silent_disk(void **state)
{
	char directory[] = IMAGE, node[sizeof(directory) + 8];
	struct host host = { .directory = -1 };
	char found[PATH_MAX];
	struct block_tags tags;
	int silent;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(node, sizeof(node), "%s/disk", directory);
	assert_int_equal(host_open(&host, "/"), 0);
	silent = silent_mount(directory);
	alarm(20);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(block_tags_read(&host, "/sys/none", node, &tags), -ETIMEDOUT);
		assert_int_equal(disks_find_spec(&host, node, found), -ETIMEDOUT);
	}
	alarm(0);
	silent_unmount(silent, directory);
	host_close(&host);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_signatures),
		cmocka_unit_test(test_silent_disk),
	};

	return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
