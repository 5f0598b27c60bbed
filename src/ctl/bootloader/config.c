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

int bootfiles_add(struct bootfiles *files, const char *path, const char *text, size_t length)
{
	struct bootfile file = {
		.path = strdup(path),
		.text = strndup(text, length),
		.length = length,
	};
	struct bootfile *added =
		file.path && file.text ? array_add(files->list, files->count) : NULL;

	if (!added) {
		free(file.path);
		free(file.text);
		return -ENOMEM;
	}
	*added = file;
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

	if (result < 0 && !absent)
		return boot_say(message, result, "%s: %s", path, strerror(-result));
	if (text && strlen(text) != length)
		result = boot_say(message, -EINVAL, "%s: found a NUL byte, expected a text", path);
	else
		result = bootfiles_add(files, path, text ? text : "", length);
	if (result == 0)
		files->list[files->count - 1].absent = absent;
	free(text);
	return result;
}

unsigned int bootfile_line(const struct bootfile *file, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset && i < file->length; i++)
		line += file->text[i] == '\n';
	return line;
}

void bootconfig_free(struct bootconfig *config)
{
	for (size_t i = 0; i < config->files.count; i++) {
		free(config->files.list[i].path);
		free(config->files.list[i].text);
	}
	free(config->files.list);
	bootwords_free(&config->words);
	bootwords_free(&config->opaque);
	findings_free(&config->findings);
	*config = (struct bootconfig){ .has_reset = false };
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

/* Takes the place of length bytes; without a text, they go with a blank beside them. */
struct splice {
	size_t file, offset, length;
	const char *text;
};

struct splices {
	struct splice *list;
	size_t count;
	char *added;   /* all new words, with what is put around them */
	size_t wanted; /* number of words afterwards */
};

/* From behind, so that the places before stay what they are. */
static int compare(const void *a, const void *b)
{
	const struct splice *left = a, *right = b;

	return (left->offset < right->offset) - (left->offset > right->offset);
}

/* Makes a splice of each edit, the same one once, and one of all that add a word. */
static int list_splices(const struct bootconfig *config, const struct bootedit *edits, size_t count,
			struct splices *splices)
{
	const struct bootplace *end = &config->end;
	const char *separator = end->before;
	bool adds = false;
	size_t length;
	FILE *added = open_memstream(&splices->added, &length);

	splices->list = calloc(count + 1, sizeof(*splices->list));
	splices->wanted = config->words.count;
	for (size_t i = 0; i < count && added && splices->list; i++) {
		const struct bootword *word;
		bool again = false;

		if (edits[i].word == BOOT_NEW_WORD) {
			fprintf(added, "%s%s", separator, edits[i].text);
			separator = " ";
			adds = true;
			splices->wanted++;
			continue;
		}
		for (size_t n = 0; n < i; n++)
			again |= edits[n].word == edits[i].word;
		if (again)
			continue;
		word = &config->words.list[edits[i].word];
		splices->list[splices->count++] =
			(struct splice){ word->file, word->offset, word->length, edits[i].text };
		splices->wanted -= !edits[i].text;
	}
	if (added)
		fputs(end->after, added);
	if (!added || fclose(added) != 0 || !splices->list)
		return -ENOMEM;
	if (adds)
		splices->list[splices->count++] =
			(struct splice){ end->file, end->offset, 0, splices->added };
	qsort(splices->list, splices->count, sizeof(*splices->list), compare);
	return 0;
}

static int apply_splice(struct bootfiles *files, const struct splice *splice)
{
	struct bootfile *file = &files->list[splice->file];
	size_t offset = splice->offset, length = splice->length;
	char *whole;
	int result;

	if (!splice->text && offset > 0 && strchr(" \t", file->text[offset - 1])) {
		offset--;
		length++;
	} else if (!splice->text && file->text[offset + length] == ' ') {
		length++;
	}
	result = asprintf(&whole, "%.*s%s%s", (int)offset, file->text,
			  splice->text ? splice->text : "", file->text + offset + length);
	if (result < 0)
		return -ENOMEM;
	free(file->text);
	file->text = whole;
	file->length = (size_t)result;
	return 0;
}

/* Whether the words are the wanted ones: what a mistake here would break is the boot. */
static bool is_as_wanted(const struct bootconfig *changed, const struct bootedit *edits,
			 size_t count, size_t wanted)
{
	for (size_t i = 0; i < count; i++)
		if (edits[i].text && bootwords_find(&changed->words, edits[i].text) < 0)
			return false;
	return changed->words.count == wanted;
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
	struct splices splices = { .count = 0 };
	int result = list_splices(config, edits, count, &splices);

	*changed = (struct bootconfig){ .has_reset = false };
	for (size_t i = 0; i < config->files.count && result == 0; i++) {
		const struct bootfile *file = &config->files.list[i];

		result = bootfiles_add(&changed->files, file->path, file->text, file->length);
		if (result < 0)
			break;
		changed->files.list[i].absent = file->absent;
		changed->files.list[i].ours = file->ours;
	}
	for (size_t i = 0; i < splices.count && result == 0; i++)
		result = apply_splice(&changed->files, &splices.list[i]);
	if (result == 0)
		result = read(changed, message);
	if (result == 0 && !is_as_wanted(changed, edits, count, splices.wanted))
		result = refuse(config, message);
	free(splices.list);
	free(splices.added);
	return result;
}
