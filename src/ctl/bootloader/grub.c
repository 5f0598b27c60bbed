/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/grub.h"
#include "core/text.h"
#include "host/distance.h"

#define CONFIG "/grub/grub.cfg" /* below /boot, or an EFI system partition */

/* The script of grub-mkconfig(8) that makes the entries of this system: 10_linux, 10_linux_zfs. */
#define CONFIG_BEGIN "### BEGIN /etc/grub.d/10_linux"
#define CONFIG_END   "### END /etc/grub.d/10_linux"

#define DEFAULT "GRUB_CMDLINE_LINUX_DEFAULT" /* but for recovery entries */

#define NEW_LINE DEFAULT "=\"$" DEFAULT " "
#define NEW_FILE                                                                                   \
	"# Kernel words, added by 'vfio-earlyctl cmdline add'; update-grub reads this file.\n" NEW_LINE

/* Nothing that a shell or GRUB's own language takes for more than the character. */
#define SAFE            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:=/@%+-"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* In the order that 10_linux puts them on the command line. */
static const char *const variables[] = { "GRUB_CMDLINE_LINUX", DEFAULT };

const char *const grub_own_words[] = { "BOOT_IMAGE", "root", "ro", "rootflags", NULL };

/* A line that sets a variable. */
struct assignment {
	const char *name;
	size_t first;            /* the number of words before those of the variable */
	bool ended;              /* by them */
	size_t file, start, end; /* of the words, or of all that is behind '=' */
	bool opaque;
	bool appends;     /* the words come behind those that the variable has */
	bool quoted;      /* more words can be added */
	const char *tail; /* behind the closing quote, up to the end of the line; NULL: nothing */
};

static int is_config(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && text_ends_with(entry->d_name, ".cfg");
}

/* Not by strcoll(3), as alphasort(3) has it: dash's patterns have the order of bytes. */
static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int grub_load(struct bootfiles *files, const struct host *host, char *message)
{
	struct dirent **entries = NULL;
	int result = bootfiles_read(files, host, GRUB_FILE, message), count = 0;
	bool own = false;

	if (result == 0)
		count = scandirat(host->directory, host_below(GRUB_DIRECTORY), &entries, is_config,
				  compare);
	if (count < 0 && errno != ENOENT)
		result = -errno;
	/* Ours has its place among them even before it is there. */
	for (int i = 0; result == 0 && (i < count || !own); i++) {
		const char *name = i < count ? entries[i]->d_name : GRUB_OWN_NAME;
		int order = strcmp(name, GRUB_OWN_NAME);
		char path[PATH_MAX];

		if (order >= 0 && !own) {
			own = true;
			result = bootfiles_read(files, host, GRUB_OWN_FILE, message);
			if (result == 0)
				files->list[files->count - 1].ours = true;
		}
		if (order == 0 || result < 0)
			continue;
		result = host_path(path, GRUB_DIRECTORY "/%s", name);
		if (result == 0)
			result = bootfiles_read(files, host, path, message);
	}
	while (count > 0)
		free(entries[--count]);
	free(entries);
	return result;
}

/* What is behind the name where the line has it as a whole word; NULL: nowhere. */
static const char *find_name(const char *line, const char *end, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = line; (at = memmem(at, (size_t)(end - at), name, length)); at++)
		if ((at == line || !strchr(NAME_CHARACTERS, at[-1])) &&
		    !(at[length] && strchr(NAME_CHARACTERS, at[length])))
			return at + length;
	return NULL;
}

/* Of a backslash, what a double quote has behind it is read as that quote; all else is not plain.
 */
static bool is_plain(const char *text, size_t length, char quote)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && quote == '"' && text[i + 1] == '"')
			i++;
		else if (strchr("$`\\", text[i]) ||
			 ((unsigned char)text[i] < ' ' && text[i] != '\t'))
			return false;
	}
	return true;
}

