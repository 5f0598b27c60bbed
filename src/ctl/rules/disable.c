/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes settings back for which there are rules: lines become comments, overrides empty. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/modprobe.h"
#include "rules/conflicts.h"

#define NOTE "# Disabled by 'vfio-earlyctl import --disable', as rules of vfio-early do it:\n"

/* The file of a place "FILE:LINE" or "FILE", and the line; 0 if it is the whole file. */
static unsigned int split_place(const char *where, char path[PATH_MAX])
{
	const char *colon = strrchr(where, ':');
	unsigned int line = 0;
	int used = 0;

	if (colon && sscanf(colon, ":%u%n", &line, &used) == 1 && colon[used] == '\0')
		snprintf(path, PATH_MAX, "%.*s", (int)(colon - where), where);
	else
		snprintf(path, PATH_MAX, "%s", where);
	return path[0] && strcmp(path, where) != 0 ? line : 0;
}

/* Copies whole lines up to one of this number, counted from *number. */
static const char *copy_lines(FILE *out, const char *text, unsigned int *number, unsigned int line)
{
	while (*text && *number < line) {
		size_t length = strcspn(text, "\n") + 1;

		fwrite(text, 1, text[length - 1] ? length : length - 1, out);
		text += text[length - 1] ? length : length - 1;
		++*number;
	}
	return text;
}

/* Of "options vfio-pci ids=10de:1b81 disable_vga=1", the rest stays in force. */
static void keep_options(FILE *out, char *line)
{
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest);
	char *module = word ? strtok_r(NULL, MODPROBE_BLANK, &rest) : NULL;
	bool begun = false;

	if (!module || strcmp(word, "options") != 0)
		return;
	while ((word = strtok_r(NULL, MODPROBE_BLANK, &rest))) {
		if (strncmp(word, "ids=", 4) == 0)
			continue;
		fprintf(out, "%s%s %s", begun ? "" : "options ", begun ? "" : module, word);
		begun = true;
	}
	if (begun)
		fputc('\n', out);
}

/* A backslash at the end of a line continues it: none of its lines may stay. */
static const char *comment_line(FILE *out, const char *text, unsigned int *number, char *joined)
{
	bool goes_on = true;

	joined[0] = '\0';
	if (*text)
		fputs(NOTE, out);
	while (*text && goes_on) {
		size_t length = strcspn(text, "\n"), shown;

		goes_on = length > 0 && text[length - 1] == '\\';
		shown = goes_on ? length - 1 : length;
		fprintf(out, "#%.*s\n", (int)shown, text);
		strncat(joined, text, shown);
		text += length;
		text += *text == '\n';
		++*number;
	}
	keep_options(out, joined);
	return text;
}

/* All chosen places of the file of the first of them. Returns how many settings were looked at. */
static size_t disable_file(struct transaction *transaction, const struct conflict *list,
			   const bool *chosen, size_t count, int *result)
{
	struct transaction_text old = { .data = NULL }, new = { .data = NULL };
	char path[PATH_MAX], other[PATH_MAX];
	unsigned int line, number = 1;
	FILE *out = open_memstream(&new.data, &new.length);
	char *joined = NULL; /* a line with those that continue it */
	const char *rest;
	size_t i = 0;

	split_place(list[0].where, path);
	*result = out ? host_read_text(transaction->host, path, &old.data) : -ENOMEM;
	rest = *result == 0 ? old.data : "";
	joined = malloc(strlen(rest) + 1);
	if (!joined)
		*result = -ENOMEM;
	for (; i < count; i++) {
		line = split_place(list[i].where, other);
		if (strcmp(path, other) != 0)
			break;
		if (!chosen[i] || *result < 0)
			continue;
		if (line == 0)
			rest = "";
		rest = copy_lines(out, rest, &number, line);
		if (number == line)
			rest = comment_line(out, rest, &number, joined);
	}
	if (out)
		fputs(rest, out);
	if (out && fclose(out) != 0 && *result == 0)
		*result = -ENOMEM;
	old.length = *result == 0 ? strlen(old.data) : 0;
	if (*result == 0 && strcmp(old.data, new.data) != 0)
		*result = transaction_add(transaction, path, 0, &old, &new);
	free(joined);
	free(old.data);
	free(new.data);
	return i;
}

int conflicts_disable(const struct conflicts *conflicts, const bool *chosen,
		      struct transaction *transaction)
{
	int result = 0;

	for (size_t i = 0; i < conflicts->count && result == 0;) {
		if (chosen[i])
			i += disable_file(transaction, &conflicts->list[i], chosen + i,
					  conflicts->count - i, &result);
		else
			i++;
	}
	return result;
}
