/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line that a bootloader's files make, and changes of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/config.h"

int bootconfig_read(struct bootconfig *config, bootconfig_function *read, char *message)
{
	int result;

	message[0] = '\0';
	result = read(config, message);
	if (result == 0)
		result = bootwords_read(&config->words, &config->text);
	return result;
}

void bootconfig_free(struct bootconfig *config)
{
	bootfiles_free(&config->files);
	boottext_free(&config->text);
	bootwords_free(&config->words);
}

const char *bootconfig_where(const struct bootconfig *config, size_t word, unsigned int *line)
{
	const struct bootchar *first = &config->text.list[config->words.list[word].start];

	if (first->file == BOOT_NO_FILE)
		return NULL;
	*line = bootfile_line(&config->files.list[first->file], first->offset);
	return config->files.list[first->file].path;
}

/* Prints a word so that its quotes are read as the characters they are. */
static void print_quoted(FILE *stream, const char *text, enum quote quote)
{
	if (quote == QUOTE_NONE)
		fputc('"', stream);
	for (; *text; text++) {
		if ((quote == QUOTE_NONE || quote == QUOTE_DOUBLE) && strchr("$`\"\\", *text))
			fputc('\\', stream);
		fputc(*text, stream);
	}
	if (quote == QUOTE_NONE)
		fputc('"', stream);
}

static int splice_char(struct splices *splices, const struct bootchar *character, const char *text)
{
	if (character->file == BOOT_NO_FILE)
		return 0;
	return splices_add(splices, character->file, character->offset, character->length, text);
}

/* Whether the blank stands in the same file right beside the word, and is not gone with another. */
static bool is_free_blank(const struct splices *splices, const struct bootchar *first,
			  const struct bootchar *second, const struct bootchar *blank)
{
	return blank->c == ' ' && first->file == second->file &&
	       first->offset + first->length == second->offset &&
	       !splices_have(splices, blank->file, blank->offset);
}

/* With the blank before it, or else the one behind it. */
static int remove_word(struct splices *splices, const struct bootconfig *config,
		       const struct bootword *word)
{
	const struct bootchar *list = config->text.list;
	size_t start = word->start, end = word->start + word->length;
	int result = 0;

	if (start > 0 && is_free_blank(splices, &list[start - 1], &list[start], &list[start - 1]))
		start--;
	else if (end < config->text.count &&
		 is_free_blank(splices, &list[end - 1], &list[end], &list[end]))
		end++;
	for (size_t i = start; i < end && result == 0; i++)
		result = splice_char(splices, &list[i], NULL);
	return result;
}

/* The new text takes the place of the first character. */
static int replace_word(struct splices *splices, const struct bootconfig *config,
			const struct bootword *word, const char *text)
{
	const struct bootchar *list = &config->text.list[word->start];
	char *quoted = NULL;
	size_t length;
	FILE *stream = open_memstream(&quoted, &length);
	int result = 0;

	if (!stream)
		return -ENOMEM;
	print_quoted(stream, text, (enum quote)list[0].quote);
	if (fclose(stream) != 0 || !quoted)
		result = -ENOMEM;
	for (size_t i = 0; i < word->length && result == 0; i++)
		result = splice_char(splices, &list[i], i == 0 ? quoted : NULL);
	free(quoted);
	return result;
}

static int add_words(struct splices *splices, const struct bootend *end,
		     const struct bootedit *edits, size_t count)
{
	const char *separator = "";
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	int result = 0;

	if (!stream)
		return -ENOMEM;
	fputs(end->before, stream);
	for (size_t i = 0; i < count; i++) {
		if (edits[i].word != BOOT_NEW_WORD)
			continue;
		fputs(separator, stream);
		print_quoted(stream, edits[i].text, end->quote);
		separator = " ";
	}
	fputs(end->after, stream);
	if (fclose(stream) != 0 || !text)
		result = -ENOMEM;
	if (result == 0 && end->opened)
		result = splices_add(splices, end->file, end->open, 0, "\"");
	if (result == 0)
		result = splices_add(splices, end->file, end->offset, 0, text);
	free(text);
	return result;
}

