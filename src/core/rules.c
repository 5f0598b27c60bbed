/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of rules, and where rules are read from. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/file.h"
#include "core/rules.h"
#include "core/text.h"

/* What is found and what is expected, both cut; or the reason why a file cannot be read. */
#define PROBLEM_MAX 256

/* "FILE:LINE:COLUMN", of which both numbers have at most 10 digits. */
#define PLACE_MAX (RULE_WHERE_MAX + 22)

struct rules_source {
	struct rules_source *next;
	char name[RULE_WHERE_MAX];
};

void rules_report(struct rules *rules, const char *where, const char *format, ...)
{
	char message[PROBLEM_MAX];
	va_list arguments;

	rules->bad++;
	if (!rules->problem)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	rules->problem(rules->context, where, message);
}

/*
 * The name of a file as messages and reports show it: it may hold a tab or a newline, and be
 * longer than what a line of a report has room for.
 */
static const char *show_name(const char *name, char shown[RULE_WHERE_MAX])
{
	const struct text text = { name, name + strlen(name) };

	text_copy_printable(&text, shown, RULE_WHERE_MAX);
	return shown;
}

static void report_errno(struct rules *rules, const char *path, int error)
{
	char shown[RULE_WHERE_MAX];

	rules_report(rules, show_name(path, shown), "%s", strerror(-error));
}

static void report_found(struct rules *rules, const char *path, const char *found)
{
	char shown[RULE_WHERE_MAX];

	rules_report(rules, show_name(path, shown), "found %s, expected a file of rules", found);
}

/* Keeps the name, as it is shown, for as long as the rules live. */
static const char *add_source(struct rules *rules, const char *name)
{
	struct rules_source *source = malloc(sizeof(*source));

	if (!source)
		return NULL;
	show_name(name, source->name);
	source->next = rules->sources;
	rules->sources = source;
	return source->name;
}

int rules_append(struct rules *rules, const struct rule *rule)
{
	if (rules->count == rules->capacity) {
		size_t capacity = rules->capacity ? rules->capacity * 2 : 8;
		struct rule *list = realloc(rules->list, capacity * sizeof(*list));

		if (!list)
			return -ENOMEM;
		rules->list = list;
		rules->capacity = capacity;
	}
	rules->list[rules->count++] = *rule;
	return 0;
}

int rules_parse(struct rules *rules, const char *name, const char *text, size_t length)
{
	const char *file = add_source(rules, name);
	struct text rest = { text, text + length }, line;

	if (!file)
		return -ENOMEM;
	text_take_prefix(&rest, TEXT_BYTE_ORDER_MARK);
	for (unsigned int number = 1; text_take_until(&rest, '\n', &line); number++) {
		struct rule_error error;
		struct rule rule;
		char place[PLACE_MAX];
		int result = rule_parse(line.p, text_length(&line), &rule, &error);

		if (result < 0) {
			snprintf(place, sizeof(place), "%s:%u:%zu", file, number, error.column);
			rules_report(rules, place, "found %s, expected %s", error.found,
				     error.expected);
		}
		if (result <= 0)
			continue;
		rule.file = file;
		rule.line = number;
		if (rules_append(rules, &rule) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A file that is not there is no problem, a link that leads nowhere is. */
static bool is_link(int root, const char *path)
{
	char target[1];

	return readlinkat(root, path, target, sizeof(target)) >= 0;
}

/*
 * What a path leads to if it is no file; NULL if it is one, or cannot be looked at. A link to
 * /dev/null is an empty file, as systemd has it: it hides a file that a package brings.
 */
static const char *name_other_kind(int root, const char *path)
{
	struct stat status;

	if (fstatat(root, path, &status, 0) < 0 || S_ISREG(status.st_mode))
		return NULL;
	if (S_ISDIR(status.st_mode))
		return "a directory";
	if (S_ISFIFO(status.st_mode))
		return "a FIFO";
	if (S_ISSOCK(status.st_mode))
		return "a socket";
	return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3) ? NULL : "a device";
}

int rules_read_file(struct rules *rules, int root, const char *name)
{
	const char *found = name_other_kind(root, &name[1]);
	char *text;
	size_t length;
	int result;

	if (found) { /* to open it could wait, or have an effect */
		report_found(rules, name, found);
		return 0;
	}
	result = file_read_all(root, &name[1], RULES_FILE_MAX, &text, &length);
	if (result == -ENOENT && !is_link(root, &name[1]))
		return 0;
	if (result == -EFBIG)
		report_found(rules, name, "more than 4 MiB");
	else if (result < 0)
		report_errno(rules, name, result);
	if (result < 0)
		return 0;
	result = rules_parse(rules, name, text, length);
	free(text);
	return result;
}

static bool is_conf(const char *name)
{
	return name[0] != '.' && text_ends_with(name, ".conf");
}

bool rules_is_file(const char *path)
{
	static const char directory[] = RULES_DIRECTORY "/";
	const char *name = path + sizeof(directory) - 1;

	if (strncmp(path, directory, sizeof(directory) - 1) != 0)
		return strcmp(path, RULES_FILE) == 0;
	return !strchr(name, '/') && is_conf(name);
}

struct names {
	char **list;
	size_t count;
};

static int add_name(void *context, int fd, const char *name)
{
	struct names *names = context;
	char **list;

	(void)fd;
	if (!is_conf(name))
		return 0;
	list = realloc(names->list, (names->count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	names->list = list;
	list[names->count] = strdup(name);
	return list[names->count++] ? 0 : -ENOMEM;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rules_each_file(int root, int (*each)(void *context, const char *path), void *context)
{
	struct names names = { .list = NULL };
	int result = each(context, RULES_FILE), listed = 0;

	if (result == 0)
		listed = file_each_entry(file_open(root, &RULES_DIRECTORY[1]), add_name, &names);
	if (listed == -ENOMEM)
		result = listed;
	if (names.count > 1 && result == 0)
		qsort(names.list, names.count, sizeof(*names.list), compare_names);
	for (size_t i = 0; i < names.count; i++) {
		char path[sizeof(RULES_DIRECTORY) + 1 + 256];

		if (result == 0) {
			snprintf(path, sizeof(path), "%s/%s", RULES_DIRECTORY, names.list[i]);
			result = each(context, path);
		}
		free(names.list[i]);
	}
	free(names.list);
	return result == 0 && listed != -ENOENT ? listed : result;
}

struct reading {
	struct rules *rules;
	int root;
};

static int read_one(void *context, const char *path)
{
	const struct reading *reading = context;

	return rules_read_file(reading->rules, reading->root, path);
}

int rules_read(struct rules *rules, int root)
{
	struct reading reading = { rules, root };
	int result = rules_each_file(root, read_one, &reading);

	if (result == 0 || result == -ENOMEM)
		return result;
	report_errno(rules, RULES_DIRECTORY, result);
	return 0;
}

bool rules_want_drivers(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->list[i].exclude)
			return true;
	return false;
}

unsigned int rules_terms(const struct rules *rules)
{
	unsigned int terms = 0;

	for (size_t i = 0; i < rules->count; i++)
		terms |= rules->list[i].terms;
	return terms;
}

void rules_free(struct rules *rules)
{
	while (rules->sources) {
		struct rules_source *next = rules->sources->next;

		free(rules->sources);
		rules->sources = next;
	}
	free(rules->list);
	rules->list = NULL;
	rules->count = rules->capacity = 0;
}
