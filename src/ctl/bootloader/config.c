/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line that a bootloader's files make, and changes of it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/config.h"
#include "core/file.h"
#include "host/array.h"

/* /etc/default/grub has 1.5 KB; what is so much longer is something else. */
#define FILE_MAX_LENGTH (1u << 20)

int boot_say(char message[BOOT_MESSAGE_MAX], int result, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(message, BOOT_MESSAGE_MAX, format, arguments);
	va_end(arguments);
	if (length >= BOOT_MESSAGE_MAX)
		strcpy(message + BOOT_MESSAGE_MAX - sizeof("..."), "...");
	return result;
}

/* Takes over the text. */
static int append(struct bootfiles *files, const char *path, char *text, size_t length)
{
	char *copy = strdup(path);
	struct bootfile *file = copy && text ? array_add(files->list, files->count) : NULL;

	if (!file) {
		free(copy);
		free(text);
		return -ENOMEM;
	}
	*file = (struct bootfile){ .path = copy, .text = text, .length = length };
	return 0;
}

int bootfiles_read(struct bootfiles *files, const struct host *host, const char *path,
		   char message[BOOT_MESSAGE_MAX])
{
	char *text = NULL;
	size_t length = 0;
	int result =
		file_read_all(host->directory, host_below(path), FILE_MAX_LENGTH, &text, &length);
	bool absent = result == -ENOENT;

	if (absent) {
		text = strdup("");
		result = 0;
	}
	if (result == 0 && text && strlen(text) != length) {
		free(text);
		return boot_say(message, -EINVAL, "%s: found a NUL byte, expected a text", path);
	}
	if (result < 0)
		return boot_say(message, result, "%s: %s", path, strerror(-result));
	result = append(files, path, text, length);
	if (result == 0)
		files->list[files->count - 1].absent = absent;
	return result;
}

int bootfiles_add(struct bootfiles *files, const char *path, const char *text, size_t length)
{
	return append(files, path, strndup(text, length), length);
}

void bootfiles_free(struct bootfiles *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->list[i].path);
		free(files->list[i].text);
	}
	free(files->list);
	*files = (struct bootfiles){ .list = NULL };
}

unsigned int bootfile_line(const struct bootfile *file, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset && i < file->length; i++)
		line += file->text[i] == '\n';
	return line;
}

int bootfile_splice(struct bootfile *file, size_t offset, size_t length, const char *text)
{
	char *whole;
	int result = asprintf(&whole, "%.*s%s%s", (int)offset, file->text, text,
			      file->text + offset + length);

	if (result < 0)
		return -ENOMEM;
	free(file->text);
	file->text = whole;
	file->length = (size_t)result;
	return 0;
}

/* Takes the place of length bytes; without a text, they go with a blank beside them. */
struct splice {
	size_t file, offset, length;
	const char *text;
};

void bootconfig_free(struct bootconfig *config)
{
	bootfiles_free(&config->files);
	bootwords_free(&config->words);
	bootwords_free(&config->opaque);
	findings_free(&config->findings);
}

static void format_place(const struct bootconfig *config, size_t number, size_t offset,
			 char place[PATH_MAX])
{
	const struct bootfile *file = &config->files.list[number];

	if (host_path(place, "%s:%u", file->path, bootfile_line(file, offset)) < 0)
		place[0] = '\0';
}

void bootconfig_where(const struct bootconfig *config, const struct bootword *word,
		      char place[PATH_MAX])
{
	format_place(config, word->file, word->offset, place);
}

void bootconfig_find(const struct bootconfig *config, const char *word, char place[PATH_MAX])
{
	const struct bootwords *lists[] = { &config->words, &config->opaque };

	place[0] = '\0';
	for (size_t i = 0; i < 2 && !place[0]; i++) {
		long found = bootwords_find(lists[i], word);

		if (found >= 0)
			bootconfig_where(config, &lists[i]->list[found], place);
	}
}

void bootconfig_doubt(const struct bootconfig *config, const char *word, char place[PATH_MAX])
{
	long found = bootwords_find(&config->words, word);
	const struct bootplace *reset = &config->reset;

	place[0] = '\0';
	if (found < 0 || !config->has_reset)
		return;
	if (reset->file > config->words.list[found].file ||
	    (reset->file == config->words.list[found].file &&
	     reset->offset > config->words.list[found].offset))
		format_place(config, reset->file, reset->offset, place);
}

