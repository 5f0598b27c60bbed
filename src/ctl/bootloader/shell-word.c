/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One word of a shell's text. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/shell-word.h"

/* Deeper than anything that a person writes. */
#define NESTING_MAX 32

char shell_peek(const struct shell_reader *reader, size_t distance)
{
	size_t left = reader->length - reader->at;

	return distance < left ? reader->text[reader->at + distance] : '\0';
}

bool shell_at_operator(const struct shell_reader *reader)
{
	return reader->at == reader->length || strchr("\n;&|()<>", shell_peek(reader, 0));
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

size_t shell_measure_name(const struct shell_reader *reader)
{
	size_t length = 0;

	if (isdigit((unsigned char)shell_peek(reader, 0)))
		return 0;
	while (is_name(shell_peek(reader, length)))
		length++;
	return length;
}

static bool is_continued(const struct shell_reader *reader)
{
	return shell_peek(reader, 0) == '\\' && shell_peek(reader, 1) == '\n';
}

void shell_skip_blanks(struct shell_reader *reader)
{
	while (true) {
		char c = shell_peek(reader, 0);

		if (c == ' ' || c == '\t')
			reader->at++;
		else if (is_continued(reader))
			reader->at += 2;
		else if (c == '#')
			reader->at += strcspn(reader->text + reader->at, "\n");
		else
			return;
	}
}

void shell_skip_lines(struct shell_reader *reader)
{
	shell_skip_blanks(reader);
	while (shell_peek(reader, 0) == '\n') {
		reader->at++;
		shell_skip_blanks(reader);
	}
}

void shell_doubt_word(struct shell_word *word, const char *reason)
{
	if (word->known)
		snprintf(word->reason, sizeof(word->reason), "%s", reason);
	word->known = false;
}

static int fail(struct shell_reader *reader, size_t at, const char *error)
{
	reader->error = error;
	reader->error_at = at;
	return -EINVAL;
}

/* One character of the value, which length bytes of the text stand for. */
static int put(struct shell_reader *reader, struct shell_word *word, char c, enum quote quote,
	       size_t length)
{
	const struct bootchar character = {
		.offset = (uint32_t)reader->at,
		.file = (uint16_t)reader->file,
		.length = (uint8_t)length,
		.quote = (uint8_t)quote,
		.c = c,
	};

	reader->at += length;
	return boottext_put(&word->value, &character);
}

/* Up to the closing bracket, past all brackets and quotes within. */
static int skip_brackets(struct shell_reader *reader, char opening, char closing)
{
	size_t at = reader->at, depth = 0;
	char quote = '\0';

	for (; reader->at < reader->length; reader->at++) {
		char c = shell_peek(reader, 0);

		if (c == '\\' && quote != '\'' && reader->at + 1 < reader->length)
			reader->at++;
		else if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'' || c == '`')
			quote = c;
		else if (c == opening && ++depth > NESTING_MAX)
			return fail(reader, at, "brackets in brackets in brackets");
		else if (c == closing && --depth == 0)
			return reader->at++, 0;
	}
	return fail(reader, at, "an opening bracket, expected a closing one");
}

static int skip_backticks(struct shell_reader *reader)
{
	size_t at = reader->at++;

	for (; reader->at < reader->length; reader->at++) {
		if (shell_peek(reader, 0) == '\\' && reader->at + 1 < reader->length)
			reader->at++;
		else if (shell_peek(reader, 0) == '`')
			return reader->at++, 0;
	}
	return fail(reader, at, "an opening '`', expected a closing one");
}

static int doubt_variable(struct shell_word *word, const char *name)
{
	char reason[SHELL_REASON_MAX];

	if (snprintf(reason, sizeof(reason), "$%s, which these files do not set plainly", name) >=
	    (int)sizeof(reason))
		strcpy(reason, "a variable with a long name");
	shell_doubt_word(word, reason);
	return 0;
}

/* GRUB's own variables are empty if nothing sets them; others can be anything. */
static int expand(struct shell_reader *reader, struct shell_word *word, const char *name,
		  size_t length, enum quote quote)
{
	char *copy = strndup(name, length);
	const struct shell_variable *variable = copy ? shell_find(reader->shell, copy) : NULL;
	int result = copy ? 0 : -ENOMEM;

	if (variable && variable->known)
		result = boottext_append(&word->value, &variable->value);
	else if (copy && (variable || strncmp(copy, "GRUB_", strlen("GRUB_")) != 0))
		result = doubt_variable(word, copy);
	word->split |= quote == QUOTE_NONE;
	free(copy);
	return result;
}

