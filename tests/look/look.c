/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vfio-earlyctl prints about described hosts, and writes there: one test a directory of
 * tests/look, or those that are named.
 *
 * Run it where the project is. VFIO_EARLY_BUILD names the build directory. UPDATE=1 records what
 * is printed as what is expected: read it with git diff, line by line, before you believe it.
 *
 * A directory has any of these:
 *
 *	host		as lib/hosttree.h describes one, or a line `hosts/NAME` for one of
 *			tests/scenario
 *	above		what the host has above its PCI functions, as lib/tree.h has it
 *	rules, cmdline	become etc/vfio-early.conf and proc/cmdline
 *	root/		is laid into the tree as it is
 *	commands	a command line each; single quotes protect blanks. A number in front is the width of a terminal that it
 *			runs in, with a c one with colours; @ stands for the root's path. With
 *			`cat PATH` the test shows a file of the tree
 *	expect		all that is printed: command, standard output, standard error, exit status;
 *			^ stands for the escape character
 *
 * The JSON of commands with -J is parsed as well. Each tree stays for a look at it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "diff.h"
#include "files.h"
#include "hosttree.h"
#include "tree.h"

#define CASES  "tests/look"
#define IDS    "tests/ctl/pci.ids"
#define SHARED "tests/scenario/hosts"

#define TIMEOUT_SECONDS 20
#define WORDS_MAX       16
#define OUTPUT_MAX      (256u << 10)

typedef char path_t[PATH_MAX];

struct look {
	const char *name;
	path_t directory, work, root, program;
};

static void must(int result, const char *what)
{
	if (result < 0)
		fail_msg("%s: %s", what, strerror(-result));
}

/* NULL if there is no such file. */
static char *read_own(const struct look *look, const char *name)
{
	path_t path;

	return files_read(files_path(path, "%s/%s", look->directory, name));
}

static void write_host(const struct look *look)
{
	char *text = read_own(look, "host"), message[256] = "";
	path_t name, path;
	int result;

	if (text && sscanf(text, "hosts/%4000s", name) == 1) {
		free(text);
		text = files_read(files_path(path, SHARED "/%s", name));
	}
	if (!text)
		fail_msg("%s: no host", look->name);
	result = hosttree_write(text, look->root, message, sizeof(message));
	free(text);
	if (result < 0)
		fail_msg("%s: %s", look->name, message);
}

static void lay_file(const struct look *look, const char *from, const char *to)
{
	path_t target;
	char *text = read_own(look, from);

	if (!text)
		return;
	files_path(target, "%s/%s", look->root, to);
	must(files_make_parents(target), look->root);
	must(files_write(target, text), target);
	free(text);
}

static void lay_names(const struct look *look)
{
	path_t target;

	files_path(target, "%s/usr/share/misc/pci.ids", look->root);
	must(files_make_parents(target), look->root);
	must(files_copy(IDS, target), target);
}

static void make_tree(const struct look *look)
{
	path_t path;
	char *above = read_own(look, "above");

	must(files_remove_tree(look->work), look->work);
	must(files_make_parents(files_path(path, "%s/", look->root)), look->root);
	write_host(look);
	lay_names(look);
	if (above)
		tree_write(look->root, above);
	free(above);
	lay_file(look, "rules", "etc/vfio-early.conf");
	lay_file(look, "cmdline", "proc/cmdline");
	files_path(path, "%s/root", look->directory);
	if (access(path, F_OK) == 0)
		must(files_copy_tree(path, look->root), path);
}

struct command {
	char line[512];
	char *words[WORDS_MAX]; /* ends with a NULL */
	unsigned short width;   /* of the terminal; 0: none */
	bool colors;
	bool json;
};

/* Words have blanks between them, but for those in single quotes. */
static char *take_word(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	bool quoted = *word == '\'';

	word += quoted;
	*rest = word + strcspn(word, quoted ? "'" : " ");
	if (**rest)
		*(*rest)++ = '\0';
	return quoted || *word ? word : NULL;
}

static void parse_command(const char *line, struct command *command)
{
	size_t count = 0;
	char *rest = command->line, *word, *end;

	*command = (struct command){ .width = 0 };
	snprintf(command->line, sizeof(command->line), "%s", line);
	command->words[count++] = strdup("vfio-earlyctl");
	command->words[count++] = strdup("--root");
	command->words[count++] = strdup("root");
	while (count < WORDS_MAX - 1 && (word = take_word(&rest))) {
		if (count == 3 && strtoul(word, &end, 10) > 0) {
			command->width = (unsigned short)strtoul(word, NULL, 10);
			command->colors = *end == 'c';
			continue;
		}
		command->json |= strcmp(word, "-J") == 0;
		if (word[0] == '@' && asprintf(&command->words[count++], "root%s", word + 1) < 0)
			fail();
		else if (word[0] != '@')
			command->words[count++] = strdup(word);
	}
	snprintf(command->line, sizeof(command->line), "%s", line);
}

static void free_command(struct command *command)
{
	for (size_t i = 0; command->words[i]; i++)
		free(command->words[i]);
}