static bool has_new_words(const struct bootedit *edits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (edits[i].word == BOOT_NEW_WORD)
			return true;
	return false;
}

static int splice_word(struct splices *splices, const struct bootconfig *config, size_t number,
		       const struct bootedit *edits, size_t count)
{
	const struct bootword *word = &config->words.list[number];
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		if (edits[i].word == number)
			result = edits[i].text ? replace_word(splices, config, word, edits[i].text)
					       : remove_word(splices, config, word);
	return result;
}

static int collect_splices(struct splices *splices, const struct bootconfig *config,
			   const struct bootend *end, const struct bootedit *edits, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < config->words.count && result == 0; i++)
		result = splice_word(splices, config, i, edits, count);
	if (result == 0 && has_new_words(edits, count))
		result = add_words(splices, end, edits, count);
	return result;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The words that the edits are to come to, sorted. */
static size_t list_wanted(const struct bootconfig *config, const struct bootedit *edits,
			  size_t count, const char **wanted)
{
	size_t wanted_count = 0;

	for (size_t i = 0; i < config->words.count; i++) {
		const char *text = config->words.list[i].text;

		for (size_t n = 0; n < count; n++)
			if (edits[n].word == i)
				text = edits[n].text;
		if (text)
			wanted[wanted_count++] = text;
	}
	for (size_t n = 0; n < count; n++)
		if (edits[n].word == BOOT_NEW_WORD)
			wanted[wanted_count++] = edits[n].text;
	if (wanted_count > 0)
		qsort(wanted, wanted_count, sizeof(*wanted), compare);
	return wanted_count;
}

/* Whether the changed config has the wanted words: what a mistake here would break is the boot. */
static bool has_wanted(const struct bootconfig *changed, const char **wanted, size_t count,
		       const char **found)
{
	if (changed->words.count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		found[i] = changed->words.list[i].text;
	if (count > 0)
		qsort(found, count, sizeof(*found), compare);
	for (size_t i = 0; i < count; i++)
		if (strcmp(found[i], wanted[i]) != 0)
			return false;
	return true;
}

static int compare_wanted(const struct bootconfig *config, const struct bootedit *edits,
			  size_t count, const struct bootconfig *changed)
{
	size_t room = config->words.count + count + 1;
	const char **wanted = calloc(room, sizeof(*wanted)), **found = calloc(room, sizeof(*found));
	int result = -ENOMEM;

	if (wanted && found) {
		size_t wanted_count = list_wanted(config, edits, count, wanted);

		result = has_wanted(changed, wanted, wanted_count, found) ? 0 : -EINVAL;
	}
	free(wanted);
	free(found);
	return result;
}

static int try_end(const struct bootconfig *config, bootconfig_function *read,
		   const struct bootend *end, const struct bootedit *edits, size_t count,
		   struct bootconfig *changed, char *message)
{
	struct splices splices = { .list = NULL };
	int result = collect_splices(&splices, config, end, edits, count);

	if (result == 0)
		result = splices_apply(&splices, &config->files, &changed->files);
	if (result == 0)
		result = bootconfig_read(changed, read, message);
	if (result == 0)
		result = compare_wanted(config, edits, count, changed);
	splices_free(&splices);
	return result;
}

int bootconfig_edit(const struct bootconfig *config, bootconfig_function *read,
		    const struct bootedit *edits, size_t count, struct bootconfig *changed,
		    char *message)
{
	int result = -EINVAL;

	for (size_t i = 0; i < config->end_count && result == -EINVAL; i++) {
		*changed = (struct bootconfig){ .end_count = 0 };
		result = try_end(config, read, &config->ends[i], edits, count, changed, message);
		if (result < 0)
			bootconfig_free(changed);
	}
	if (result == -EINVAL)
		boot_say(message, result,
			 "%s: this change comes to other words than the wanted ones; make it by "
			 "hand",
			 config->files.list[config->ends[0].file].path);
	return result;
}
