/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a shell's files for their variables.
 *
 * Of the shell's grammar this knows assignments, quotes, $NAME and ${NAME}. Other commands are
 * passed over: what they could set is not known from then on. So is what is only sometimes done,
 * as after if and &&, or in a subshell.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/shell-script.h"
#include "bootloader/shell-word.h"

/* What a command is, by its first word. */
enum command {
	COMMAND_NONE, /* only assignments so far */
	COMMAND_OPENS,
	COMMAND_CLOSES,
	COMMAND_BETWEEN, /* the next word is a command again */
	COMMAND_EXPORT,
	COMMAND_REFUSED,
	COMMAND_OTHER,
};

static const struct {
	const char *name;
	enum command command;
} commands[] = {
	{ "if", COMMAND_OPENS },        { "while", COMMAND_OPENS },
	{ "until", COMMAND_OPENS },     { "for", COMMAND_OPENS },
	{ "case", COMMAND_OPENS },      { "{", COMMAND_OPENS },
	{ "fi", COMMAND_CLOSES },       { "done", COMMAND_CLOSES },
	{ "esac", COMMAND_CLOSES },     { "}", COMMAND_CLOSES },
	{ "then", COMMAND_BETWEEN },    { "else", COMMAND_BETWEEN },
	{ "elif", COMMAND_BETWEEN },    { "do", COMMAND_BETWEEN },
	{ "!", COMMAND_BETWEEN },       { "export", COMMAND_EXPORT },
	{ "readonly", COMMAND_EXPORT }, { ".", COMMAND_REFUSED },
	{ "source", COMMAND_REFUSED },  { "eval", COMMAND_REFUSED },
	{ "alias", COMMAND_REFUSED },   { "exec", COMMAND_REFUSED },
	{ "exit", COMMAND_REFUSED },    { "return", COMMAND_REFUSED },
};

/* Where the statement is that is being read. */
struct statement {
	size_t first; /* of the pending assignments */
	enum command command;
	bool is_for; /* the next word is a variable */
};

/* An assignment that is made when its statement turns out to be nothing else. */
struct pending {
	char *name;
	size_t start;
	struct shell_word word;
};

struct script {
	const struct bootfiles *files;
	char *message;
	struct shell_reader reader;
	struct shell *shell;
	struct pending *pending;
	size_t pending_count;
	unsigned int depth, cases; /* of if, {, ( and the like; of case among them */
	bool conditional;          /* after && and the like */
};

/* found may say what was expected, too. */
static int refuse(struct script *script, size_t at, const char *found)
{
	const struct bootfile *file = &script->files->list[script->reader.file];

	return boot_say(script->message, -EINVAL, "%s:%u: found %s; change it by hand", file->path,
			bootfile_line(file, at), found);
}

static int forget(struct script *script, const char *name, size_t at, const char *reason)
{
	const struct shell_place place = { script->reader.file, at };

	return shell_forget(script->shell, name, place, reason);
}

/* The value moves from the word to the variable. */
static int assign(struct script *script, struct pending *pending)
{
	struct shell_word *word = &pending->word;
	const struct shell_assignment assignment = {
		.file = script->reader.file,
		.start = pending->start,
		.end = word->end,
		.bare = word->bare,
		.quote = word->last,
	};

	return shell_assign(script->shell, pending->name, &word->value,
			    word->known ? NULL : word->reason, &assignment);
}

static const char *find_doubt(const struct script *script, const struct statement *statement)
{
	char next = shell_peek(&script->reader, 0);

	if (script->depth > 0 || script->conditional)
		return "an assignment that is not always made";
	if ((next == '&' || next == '|') && shell_peek(&script->reader, 1) != next)
		return "an assignment in a subshell";
	return statement->command == COMMAND_OTHER ? "an assignment for one command" : NULL;
}

/* At the end of a statement. */
static int make_assignments(struct script *script, const struct statement *statement)
{
	const char *doubt = find_doubt(script, statement);
	int result = 0;

	for (size_t i = 0; i < script->pending_count && result == 0; i++) {
		struct pending *pending = &script->pending[i];

		result = doubt ? forget(script, pending->name, pending->start, doubt)
			       : assign(script, pending);
	}
	return result;
}

static void drop_assignments(struct script *script)
{
	while (script->pending_count > 0) {
		struct pending *last = &script->pending[--script->pending_count];

		free(last->name);
		boottext_free(&last->word.value);
	}
}

/* The length of NAME= at this place; 0 if there is none. */
static size_t measure_name(const struct script *script)
{
	size_t length = shell_measure_name(&script->reader);

	return length > 0 && shell_peek(&script->reader, length) == '=' ? length + 1 : 0;
}

static int add_assignment(struct script *script, size_t length, bool split)
{
	struct pending *list = reallocarray(script->pending, script->pending_count + 1,
					    sizeof(*list)),
		       *last;
	int result;

	if (!list)
		return -ENOMEM;
	script->pending = list;
	last = &list[script->pending_count];
	last->name = strndup(script->reader.text + script->reader.at, length - 1);
	if (!last->name)
		return -ENOMEM;
	last->word = (struct shell_word){ .known = true };
	script->pending_count++;
	script->reader.at += length;
	last->start = script->reader.at;
	result = shell_take_word(&script->reader, &last->word);
	/* dash parts at blanks what an operand of export expands to. */
	if (result == 0 && split && last->word.split)
		shell_doubt_word(&last->word, "an expansion without quotes");
	return result;
}

static enum command find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].command;
	return COMMAND_OTHER;
}