/* In the child. Relative to the work directory, so that no output depends on where that is. */
static void run_program(const struct look *look, const struct command *command)
{
	char *const environment[] = { "LC_ALL=C.UTF-8", "TERM=linux",
				      command->colors ? NULL : "NO_COLOR=1", NULL };
	int error;

	if (chdir(look->work) < 0)
		_exit(127);
	error = open("stderr", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (dup2(error, STDERR_FILENO) < 0)
		_exit(127);
	alarm(TIMEOUT_SECONDS);
	execve(look->program, command->words, environment);
	_exit(127);
}

static void read_all(int fd, char *buffer)
{
	size_t used = 0;
	ssize_t got;

	/* A terminal whose other side was closed reads EIO. */
	while ((got = read(fd, buffer + used, OUTPUT_MAX - 1 - used)) > 0)
		used += (size_t)got;
	buffer[used] = '\0';
	close(fd);
	for (char *escape = buffer; (escape = strchr(escape, '\033'));)
		*escape = '^';
}

/* Starts it with its standard output in a terminal, or in a pipe. The end to read from. */
static int start(const struct look *look, const struct command *command, pid_t *child)
{
	struct winsize size = { .ws_row = 50, .ws_col = command->width };
	struct termios raw;
	int ends[2];

	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	must(command->width ? openpty(&ends[0], &ends[1], NULL, &raw, &size) : pipe(ends), "pipe");
	*child = fork();
	if (*child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		run_program(look, command);
	}
	close(ends[1]);
	return ends[0];
}

static void check_json(const char *line, const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!value)
		fail_msg("%s: no JSON: line %d: %s\n%s", line, error.line, error.text, text);
	json_decref(value);
}

static void run_command(const struct look *look, const char *line, FILE *transcript)
{
	char *output = malloc(OUTPUT_MAX), *errors;
	struct command command;
	path_t path;
	int status;
	pid_t child;

	parse_command(line, &command);
	read_all(start(look, &command, &child), output);
	if (waitpid(child, &status, 0) != child)
		fail();
	errors = files_read(files_path(path, "%s/stderr", look->work));
	fprintf(transcript, "$ %s\n%s%s", line, output, errors);
	if (!WIFEXITED(status))
		fprintf(transcript, "[killed by %d]\n", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		fprintf(transcript, "[status %d]\n", WEXITSTATUS(status));
	if (command.json && WIFEXITED(status) && WEXITSTATUS(status) != 1)
		check_json(line, output);
	free(errors);
	free(output);
	free_command(&command);
}

static void show_file(const struct look *look, const char *name, FILE *transcript)
{
	path_t path;
	char *text = files_read(files_path(path, "%s%s", look->root, name));

	fprintf(transcript, "$ cat %s\n%s", name, text ? text : "[no such file]\n");
	free(text);
}

static char *run_commands(const struct look *look)
{
	char *commands = read_own(look, "commands"), *rest = commands, *line, *transcript = NULL;
	size_t size;
	FILE *stream = open_memstream(&transcript, &size);

	if (!commands || !stream)
		fail_msg("%s: no commands", look->name);
	while ((line = strsep(&rest, "\n")))
		if (strncmp(line, "cat ", 4) == 0)
			show_file(look, line + 4, stream);
		else if (line[0] != '\0' && line[0] != '#')
			run_command(look, line, stream);
	fclose(stream);
	free(commands);
	return transcript;
}

static bool is_update(void)
{
	const char *value = getenv("UPDATE");

	return value && strcmp(value, "1") == 0;
}

static void test_look(void **state)
{
	const struct look *look = *state;
	char *got, *expected;
	path_t path;
	bool same;

	make_tree(look);
	got = run_commands(look);
	if (is_update())
		must(files_write(files_path(path, "%s/expect", look->directory), got), path);
	expected = read_own(look, "expect");
	same = expected && strcmp(expected, got) == 0;
	if (!same)
		diff_show(expected ? expected : "", got);
	free(expected);
	free(got);
	if (!same)
		fail_msg("%s: see %s", look->name, look->work);
}

static int is_case(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

static void set_up(struct look *look, const char *name, const char *build)
{
	path_t path;

	look->name = name;
	files_path(look->directory, CASES "/%s", name);
	if (!realpath(build, path)) {
		perror(build);
		exit(1);
	}
	files_path(look->work, "%s/tests/look/trees/%s", path, name);
	files_path(look->root, "%s/root", look->work);
	files_path(look->program, "%s/sanitized/vfio-earlyctl", path);
}

static size_t find_cases(char ***names)
{
	struct dirent **entries;
	int count = scandir(CASES, &entries, is_case, alphasort);

	if (count <= 0) {
		fprintf(stderr, "look: nothing in " CASES "\n");
		exit(1);
	}
	*names = calloc((size_t)count, sizeof(**names));
	for (int i = 0; i < count; i++)
		(*names)[i] = entries[i]->d_name;
	free(entries);
	return (size_t)count;
}

int main(int argc, char **argv)
{
	char **names = argv + 1;
	size_t count = argc > 1 ? (size_t)argc - 1 : find_cases(&names);
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	struct look *looks = calloc(count, sizeof(*looks));

	for (size_t i = 0; i < count; i++) {
		set_up(&looks[i], names[i], files_build());
		tests[i].name = looks[i].name;
		tests[i].test_func = test_look;
		tests[i].initial_state = &looks[i];
	}
	return _cmocka_run_group_tests("look", tests, count, NULL, NULL);
}
