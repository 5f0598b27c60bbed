/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks a person at a terminal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "host/run.h"
#include "term/ask.h"

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

static const char **make_arguments(const char *text, const char *answer,
				   const struct ask_item *items, size_t count)
{
	/* Three zeros: as high and wide as fits. The picture goes to standard output. */
	const char *const head[] = { "whiptail",
				     "--title",
				     "vfio-earlyctl",
				     "--separate-output",
				     "--output-fd",
				     answer,
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

int ask_checklist(const char *text, const struct ask_item *items, size_t count, bool *chosen)
{
	/* The program is this machine's, whichever host is asked about. */
	static const struct host here = { .live = true };
	const char *terminal = getenv("TERM"), **argv;
	char *line = NULL, answer[16];
	size_t size = 0;
	FILE *stream;
	int fd, result;

	/* A terminal without addressable lines is one for plain questions. */
	if (!terminal || !*terminal || strcmp(terminal, "dumb") == 0)
		return -ENOENT;
	fd = memfd_create("answer", 0);
	stream = fd < 0 ? NULL : fdopen(fd, "r");
	if (!stream) {
		result = -errno;
		file_close(&fd);
		return result;
	}
	snprintf(answer, sizeof(answer), "%d", fd);
	argv = make_arguments(text, answer, items, count);
	fflush(stdout);
	result = argv ? run_program(&here, argv, NULL) : -ENOMEM;
	free(argv);
	rewind(stream);
	while (result == 0 && getline(&line, &size, stream) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < count; i++)
			chosen[i] |= strcmp(items[i].tag, line) == 0;
	}
	free(line);
	fclose(stream);
	return result > 0 ? -ECANCELED : result;
}
