/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/grub.h"
#include "bootloader/shell-script.h"

#define ALWAYS  "GRUB_CMDLINE_LINUX"
#define DEFAULT "GRUB_CMDLINE_LINUX_DEFAULT" /* but for recovery entries */

struct names {
	char **list;
	size_t count;
	bool failed;
};

static void take_name(void *context, const char *directory, const char *name)
{
	struct names *names = context;
	size_t length = strlen(name);
	char **list;

	(void)directory;
	if (name[0] == '.' || length < 5 || strcmp(name + length - 4, ".cfg") != 0)
		return;
	list = reallocarray(names->list, names->count + 1, sizeof(*list));
	if (list)
		names->list = list;
	if (!list || !(list[names->count] = strdup(name)))
		names->failed = true;
	else
		names->count++;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_named(struct bootfiles *files, const struct host *host, const char *name,
		      char *message)
{
	char path[PATH_MAX];
	int result = host_path(path, GRUB_DIRECTORY "/%s", name);

	return result < 0 ? result : bootfiles_read(files, host, path, message);
}

int grubfile_load(struct bootfiles *files, const struct host *host, char *message)
{
	struct names names = { .list = NULL };
	int result = bootfiles_read(files, host, GRUB_FILE, message);

	if (result == 0)
		result = host_list(host, GRUB_DIRECTORY, take_name, &names);
	if (result == -ENOENT)
		result = 0;
	if (names.failed)
		result = -ENOMEM;
	/* Not by strcoll(3): dash's patterns have the order of bytes. */
	if (names.count > 1)
		qsort(names.list, names.count, sizeof(*names.list), compare);
	for (size_t i = 0; i < names.count && result == 0; i++)
		result = read_named(files, host, names.list[i], message);
	while (names.count > 0)
		free(names.list[--names.count]);
	free(names.list);
	return result;
}

static int refuse(const struct bootconfig *config, size_t file, size_t offset, char *message,
		  const char *name, const char *found)
{
	return boot_say(message, -EINVAL,
			"%s:%u: %s: found %s, expected plain text; change it by hand",
			config->files.list[file].path,
			bootfile_line(&config->files.list[file], offset), name, found);
}

/* Line ends of other systems, and lines that GRUB would take for the end of its command. */
static int check_characters(const struct bootconfig *config, const struct boottext *value,
			    const char *name, char *message)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct bootchar *character = &value->list[i];

		if (character->c == '\n')
			return refuse(config, character->file, character->offset, message, name,
				      "the end of a line");
		if ((unsigned char)character->c < ' ' && character->c != '\t')
			return refuse(config, character->file, character->offset, message, name,
				      "a control character");
	}
	return 0;
}

static int take_variable(struct bootconfig *config, const struct shell *shell, const char *name,
			 char *message)
{
	const struct shell_variable *variable = shell_find(shell, name);
	int result;

	if (!variable)
		return 0;
	if (!variable->known)
		return refuse(config, variable->place.file, variable->place.offset, message, name,
			      variable->reason);
	result = check_characters(config, &variable->value, name, message);
	return result < 0 ? result : boottext_append(&config->text, &variable->value);
}

/* Before or behind what the assignment has already. */
static void add_end(struct bootconfig *config, const struct shell_assignment *assignment)
{
	const struct bootfile *file = &config->files.list[assignment->file];
	struct bootend end = { .file = assignment->file, .offset = assignment->end };
	bool quoted = assignment->quote != QUOTE_NONE;

	end.quote = quoted ? assignment->quote : QUOTE_DOUBLE;
	end.offset -= quoted;
	end.before = end.offset <= assignment->start + quoted || file->text[end.offset - 1] == ' '
			     ? ""
			     : " ";
	end.after = "";
	if (!quoted && assignment->bare) {
		end.opened = true;
		end.open = assignment->start;
		end.after = "\"";
	} else if (!quoted) {
		end.before = "\" ";
		end.after = "\"";
	}
	config->ends[config->end_count++] = end;
}

static void add_new_end(struct bootconfig *config)
{
	const struct bootfile *file = &config->files.list[0];
	bool at_start = file->length == 0 || file->text[file->length - 1] == '\n';

	config->ends[config->end_count++] = (struct bootend){
		.file = 0,
		.offset = file->length,
		.before = at_start ? DEFAULT "=\"" : "\n" DEFAULT "=\"",
		.after = "\"\n",
		.quote = QUOTE_DOUBLE,
	};
}

static void find_ends(struct bootconfig *config, const struct shell *shell)
{
	const struct shell_variable *variable = shell_find(shell, DEFAULT);
	const struct shell_assignment *first = NULL, *last = NULL;

	for (size_t i = 0; i < shell->assignment_count; i++) {
		const struct shell_assignment *assignment = &shell->assignments[i];

		if (&shell->variables[assignment->variable] != variable)
			continue;
		last = assignment;
		if (assignment->file == 0)
			first = assignment;
	}
	if (first)
		add_end(config, first);
	if (last && last != first)
		add_end(config, last);
	if (!last)
		add_new_end(config);
}

int grubfile_read(struct bootconfig *config, char *message)
{
	static const struct bootchar blank = { .file = BOOT_NO_FILE, .c = ' ' };
	struct shell shell;
	int result = shell_read(&shell, &config->files, message);

	/* The order in /etc/grub.d/10_linux. */
	if (result == 0)
		result = take_variable(config, &shell, ALWAYS, message);
	if (result == 0)
		result = boottext_put(&config->text, &blank);
	if (result == 0)
		result = take_variable(config, &shell, DEFAULT, message);
	if (result == 0)
		find_ends(config, &shell);
	shell_free(&shell);
	return result;
}

/*
 * The words stand in grub.cfg as they are, which is a script of its own: its quotes part words as
 * the kernel's do, but what it expands, and what ends a command, would be lost to the kernel.
 */
const char *grubfile_find_fault(const char *word)
{
	bool quoted = false;

	for (; *word; word++) {
		if (*word == '"')
			quoted = !quoted;
		if (*word == '$')
			return "'$'";
		if (*word == '\\')
			return "'\\'";
		if (*word == '\'')
			return "\"'\"";
		if (*word == '`')
			return "'`'";
		if (!quoted && strchr(";&|<>{}#", *word))
			return "one of ; & | < > { } # outside double quotes";
	}
	return NULL;
}
