/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified kernel images, which have their kernel's words in a section of a PE file. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootloader/systemd-boot.h"
#include "core/bounds.h"
#include "core/file.h"

/* The DOS and PE headers, and the table of sections: ukify's images have some 15 of them. */
#define HEADERS_MAX  4096
#define SECTION_SIZE 40

static uint32_t number(const unsigned char *at, size_t bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

/* Reads the words of an open image. 0, -EBADMSG if it is none, or another -errno. */
static int read_words(int fd, struct bootwords *words)
{
	unsigned char headers[HEADERS_MAX];
	char text[CMDLINE_MAX + 1];
	ssize_t got = pread(fd, headers, sizeof(headers), 0);
	size_t size = got < 0 ? 0 : (size_t)got, pe, section, count;

	if (got < 0)
		return -errno;
	pe = size < 64 || memcmp(headers, "MZ", 2) != 0 ? size : number(headers + 60, 4);
	if (pe > size - 24 || size < 24 || memcmp(headers + pe, "PE\0\0", 4) != 0)
		return -EBADMSG;
	count = number(headers + pe + 6, 2);
	section = pe + 24 + number(headers + pe + 20, 2);
	for (; count > 0 && section + SECTION_SIZE <= size; count--, section += SECTION_SIZE) {
		const unsigned char *at = headers + section;
		size_t length = number(at + 8, 4);

		if (memcmp(at, ".cmdline", 8) != 0)
			continue;
		if (length > CMDLINE_MAX)
			return -EFBIG;
		got = pread(fd, text, length, (off_t)number(at + 20, 4));
		if (got < 0)
			return -errno;
		return bootwords_read(words, text, strnlen(text, (size_t)got), 0, 0);
	}
	return 0;
}

void unified_check_entry(struct bootcheck *check, const char *name)
{
	struct bootwords words = { .list = NULL };
	char path[PATH_MAX], *settings = NULL;
	int result = -ENOENT;

	for (const char *const *place = systemd_places; *place && result == -ENOENT; place++) {
		cleanup_fd int fd = -1;

		result = host_path(path, "%s/EFI/Linux/%s", *place, name);
		if (result == 0)
			result = fd = file_open(check->host->directory, host_below(path));
		if (result >= 0)
			result = read_words(fd, &words);
	}
	if (result < 0) {
		check->result = boot_say(check->message, -ENOENT,
					 "%s: this host was started from it, and its words cannot "
					 "be read: %s",
					 name, strerror(-result));
	} else {
		/* kernel-install makes such images where it is told so, with the same words. */
		host_read_text(check->host, "/etc/kernel/install.conf", &settings);
		bootcheck_words(check, path, 0, &words,
				!settings || !strstr(settings, "layout=uki"));
	}
	free(settings);
	bootwords_free(&words);
}
