/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bootloader will really start. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/entries.h"
#include "bootloader/esp.h"
#include "image/kernels.h"

#define GRUB_CONFIG "/boot/grub/grub.cfg"

/* The script of grub-mkconfig(8) that makes the entries of this system: 10_linux, 10_linux_zfs. */
#define GRUB_BEGIN "### BEGIN /etc/grub.d/10_linux"
#define GRUB_END   "### END /etc/grub.d/10_linux"

struct check {
	const struct bootloader *bootloader;
	const struct host *host;    /* that has the entries */
	const struct host *outside; /* that has the kernels */
	const struct bootconfig *config;
	const struct bootwant *wants;
	size_t count;
	char *message;
	size_t entries; /* that were looked at */
	int result;
	char booted[NAME_MAX + 1]; /* the entry that started this host; "" if that is not known */
	bool by_hand;              /* what is looked at is nothing that the refresh would make */
};

static void refuse(struct check *check, const char *path, unsigned int line,
		   const struct bootwant *want)
{
	const char *has = want->absent ? "still has" : "lacks";
	char place[PATH_MAX], doubt[PATH_MAX] = "";

	if (line == 0 || host_path(place, "%s:%u", path, line) < 0)
		snprintf(place, sizeof(place), "%s", path);
	if (!want->absent)
		bootconfig_doubt(check->config, want->word, doubt);
	if (check->by_hand)
		check->result = boot_say(check->message, -EINVAL,
					 "%s: %s '%s'; this host was started from it, and "
					 "kernel-install does not make it: change it by hand",
					 place, has, want->word);
	else if (doubt[0])
		check->result = boot_say(check->message, -EINVAL,
					 "%s: %s '%s'; '%s' makes it anew, unless %s cancels the "
					 "word",
					 place, has, want->word, check->bootloader->refresh, doubt);
	else
		check->result = boot_say(check->message, -EINVAL,
					 "%s: %s '%s'; '%s' makes it anew", place, has, want->word,
					 check->bootloader->refresh);
}

static void check_words(struct check *check, const char *path, unsigned int line,
			const struct bootwords *words)
{
	check->entries++;
	for (size_t i = 0; i < check->count && check->result == 0; i++) {
		const struct bootwant *want = &check->wants[i];

		if ((bootwords_find(words, want->word) >= 0) == want->absent)
			refuse(check, path, line, want);
	}
}

/* GRUB_CMDLINE_LINUX_DEFAULT is not for recovery entries; Ubuntu's have the second word. */
static bool is_recovery(const struct bootwords *words)
{
	return bootwords_find(words, "single") >= 0 || bootwords_find(words, "recovery") >= 0;
}

static void check_grub_line(struct check *check, const char *line, unsigned int number)
{
	struct bootwords words = { .list = NULL };

	line += strspn(line, " \t");
	if (strncmp(line, "linux", strlen("linux")) != 0)
		return;
	check->result = bootwords_read_string(&words, line);
	if (check->result == 0 && words.count > 1 && !is_recovery(&words))
		check_words(check, GRUB_CONFIG, number, &words);
	bootwords_free(&words);
}

static void check_grub(struct check *check)
{
	bool ours = false;
	char *text, *rest, *line;

	check->result = host_read_text(check->host, GRUB_CONFIG, &text);
	if (check->result < 0)
		return;
	rest = text;
	for (unsigned int i = 1; check->result == 0 && (line = strsep(&rest, "\n")); i++) {
		if (strncmp(line, GRUB_BEGIN, strlen(GRUB_BEGIN)) == 0)
			ours = true;
		else if (strncmp(line, GRUB_END, strlen(GRUB_END)) == 0)
			ours = false;
		else if (ours)
			check_grub_line(check, line, i);
	}
	free(text);
}

/* What stands behind the key of a line of an entry; NULL if it has another one. */
static const char *find_value(const char *line, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length) != 0 || !line[length] || !strchr(" \t", line[length]))
		return NULL;
	return line + length + strspn(line + length, " \t");
}

