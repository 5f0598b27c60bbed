/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prometheus' text format: for each metric
 *
 *	# HELP NAME TEXT
 *	# TYPE NAME gauge
 *	NAME[{LABEL="TEXT"[,…]}] VALUE
 *
 * and at least one such sample, no two alike. Only gauges are known here, as no more is needed.
 */
#include "exposition.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_MAX = 256, NAME_MAX_LENGTH = 64 };

struct reader {
	char metric[NAME_MAX_LENGTH]; /* that HELP has named last */
	bool typed;
	int samples_of_metric, samples;
	char *seen[SAMPLES_MAX]; /* metrics, and samples without their values */
	size_t seen_count;
};

/* Moves behind a name: of metrics with colons, of labels without. */
static bool take_name(const char **text, char *name, bool colons)
{
	size_t length = 0;

	while (isalnum((unsigned char)(*text)[length]) || (*text)[length] == '_' ||
	       (colons && (*text)[length] == ':'))
		length++;
	if (length == 0 || length >= NAME_MAX_LENGTH || isdigit((unsigned char)**text))
		return false;
	memcpy(name, *text, length);
	name[length] = '\0';
	*text += length;
	return true;
}

static bool take(const char **text, const char *expected)
{
	size_t length = strlen(expected);

	if (strncmp(*text, expected, length) != 0)
		return false;
	*text += length;
	return true;
}

/* A backslash stands before a backslash, a quote or an n. Stops at the latter. */
static bool take_escape(const char **text)
{
	++*text;
	return **text == '\\' || **text == '"' || **text == 'n';
}

static bool take_label(const char **text)
{
	char name[NAME_MAX_LENGTH];

	if (!take_name(text, name, false) || !take(text, "=\""))
		return false;
	for (; **text != '"'; ++*text)
		if ((**text == '\\' && !take_escape(text)) || **text == '\0')
			return false;
	return take(text, "\"");
}

static bool take_labels(const char **text)
{
	if (!take(text, "{"))
		return true;
	do {
		if (!take_label(text))
			return false;
	} while (take(text, ","));
	return take(text, "}");
}

static bool is_new(struct reader *reader, const char *text, size_t length)
{
	for (size_t i = 0; i < reader->seen_count; i++)
		if (strlen(reader->seen[i]) == length &&
		    strncmp(reader->seen[i], text, length) == 0)
			return false;
	if (reader->seen_count == SAMPLES_MAX)
		return false;
	reader->seen[reader->seen_count] = strndup(text, length);
	return reader->seen[reader->seen_count++] != NULL;
}

static const char *end_metric(const struct reader *reader)
{
	return reader->metric[0] != '\0' && reader->samples_of_metric == 0
		       ? "the metric has no sample"
		       : NULL;
}

static const char *read_help(struct reader *reader, const char *text)
{
	const char *wrong = end_metric(reader);

	if (wrong)
		return wrong;
	if (!take_name(&text, reader->metric, true) || !take(&text, " ") || *text == '\0')
		return "expected # HELP NAME TEXT";
	reader->typed = false;
	reader->samples_of_metric = 0;
	return is_new(reader, reader->metric, strlen(reader->metric)) ? NULL
								      : "the metric was before";
}

static const char *read_type(struct reader *reader, const char *text)
{
	char name[NAME_MAX_LENGTH];

	if (!take_name(&text, name, true) || strcmp(text, " gauge") != 0)
		return "expected # TYPE NAME gauge";
	if (strcmp(name, reader->metric) != 0 || reader->typed || reader->samples_of_metric > 0)
		return "expected once, after its HELP";
	/* The end of a name says what it is, and these are no gauges. */
	if (strstr(name, "_total") || strstr(name, "_count") || strstr(name, "_bucket"))
		return "no name of a gauge";
	reader->typed = true;
	return NULL;
}

static const char *read_sample(struct reader *reader, const char *text)
{
	const char *begin = text;
	char name[NAME_MAX_LENGTH], *end;
	size_t length;

	if (!take_name(&text, name, true) || !take_labels(&text))
		return "expected NAME{LABEL=\"TEXT\"}";
	if (strcmp(name, reader->metric) != 0 || !reader->typed)
		return "expected behind its HELP and TYPE";
	length = (size_t)(text - begin);
	if (!take(&text, " ") || isspace((unsigned char)*text) || *text == '\0')
		return "expected a blank and a value";
	strtod(text, &end);
	if (*end != '\0')
		return "expected a number";
	reader->samples_of_metric++;
	reader->samples++;
	/* A sample without labels is named like its metric. */
	if (begin[strlen(name)] != '{')
		return reader->samples_of_metric == 1 ? NULL : "the sample was before";
	return is_new(reader, begin, length) ? NULL : "the sample was before";
}

static const char *read_line(struct reader *reader, const char *line)
{
	if (take(&line, "# HELP "))
		return read_help(reader, line);
	if (take(&line, "# TYPE "))
		return read_type(reader, line);
	return read_sample(reader, line);
}

static const char *read_lines(struct reader *reader, char *text, int *number)
{
	const char *wrong = NULL;
	char *newline;

	for (*number = 1; *text != '\0' && !wrong; ++*number, text = newline + 1) {
		newline = strchr(text, '\n');
		if (!newline)
			return "no newline at its end";
		*newline = '\0';
		wrong = read_line(reader, text);
	}
	--*number;
	return wrong ?: end_metric(reader);
}

int exposition_check(const char *text, char *message, size_t size)
{
	struct reader reader = { .samples = 0 };
	char *copy = strdup(text);
	int number = 0;
	const char *wrong = copy ? read_lines(&reader, copy, &number) : strerror(ENOMEM);

	if (wrong)
		snprintf(message, size, "line %d: %s", number, wrong);
	for (size_t i = 0; i < reader.seen_count; i++)
		free(reader.seen[i]);
	free(copy);
	return wrong ? -1 : reader.samples;
}
