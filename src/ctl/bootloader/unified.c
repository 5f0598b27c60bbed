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
#include "core/text.h"

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

static bool sets(const struct host *host, const char *path, const char *key)
{
	char *text = NULL, *rest, *line;
	bool found = false;

	host_read_text(host, path, &text);
	for (rest = text; (line = strsep(&rest, "\n"));)
		found |= strncmp(line + strspn(line, " \t"), key, strlen(key)) == 0;
	free(text);
	return found;
}

struct search {
	const struct host *host;
	char *source;
};

static int look_into(void *context, const char *directory, const char *name)
{
	const struct search *search = context;
	char path[PATH_MAX];

	if (text_ends_with(name, ".conf") && host_path(path, "%s/%s", directory, name) == 0 &&
	    sets(search->host, path, "kernel_cmdline"))
		strcpy(search->source, path);
	return 0;
}

/*
 * The file that an image gets its words from; "" if that is not known. kernel-install gives ukify its
 * own, whatever Cmdline= says (60-ukify.install of systemd 258), and so does its plug-in of dracut.
 * Returns whether kernel-install makes the image.
 */
static bool find_source(const struct host *host, char source[PATH_MAX])
{
	struct search search = { host, source };
	bool installed = sets(host, "/etc/kernel/install.conf", "layout=uki");

	strcpy(source, installed                                          ? KERNEL_FILE
		       : sets(host, "/etc/dracut.conf", "kernel_cmdline") ? "/etc/dracut.conf"
		       : sets(host, "/etc/kernel/uki.conf", "Cmdline=")   ? "/etc/kernel/uki.conf"
									  : "");
	if (!source[0])
		host_each(host, "/etc/dracut.conf.d", look_into, &search);
	return installed;
}

void unified_check_entry(struct bootcheck *check, const char *name)
{
	struct bootwords words = { .list = NULL };
	char path[PATH_MAX], source[PATH_MAX];
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
		bool installed = find_source(check->host, source);

		check->source = source[0] ? source : NULL;
		bootcheck_words(check, path, 0, &words, !installed);
		check->source = NULL;
	}
	bootwords_free(&words);
}