/* Entries of other systems on the same partition are for kernels that are not installed here. */
static bool is_for_us(const struct check *check, const char *version)
{
	char path[PATH_MAX];

	return kernels_file(check->outside, version, "vmlinuz", path) == 0;
}

static void check_entry_text(struct check *check, const char *path, char *text, bool booted)
{
	struct bootwords words = { .list = NULL };
	bool ours = false;
	char *line;

	while (check->result == 0 && (line = strsep(&text, "\n\r"))) {
		const char *version = find_value(line, "version");
		const char *options = find_value(line, "options");

		if (version)
			ours = is_for_us(check, version);
		if (options)
			check->result = bootwords_read_string(&words, options);
	}
	check->by_hand = !ours;
	if (check->result == 0 && (ours || booted))
		check_words(check, path, 0, &words);
	bootwords_free(&words);
}

/* Older versions of systemd-boot name it without its suffix. */
static bool is_booted(const struct check *check, const char *name)
{
	size_t length = strlen(check->booted);

	return length > 0 && strncmp(name, check->booted, length) == 0 &&
	       (name[length] == '\0' || strcmp(name + length, ".conf") == 0);
}

static void check_entry(void *context, const char *directory, const char *name)
{
	struct check *check = context;
	size_t length = strlen(name);
	char path[PATH_MAX], *text = NULL;

	if (check->result < 0 || length < 6 || strcmp(name + length - 5, ".conf") != 0)
		return;
	check->result = host_path(path, "%s/%s", directory, name);
	if (check->result == 0)
		check->result = host_read_text(check->host, path, &text);
	if (check->result != 0)
		return;
	check_entry_text(check, path, text, is_booted(check, name));
	free(text);
}

/* An image that has kernel and words in itself is named with its suffix. */
static bool is_unified(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, ".efi") == 0;
}

/* Where bootctl(1) looks for $BOOT. */
static void check_systemd(struct check *check)
{
	static const char *const directories[] = { "/boot/loader/entries", "/efi/loader/entries",
						   "/boot/efi/loader/entries" };

	bootloader_read_variable(check->outside, "LoaderEntrySelected", check->booted,
				 sizeof(check->booted));
	if (is_unified(check->booted)) {
		check->result = boot_say(check->message, -ENOENT,
					 "%s: this host was started from it, and it has its words "
					 "in itself, so what the next boot has cannot be told",
					 check->booted);
		return;
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		int result = host_list(check->host, directories[i], check_entry, check);

		if (result < 0 && result != -ENOENT && result != -ENOTDIR && check->result == 0)
			check->result = result;
	}
}

static int finish(struct check *check)
{
	if ((check->result == -ENOENT && !check->message[0]) ||
	    (check->result == 0 && check->entries == 0))
		return boot_say(check->message, -ENOENT,
				"found no entry of this system, so what the next boot has cannot "
				"be told");
	return check->result;
}

static int check_mounted(const struct host *host, const void *context, char *message)
{
	struct check check = *(const struct check *)context;

	/* A directory that was opened before the mount still shows /boot itself. */
	check.host = host;
	check.message = message;
	if (check.bootloader->kind == BOOTLOADER_PROXMOX_GRUB)
		check_grub(&check);
	else
		check_systemd(&check);
	return finish(&check);
}

int bootentries_check(const struct bootloader *bootloader, const struct host *host,
		      const struct bootconfig *config, const struct bootwant *wants, size_t count,
		      char *message)
{
	struct check check = { .bootloader = bootloader,
			       .host = host,
			       .outside = host,
			       .config = config,
			       .wants = wants,
			       .count = count,
			       .message = message };

	message[0] = '\0';
	switch (bootloader->kind) {
	case BOOTLOADER_GRUB:
		check_grub(&check);
		return finish(&check);
	case BOOTLOADER_SYSTEMD:
		check_systemd(&check);
		return finish(&check);
	default:
		return esp_visit(host, check_mounted, &check, message);
	}
}