/* Takes "$NAME" or "${NAME}" off the start of the words. */
static void take_itself(struct assignment *assignment, const char *text)
{
	size_t length = strlen(assignment->name);
	const char *at = text + assignment->start;
	bool braces = strncmp(at, "${", 2) == 0;

	at += 1 + braces;
	if (text[assignment->start] != '$' || strncmp(at, assignment->name, length) != 0 ||
	    (braces && at[length] != '}'))
		return;
	at += length + braces;
	if (at != text + assignment->end && *at != ' ')
		return;
	assignment->start = (size_t)(at - text);
	assignment->appends = true;
}

/* NAME=WORDS, and perhaps a comment. False if it is anything else. */
static bool read_plain(struct assignment *assignment, const char *text, const char *end)
{
	const char *value = text + assignment->start, *close = value;
	char quote = *value == '"' || *value == '\'' ? *value : '\0';

	if (quote)
		for (close++; close < end && *close != quote; close++)
			close += *close == '\\' && quote == '"';
	else
		close += strspn(value, SAFE);
	if (quote && close >= end)
		return false;
	assignment->quoted = quote;
	assignment->start += quote != '\0';
	assignment->end = (size_t)(close - text);
	take_itself(assignment, text);
	if (!is_plain(text + assignment->start, assignment->end - assignment->start, quote))
		return false;
	close += quote != '\0';
	value = close + strspn(close, " \t");
	if (value == end || (*value == '#' && value > close))
		return true;
	assignment->tail = value;
	return value > close && value + strspn(value, SAFE " \t") == end &&
	       strncmp(value, "GRUB_", strlen("GRUB_")) != 0;
}

/*
 * Reads the line if it sets the variable. 1, 0 if it does not, or -EINVAL if sh takes it for a
 * command.
 */
static int read_line(struct assignment *assignment, const char *text, const char *line,
		     const char *end)
{
	const char *start = line + strspn(line, " \t"), *behind, *equals;
	struct assignment plain;

	behind = *start == '#' ? NULL : find_name(start, end, assignment->name);
	equals = behind ? behind + strspn(behind, " \t+") : NULL;
	if (!equals || *equals != '=')
		return 0;
	if (equals > behind && behind == line + strlen(assignment->name))
		return -EINVAL;
	assignment->start = (size_t)(equals + 1 - text);
	assignment->end = (size_t)(end - text);
	plain = *assignment;
	if (behind == line + strlen(assignment->name) && read_plain(&plain, text, end)) {
		*assignment = plain;
		return 1;
	}
	behind = find_name(equals, end, assignment->name);
	assignment->appends = behind && strchr("${", behind[-1 - (int)strlen(assignment->name)]);
	assignment->opaque = true;
	return 1;
}

static int read_opaque(struct bootwords *words, const char *text,
		       const struct assignment *assignment)
{
	int result = 0;

	for (size_t at = assignment->start; at < assignment->end && result == 0; at++) {
		size_t length = strspn(text + at, SAFE);

		if (length > 0)
			result = bootwords_add(words, text + at, length, assignment->file, at);
		at += length;
	}
	return result;
}

/* A word that was written with quotes has a backslash before each of them. */
static void unescape(char *word)
{
	char *to = word;

	for (const char *from = word; *from; *to++ = *from++)
		from += from[0] == '\\' && from[1] == '"';
	*to = '\0';
}

