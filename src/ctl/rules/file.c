/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits a file of rules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/address.h"
#include "core/bounds.h"
#include "core/file.h"
#include "core/text.h"
#include "core/rules.h"
#include "host/replace.h"
#include "rules/file.h"

#define COMMENT_MAX 512

int rulesfile_read(struct rulesfile *file, const struct host *host, const char *path)
{
	int result;

	*file = (struct rulesfile){ .path = strdup(path) };
	if (!file->path)
		return -ENOMEM;
	result = file_read_all(host->directory, host_below(path), RULES_FILE_MAX, &file->text,
			       &file->length);
	if (result != -ENOENT)
		return result;
	file->text = strdup("");
	return file->text ? 0 : -ENOMEM;
}

void rulesfile_free(struct rulesfile *file)
{
	free(file->path);
	free(file->text);
	*file = (struct rulesfile){ .path = NULL };
}

int rulesfile_append(struct rulesfile *file, const char *lines)
{
	bool open = file->length > 0 && file->text[file->length - 1] != '\n';
	size_t added = strlen(lines), length = file->length + open + added;
	char *text;

	if (length > RULES_FILE_MAX)
		return -EFBIG;
	text = realloc(file->text, length + 1);
	if (!text)
		return -ENOMEM;
	if (open)
		text[file->length] = '\n';
	memcpy(text + length - added, lines, added + 1);
	file->text = text;
	file->length = length;
	file->changed = true;
	return 0;
}

const char *rulesfile_line(const struct rulesfile *file, unsigned int number, size_t *length)
{
	const char *line = file->text, *end = file->text + file->length, *newline;
	size_t mark = strlen(TEXT_BYTE_ORDER_MARK);

	if (file->length >= mark && memcmp(line, TEXT_BYTE_ORDER_MARK, mark) == 0)
		line += mark;

	while (line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		*length = (size_t)((newline ? newline : end) - line);
		if (--number == 0)
			return line;
		line += *length + 1;
	}
	return NULL;
}

bool rulesfile_has(const struct rulesfile *file, const struct rule *rule)
{
	struct rule_error error;
	struct rule found;
	size_t length;
	const char *line = rulesfile_line(file, rule->line, &length);

	return line && rule_parse(line, length, &found, &error) > 0 &&
	       strcmp(found.text, rule->text) == 0;
}

int rulesfile_add_word(struct rulesfile *file, unsigned int number, const char *word)
{
	size_t length = 0, before, added = strlen(word) + 1;
	const char *line = rulesfile_line(file, number, &length);
	const char *comment = memchr(line, '#', length);
	char *text;

	before = (size_t)((comment ? comment : line + length) - file->text);
	while (before > 0 && strchr(" \t\r", file->text[before - 1]))
		before--;
	if (file->length + added > RULES_FILE_MAX)
		return -EFBIG;
	text = realloc(file->text, file->length + added + 1);
	if (!text)
		return -ENOMEM;
	memmove(text + before + added, text + before, file->length - before + 1);
	text[before] = ' ';
	memcpy(text + before + 1, word, added - 1);
	file->text = text;
	file->length += added;
	file->changed = true;
	return 0;
}

/* What add wrote above a rule: "# ADDRESS CLASS: NAME". */
static bool is_comment_of_add(const char *line, size_t length)
{
	char text[COMMENT_MAX], *end;
	struct pci_address address;

	if (length < 3 || length >= sizeof(text) || line[0] != '#' || line[1] != ' ')
		return false;
	memcpy(text, line + 2, length - 2);
	text[length - 2] = '\0';
	end = strchr(text, ' ');
	if (!end || !strstr(end, ": "))
		return false;
	*end = '\0';
	if (end - text > 2 && end[-1] == '*')
		end[-1] = '0';
	return pci_address_parse(text, &address);
}

unsigned int rulesfile_begin(const struct rulesfile *file, unsigned int number)
{
	size_t length;
	const char *above = number > 1 ? rulesfile_line(file, number - 1, &length) : NULL;

	return above && is_comment_of_add(above, length) ? number - 1 : number;
}

void rulesfile_cut(struct rulesfile *file, unsigned int first, unsigned int count)
{
	size_t length = 0, ended = 0;
	const char *from = rulesfile_line(file, first, &length);
	const char *last = rulesfile_line(file, first + count - 1, &ended);
	char *end = file->text + file->length;

	if (!from || !last)
		return;
	last += ended;
	last += last < end; /* the newline */
	memmove(file->text + (from - file->text), last, (size_t)(end - last) + 1);
	file->length -= (size_t)(last - from);
	file->changed = true;
}

int rulesfile_write(const struct rulesfile *file, const struct host *host)
{
	static const char directory[] = RULES_DIRECTORY "/";

	if (!file->changed)
		return 0;
	/* Most hosts do without this directory. */
	if (strncmp(file->path, directory, strlen(directory)) == 0 &&
	    mkdirat(host->directory, host_below(RULES_DIRECTORY), 0755) < 0 && errno != EEXIST)
		return -errno;
	return replace_file(host, file->path, file->text, file->length, 0);
}

int rulesfile_add(const struct host *host, const char *path, const char *lines)
{
	struct rulesfile file;
	int result = rulesfile_read(&file, host, path);

	if (result == 0)
		result = rulesfile_append(&file, lines);
	if (result == 0)
		result = rulesfile_write(&file, host);
	rulesfile_free(&file);
	return result;
}
