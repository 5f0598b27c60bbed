/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reading and changing of GRUB's files: one, and ours, with a line "=" between them.
 * What a change leaves is read again, and all of a file that is not about the word must be there.
 */
#include <stdlib.h>
#include <string.h>

#include "bootloader/grub.h"
#include "check.h"

#define ADDED "fuzz=1"

static void read_files(struct bootfiles *files, const char *text)
{
	const char *second = strstr(text, "\n=\n");
	size_t length = second ? (size_t)(second - text) + 1 : strlen(text);

	second = second ? second + 3 : "";
	require(bootfiles_add(files, GRUB_FILE, text, length) == 0);
	require(bootfiles_add(files, GRUB_OWN_FILE, second, strlen(second)) == 0);
}

/* A word has the bytes of its place, but for backslashes before quotes. */
static void check_word(const struct bootconfig *config, const struct bootword *word)
{
	const struct bootfile *file;
	char place[PATH_MAX];
	size_t at = 0;

	require(word->file < config->files.count);
	file = &config->files.list[word->file];
	require(word->length > 0 && word->offset + word->length <= file->length);
	for (size_t i = 0; i < word->length; i++)
		if (word->text[at] == file->text[word->offset + i])
			at++;
		else
			require(file->text[word->offset + i] == '\\');
	require(word->text[at] == '\0');
	bootconfig_where(config, word, place);
	require(strrchr(place, ':') && strrchr(place, ':')[1] > '0');
}

static void check_words(const struct bootconfig *config)
{
	for (size_t i = 0; i < config->words.count; i++) {
		check_word(config, &config->words.list[i]);
		require(!strchr(config->words.list[i].text, '$'));
		require(!strchr(config->words.list[i].text, '`'));
	}
	for (size_t i = 0; i < config->opaque.count; i++) {
		check_word(config, &config->opaque.list[i]);
		require(!grub_find_fault(config->opaque.list[i].text));
	}
	for (size_t i = 0; i < config->findings.count; i++)
		require(config->findings.list[i].where && config->findings.list[i].text[0]);
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
	struct bootconfig changed = { .has_reset = false };
	char message[BOOT_MESSAGE_MAX] = "";
	int result = bootconfig_edit(config, grub_read, edit, 1, &changed, message);

	if (result < 0) {
		require(message[0]);
	} else {
		check_words(&changed);
		require(changed.words.count ==
			(adds ? config->words.count + 1 : config->words.count - 1));
		require(!adds || bootwords_find(&changed.words, ADDED) >= 0);
		require(!adds || strcmp(config->files.list[0].text,
					changed.files.list[0].text) == 0);
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
	struct bootconfig config = { .has_reset = false };
	int result;

	read_files(&config.files, text);
	result = grub_read(&config, message);
	if (result == 0) {
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
