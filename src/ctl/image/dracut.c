/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that dracut(8) makes. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "image/builder.h"
#include "image/contents.h"

#define ONE "dracut --force --kver"

/* Below var, or usr before version 102; and what the image was made of. */
#define HOOK    "lib/dracut/hooks/pre-udev/00-vfio-early.sh"
#define MODULES "usr/lib/dracut/modules.txt"

static bool has_line(const struct contents_file *file, const char *wanted)
{
	struct text text = { file->data, file->data + file->length }, line;

	while (text_take_until(&text, '\n', &line))
		if (text_equals(&line, wanted))
			return true;
	return false;
}

/* With systemd in the image, only dracut's own units run hooks. */
static void check_start(const struct contents *contents, struct findings *findings)
{
	const struct contents_file *modules = contents_find(contents, MODULES);

	if (!contents_find(contents, "var/" HOOK) && !contents_find(contents, "usr/" HOOK))
		findings_add(findings, FINDING_ERROR, NULL,
			     "dracut's module vfio-early is missing");
	else if (has_line(modules, "systemd") && !has_line(modules, "dracut-systemd"))
		findings_add(findings, FINDING_ERROR, NULL,
			     "nothing runs it: dracut's module systemd is in the image without "
			     "dracut-systemd");
	else
		findings_add(findings, FINDING_OK, NULL, "runs before udev");
}

struct search {
	const struct host *host;
	const char *variable;
	modprobe_take *take;
	void *context;
};

/* NAME+="WORDS", NAME=WORDS, and perhaps a comment. */
static void take_line(void *context, const char *where, char *line)
{
	const struct search *search = context;
	size_t length = strlen(search->variable);
	const char *end;
	char *rest, *word;

	line += strspn(line, MODPROBE_BLANK);
	if (strncmp(line, search->variable, length) != 0)
		return;
	line += length;
	line += *line == '+';
	if (*line++ != '=')
		return;
	end = *line == '"' ? "\"" : *line == '\'' ? "'" : MODPROBE_BLANK;
	line += end[0] == *line;
	line[strcspn(line, end)] = '\0';
	for (rest = line; (word = strtok_r(NULL, MODPROBE_BLANK, &rest));)
		search->take(search->context, where, word);
}

static int take_file(void *context, const char *directory, const char *name)
{
	struct search *search = context;
	char path[PATH_MAX], *text;

	if (!text_ends_with(name, ".conf") || host_path(path, "%s/%s", directory, name) < 0 ||
	    host_read_text(search->host, path, &text) < 0)
		return 0;
	modprobe_parse(path, text, take_line, search);
	free(text);
	return 0;
}

void dracut_each_word(const struct host *host, const char *variable, modprobe_take *take,
		      void *context)
{
	struct search search = { host, variable, take, context };

	if (builder_find(host) != &builder_dracut)
		return;
	take_file(&search, "/etc", "dracut.conf");
	host_each(host, "/etc/dracut.conf.d", take_file, &search);
}

const struct builder builder_dracut = {
	.programs = (const char *const[]){ "/usr/bin/dracut", NULL },
	.argv = { "dracut", "--force", "--regenerate-all" },
	.command = "dracut --force --regenerate-all",
	.one = ONE,
	.first = ONE,
	.files = (const char *const[]){ MODULES, "var/" HOOK, "usr/" HOOK, NULL },
	.check_start = check_start,
};