/* ${NAME}; what has an operator is passed over, unless it sets the variable. */
static int take_braces(struct shell_reader *reader, struct shell_word *word, enum quote quote)
{
	size_t at = reader->at, length;
	const char *name = reader->text + at + 2;

	reader->at += 2;
	length = shell_measure_name(reader);
	if (length > 0 && shell_peek(reader, length) == '}') {
		reader->at += length + 1;
		return expand(reader, word, name, length, quote);
	}
	if (shell_peek(reader, length) == '=' ||
	    (shell_peek(reader, length) == ':' && shell_peek(reader, length + 1) == '='))
		return fail(reader, at, "a ${...=...}, expected only assignments");
	reader->at = at + 1;
	shell_doubt_word(word, "a ${...} expansion");
	return skip_brackets(reader, '{', '}');
}

static int take_dollar(struct shell_reader *reader, struct shell_word *word, enum quote quote)
{
	char next = shell_peek(reader, 1);
	size_t length;

	if (next == '{')
		return take_braces(reader, word, quote);
	if (next == '(') {
		reader->at++;
		shell_doubt_word(word, "a command substitution");
		return skip_brackets(reader, '(', ')');
	}
	if (isdigit((unsigned char)next) || (next && strchr("@*#?-$!", next)))
		shell_doubt_word(word, "a parameter");
	else if (!is_name(next))
		return put(reader, word, '$', quote, 1);
	reader->at++;
	length = shell_measure_name(reader);
	if (length == 0)
		return reader->at++, 0;
	reader->at += length;
	return expand(reader, word, reader->text + reader->at - length, length, quote);
}

static int take_single(struct shell_reader *reader, struct shell_word *word)
{
	size_t at = reader->at++;
	int result = 0;

	while (result == 0 && reader->at < reader->length) {
		char c = shell_peek(reader, 0);

		if (c == '\'')
			return reader->at++, 0;
		result = put(reader, word, c, QUOTE_SINGLE, 1);
	}
	return result ? result : fail(reader, at, "an opening ', expected a closing one");
}

static int take_in_double(struct shell_reader *reader, struct shell_word *word)
{
	char c = shell_peek(reader, 0), next = shell_peek(reader, 1);

	if (is_continued(reader))
		return reader->at += 2, 0;
	if (c == '\\' && next && strchr("$`\"\\", next))
		return put(reader, word, next, QUOTE_DOUBLE, 2);
	if (c == '$')
		return take_dollar(reader, word, QUOTE_DOUBLE);
	if (c == '`') {
		shell_doubt_word(word, "a command substitution");
		return skip_backticks(reader);
	}
	return put(reader, word, c, QUOTE_DOUBLE, 1);
}

static int take_double(struct shell_reader *reader, struct shell_word *word)
{
	size_t at = reader->at++;
	int result = 0;

	while (result == 0 && reader->at < reader->length) {
		if (shell_peek(reader, 0) == '"')
			return reader->at++, 0;
		result = take_in_double(reader, word);
	}
	return result ? result : fail(reader, at, "an opening \", expected a closing one");
}

static int take_bare(struct shell_reader *reader, struct shell_word *word)
{
	char c = shell_peek(reader, 0);

	if (is_continued(reader))
		return reader->at += 2, 0;
	if (c == '\\' && reader->at + 1 < reader->length) {
		word->bare = false;
		return put(reader, word, shell_peek(reader, 1), QUOTE_NONE, 2);
	}
	if (c == '$')
		return take_dollar(reader, word, QUOTE_NONE);
	if (c == '`') {
		shell_doubt_word(word, "a command substitution");
		return skip_backticks(reader);
	}
	if (c == '~')
		shell_doubt_word(word, "a '~' without quotes");
	return put(reader, word, c, QUOTE_NONE, 1);
}

static int take_part(struct shell_reader *reader, struct shell_word *word)
{
	char c = shell_peek(reader, 0);

	word->last = QUOTE_NONE;
	if (c != '"' && c != '\'')
		return take_bare(reader, word);
	word->bare = false;
	word->last = c == '"' ? QUOTE_DOUBLE : QUOTE_SINGLE;
	return c == '"' ? take_double(reader, word) : take_single(reader, word);
}

int shell_take_word(struct shell_reader *reader, struct shell_word *word)
{
	int result = 0;

	word->bare = true;
	word->last = QUOTE_NONE;
	while (result == 0 && !shell_at_operator(reader) && !strchr(" \t", shell_peek(reader, 0)))
		result = take_part(reader, word);
	word->end = reader->at;
	return result;
}