static int apply_splice(struct bootfiles *files, const struct splice *splice)
{
	struct bootfile *file = &files->list[splice->file];
	size_t offset = splice->offset, length = splice->length;

	if (!splice->text && offset > 0 && strchr(" \t", file->text[offset - 1])) {
		offset--;
		length++;
	} else if (!splice->text && file->text[offset + length] == ' ') {
		length++;
	}
	return bootfile_splice(file, offset, length, splice->text ? splice->text : "");
}

/* All new words, with what is put around them. NULL for want of memory. */
static char *join_new(const struct bootconfig *config, const struct bootedit *edits, size_t count)
{
	const char *separator = config->end.before;
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (edits[i].word != BOOT_NEW_WORD)
			continue;
		fprintf(stream, "%s%s", separator, edits[i].text);
		separator = " ";
	}
	fputs(config->end.after, stream);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

/* From behind, so that the places before stay what they are. */
static int compare(const void *a, const void *b)
{
	const struct splice *left = a, *right = b;

	return (left->offset < right->offset) - (left->offset > right->offset);
}

/*
 * Makes a splice of each edit, the same one once, and one of all that add a word. *wanted becomes
 * the number of words afterwards.
 */
static size_t list_splices(const struct bootconfig *config, const struct bootedit *edits,
			   size_t count, const char *added, struct splice *splices, size_t *wanted)
{
	const struct bootplace *end = &config->end;
	size_t splice_count = 0;
	bool adds = false;

	*wanted = config->words.count;
	for (size_t i = 0; i < count; i++) {
		bool again = false;

		for (size_t n = 0; n < i; n++)
			again |= edits[n].word == edits[i].word;
		if (edits[i].word == BOOT_NEW_WORD) {
			adds = true;
			++*wanted;
		} else if (!again) {
			const struct bootword *word = &config->words.list[edits[i].word];

			splices[splice_count++] = (struct splice){ word->file, word->offset,
								   word->length, edits[i].text };
			*wanted -= !edits[i].text;
		}
	}
	if (adds)
		splices[splice_count++] = (struct splice){ end->file, end->offset, 0, added };
	qsort(splices, splice_count, sizeof(*splices), compare);
	return splice_count;
}

static int copy_files(const struct bootfiles *files, struct bootfiles *copy)
{
	int result = 0;

	for (size_t i = 0; i < files->count && result == 0; i++) {
		const struct bootfile *file = &files->list[i];

		result = bootfiles_add(copy, file->path, file->text, file->length);
		if (result == 0) {
			copy->list[i].absent = file->absent;
			copy->list[i].ours = file->ours;
		}
	}
	return result;
}

/* Whether the words are the wanted ones: what a mistake here would break is the boot. */
static int check(const struct bootconfig *changed, const struct bootedit *edits, size_t count,
		 size_t wanted)
{
	if (changed->words.count != wanted)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (edits[i].text && bootwords_find(&changed->words, edits[i].text) < 0)
			return -EINVAL;
	return 0;
}

static int refuse(const struct bootconfig *config, char *message)
{
	const char *path = config->files.list[config->end.file].path;
	char place[PATH_MAX];

	if (!config->has_reset)
		return boot_say(message, -EINVAL,
				"%s: this change comes to other words than the wanted ones; make "
				"it by hand",
				path);
	format_place(config, config->reset.file, config->reset.offset, place);
	return boot_say(message, -EINVAL,
			"%s: this line cancels what is added in %s; write the word there", place,
			path);
}

int bootconfig_edit(const struct bootconfig *config, bootconfig_function *read,
		    const struct bootedit *edits, size_t count, struct bootconfig *changed,
		    char *message)
{
	struct splice *splices = calloc(count + 1, sizeof(*splices));
	char *added = join_new(config, edits, count);
	size_t splice_count, wanted;
	int result = -ENOMEM;

	*changed = (struct bootconfig){ .has_reset = false };
	if (splices && added)
		result = copy_files(&config->files, &changed->files);
	if (result == 0) {
		splice_count = list_splices(config, edits, count, added, splices, &wanted);
		for (size_t i = 0; i < splice_count && result == 0; i++)
			result = apply_splice(&changed->files, &splices[i]);
	}
	if (result == 0)
		result = read(changed, message);
	if (result == 0 && check(changed, edits, count, wanted) < 0)
		result = refuse(config, message);
	free(splices);
	free(added);
	return result;
}