static int take_assignment(struct bootconfig *config, const struct assignment *assignment)
{
	const struct bootfile *file = &config->files.list[assignment->file];
	bool is_default = strcmp(assignment->name, DEFAULT) == 0;
	size_t start = assignment->start, end = assignment->end, count;
	char place[PATH_MAX];
	int result;

	if (!assignment->appends && is_default &&
	    (assignment->opaque || assignment->file > config->end.file)) {
		config->has_reset = true;
		config->reset = (struct bootplace){ .file = assignment->file, .offset = start };
	}
	if (assignment->opaque)
		return read_opaque(&config->opaque, file->text, assignment);
	if (assignment->tail &&
	    host_path(place, "%s:%u", file->path, bootfile_line(file, start)) == 0)
		findings_add(&config->findings, FINDING_WARNING, place,
			     "'%.*s' is behind the closing quote and never reaches the kernel; "
			     "write it inside the quotes",
			     (int)strcspn(assignment->tail, "\n"), assignment->tail);
	if (!assignment->appends) {
		bootwords_cut(&config->words, assignment->first);
		config->words.ended = assignment->ended;
	}
	/* In our file, a word goes behind those that are there. */
	if (is_default && assignment->quoted && strcmp(file->path, GRUB_OWN_FILE) == 0)
		config->end = (struct bootplace){
			.file = assignment->file,
			.offset = end,
			.before = strchr(" \t\"'", file->text[end - 1]) ? "" : " ",
			.after = "",
		};
	count = config->words.count;
	result = bootwords_read(&config->words, file->text + start, end - start, assignment->file,
				start);
	for (; count < config->words.count; count++)
		unescape(config->words.list[count].text);
	return result;
}

/* Reads what the file makes of the variable that the assignment names. */
static int read_file(struct bootconfig *config, const struct assignment *variable, char *message)
{
	const struct bootfile *file = &config->files.list[variable->file];
	const char *end;
	int result = 0;

	for (const char *line = file->text; *line && result >= 0; line = end + (*end != '\0')) {
		struct assignment assignment = *variable;

		/* A line whose last character is a backslash goes on in the next one. */
		end = strchrnul(line, '\n');
		while (*end && end > line && end[-1] == '\\')
			end = strchrnul(end + 1, '\n');
		result = read_line(&assignment, file->text, line, end);
		if (result == -EINVAL)
			boot_say(message, result,
				 "%s:%u: found a blank or '+' before '=', so sh takes this line "
				 "for a command and update-grub fails; write %s=\"WORDS\"",
				 file->path, bootfile_line(file, (size_t)(line - file->text)),
				 variable->name);
		else if (result == 1)
			result = take_assignment(config, &assignment);
	}
	return result < 0 ? result : 0;
}

/* Misspelt variables, and quotes that only a word processor has: sh passes over both. */
static void check_nearly(struct bootconfig *config, const struct bootfile *file, const char *line)
{
	size_t length = strspn(line, NAME_CHARACTERS);
	char name[DISTANCE_LENGTH_MAX + 1], place[PATH_MAX];

	if (line[length] != '=' || length >= sizeof(name) ||
	    host_path(place, "%s:%u", file->path,
		      bootfile_line(file, (size_t)(line - file->text))) < 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)length, line);
	line += length + 1;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t distance = distance_get(name, variables[i]);

		/* What only has more in front or behind is a variable of others. */
		if (distance > 0 && distance <= 2 && !strstr(name, variables[i]))
			findings_add(&config->findings, FINDING_WARNING, place,
				     "update-grub doesn't know %s; write %s", name, variables[i]);
		else if (distance == 0 && (strncmp(line, "\342\200\234", 3) == 0 ||
					   strncmp(line, "\342\200\230", 3) == 0))
			findings_add(&config->findings, FINDING_WARNING, place,
				     "curly quotes are no quotes for sh; write %s=\"WORDS\"", name);
	}
}

struct search {
	const struct host *host;
	struct findings *findings;
};

/* A file that was meant to be read; what was put aside, as "vfio.cfg.bak", was not. */
static int take_ignored(void *context, const char *directory, const char *name)
{
	const struct search *search = context;
	const char *dot = strrchr(name, '.');
	char path[PATH_MAX], *text;

	if (name[0] == '.' || (dot && strcmp(dot, ".conf") != 0) ||
	    host_path(path, "%s/%s", directory, name) < 0 ||
	    host_read_text(search->host, path, &text) < 0)
		return 0;
	if (strstr(text, variables[0]))
		findings_add(search->findings, FINDING_WARNING, path,
			     "update-grub reads only files whose names end in .cfg; rename it");
	free(text);
	return 0;
}