static void close_block(struct script *script, const char *name)
{
	if (script->depth > 0)
		script->depth--;
	if (script->cases > 0 && strcmp(name, "esac") == 0)
		script->cases--;
}

/* Quoted, it is no keyword, but a command all the same. */
static int take_command(struct script *script, struct statement *statement, const char *name,
			bool bare, size_t at)
{
	enum command command = find_command(name);

	if (!bare && command != COMMAND_REFUSED && command != COMMAND_EXPORT)
		command = COMMAND_OTHER;
	if (command == COMMAND_REFUSED)
		return refuse(script, at,
			      "a command that can set anything, expected only "
			      "assignments");
	if (shell_peek(&script->reader, 0) == '(')
		return refuse(script, at, "a function, expected only assignments");
	if (command == COMMAND_OPENS) {
		script->depth++;
		script->cases += strcmp(name, "case") == 0;
		statement->is_for = strcmp(name, "for") == 0;
	} else if (command == COMMAND_CLOSES) {
		close_block(script, name);
	}
	/* What follows for and case is no command, what follows the others is. */
	if (statement->is_for || strcmp(name, "case") == 0 || command == COMMAND_CLOSES)
		command = COMMAND_OTHER;
	else if (command == COMMAND_OPENS || command == COMMAND_BETWEEN)
		command = COMMAND_NONE;
	statement->command = command;
	return 0;
}

/* read, unset and the like name a variable; so does for. */
static int take_operand(struct script *script, struct statement *statement, const char *name,
			size_t at)
{
	if (statement->command == COMMAND_OTHER &&
	    (statement->is_for || shell_find(script->shell, name)))
		return forget(script, name, at, "a command that names it");
	return 0;
}

static char *copy_value(const struct shell_word *word)
{
	char *copy = malloc(word->value.count + 1);

	for (size_t i = 0; copy && i < word->value.count; i++)
		copy[i] = word->value.list[i].c;
	if (copy)
		copy[word->value.count] = '\0';
	return copy;
}

static int take_other_word(struct script *script, struct statement *statement)
{
	struct shell_word word = { .known = true };
	size_t at = script->reader.at;
	int result = shell_take_word(&script->reader, &word);
	char *name = result == 0 ? copy_value(&word) : NULL;

	if (result == 0 && !name)
		result = -ENOMEM;
	else if (result == 0 && statement->command == COMMAND_NONE)
		result = take_command(script, statement, name, word.bare, at);
	else if (result == 0)
		result = take_operand(script, statement, name, at);
	free(name);
	boottext_free(&word.value);
	return result;
}

static int take_word(struct script *script, struct statement *statement)
{
	size_t length = 0;

	if (statement->command == COMMAND_NONE || statement->command == COMMAND_EXPORT)
		length = measure_name(script);
	if (length > 0)
		return add_assignment(script, length, statement->command == COMMAND_EXPORT);
	length = shell_measure_name(&script->reader);
	if (length > 0 && shell_peek(&script->reader, length) == '+' &&
	    shell_peek(&script->reader, length + 1) == '=')
		return refuse(script, script->reader.at, "'+=', which sh does not know");
	return take_other_word(script, statement);
}

/* Up to the operator, or the end of the line, behind a command. */
static int take_statement(struct script *script)
{
	struct statement statement = { .command = COMMAND_NONE };
	int result = 0;

	while (result == 0 && !shell_at_operator(&script->reader)) {
		result = take_word(script, &statement);
		shell_skip_blanks(&script->reader);
	}
	if (result == -EFBIG)
		result = refuse(script, script->reader.at,
				"a value that is longer than any command line");
	else if (result == -EINVAL && script->reader.error)
		result = refuse(script, script->reader.error_at, script->reader.error);
	if (result == 0)
		result = make_assignments(script, &statement);
	drop_assignments(script);
	return result;
}

static int take_operator(struct script *script)
{
	size_t at = script->reader.at;
	char c = script->reader.text[at], next = shell_peek(&script->reader, 1);

	script->reader.at++;
	if (c == '<' && next == '<')
		return refuse(script, at, "'<<', expected only assignments");
	if (c == '(')
		script->depth++;
	else if (c == ')' && script->cases == 0 && script->depth > 0)
		script->depth--;
	if (c == '&' || c == '|') {
		script->conditional = true;
		if (next == c)
			script->reader.at++;
		shell_skip_lines(&script->reader);
	} else if (c == '\n' || c == ';') {
		script->conditional = false;
	}
	return 0;
}

static int read_file(struct script *script)
{
	int result = 0;

	shell_skip_blanks(&script->reader);
	while (result == 0 && script->reader.at < script->reader.length) {
		if (shell_at_operator(&script->reader))
			result = take_operator(script);
		else
			result = take_statement(script);
		shell_skip_blanks(&script->reader);
	}
	if (result == 0 && script->depth > 0)
		result = refuse(script, script->reader.length,
				"the end of the file, expected 'fi', '}' or the like");
	return result;
}

int shell_read(struct shell *shell, const struct bootfiles *files, char *message)
{
	struct script script = { .files = files, .message = message, .shell = shell };
	int result = 0;

	*shell = (struct shell){ .variables = NULL };
	for (size_t i = 0; i < files->count && result == 0; i++) {
		script.reader = (struct shell_reader){ .shell = shell,
						       .file = i,
						       .text = files->list[i].text,
						       .length = files->list[i].length };
		script.conditional = false;
		result = read_file(&script);
	}
	free(script.pending);
	return result;
}
