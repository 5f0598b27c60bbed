/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks a person at a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "host/run.h"
#include "term/ask.h"

/* Where whiptail is to write what was chosen; its picture goes to standard output. */
#define ANSWER_FD   3
#define ANSWER_TEXT "3"

bool ask_is_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int ask_line(const char *prompt, char **line)
{
	size_t size = 0;

	fputs(prompt, stdout);
	fflush(stdout);
	*line = NULL;
	if (getline(line, &size, stdin) < 0) {
		free(*line);
		*line = NULL;
		putchar('\n');
		return -ECANCELED;
	}
	(*line)[strcspn(*line, "\n")] = '\0';
	return 0;
}

bool ask_yes(const char *question)
{
	char *line;
	bool yes;

	if (ask_line(question, &line) < 0)
		return false;
	yes = strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
	free(line);
	return yes;
}

static const char **make_arguments(const char *text, const struct ask_item *items, size_t count)
{
	/* Three zeros: as high and wide as fits. */
	const char *const head[] = { "whiptail",
				     "--title",
				     "vfio-earlyctl",
				     "--separate-output",
				     "--output-fd",
				     ANSWER_TEXT,
				     "--checklist",
				     "--",
				     text,
				     "0",
				     "0",
				     "0" };
	const size_t length = sizeof(head) / sizeof(head[0]);
	const char **argv = calloc(length + 3 * count + 1, sizeof(*argv));

	if (!argv)
		return NULL;
	memcpy(argv, head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		argv[length + 3 * i] = items[i].tag;
		argv[length + 3 * i + 1] = items[i].text;
		argv[length + 3 * i + 2] = "off";
	}
	return argv;
}

/* Starts it. The end of a pipe that its answer comes from, or -errno. */
static int start(const char *const *argv, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	result = -posix_spawn_file_actions_init(&actions);
	if (result == 0) {
		result = -posix_spawn_file_actions_adddup2(&actions, ends[1], ANSWER_FD);
		if (result == 0)
			result = -posix_spawnp(child, argv[0], &actions, NULL, (char *const *)argv,
					       environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (result < 0)
		close(ends[0]);
	return result < 0 ? result : ends[0];
}

int ask_checklist(const char *text, const struct ask_item *items, size_t count, bool *chosen)
{
	const char *terminal = getenv("TERM"), **argv;
	char *line = NULL;
	size_t size = 0;
	FILE *stream;
	pid_t child = -1;
	int fd, ended;

	/* A terminal without addressable lines is one for plain questions. */
	if (!terminal || !*terminal || strcmp(terminal, "dumb") == 0)
		return -ENOENT;
	argv = make_arguments(text, items, count);
	fflush(stdout);
	fd = argv ? start(argv, &child) : -ENOMEM;
	free(argv);
	if (fd < 0)
		return fd;
	stream = fdopen(fd, "r");
	while (stream && getline(&line, &size, stream) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < count; i++)
			chosen[i] |= strcmp(items[i].tag, line) == 0;
	}
	free(line);
	if (stream)
		fclose(stream);
	else
		close(fd);
	ended = run_await(child);
	if (!stream)
		return -ENOMEM;
	return ended > 0 ? -ECANCELED : ended;
}