void grub_find_ignored(struct findings *findings, const struct host *host)
{
	struct search search = { host, findings };

	host_each(host, GRUB_DIRECTORY, take_ignored, &search);
}

int grub_read(struct bootconfig *config, char *message)
{
	const struct bootfile *own = config->files.list;
	int result = 0;

	while (strcmp(own->path, GRUB_OWN_FILE) != 0)
		own++;
	config->end = (struct bootplace){
		.file = (size_t)(own - config->files.list),
		.offset = own->length,
		.before = own->length == 0                     ? NEW_FILE
			  : own->text[own->length - 1] == '\n' ? NEW_LINE
							       : "\n" NEW_LINE,
		.after = "\"\n",
	};
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		struct assignment variable = { .name = variables[i],
					       .first = config->words.count,
					       .ended = config->words.ended };

		for (; variable.file < config->files.count && result == 0; variable.file++)
			result = read_file(config, &variable, message);
	}
	for (size_t i = 0; i < config->files.count; i++)
		for (const char *line = config->files.list[i].text; line && *line;
		     line = (line = strchr(line, '\n')) ? line + 1 : NULL)
			check_nearly(config, &config->files.list[i], line);
	return result;
}

const char *grub_find_fault(const char *word)
{
	word += strspn(word, SAFE);
	return *word ? word : NULL;
}

static void check_line(struct bootcheck *check, const char *line, unsigned int number)
{
	struct bootwords words = { .list = NULL };

	line += strspn(line, " \t");
	if (strncmp(line, "linux", strlen("linux")) != 0)
		return;
	check->result = bootwords_read_string(&words, line);
	/* DEFAULT is not for recovery entries; Ubuntu's have the second word. */
	if (check->result == 0 && words.count > 1 && bootwords_find(&words, "single") < 0 &&
	    bootwords_find(&words, "recovery") < 0)
		bootcheck_words(check, check->esp ? CONFIG : "/boot" CONFIG, number, &words, false);
	bootwords_free(&words);
}

void grub_check_entries(struct bootcheck *check)
{
	bool ours = false;
	char *text, *rest, *line;

	check->result = host_read_text(check->host, check->esp ? CONFIG : "/boot" CONFIG, &text);
	if (check->result < 0)
		return;
	rest = text;
	for (unsigned int i = 1; check->result == 0 && (line = strsep(&rest, "\n")); i++) {
		if (strncmp(line, CONFIG_BEGIN, strlen(CONFIG_BEGIN)) == 0)
			ours = true;
		else if (strncmp(line, CONFIG_END, strlen(CONFIG_END)) == 0)
			ours = false;
		else if (ours)
			check_line(check, line, i);
	}
	free(text);
}

const char *grub_find_file(const struct host *host)
{
	if (host_has(host, "", host_below(GRUB_FILE)))
		return GRUB_FILE;
	return host_has(host, "/usr/sbin", "grub-mkconfig") ? "/usr/sbin/grub-mkconfig" : NULL;
}

const char *grub_find_sign(const struct bootwords *running)
{
	return bootwords_find_name(running, "BOOT_IMAGE", 0) >= 0 ? "/proc/cmdline has BOOT_IMAGE="
								  : NULL;
}

int grub_check_usable(const struct host *host, char *message)
{
	if (grub_find_file(host))
		return 0;
	return boot_say(message, -ENOENT,
			"GRUB booted this host, but there is no " GRUB_FILE
			": its configuration is another system's");
}

const struct bootloader bootloader_grub = {
	.name = "GRUB",
	.family = "GRUB",
	.refresh = "update-grub",
	.program = { "update-grub" },
	.own = grub_own_words,
	.find_file = grub_find_file,
	.find_sign = grub_find_sign,
	.check_usable = grub_check_usable,
	.load = grub_load,
	.read = grub_read,
	.find_fault = grub_find_fault,
	.check_entries = grub_check_entries,
};
