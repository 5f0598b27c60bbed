/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reading and changing of GRUB's files: two files, with a line "=" between them. What a
 * change leaves is read again, and each part of a file that is not about the word must be there.
 */
#include <stdlib.h>
#include <string.h>

#include "bootloader/grub.h"
#include "check.h"

#define ADDED "fuzz=\"1 2\""

static void read_files(struct bootfiles *files, const char *text)
{
	const char *second = strstr(text, "\n=\n");
	size_t length = second ? (size_t)(second - text) + 1 : strlen(text);

	require(bootfiles_add(files, GRUB_FILE, text, length) == 0);
	if (second)
		require(bootfiles_add(files, GRUB_DIRECTORY "/x.cfg", second + 3,
				      strlen(second + 3)) == 0);
}

/* Places in the files are where the characters stand, but for those that are in none. */
static void check_places(const struct bootconfig *config)
{
	for (size_t i = 0; i < config->text.count; i++) {
		const struct bootchar *character = &config->text.list[i];
		const struct bootfile *file;

		if (character->file == BOOT_NO_FILE)
			continue;
		require(character->file < config->files.count);
		file = &config->files.list[character->file];
		require(character->length >= 1);
		require(character->offset + character->length <= file->length);
		require(file->text[character->offset + character->length - 1] == character->c);
	}
}

static void check_words(const struct bootconfig *config)
{
	for (size_t i = 0; i < config->words.count; i++) {
		unsigned int line = 0;

		require(config->words.list[i].length > 0);
		require(bootconfig_where(config, i, &line) && line > 0);
	}
}

/* Nothing of the old text is lost: it is what the new one has, in this order. */
static void check_kept(const struct bootconfig *old, const struct bootconfig *new)
{
	require(old->files.count == new->files.count);
	for (size_t i = 0; i < old->files.count; i++) {
		const char *at = new->files.list[i].text;

		for (const char *p = old->files.list[i].text; *p; p++) {
			at = strchr(at, *p);
			require(at++);
		}
	}
}

static void change(const struct bootconfig *config, const struct bootedit *edit, bool adds)
{
	struct bootconfig changed = { .end_count = 0 };
	char message[BOOT_MESSAGE_MAX] = "";
	int result = bootconfig_edit(config, grubfile_read, edit, 1, &changed, message);

	if (result < 0) {
		require(message[0]);
	} else {
		check_places(&changed);
		require(changed.words.count ==
			(adds ? config->words.count + 1 : config->words.count - 1));
		require(!adds || bootwords_find(&changed.words, ADDED) >= 0);
		if (adds)
			check_kept(config, &changed);
		else
			check_kept(&changed, config);
	}
	bootconfig_free(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = check_copy_text(data, size), message[BOOT_MESSAGE_MAX] = "";
	struct bootconfig config = { .end_count = 0 };
	int result;

	read_files(&config.files, text);
	result = bootconfig_read(&config, grubfile_read, message);
	if (result == 0) {
		check_places(&config);
		check_words(&config);
		change(&config, &(struct bootedit){ BOOT_NEW_WORD, ADDED }, true);
		for (size_t i = 0; i < config.words.count; i++)
			change(&config, &(struct bootedit){ i, NULL }, false);
	} else {
		require(message[0]);
	}
	bootconfig_free(&config);
	free(text);
	return 0;
}
